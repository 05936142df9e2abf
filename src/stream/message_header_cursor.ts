/**
 * The specialised loop over message packets, whose lengths stand in their own 16-byte headers (src/wire/message_packet.ts).
 *
 * A frame is the whole packet, header included, because whoever reads it needs the header. Invariant: `next` never reads
 * past the received bytes and never allocates; a refused header stops it for good, before the rest of its packet is
 * there, so that nothing is ever looked for behind it. What is bounded is the payload; an extension header has at most
 * 64 KiB anyway. Its simple twin is
 * `tests/unit/stream/reference_message_parser.ts`. Why no prefix is stripped: packets have no room for a timestamp.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import type { Histogram } from "../metric/histogram.ts";
import {
  MESSAGE_HEADER_BYTES,
  MessageHeaderFault,
  messageHeaderFault,
  messagePacketBytes,
  messagePayloadBytes,
} from "../wire/message_packet.ts";
import type { FrameLimits, FrameParser } from "./frame_cursor.ts";

const NOTHING = new Uint8Array(0);

/** Walks message packets in place. */
export class MessageHeaderCursor implements FrameParser {
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
  #max = 0;

  /** @param limits What is accepted; `maxBytes` bounds the payload, the other two are of no account. */
  constructor(limits: FrameLimits) {
    this.limit(limits);
  }

  get position(): number {
    return this.#at;
  }

  limit(limits: FrameLimits): void {
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
    const at = this.#at;
    if (at + MESSAGE_HEADER_BYTES > this.#end) return false;
    const length = this.#judge(at);
    if (length < 0) {
      this.#end = at;
      return false;
    }
    const end = at + length;
    if (end > this.#end) return false;
    this.#at = end;
    this.offset = at;
    this.length = length;
    this.count++;
    return true;
  }

  payload(): Uint8Array {
    return new Uint8Array(this.#memory, this.#base + this.offset, this.length);
  }

  pendingBytes(): number {
    if (this.fault !== undefined || this.#at + MESSAGE_HEADER_BYTES > this.#end) return 0;
    if (messageHeaderFault(this.buffer, this.#at) !== MessageHeaderFault.None) return 0;
    if (messagePayloadBytes(this.buffer, this.#at) > this.#max) return 0;
    return messagePacketBytes(this.buffer, this.#at);
  }

  /** The length of the packet at a place, -1 when it is refused. */
  #judge(at: number): number {
    const { buffer } = this;
    if (messageHeaderFault(buffer, at) !== MessageHeaderFault.None) this.fault = CloseCode.ProtocolViolation;
    else if (messagePayloadBytes(buffer, at) > this.#max) this.fault = CloseCode.FrameTooLarge;
    else return messagePacketBytes(buffer, at);
    return -1;
  }
}
