/**
 * Codes which places of a list are meant, as the gaps between them.
 *
 * A few places of many take little, all of them one bit each: the Rice parameter follows from how many there are, so
 * that nothing is paid for a mask. Invariant: what is read is ascending and below the end of the list.
 *
 * ```text
 * 0                                          none
 * 1 | count - 1 | parameter, 5 bits | gap | gap | …     gap: places passed over since the last one
 * ```
 *
 * @module
 */
import type { BitReader } from "./bit_reader.ts";
import type { BitWriter } from "./bit_writer.ts";

/** How many bits a Rice parameter takes. */
export const PARAMETER_BITS = 5;

/** The result of {@linkcode readGaps} for what no writer writes. */
export const GAPS_MALFORMED: number = -1;

/** The result of {@linkcode readGaps} for more places than there is room for. */
export const GAPS_TOO_MANY: number = -2;

/**
 * How many bits hold every integer up to a largest one.
 *
 * @param largest 0 to 2^32 - 1, or the same 32 bits as a negative integer.
 * @returns 0 to 32.
 */
export function widthOf(largest: number): number {
  return 32 - Math.clz32(largest);
}

/**
 * The Rice parameter for gaps of the average length.
 *
 * @param count How many places are meant, from 1.
 * @param end How many places there are.
 * @returns 0 to 31.
 */
export function gapParameter(count: number, end: number): number {
  // The best parameter is the logarithm of the mean gap times ln 2, about 11 / 16.
  const typical = Math.ceil(((end - count) * 11) / (count * 16)) | 0;
  return typical <= 1 ? 0 : widthOf(typical - 1);
}

/**
 * Writes places.
 *
 * @param writer Where to.
 * @param places Ascending places from 0.
 * @param count How many of them are meant.
 * @param end How many places there are; 0 writes nothing.
 */
export function writeGaps(writer: BitWriter, places: Int32Array, count: number, end: number): void {
  if (end === 0) return;
  if (count === 0) return writer.write(0, 1);
  const width = widthOf(end - 1);
  const parameter = gapParameter(count, end);
  writer.write(1, 1);
  writer.writeWide(count - 1, width);
  writer.write(parameter, PARAMETER_BITS);
  let next = 0;
  for (let i = 0; i < count; i++) {
    const place = places[i]!;
    writer.writeRice(place - next, parameter, width);
    next = place + 1;
  }
}

/**
 * Reads places.
 *
 * @param reader Where from.
 * @param places Where they go; its length is the most that are taken.
 * @param end How many places there are.
 * @returns How many were read, {@linkcode GAPS_MALFORMED} or {@linkcode GAPS_TOO_MANY}.
 */
export function readGaps(reader: BitReader, places: Int32Array, end: number): number {
  if (end === 0 || reader.read(1) === 0) return 0;
  const width = widthOf(end - 1);
  const count = reader.readWide(width) + 1;
  if (count > end) return GAPS_MALFORMED;
  if (count > places.length) return GAPS_TOO_MANY;
  const parameter = reader.read(PARAMETER_BITS);
  let next = 0;
  for (let i = 0; i < count; i++) {
    const gap = reader.readRice(parameter, width);
    if (gap < 0 || gap >= end - next) return GAPS_MALFORMED;
    places[i] = next + gap;
    next += gap + 1;
  }
  return count;
}
