/**
 * How a stream machine lends a stretch of its own send memory, so that nothing is copied twice.
 *
 * @module
 */

const NONE = new Uint8Array(0);

/**
 * A stretch of memory that is to be written to the link; one record is reused for all transmits of a driver.
 *
 * The memory belongs to the machine. It does not change until the driver has confirmed the bytes with
 * `handleTransmitted(n)`; after that the driver must not touch it.
 */
export class TransmitSpan {
  /** The memory that holds the bytes. */
  buffer: Uint8Array = NONE;
  /** Where in `buffer` they start. */
  offset = 0;
  /** How many there are. */
  length = 0;

  /**
   * The stretch as a view; the buffer itself where it is lent whole.
   *
   * @returns A view over the lent memory.
   */
  bytes(): Uint8Array {
    const { buffer, offset, length } = this;
    return offset === 0 && length === buffer.length ? buffer : buffer.subarray(offset, offset + length);
  }

  /** Lets go of the memory, so that the record does not keep it alive. */
  clear(): void {
    this.buffer = NONE;
    this.offset = 0;
    this.length = 0;
  }
}
