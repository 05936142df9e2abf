/**
 * Copies a range of bytes without handing out an object for a short one.
 *
 * Why: `set()` takes a view, which costs as much as a loop over some hundred bytes and has to be collected.
 *
 * @module
 */

const LONGEST_LOOP_BYTES = 192;

/**
 * Copies a range from one memory into another.
 *
 * @param from The source.
 * @param start The index of the first byte.
 * @param end The index after the last byte.
 * @param into The target; must have room and, for overlapping ranges of the same memory, begin before the source.
 * @param offset Where in the target the range goes.
 */
export function copyBytes(from: Uint8Array, start: number, end: number, into: Uint8Array, offset: number): void {
  if (end - start > LONGEST_LOOP_BYTES) {
    into.set(from.subarray(start, end), offset);
    return;
  }
  for (let i = start; i < end; i++) into[offset++] = from[i]!;
}
