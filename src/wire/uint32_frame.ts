/**
 * The frame of messages on a QUIC stream: `uint32 big-endian length | packet` (msgtrans 1.x).
 *
 * Encode and decode only, stateless. Invariant: a length is judged before anything is allocated for it.
 *
 * ```text
 *  0        4                    4 + length
 *  +--------+--------------------+
 *  | length | payload            |
 *  | uint32 | length bytes       |
 *  +--------+--------------------+
 * ```
 *
 * @module
 */

/** How long the header is. */
export const UINT32_HEADER_BYTES = 4;

/** The largest length that the header can express. */
export const UINT32_MAX_LENGTH = 0xffff_ffff;

/**
 * Writes a header.
 *
 * @param into The memory; four bytes from `at` are overwritten.
 * @param at Where the header starts.
 * @param length The payload's length in bytes, 0 to {@linkcode UINT32_MAX_LENGTH}.
 */
export function encodeUint32Header(into: Uint8Array, at: number, length: number): void {
  into[at] = length >>> 24;
  into[at + 1] = length >>> 16;
  into[at + 2] = length >>> 8;
  into[at + 3] = length;
}

/**
 * Reads the length in a header.
 *
 * @param from The memory; it must hold four bytes from `at`.
 * @param at Where the header starts.
 * @returns The announced length.
 */
export function decodeUint32Header(from: Uint8Array, at: number): number {
  return ((from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!) >>> 0;
}
