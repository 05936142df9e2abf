/**
 * Takes packets and hello records out of a stream (STANDARD.md, section 9).
 *
 * Invariants: memory is taken for what has arrived, never for a length that was only announced; at most one record of the
 * largest legal size is held; after a length that breaks the rules nothing more is looked at.
 *
 * @module
 */
import { decodePacketLength, MAX_STREAM_PACKET_BYTES, PACKET_LENGTH_BYTES } from "../wire/packet_length.ts";

const FIRST_BYTES = 512;

/**
 * Reassembles records from chunks.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const unframer = new PacketUnframer(1200);
 * unframer.push(Uint8Array.of(0, 2, 7));
 * assertEquals(unframer.next(), false);
 * unframer.push(Uint8Array.of(8));
 * assertEquals([unframer.next(), unframer.length], [true, 2]);
 * assertEquals(unframer.buffer.subarray(unframer.offset, unframer.offset + 2), Uint8Array.of(7, 8));
 * ```
 */
export class PacketUnframer {
  /** The memory that holds the record that `next` found; valid until the next `push`. */
  buffer: Uint8Array = new Uint8Array(FIRST_BYTES);
  /** Where that record starts. */
  offset = 0;
  /** How many bytes it has. */
  length = 0;
  #head = 0;
  #tail = 0;
  readonly #maxBytes: number;
  #failed = false;

  /**
   * Makes one at the beginning of a stream.
   *
   * @param maxBytes The longest record that is accepted, 1 to 65535.
   * @throws {RangeError} When it is no such number.
   */
  constructor(maxBytes: number = MAX_STREAM_PACKET_BYTES) {
    if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > MAX_STREAM_PACKET_BYTES) {
      throw new RangeError(`Cannot take records of ${maxBytes} bytes: 1 to ${MAX_STREAM_PACKET_BYTES} are possible`);
    }
    this.#maxBytes = maxBytes;
  }

  /** Whether a length was 0 or too large: close the stream. */
  get failed(): boolean {
    return this.#failed;
  }

  /** How many bytes of an incomplete record are held. */
  get heldBytes(): number {
    return this.#tail - this.#head;
  }

  /**
   * Adds bytes of the stream; take out all records with `next` before the next push.
   *
   * @param chunk Copied.
   */
  push(chunk: Uint8Array): void {
    if (this.#failed) return;
    if (this.#tail + chunk.length > this.buffer.length) this.#makeRoom(chunk.length);
    this.buffer.set(chunk, this.#tail);
    this.#tail += chunk.length;
  }

  /**
   * Steps to the next whole record.
   *
   * @returns Whether there is one.
   */
  next(): boolean {
    const held = this.#tail - this.#head;
    if (this.#failed || held < PACKET_LENGTH_BYTES) return false;
    const length = decodePacketLength(this.buffer, this.#head);
    if (length === 0 || length > this.#maxBytes) {
      this.#failed = true;
      return false;
    }
    if (held < PACKET_LENGTH_BYTES + length) return false;
    this.offset = this.#head + PACKET_LENGTH_BYTES;
    this.length = length;
    this.#head = this.offset + length;
    return true;
  }

  #makeRoom(bytes: number): void {
    const held = this.#tail - this.#head;
    let size = this.buffer.length;
    while (size < held + bytes) size *= 2;
    const into = size === this.buffer.length ? this.buffer : new Uint8Array(size);
    if (into === this.buffer) into.copyWithin(0, this.#head, this.#tail);
    else into.set(this.buffer.subarray(this.#head, this.#tail));
    this.buffer = into;
    this.#head = 0;
    this.#tail = held;
  }
}
