/**
 * Packet keys by `@noble/ciphers`: the reference that ours is held against, and the baseline that it is measured by.
 *
 * Invariant: the same bytes as every other provider. It makes a dozen objects per packet.
 *
 * @module
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadProvider, type PacketKey } from "./aead.ts";
import { checkKeyMaterial, checkOpen, checkSeal, destroyedKeyError } from "./packet_bounds.ts";
import { writePacketNonce } from "./packet_nonce.ts";

/**
 * Makes packet keys that seal and open with `@noble/ciphers`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NobleAead } from "./noble_aead.ts";
 *
 * const key = new NobleAead().packetKey(new Uint8Array(32).fill(7), new Uint8Array(12));
 * const packet = new Uint8Array(4 + 5 + 16).fill(1, 4, 9);
 * key.seal(packet, 0, 4, 9, 0);
 * assertEquals(key.open(packet, 0, 4, 25, 0), true);
 * assertEquals(packet.subarray(4, 9), new Uint8Array(5).fill(1));
 * ```
 */
export class NobleAead implements AeadProvider {
  /** The name of this provider. */
  readonly name = "noble";

  /**
   * Makes a packet key.
   *
   * @param key 32 bytes; copied.
   * @param iv 12 bytes; copied.
   * @returns A packet key of its own.
   * @throws {RangeError} When one of them has another length.
   */
  packetKey(key: Uint8Array, iv: Uint8Array): PacketKey {
    checkKeyMaterial(key, iv);
    return new NoblePacketKey(key, iv);
  }
}

class NoblePacketKey implements PacketKey {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  readonly #nonce = new Uint8Array(AEAD_NONCE_BYTES);
  #isDestroyed = false;

  constructor(key: Uint8Array, iv: Uint8Array) {
    this.#key = key.slice();
    this.#iv = iv.slice();
  }

  seal(buffer: Uint8Array, aadStart: number, start: number, end: number, packetNumber: number): void {
    if (this.#isDestroyed) throw destroyedKeyError();
    checkSeal(buffer, aadStart, start, end, packetNumber);
    const packet = buffer.subarray(start, end + AEAD_TAG_BYTES);
    this.#cipher(buffer.subarray(aadStart, start), packetNumber).encrypt(buffer.subarray(start, end), packet);
  }

  open(buffer: Uint8Array, aadStart: number, start: number, end: number, packetNumber: number): boolean {
    if (this.#isDestroyed) throw destroyedKeyError();
    checkOpen(buffer, aadStart, start, end, packetNumber);
    if (end - start < AEAD_TAG_BYTES) return false;
    const text = buffer.subarray(start, end - AEAD_TAG_BYTES);
    try {
      this.#cipher(buffer.subarray(aadStart, start), packetNumber).decrypt(buffer.subarray(start, end), text);
      return true;
    } catch {
      return false;
    }
  }

  destroy(): void {
    this.#key.fill(0);
    this.#iv.fill(0);
    this.#isDestroyed = true;
  }

  #cipher(aad: Uint8Array, packetNumber: number): ReturnType<typeof chacha20poly1305> {
    writePacketNonce(this.#iv, packetNumber, this.#nonce);
    return chacha20poly1305(this.#key, this.#nonce, aad);
  }
}
