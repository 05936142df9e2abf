/**
 * The 16-bit length before every packet and hello record on a stream (STANDARD.md, section 9).
 *
 * @module
 */

/** How many bytes stand before a packet on a stream. */
export const PACKET_LENGTH_BYTES = 2;

/** The longest packet or record that the length can express. */
export const MAX_STREAM_PACKET_BYTES = 0xffff;

/**
 * Writes a length.
 *
 * @param into The memory; two bytes from `at` are overwritten.
 * @param at Where it starts.
 * @param length The length of what follows, 1 to 65535.
 */
export function encodePacketLength(into: Uint8Array, at: number, length: number): void {
  into[at] = length >>> 8;
  into[at + 1] = length;
}

/**
 * Reads a length.
 *
 * @param from The memory; it must hold two bytes from `at`.
 * @param at Where it starts.
 * @returns 0 to 65535; 0 breaks the format.
 */
export function decodePacketLength(from: Uint8Array, at: number): number {
  return (from[at]! << 8) | from[at + 1]!;
}
