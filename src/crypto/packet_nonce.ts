/**
 * The nonce of a packet as bytes (RFC 9001 5.3), for providers that hand one to a library.
 *
 * Invariant: the same 12 bytes for the same IV and number as our own provider uses as words.
 *
 * @module
 */

/**
 * Writes the nonce of a packet: the IV xor the packet number as 64 bits, high byte first, in the last 8 bytes.
 *
 * @param iv 12 bytes; only read.
 * @param packetNumber An integer, 0 to 2^53 - 1.
 * @param into Its 12 bytes are overwritten.
 */
export function writePacketNonce(iv: Uint8Array, packetNumber: number, into: Uint8Array): void {
  into.set(iv);
  const high = Math.floor(packetNumber / 2 ** 32);
  for (let i = 0; i < 4; i++) {
    into[7 - i]! ^= high >>> (8 * i);
    into[11 - i]! ^= packetNumber >>> (8 * i);
  }
}
