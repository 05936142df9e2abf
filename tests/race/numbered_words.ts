/**
 * The records of the race tests of rings of records: words that follow from the record's number and its writer.
 *
 * @module
 */

/** A record's payload is 1 to 32 words; this is the kind of all of them. */
export const NUMBERED = 77;

/**
 * The length of a payload, so that lengths vary and the region's end is hit at every offset.
 *
 * @param writer The writer's number.
 * @param number The record's.
 * @returns 4 to 128 bytes, a multiple of 4.
 */
export function payloadBytes(writer: number, number: number): number {
  return 4 + ((Math.imul(number + writer * 1000, 0x9e3779b1) >>> 27) << 2);
}

/**
 * Writes a payload.
 *
 * @param words The ring's data.
 * @param offset Where the payload starts, in bytes.
 * @param bytes How long it is.
 * @param writer The writer's number.
 * @param number The record's.
 */
export function writeNumbered(words: Int32Array, offset: number, bytes: number, writer: number, number: number): void {
  const first = offset >> 2;
  const count = bytes >> 2;
  words[first] = number;
  for (let i = 1; i < count; i++) words[first + i] = number * 31 + writer + i;
}

/**
 * Checks a whole record.
 *
 * @param words The ring's data.
 * @param offset Where the payload starts, in bytes.
 * @param bytes How long it is.
 * @param writer Who must have written it.
 * @param number Which one it must be.
 * @throws {Error} When a word or the length is another.
 */
export function checkNumbered(words: Int32Array, offset: number, bytes: number, writer: number, number: number): void {
  const first = offset >> 2;
  if (words[first] !== number) throw new Error(`Writer ${writer}: record ${words[first]} where ${number} was due`);
  if (bytes !== payloadBytes(writer, number)) throw new Error(`Writer ${writer}: ${bytes} bytes in record ${number}`);
  for (let i = 1; i < bytes >> 2; i++) {
    if (words[first + i] !== ((number * 31 + writer + i) | 0)) {
      throw new Error(`Writer ${writer}: a wrong word ${i} in record ${number}`);
    }
  }
}
