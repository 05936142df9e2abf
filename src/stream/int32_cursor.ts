/**
 * The specialised loop over int32 frames (src/wire/STANDARD.md, section 1).
 *
 * Invariant: `next` never reads past the received bytes and never allocates; a refused length stops it for good, so
 * that nothing is ever looked for behind it. Its simple twin is `tests/unit/stream/reference_parser.ts`.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import type { Histogram } from "../metric/histogram.ts";
import { INT32_HEADER_BYTES } from "../wire/int32_frame.ts";
import { decodeTimestamp } from "../wire/timestamp_prefix.ts";
import type { FrameLimits, FrameParser } from "./frame_cursor.ts";

const NOTHING = new Uint8Array(0);

/** Walks int32 frames in place. */
export class Int32Cursor implements FrameParser {
  buffer: Uint8Array = NOTHING;
  view: DataView = new DataView(NOTHING.buffer);
  offset = 0;
  length = 0;
  count = 0;
  fault: CloseCode | undefined = undefined;
  latency: Histogram | undefined = undefined;
  wallNow = 0;
  #memory: ArrayBufferLike = NOTHING.buffer;
  #base = 0;
  #at = 0;
  #end = 0;
  #min = 0;
  #max = 0;
  #prefix = 0;

  /** @param limits What is accepted. */
  constructor(limits: FrameLimits) {
    this.limit(limits);
  }

  get position(): number {
    return this.#at;
  }

  limit(limits: FrameLimits): void {
    this.#min = limits.minBytes;
    this.#max = limits.maxBytes;
    this.#prefix = limits.prefixBytes;
  }

  load(buffer: Uint8Array, start: number, end: number): void {
    if (buffer !== this.buffer) {
      this.buffer = buffer;
      this.#memory = buffer.buffer;
      this.#base = buffer.byteOffset;
      this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
    this.#at = start;
    this.#end = this.fault === undefined ? end : start;
    this.offset = start;
    this.length = 0;
    this.count = 0;
  }

  next(): boolean {
    const at = this.#at;
    const body = at + INT32_HEADER_BYTES;
    if (body > this.#end) return false;
    const length = this.view.getInt32(at, true);
    if (length < this.#min || length > this.#max) {
      this.#refuse(length);
      return false;
    }
    const end = body + length;
    if (end > this.#end) return false;
    this.#at = end;
    this.offset = body;
    this.length = length;
    this.count++;
    if (this.#prefix !== 0) this.#strip();
    return true;
  }

  payload(): Uint8Array {
    // Why no subarray(): it looks for the buffer's species first, which takes half as long again.
    return new Uint8Array(this.#memory, this.#base + this.offset, this.length);
  }

  pendingBytes(): number {
    if (this.fault !== undefined || this.#at + INT32_HEADER_BYTES > this.#end) return 0;
    const length = this.view.getInt32(this.#at, true);
    return length < this.#min || length > this.#max ? 0 : INT32_HEADER_BYTES + length;
  }

  #strip(): void {
    const age = this.wallNow - decodeTimestamp(this.buffer, this.offset);
    this.latency?.record(age > 0 ? age * 1000 : 0);
    this.offset += this.#prefix;
    this.length -= this.#prefix;
  }

  #refuse(length: number): void {
    this.#end = this.#at;
    if (length < 0) this.fault = CloseCode.NegativeLength;
    else if (length > this.#max) this.fault = CloseCode.FrameTooLarge;
    else this.fault = length < this.#prefix ? CloseCode.MissingTimestamp : CloseCode.EmptyFrame;
  }
}
