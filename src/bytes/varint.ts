/**
 * Variable-length integers as in QUIC (RFC 9000 section 16): the two high bits of the first byte give the length.
 *
 * Values go to 2^53 - 1 and not to 2^62 - 1, because that is how far a number is exact. Decoding takes any of the
 * four lengths for any value, as the RFC allows; encoding always takes the shortest. Bytes never make it throw.
 *
 * ```text
 * 00vvvvvv                                  1 byte,  0 to 2^6 - 1
 * 01vvvvvv vvvvvvvv                         2 bytes, 0 to 2^14 - 1
 * 10vvvvvv vvvvvvvv vvvvvvvv vvvvvvvv       4 bytes, 0 to 2^30 - 1
 * 11vvvvvv and seven more                   8 bytes, here 0 to 2^53 - 1
 * ```
 *
 * @module
 */

/** The result of {@linkcode decodeVarint} when the range ends before the integer does. */
export const VARINT_INCOMPLETE: number = -1;

/** The result of {@linkcode decodeVarint} for an integer of 2^53 or more. */
export const VARINT_TOO_LARGE: number = -2;

/**
 * How many bytes a value takes.
 *
 * @param value An integer, 0 to 2^53 - 1.
 * @returns 1, 2, 4 or 8.
 * @throws {RangeError} When the value is no such integer.
 */
export function varintLength(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Cannot encode ${value} as a varint: it is not an integer from 0 to 2^53 - 1`);
  }
  return value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x4000_0000 ? 4 : 8;
}

/**
 * How many bytes an encoded integer takes, from its first byte.
 *
 * @param firstByte The first byte, 0 to 255.
 * @returns 1, 2, 4 or 8.
 */
export function varintLengthFrom(firstByte: number): number {
  return 1 << (firstByte >> 6);
}

/**
 * Writes a value in its shortest form.
 *
 * @param value An integer, 0 to 2^53 - 1.
 * @param into The memory to write to.
 * @param offset The index of the first byte to write.
 * @returns How many bytes were written, or 0 when there is no room; then nothing was written.
 * @throws {RangeError} When the value is no such integer.
 */
export function encodeVarint(value: number, into: Uint8Array, offset: number): number {
  const length = varintLength(value);
  if (offset + length > into.length) return 0;
  if (length === 1) {
    into[offset] = value;
  } else if (length === 2) {
    into[offset] = 0x40 | (value >> 8);
    into[offset + 1] = value;
  } else if (length === 4) {
    writeUint32(into, offset, value);
    into[offset] = 0x80 | (value >> 24);
  } else {
    const high = Math.floor(value / 0x1_0000_0000);
    writeUint32(into, offset, high);
    into[offset] = 0xc0;
    writeUint32(into, offset + 4, value >>> 0);
  }
  return length;
}

/**
 * Reads the integer that starts at an offset; {@linkcode varintLengthFrom} its first byte tells where it ends.
 *
 * @param from The memory to read.
 * @param offset The index of the first byte.
 * @param end The index after the last byte that may be read.
 * @returns The integer, {@linkcode VARINT_INCOMPLETE} or {@linkcode VARINT_TOO_LARGE}.
 */
export function decodeVarint(from: Uint8Array, offset: number, end: number = from.length): number {
  const limit = Math.min(end, from.length);
  if (offset >= limit) return VARINT_INCOMPLETE;
  const first = from[offset]!;
  const length = varintLengthFrom(first);
  if (offset + length > limit) return VARINT_INCOMPLETE;
  if (length === 1) return first;
  if (length === 2) return ((first & 0x3f) << 8) | from[offset + 1]!;
  if (length === 4) return readUint32(from, offset) & 0x3fff_ffff;
  const high = readUint32(from, offset) & 0x3fff_ffff;
  if (high >= 0x20_0000) return VARINT_TOO_LARGE;
  return high * 0x1_0000_0000 + readUint32(from, offset + 4);
}

function writeUint32(into: Uint8Array, offset: number, value: number): void {
  into[offset] = value >>> 24;
  into[offset + 1] = value >>> 16;
  into[offset + 2] = value >>> 8;
  into[offset + 3] = value;
}

function readUint32(from: Uint8Array, offset: number): number {
  return ((from[offset]! << 24) | (from[offset + 1]! << 16) | (from[offset + 2]! << 8) | from[offset + 3]!) >>> 0;
}
