/**
 * Walks the frames of an opened packet (STANDARD.md, sections 6 and 12).
 *
 * Invariant: nothing outside of the range is read and nothing is allocated, whatever a peer wrote; an unknown type or a
 * frame that ends outside of the range ends the walk with `failed`. Padding is passed over.
 *
 * @module
 */
import { ACK_RANGES, ACK_RANGES_ECN, AckFrameReader } from "./ack_frame.ts";
import { isChannelFrame } from "./channel_frame.ts";
import { ChannelFrameReader } from "./channel_frame_reader.ts";
import { CONNECTION_ID_BYTES, decodeNumber, decodeWord } from "./packet_header.ts";
import {
  ACCEPT_FRAME_BYTES,
  ACK_FRAME_BYTES,
  CLOSE_OVERHEAD_BYTES,
  EarlyVerdict,
  FrameType,
  MAX_EARLY_MESSAGES,
  MAX_TICKET_BYTES,
  MESSAGE_OVERHEAD_BYTES,
  NEW_ID_FRAME_BYTES,
  OFFER_FRAME_BYTES,
  PATH_FRAME_BYTES,
  RETIRE_FRAME_BYTES,
  TICKET_OVERHEAD_BYTES,
} from "./session_frame.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * Reads one frame after the other; one cursor serves many packets.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const cursor = new FrameCursor();
 * cursor.load(Uint8Array.of(0x01, 0x00, 0x06, 0, 0, 0, 7), 0, 7);
 * assertEquals([cursor.next(), cursor.type], [true, 0x01]);
 * assertEquals([cursor.next(), cursor.type, cursor.sequence], [true, 0x06, 7]);
 * assertEquals([cursor.next(), cursor.failed], [false, false]);
 * ```
 */
export class FrameCursor {
  /** The memory that is walked; borrowed from whoever loaded it. */
  buffer: Uint8Array = NO_BYTES;
  /** The type of the frame. */
  type = 0;
  /** Where the frame starts. */
  start = 0;
  /** AckRanges: its ranges, the newest first. */
  readonly ranges: AckFrameReader = new AckFrameReader();
  /** Whether the packet breaks the format. */
  failed = false;
  /** Ack: the largest packet number. */
  largest = 0;
  /** Ack: the smallest packet number of the range. */
  smallest = 0;
  /** Ack: the delay in µs. */
  delayMicros = 0;
  /** NewConnectionId, RetireConnectionId: which id. */
  sequence = 0;
  /** PathChallenge, PathResponse, NewConnectionId: the upper half of the data or the id. */
  high = 0;
  /** As `high`: the lower half. */
  low = 0;
  /** Close: why. Accept: the verdict on early data. */
  code = 0;
  /** Plain, EarlyMessage: the channel. */
  channel = 0;
  /** Plain, EarlyMessage: the id. */
  id = 0;
  /**
   * Where the frame's bytes start: the payload of a message, the reason of a close, the token of a new connection id
   * and of an accept (the limits follow it), the limits of an offer, the lifetime of a ticket.
   */
  offset = 0;
  /** How many bytes the payload or the reason has; of a ticket frame, the ticket. */
  length = 0;
  readonly #channelFrame: ChannelFrameReader = new ChannelFrameReader();
  #at = 0;
  #end = 0;

  /** The index of the next frame. */
  get position(): number {
    return this.#at;
  }

  /** The index after the last byte of the range. */
  get end(): number {
    return this.#end;
  }

  /**
   * Starts over.
   *
   * @param buffer The memory; borrowed until the next load.
   * @param start The index of the first frame.
   * @param end The index after the last frame.
   */
  load(buffer: Uint8Array, start: number, end: number): void {
    this.buffer = buffer;
    this.failed = false;
    this.#at = start;
    this.#end = end;
  }

  /**
   * Steps to the next frame.
   *
   * @returns Whether there is one; false at the end of the range and, with `failed`, at a frame that breaks the format.
   */
  next(): boolean {
    const { buffer } = this;
    let at = this.#at;
    const end = this.#end;
    while (at < end && buffer[at] === FrameType.Padding) at++;
    this.#at = at;
    if (at >= end) return false;
    this.type = buffer[at]!;
    this.start = at;
    const length = this.type === FrameType.Plain ? this.#message(at, end) : this.#read(at, end);
    if (length > 0 && at + length <= end) {
      this.#at = at + length;
      return true;
    }
    this.failed = true;
    return false;
  }

  /** The frame's length in bytes, or 0 when it breaks the format; what is behind the end is never looked at. */
  #read(at: number, end: number): number {
    switch (this.type) {
      case FrameType.Ping:
      case FrameType.HandshakeDone:
        return 1;
      case FrameType.Ack:
        return at + ACK_FRAME_BYTES <= end ? this.#ack(at) : 0;
      case FrameType.PathChallenge:
      case FrameType.PathResponse:
        return at + PATH_FRAME_BYTES <= end ? this.#path(at) : 0;
      case FrameType.NewConnectionId:
        return at + NEW_ID_FRAME_BYTES <= end ? this.#newConnectionId(at) : 0;
      case FrameType.RetireConnectionId:
        if (at + RETIRE_FRAME_BYTES > end) return 0;
        this.sequence = decodeWord(this.buffer, at + 1) >>> 0;
        return RETIRE_FRAME_BYTES;
      case FrameType.Close:
        return at + CLOSE_OVERHEAD_BYTES <= end ? this.#close(at) : 0;
      case FrameType.Ticket:
        return at + TICKET_OVERHEAD_BYTES <= end ? this.#ticket(at) : 0;
      case FrameType.Accept:
        return at + ACCEPT_FRAME_BYTES <= end ? this.#accept(at) : 0;
      case FrameType.Offer:
        this.offset = at + 1;
        return OFFER_FRAME_BYTES;
      case FrameType.EarlyMessage: {
        const length = this.#message(at, end);
        return this.id < MAX_EARLY_MESSAGES ? length : 0;
      }
      case ACK_RANGES:
      case ACK_RANGES_ECN:
        return this.ranges.load(this.buffer, at, end);
      default:
        return isChannelFrame(this.type) ? this.#channelFrame.read(this.buffer, at, end) : 0;
    }
  }

  #message(at: number, end: number): number {
    if (at + MESSAGE_OVERHEAD_BYTES > end) return 0;
    const { buffer } = this;
    this.channel = buffer[at + 1]!;
    this.id = decodeWord(buffer, at + 2) >>> 0;
    this.length = (buffer[at + 6]! << 8) | buffer[at + 7]!;
    this.offset = at + MESSAGE_OVERHEAD_BYTES;
    return MESSAGE_OVERHEAD_BYTES + this.length;
  }

  #ack(at: number): number {
    const count = decodeWord(this.buffer, at + 9) >>> 0;
    this.largest = decodeNumber(this.buffer, at + 1);
    this.smallest = this.largest - count;
    this.delayMicros = decodeWord(this.buffer, at + 13) >>> 0;
    return this.smallest >= 0 ? ACK_FRAME_BYTES : 0;
  }

  #path(at: number): number {
    this.high = decodeWord(this.buffer, at + 1);
    this.low = decodeWord(this.buffer, at + 5);
    return PATH_FRAME_BYTES;
  }

  #newConnectionId(at: number): number {
    this.sequence = decodeWord(this.buffer, at + 1) >>> 0;
    this.high = decodeWord(this.buffer, at + 5);
    this.low = decodeWord(this.buffer, at + 9);
    this.offset = at + 5 + CONNECTION_ID_BYTES;
    return NEW_ID_FRAME_BYTES;
  }

  #close(at: number): number {
    this.code = (this.buffer[at + 1]! << 8) | this.buffer[at + 2]!;
    this.length = this.buffer[at + 3]!;
    this.offset = at + CLOSE_OVERHEAD_BYTES;
    return CLOSE_OVERHEAD_BYTES + this.length;
  }

  #ticket(at: number): number {
    this.length = (this.buffer[at + TICKET_OVERHEAD_BYTES - 2]! << 8) | this.buffer[at + TICKET_OVERHEAD_BYTES - 1]!;
    this.offset = at + 1;
    return this.length >= 1 && this.length <= MAX_TICKET_BYTES ? TICKET_OVERHEAD_BYTES + this.length : 0;
  }

  #accept(at: number): number {
    this.code = this.buffer[at + 1]!;
    this.offset = at + 2;
    return this.code <= EarlyVerdict.Refused ? ACCEPT_FRAME_BYTES : 0;
  }
}
