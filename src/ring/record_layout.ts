/**
 * What a record looks like in every ring of records: a header of two int32 words, then the payload.
 *
 * ```text
 * byte 0   length of the payload in bytes; the rings for many producers keep an owner in its highest byte
 * byte 4   kind: what the record is, any int32 of the application's
 * byte 8   payload, then up to 7 bytes of no meaning, so that the next record is 8-byte aligned again
 * ```
 *
 * Words are in the order of the machine: a ring never leaves it. Why 8-byte alignment: a record and its payload are
 * then read and written as int32 words and doubles, which shared memory does far faster than byte by byte.
 *
 * @module
 */

/** How many bytes of a record come before its payload. */
export const RECORD_HEADER_BYTES = 8;

/**
 * How much of a ring a record takes.
 *
 * @param payloadBytes The length of its payload: an integer of at least 0.
 * @returns A multiple of 8.
 */
export function recordBytes(payloadBytes: number): number {
  return (payloadBytes + RECORD_HEADER_BYTES + 7) & -8;
}

/**
 * Checks what a claim is asked for.
 *
 * @param kind Any number.
 * @param payloadBytes Any number.
 * @param maxPayloadBytes What the ring takes.
 * @throws {RangeError} When the kind is no int32, or the payload's length no integer from 0 to the largest.
 */
export function checkRecord(kind: number, payloadBytes: number, maxPayloadBytes: number): void {
  if ((kind | 0) !== kind) throw new RangeError(`Cannot claim a record of kind ${kind}: it must be an int32`);
  if (!Number.isInteger(payloadBytes) || payloadBytes < 0 || payloadBytes > maxPayloadBytes) {
    throw new RangeError(`Cannot claim ${payloadBytes} bytes: a record of this ring has 0 to ${maxPayloadBytes}`);
  }
}
