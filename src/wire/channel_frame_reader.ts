/**
 * Reads the frames of channels (STANDARD.md, section 12), one at a time.
 *
 * Invariants: nothing outside of the range is looked at and nothing is allocated, whatever a peer wrote; all that can be
 * judged without state is judged here: lengths, the grid, the bounds of groups.
 *
 * @module
 */
import {
  BLOCKED_FRAME_BYTES,
  ChannelFrameType,
  CONNECTION,
  CREDIT_FRAME_BYTES,
  FRAGMENT_OVERHEAD_BYTES,
  GRAIN_BYTES,
  MAX_GROUP_PARITIES,
  MAX_GROUP_SOURCES,
  PARITY_OVERHEAD_BYTES,
  PROTECTED_OVERHEAD_BYTES,
  RECOVERED_OVERHEAD_BYTES,
  SKIP_FRAME_BYTES,
  WHOLE_OVERHEAD_BYTES,
} from "./channel_frame.ts";
import { decodeNumber, decodeWord } from "./packet_header.ts";

/**
 * Reads frames of channels; one reader serves many packets.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeWhole } from "./channel_frame.ts";
 *
 * const bytes = new Uint8Array(10);
 * const end = encodeWhole(bytes, 0, 2, 7, 2) + 2;
 * const reader = new ChannelFrameReader();
 * assertEquals(reader.read(bytes, 0, end), 10);
 * assertEquals([reader.channel, reader.id, reader.offset, reader.length], [2, 7, 8, 2]);
 * ```
 */
export class ChannelFrameReader {
  /** The type of the frame; of a protected one, that of the frame inside. */
  type = 0;
  /** Whether a Protected stood before the frame. */
  isProtected = false;
  /** The channel, or {@linkcode CONNECTION}. */
  channel = 0;
  /** Message, Fragment, Skip: the id as a signed word. */
  id = 0;
  /** Message, Fragment, Skip: the length of the whole message. */
  total = 0;
  /** Fragment: where in the message the payload belongs; 0 for a whole one. */
  start = 0;
  /** Where the payload, the parity or the indexes are in the memory. */
  offset = 0;
  /** How many bytes these have. */
  length = 0;
  /** Credit: the limit. */
  limit = 0;
  /** Protected, Parity, Recovered: the group. */
  group = 0;
  /** Protected, Parity: the place among the frames or among the parities. */
  index = 0;
  /** Parity: how many frames the group has. */
  sources = 0;
  /** Parity: how many parities it has. */
  parities = 0;
  /** Protected: where the frame inside starts. */
  inner = 0;

  /**
   * Reads one frame.
   *
   * @param from The memory.
   * @param at Where the frame starts.
   * @param end Where the range ends; nothing behind it is looked at.
   * @returns The frame's length in bytes; 0 when it is none of a channel, breaks the format or leaves the range.
   */
  read(from: Uint8Array, at: number, end: number): number {
    this.isProtected = false;
    if (at >= end || from[at] !== ChannelFrameType.Protected) return this.#read(from, at, end);
    this.inner = at + PROTECTED_OVERHEAD_BYTES;
    if (this.inner >= end) return 0;
    this.group = decodeShort(from, at + 1);
    this.index = from[at + 3]!;
    const type = from[this.inner]!;
    if (type !== ChannelFrameType.Message && type !== ChannelFrameType.Fragment) return 0;
    const length = this.#read(from, this.inner, end);
    this.isProtected = true;
    return length === 0 || this.index >= MAX_GROUP_SOURCES ? 0 : PROTECTED_OVERHEAD_BYTES + length;
  }

  #read(from: Uint8Array, at: number, end: number): number {
    if (at + 2 > end) return 0;
    this.type = from[at]!;
    this.channel = from[at + 1]!;
    let length = 0;
    switch (this.type) {
      case ChannelFrameType.Message:
        length = at + WHOLE_OVERHEAD_BYTES <= end ? this.#whole(from, at) : 0;
        break;
      case ChannelFrameType.Fragment:
        length = at + FRAGMENT_OVERHEAD_BYTES <= end ? this.#fragment(from, at) : 0;
        break;
      case ChannelFrameType.Skip:
        length = at + SKIP_FRAME_BYTES <= end ? this.#skip(from, at) : 0;
        break;
      case ChannelFrameType.Credit:
        length = at + CREDIT_FRAME_BYTES <= end ? this.#credit(from, at) : 0;
        break;
      case ChannelFrameType.Blocked:
        return BLOCKED_FRAME_BYTES;
      case ChannelFrameType.Parity:
        length = at + PARITY_OVERHEAD_BYTES <= end ? this.#parity(from, at) : 0;
        break;
      case ChannelFrameType.Recovered:
        length = at + RECOVERED_OVERHEAD_BYTES <= end ? this.#recovered(from, at) : 0;
        break;
    }
    return at + length <= end ? length : 0;
  }

  #whole(from: Uint8Array, at: number): number {
    this.id = decodeWord(from, at + 2);
    this.length = this.total = decodeShort(from, at + 6);
    this.start = 0;
    this.offset = at + WHOLE_OVERHEAD_BYTES;
    return this.channel === CONNECTION ? 0 : WHOLE_OVERHEAD_BYTES + this.length;
  }

  /** A fragment lies on the grid and inside of its message. */
  #fragment(from: Uint8Array, at: number): number {
    this.id = decodeWord(from, at + 2);
    this.total = decodeTriple(from, at + 6);
    this.start = decodeTriple(from, at + 9);
    this.length = decodeShort(from, at + 12);
    this.offset = at + FRAGMENT_OVERHEAD_BYTES;
    const end = this.start + this.length;
    if (this.channel === CONNECTION || this.length === 0 || end > this.total) return 0;
    if (this.start % GRAIN_BYTES !== 0 || end < this.total && this.length % GRAIN_BYTES !== 0) return 0;
    return FRAGMENT_OVERHEAD_BYTES + this.length;
  }

  #skip(from: Uint8Array, at: number): number {
    this.id = decodeWord(from, at + 2);
    this.total = decodeTriple(from, at + 6);
    return this.channel === CONNECTION ? 0 : SKIP_FRAME_BYTES;
  }

  #credit(from: Uint8Array, at: number): number {
    this.limit = decodeNumber(from, at + 2);
    return this.limit < 0 ? 0 : CREDIT_FRAME_BYTES;
  }

  #parity(from: Uint8Array, at: number): number {
    this.group = decodeShort(from, at + 2);
    this.index = from[at + 4]!;
    this.sources = from[at + 5]!;
    this.parities = from[at + 6]!;
    this.length = decodeShort(from, at + 7);
    this.offset = at + PARITY_OVERHEAD_BYTES;
    if (this.channel === CONNECTION || this.sources === 0 || this.sources > MAX_GROUP_SOURCES) return 0;
    if (this.parities > MAX_GROUP_PARITIES || this.index >= this.parities) return 0;
    // A length of two bytes and the shortest frame are the least that a parity covers.
    return this.length < 2 + WHOLE_OVERHEAD_BYTES ? 0 : PARITY_OVERHEAD_BYTES + this.length;
  }

  #recovered(from: Uint8Array, at: number): number {
    this.group = decodeShort(from, at + 2);
    this.length = from[at + 4]!;
    this.offset = at + RECOVERED_OVERHEAD_BYTES;
    if (this.channel === CONNECTION || this.length === 0 || this.length > MAX_GROUP_PARITIES) return 0;
    return RECOVERED_OVERHEAD_BYTES + this.length;
  }
}

function decodeShort(from: Uint8Array, at: number): number {
  return (from[at]! << 8) | from[at + 1]!;
}

function decodeTriple(from: Uint8Array, at: number): number {
  return (from[at]! << 16) | (from[at + 1]! << 8) | from[at + 2]!;
}
