/**
 * How received frames are walked: the cursor that applications see, and what the machine needs of one.
 *
 * @module
 */
import type { CloseCode } from "../error/close_code.ts";
import type { Histogram } from "../metric/histogram.ts";

/**
 * All complete frames of one read, one after another, over the receive memory: no object per message.
 *
 * The memory is valid until the batch handler returns or, where it returned a promise, until that settles.
 *
 * @example
 * ```ts ignore
 * while (frames.next()) sum += frames.buffer[frames.offset]!;
 * ```
 */
export interface FrameCursor {
  /** The receive memory; read it between `offset` and `offset + length` only. */
  readonly buffer: Uint8Array;
  /** The same memory for numbers: positions are those of `buffer`. */
  readonly view: DataView;
  /** Where the current payload starts. */
  readonly offset: number;
  /** How many bytes the current payload has. */
  readonly length: number;

  /**
   * Moves to the next complete frame.
   *
   * @returns Whether there is one.
   */
  next(): boolean;

  /**
   * The current payload as a view over the receive memory (one small allocation).
   *
   * @returns A view, valid as long as the memory is.
   */
  payload(): Uint8Array;
}

/** What a receiver accepts; all of it is judged before a payload is there. */
export interface FrameLimits {
  /** The smallest length on the wire. */
  readonly minBytes: number;
  /** The largest length on the wire. */
  readonly maxBytes: number;
  /** How many bytes of prefix the payload starts with; they are stripped. */
  readonly prefixBytes: number;
}

/** The machine's side of a cursor. */
export interface FrameParser extends FrameCursor {
  /** How many frames `next` has found since the last `load`. */
  readonly count: number;
  /** Where the first frame that was not found yet starts. */
  readonly position: number;
  /** Why the frame at `position` is refused; `undefined` when it is only incomplete. */
  readonly fault: CloseCode | undefined;
  /** Set to record the age of timestamped messages, in microseconds. */
  latency: Histogram | undefined;
  /** The wall clock in ms that ages are measured against; the driver sets it once a read. */
  wallNow: number;

  /** Takes new limits, from the next frame on. */
  limit(limits: FrameLimits): void;
  /** Points the parser at received bytes: frames start at `start` and end before `end`. */
  load(buffer: Uint8Array, start: number, end: number): void;
  /** How many bytes the frame at `position` has with its header, or 0 while its header is incomplete or refused. */
  pendingBytes(): number;
}
