/**
 * One stretch of queued frames, and the walks over its headers that drops and lost links need.
 *
 * The framing must carry plain lengths that `decodeLength` can read back from memory that we wrote ourselves.
 *
 * @module
 */
import type { Framing } from "./framing.ts";

/** Whose memory a segment is. */
export const SegmentKind = {
  /** A block of the endpoint's pool. */
  Pooled: 0,
  /** Memory of its own. */
  Owned: 1,
  /** A payload that the caller lends; its header is the end of the segment before. */
  Borrowed: 2,
  /** Whole frames in memory that its owner lends, until they have passed. */
  BorrowedFrames: 3,
} as const;

/** One of the values of {@linkcode SegmentKind}. */
export type SegmentKind = (typeof SegmentKind)[keyof typeof SegmentKind];

/** What `cutPartial` removed. */
export interface Cut {
  /** Bytes that are not written any more. */
  readonly bytes: number;
  /** Messages that are lost, 0 or 1. */
  readonly messages: number;
  /** Whether the lost message's payload is the next segment, which must go too. */
  readonly takesNext: boolean;
}

/** One stretch of queued frames; records are reused. */
export class Segment {
  /** Holds the frames. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the bytes that were not written yet start. */
  start = 0;
  /** Where the frames end. */
  end = 0;
  /** How many messages end in this segment and are neither written nor dropped. */
  messages = 0;
  /** Whose memory it is. */
  kind: SegmentKind = SegmentKind.Owned;
  #base = 0;

  /**
   * Fills the record.
   *
   * @param bytes Holds the frames, from its start.
   * @param length How many bytes.
   * @param kind Whose memory it is.
   * @param messages How many messages end in it.
   * @returns This record.
   */
  set(bytes: Uint8Array, length: number, kind: SegmentKind, messages: number): this {
    this.bytes = bytes;
    this.start = this.#base = 0;
    this.end = length;
    this.messages = messages;
    this.kind = kind;
    return this;
  }

  /** Whether a part was written; a borrowed payload counts, because its header was. */
  get started(): boolean {
    return this.start > this.#base || this.kind === SegmentKind.Borrowed;
  }

  /**
   * Drops the first frame; nothing of this segment may be written yet.
   *
   * @param framing The framing of the frames.
   * @returns How many bytes it had.
   */
  dropFirst(framing: Framing): number {
    const size = this.#frameBytes(framing, this.start);
    this.start += size;
    this.#base = this.start;
    this.messages--;
    return size;
  }

  /**
   * Moves the frame-aligned base over all frames that were written whole.
   *
   * @param framing The framing of the frames.
   * @returns How many messages these were.
   */
  skipSent(framing: Framing): number {
    if (this.kind === SegmentKind.Borrowed) return 0;
    let sent = 0;
    for (;;) {
      const next = this.#base + (this.#base < this.end ? this.#frameBytes(framing, this.#base) : 0);
      if (next === this.#base || next > this.start) break;
      this.#base = next;
      sent++;
    }
    this.messages -= sent;
    return sent;
  }

  /**
   * Removes the frame of which a part was written; `skipSent` comes first.
   *
   * @param framing The framing of the frames.
   * @returns What was removed.
   */
  cutPartial(framing: Framing): Cut {
    if (this.kind === SegmentKind.Borrowed) return this.#cutTo(this.end, 1, false);
    if (this.start === this.#base) return { bytes: 0, messages: 0, takesNext: false };
    const next = this.#base + this.#frameBytes(framing, this.#base);
    return next > this.end ? this.#cutTo(this.end, 0, true) : this.#cutTo(next, 1, false);
  }

  #cutTo(position: number, messages: number, takesNext: boolean): Cut {
    const bytes = position - this.start;
    this.start = this.#base = position;
    this.messages -= messages;
    return { bytes, messages, takesNext };
  }

  #frameBytes(framing: Framing, at: number): number {
    return framing.headerBytes + framing.decodeLength(this.bytes, at);
  }
}
