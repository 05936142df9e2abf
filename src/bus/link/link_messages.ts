/**
 * The messages in the batches of one link, walked in place; what goes on in the next batch is put together here.
 *
 * Invariants: nothing is allocated for a length that was only announced (memory for a long message is at most twice what
 * has come of it); after a fault nothing is looked at any more.
 *
 * @module
 */
import { MESSAGE_HEADER_BYTES } from "./link_record.ts";

const NOTHING = new Uint8Array(0);
const FIRST_BYTES = 64 << 10;

/** Walks batches. */
export class LinkMessages {
  /** Where the current message lies. */
  buffer: Uint8Array = NOTHING;
  /** Where it starts. */
  offset = 0;
  /** How many bytes it has. */
  length = 0;
  /** How many messages `next` has found since the last `load`. */
  count = 0;
  /** Whether a message announced more than is allowed. */
  isFaulty = false;
  readonly #maxBytes: number;
  #batch: Uint8Array = NOTHING;
  #at = 0;
  #end = 0;
  /** The head and what has come of a message that goes on in the next batch. */
  #partial: Uint8Array = NOTHING;
  #partialBytes = 0;
  /** Whether the partial message is whole and with the application. */
  #isLent = false;

  /** @param maxBytes The longest message. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many bytes of a message are there that is not whole yet, its header included. */
  get partialBytes(): number {
    return this.#isLent ? 0 : this.#partialBytes;
  }

  /**
   * Takes the text of a batch; all messages of the last one were walked.
   *
   * @param buffer Holds it.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  load(buffer: Uint8Array, start: number, end: number): void {
    this.#batch = buffer;
    this.#at = start;
    this.#end = this.isFaulty ? start : end;
    this.count = 0;
  }

  /**
   * Moves to the next message that is whole.
   *
   * @returns Whether there is one.
   */
  next(): boolean {
    if (this.#partialBytes !== 0) {
      if (!this.#isLent) return this.#complete();
      this.#forget();
    }
    const at = this.#at;
    const body = at + MESSAGE_HEADER_BYTES;
    if (body <= this.#end) {
      const length = lengthAt(this.#batch, at);
      if (length > this.#maxBytes) return this.#refuse();
      if (body + length <= this.#end) {
        this.buffer = this.#batch;
        this.offset = body;
        this.length = length;
        this.#at = body + length;
        this.count++;
        return true;
      }
    }
    this.#keep(this.#end - at);
    return false;
  }

  /** Lets go of the memory of a batch, and of a long message that was walked. */
  unload(): void {
    if (this.#isLent) this.#forget();
    this.#batch = this.buffer = NOTHING;
    this.#at =
      this.#end =
      this.offset =
      this.length =
        0;
  }

  /** Goes on with a message of which a part has come; it is the next one where it is whole now. */
  #complete(): boolean {
    if (this.#partialBytes < MESSAGE_HEADER_BYTES) {
      this.#keep(Math.min(MESSAGE_HEADER_BYTES - this.#partialBytes, this.#end - this.#at));
      if (this.#partialBytes < MESSAGE_HEADER_BYTES) return false;
    }
    const length = lengthAt(this.#partial, 0);
    if (length > this.#maxBytes) return this.#refuse();
    const missing = MESSAGE_HEADER_BYTES + length - this.#partialBytes;
    this.#keep(Math.min(missing, this.#end - this.#at));
    if (this.#partialBytes < MESSAGE_HEADER_BYTES + length) return false;
    this.buffer = this.#partial;
    this.offset = MESSAGE_HEADER_BYTES;
    this.length = length;
    this.#isLent = true;
    this.count++;
    return true;
  }

  /** Copies the next bytes of the batch behind what is there of the message. */
  #keep(bytes: number): void {
    if (bytes === 0) return;
    const length = this.#partialBytes + bytes;
    if (length > this.#partial.length) {
      const larger = new Uint8Array(Math.max(FIRST_BYTES, Math.min(2 * length, MESSAGE_HEADER_BYTES + this.#maxBytes)));
      larger.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = larger;
    }
    this.#partial.set(this.#batch.subarray(this.#at, this.#at + bytes), this.#partialBytes);
    this.#partialBytes = length;
    this.#at += bytes;
  }

  #forget(): void {
    this.#isLent = false;
    this.#partialBytes = 0;
    if (this.#partial.length > FIRST_BYTES) this.#partial = NOTHING;
  }

  #refuse(): boolean {
    this.isFaulty = true;
    this.#end = this.#at;
    this.#forget();
    return false;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}
