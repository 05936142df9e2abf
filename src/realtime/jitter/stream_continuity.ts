/**
 * Whether a frame belongs to the stream by its numbers, and where: the sequence number and the timestamp unwrapped.
 *
 * Sequence numbers, timestamps and times of arrival must agree: a gap in sequence numbers takes media time, media time
 * does not run ahead of the receiver's clock by more than a bound, and silence is a gap in timestamps alone. A frame
 * that breaks this is suspect and dropped; when the next suspect frame follows on it, the sender has started anew, as
 * in RFC 3550 appendix A.1. Invariant: numbers that come at random never restart the stream but by a chance of about
 * 2^-32 a frame with 16 bits of sequence number, and a restart costs exactly one frame.
 *
 * @module
 */
import type { Clock } from "../../time/clock.ts";
import type { JitterConfig } from "./jitter_options.ts";

/** What the numbers of a frame say. */
export const Continuity = {
  /** It is of this stream: `position` and `mediaMs` tell where. */
  Fits: 0,
  /** It is not, so far. */
  Suspect: 1,
  /** It is the second frame of a new stream; `position` and `mediaMs` are those of the new one. */
  Restart: 2,
} as const;

/** One of the values of {@linkcode Continuity}. */
export type Continuity = (typeof Continuity)[keyof typeof Continuity];

/** By how many frames the timestamp of a later frame may be earlier: encoders of video reorder. */
const MAX_REORDER_FRAMES = 8;

/** Follows the numbers of one stream. */
export class StreamContinuity {
  /** Where the last frame that fits lies, on a scale of 32 bits that wraps. */
  position = 0;
  /** The media time of the last frame that fits, in ms on a scale that does not wrap. */
  mediaMs = 0;
  readonly #clock: Clock;
  readonly #shift: number;
  readonly #msPerUnit: number;
  readonly #frameMs: number;
  readonly #windowFrames: number;
  readonly #jumpMs: number;
  readonly #reorderMs: number;
  #started = false;
  /** The furthest frame of the stream. */
  #headPosition = 0;
  #headTimestamp = 0;
  #headMediaMs = 0;
  #headArrivalMs = 0;
  #hasSuspect = false;
  #suspectSequence = 0;
  #suspectTimestamp = 0;

  /**
   * Makes it for a stream of which nothing is known.
   *
   * @param config Widths, rates and bounds.
   * @param clock When frames come.
   */
  constructor(config: JitterConfig, clock: Clock) {
    this.#clock = clock;
    this.#shift = 32 - config.sequenceBits;
    this.#msPerUnit = 1000 / config.clockRateHz;
    this.#frameMs = config.frameMs;
    this.#windowFrames = config.maxFrames;
    this.#jumpMs = config.maxJumpMs;
    this.#reorderMs = Math.min(config.maxJumpMs, MAX_REORDER_FRAMES * config.frameMs);
  }

  /** Where the furthest frame of the stream lies. */
  get headPosition(): number {
    return this.#headPosition;
  }

  /**
   * Judges a frame.
   *
   * @param sequence Its sequence number, of which only as many bits count as there are.
   * @param timestamp Its timestamp, of which 32 bits count.
   * @param next The position whose turn is next.
   * @returns What its numbers say; the first frame of all is a `Restart`.
   */
  judge(sequence: number, timestamp: number, next: number): Continuity {
    if (!this.#started) return this.restart(sequence, timestamp);
    const ahead = this.#difference(sequence, this.#headPosition);
    const position = (this.#headPosition + ahead) | 0;
    const aheadMs = ((timestamp - this.#headTimestamp) | 0) * this.#msPerUnit;
    if (!this.#fits(ahead, aheadMs, (position - next) | 0)) return this.#suspect(sequence, timestamp);
    this.position = position;
    this.mediaMs = this.#headMediaMs + aheadMs;
    if (ahead > 0) {
      this.#headPosition = position;
      this.#headTimestamp = timestamp;
      this.#headMediaMs = this.mediaMs;
      this.#headArrivalMs = this.#clock.now;
    }
    this.#hasSuspect = false;
    return Continuity.Fits;
  }

  /**
   * Begins a stream at a frame, whatever came before.
   *
   * @param sequence Its sequence number.
   * @param timestamp Its timestamp.
   * @returns That it is the start of a stream.
   */
  restart(sequence: number, timestamp: number): typeof Continuity.Restart {
    this.#started = true;
    this.#hasSuspect = false;
    this.position = this.#headPosition = (sequence << this.#shift) >> this.#shift;
    this.mediaMs = this.#headMediaMs = (timestamp >>> 0) * this.#msPerUnit;
    this.#headTimestamp = timestamp | 0;
    this.#headArrivalMs = this.#clock.now;
    return Continuity.Restart;
  }

  #fits(ahead: number, aheadMs: number, turns: number): boolean {
    if (ahead >= this.#windowFrames || turns < -this.#windowFrames) return false;
    const spanMs = Math.abs(ahead) * this.#frameMs;
    if (ahead < 0) return aheadMs <= this.#jumpMs && aheadMs >= -spanMs - this.#jumpMs;
    return aheadMs >= -this.#reorderMs && aheadMs <= spanMs + (this.#clock.now - this.#headArrivalMs) + this.#jumpMs;
  }

  #suspect(sequence: number, timestamp: number): Continuity {
    const aheadMs = ((timestamp - this.#suspectTimestamp) | 0) * this.#msPerUnit;
    const follows = this.#hasSuspect && this.#difference(sequence, this.#suspectSequence) === 1 &&
      aheadMs >= 0 && aheadMs <= this.#jumpMs;
    if (follows) return this.restart(sequence, timestamp);
    this.#hasSuspect = true;
    this.#suspectSequence = sequence;
    this.#suspectTimestamp = timestamp;
    return Continuity.Suspect;
  }

  #difference(sequence: number, from: number): number {
    return ((sequence - from) << this.#shift) >> this.#shift;
  }
}
