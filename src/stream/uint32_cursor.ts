/**
 * The specialised loop over `uint32` frames, as message packets have them on a QUIC stream (src/wire/uint32_frame.ts).
 *
 * Invariant: `next` never reads past the received bytes and never allocates; a refused length stops it for good, so
 * that nothing is ever looked for behind it. Its simple twin is `tests/unit/stream/reference_message_parser.ts`.
 * Why no prefix is stripped: what is framed this way has no room for a timestamp.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import type { Histogram } from "../metric/histogram.ts";
import { decodeUint32Header, UINT32_HEADER_BYTES } from "../wire/uint32_frame.ts";
import type { FrameLimits, FrameParser } from "./frame_cursor.ts";

const NOTHING = new Uint8Array(0);

/** Walks `uint32` frames in place. */
export class Uint32Cursor implements FrameParser {
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

  /** @param limits What is accepted; its prefix is of no account. */
  constructor(limits: FrameLimits) {
    this.limit(limits);
  }

  get position(): number {
    return this.#at;
  }

  limit(limits: FrameLimits): void {
    this.#min = limits.minBytes;
    this.#max = limits.maxBytes;
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
    const body = this.#at + UINT32_HEADER_BYTES;
    if (body > this.#end) return false;
    const length = decodeUint32Header(this.buffer, this.#at);
    if (length < this.#min || length > this.#max) {
      this.fault = length > this.#max ? CloseCode.FrameTooLarge : CloseCode.EmptyFrame;
      this.#end = this.#at;
      return false;
    }
    const end = body + length;
    if (end > this.#end) return false;
    this.#at = end;
    this.offset = body;
    this.length = length;
    this.count++;
    return true;
  }

  payload(): Uint8Array {
    return new Uint8Array(this.#memory, this.#base + this.offset, this.length);
  }

  pendingBytes(): number {
    if (this.fault !== undefined || this.#at + UINT32_HEADER_BYTES > this.#end) return 0;
    const length = decodeUint32Header(this.buffer, this.#at);
    return length < this.#min || length > this.#max ? 0 : UINT32_HEADER_BYTES + length;
  }
}
