/**
 * The frame of plain framed TCP: `int32 little-endian length | payload` (STANDARD.md, section 1).
 *
 * Encode and decode only, stateless. Invariant: a length is judged before anything is allocated for it.
 *
 * @module
 */

/**
 * ```text
 *  0        4                    4 + length
 *  +--------+--------------------+
 *  | length | payload            |
 *  | int32  | length bytes       |
 *  +--------+--------------------+
 * ```
 */
export const INT32_HEADER_BYTES = 4;

/** The largest length that the header can express. */
export const INT32_MAX_LENGTH = 0x7fff_ffff;

/**
 * Writes a header.
 *
 * @param into The memory; four bytes from `at` are overwritten.
 * @param at Where the header starts.
 * @param length The payload's length in bytes, 0 to {@linkcode INT32_MAX_LENGTH}.
 */
export function encodeInt32Header(into: Uint8Array, at: number, length: number): void {
  into[at] = length;
  into[at + 1] = length >>> 8;
  into[at + 2] = length >>> 16;
  into[at + 3] = length >>> 24;
}

/**
 * Reads the length in a header.
 *
 * @param from The memory; it must hold four bytes from `at`.
 * @param at Where the header starts.
 * @returns The announced length; negative when the peer sent a negative one.
 */
export function decodeInt32Header(from: Uint8Array, at: number): number {
  return from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
}
