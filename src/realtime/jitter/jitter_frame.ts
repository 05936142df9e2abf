/**
 * A frame as it is lent to the application: one record that is filled again at every poll.
 *
 * Why block and length besides `payload`: a view is an object, and the way without one allocates nothing.
 *
 * @module
 */

const NO_BYTES = new Uint8Array(0);

/** One frame, valid until the next poll. */
export class JitterFrame {
  /** The sequence number as it was on the wire. */
  sequence = 0;
  /** The media timestamp as it was on the wire; of a missing frame, what it would have been. */
  timestamp = 0;
  /** Memory that begins with the payload, lent until the next poll; it may be longer than the payload. */
  block: Uint8Array = NO_BYTES;
  /** How many bytes the payload has. */
  length = 0;

  /** The payload, a new view that is valid until the next poll; empty when there is none. */
  get payload(): Uint8Array {
    return this.block.subarray(0, this.length);
  }

  /**
   * Makes it a frame without a payload.
   *
   * @param sequence Its sequence number.
   * @param timestamp Its timestamp.
   */
  empty(sequence: number, timestamp: number): void {
    this.sequence = sequence;
    this.timestamp = timestamp;
    this.block = NO_BYTES;
    this.length = 0;
  }
}
