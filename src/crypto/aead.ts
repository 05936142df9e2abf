/**
 * The port behind which a packet is sealed and opened: ChaCha20-Poly1305 (RFC 8439 2.8), in place and synchronous.
 *
 * The nonce of a packet is made as in RFC 9001 5.3 from a static IV and the packet number. Invariant: every provider
 * gives the same bytes for the same arguments, so that a session never knows which one it runs on.
 *
 *     buffer:  … | associated data | plaintext or ciphertext | tag (16) | …
 *              aadStart            start                     end of a seal, 16 before the end of an open
 *
 * @module
 */

/** How many bytes of tag follow a ciphertext. */
export const AEAD_TAG_BYTES = 16;

/** The length of a key. */
export const AEAD_KEY_BYTES = 32;

/** The length of a nonce, and so of a static IV. */
export const AEAD_NONCE_BYTES = 12;

/**
 * One direction's packet key: a key and a static IV. The nonce of a packet is the IV xor the packet number, which
 * stands as 64 bits, high byte first, in the last 8 bytes (RFC 9001 5.3).
 *
 * Buffers stay the caller's; bytes outside of the ranges that a method names are neither changed nor waited upon.
 */
export interface PacketKey {
  /**
   * Encrypts in place and appends the tag.
   *
   * @param buffer Memory of the caller, shared or not, with 16 bytes of room after `end`. Give the same object again
   * for the same memory: a provider may keep a view of the last few.
   * @param aadStart Where the associated data starts; it ends at `start`.
   * @param start Where the plaintext starts.
   * @param end Where it ends, and where the 16 bytes of tag are written.
   * @param packetNumber An integer, 0 to 2^53 - 1, that this key never sealed before.
   * @throws {RangeError} When the offsets are not in this order inside the buffer, or the number is none.
   * @throws {MisuseError} After `destroy`.
   */
  seal(buffer: Uint8Array, aadStart: number, start: number, end: number, packetNumber: number): void;

  /**
   * Checks the tag and decrypts in place.
   *
   * @param buffer Memory of the caller, shared or not. What another thread writes there meanwhile makes the result
   * worthless, never unsafe.
   * @param aadStart Where the associated data starts; it ends at `start`.
   * @param start Where the ciphertext starts.
   * @param end Where the tag that follows it ends; the plaintext then ends 16 bytes before.
   * @param packetNumber An integer, 0 to 2^53 - 1.
   * @returns Whether it is authentic. When it is not, as when it is shorter than a tag, the buffer is unchanged.
   * @throws {RangeError} When the offsets are not in this order inside the buffer, or the number is none.
   * @throws {MisuseError} After `destroy`.
   */
  open(buffer: Uint8Array, aadStart: number, start: number, end: number, packetNumber: number): boolean;

  /** Overwrites the key material that this object holds; every later seal or open throws. Calling it again is legal. */
  destroy(): void;
}

/** Makes packet keys; one provider serves any number of them on one thread. */
export interface AeadProvider {
  /** What it is called in statistics and benches. */
  readonly name: string;

  /**
   * Makes a packet key.
   *
   * @param key 32 bytes; copied.
   * @param iv 12 bytes; copied.
   * @returns A packet key of its own.
   * @throws {RangeError} When one of them has another length.
   */
  packetKey(key: Uint8Array, iv: Uint8Array): PacketKey;
}
