/**
 * How late a frame is: its transit time less that of the fastest frames, with the drift of the clocks taken out.
 *
 * ```text
 * transit                  . ·     .            lateness of a frame: its height above the line
 *      .   ·    . .     ·     . ___.---         the line: anchor + drift · (time - pivot)
 *   . __.__.---.-----.-----·---                 allowance of a play-out: the height of (tick - media time)
 * ```
 *
 * The line follows at once when a frame is faster than it, and, in whole buckets of the histogram, when for three
 * windows no frame came near it. Invariant: the histogram moves with the line, so that what it remembers keeps its
 * meaning; but a line that jumps by more than ten frames is another path or another clock, and there only the shape of
 * the lateness is kept. A frame is on time when its lateness is at most the allowance of its tick.
 *
 * @module
 */
import type { Clock } from "../../time/clock.ts";
import { DriftEstimator } from "./drift_estimator.ts";
import type { JitterConfig } from "./jitter_options.ts";
import { LatenessHistogram } from "./lateness_histogram.ts";

/** How many buckets a frame has, unless that makes too few or too many of them. */
const BUCKETS_PER_FRAME = 8;
const MIN_BUCKETS = 64;
const MAX_BUCKETS = 1024;

/** A drop of the line by more frames than this is no lateness that was overlooked. */
const JUMP_FRAMES = 10;

/** For how many windows of the drift estimator all frames must be above the line before it is raised. */
const RAISE_WINDOWS = 3;

/** Measures the lateness of the frames of one stream. */
export class LatenessMeter {
  readonly #clock: Clock;
  readonly #histogram: LatenessHistogram;
  readonly #drift = new DriftEstimator();
  readonly #widthMs: number;
  readonly #jumpMs: number;
  #anchorMs = 0;
  #pivotMs = 0;
  #slope = 0;
  /** The least lateness since the line was last looked at, and for how many windows that has been so. */
  #leastMs = Infinity;
  #windows = 0;

  /**
   * Makes a meter that has seen one frame of the initial delay.
   *
   * @param config Frame length, delays and memory.
   * @param clock The time.
   */
  constructor(config: JitterConfig, clock: Clock) {
    this.#clock = clock;
    const { frameMs, maxDelayMs, initialDelayMs, memoryMs } = config;
    const count = Math.ceil(maxDelayMs / frameMs * BUCKETS_PER_FRAME);
    const buckets = Math.max(MIN_BUCKETS, Math.min(MAX_BUCKETS, count));
    this.#widthMs = maxDelayMs / buckets;
    this.#jumpMs = JUMP_FRAMES * frameMs;
    this.#histogram = new LatenessHistogram(buckets + 1, Math.max(2, memoryMs / frameMs));
    this.#histogram.record(initialDelayMs / this.#widthMs);
  }

  /** By how many parts in a million the sender's clock is slower than the receiver's. */
  get driftPpm(): number {
    return this.#drift.drift * 1e6;
  }

  /**
   * Begins at the first frame of a stream, which counts as a fast one until faster ones come.
   *
   * @param timeMs When it came.
   * @param mediaMs Its media time.
   */
  restart(timeMs: number, mediaMs: number): void {
    this.#anchorMs = timeMs - mediaMs;
    this.#pivotMs = timeMs;
    this.#drift.restart();
    this.#leastMs = Infinity;
    this.#windows = 0;
  }

  /**
   * Takes a frame into account that has just come.
   *
   * @param mediaMs Its media time.
   */
  observe(mediaMs: number): void {
    const nowMs = this.#clock.now;
    let lateness = this.lateness(nowMs, mediaMs);
    if (lateness < 0) {
      const buckets = Math.ceil(-lateness / this.#widthMs);
      this.#move(-buckets, -lateness <= this.#jumpMs);
      lateness += buckets * this.#widthMs;
    }
    this.#histogram.record(lateness / this.#widthMs);
    if (lateness < this.#leastMs) this.#leastMs = lateness;
    if (this.#drift.observe(nowMs, nowMs - mediaMs)) this.#closeWindow(nowMs);
  }

  /**
   * How late a frame was.
   *
   * @param timeMs When it came.
   * @param mediaMs Its media time.
   * @returns In ms; negative when it was faster than the fastest.
   */
  lateness(timeMs: number, mediaMs: number): number {
    return timeMs - mediaMs - this.#anchorMs - this.#slope * (timeMs - this.#pivotMs);
  }

  /**
   * How late a frame may be that is played now.
   *
   * @param mediaMs Its media time.
   * @returns In ms; negative when it is before the fastest frames would be there.
   */
  allowance(mediaMs: number): number {
    return this.lateness(this.#clock.now, mediaMs);
  }

  /**
   * The share of the remembered frames that would be late.
   *
   * @param allowanceMs How much lateness is allowed.
   * @returns From 0 to 1.
   */
  lateShare(allowanceMs: number): number {
    return this.#histogram.shareAbove(allowanceMs / this.#widthMs);
  }

  /** Tilts the line about the present to the new drift, and raises it when no frame came near it for long. */
  #closeWindow(nowMs: number): void {
    this.#anchorMs += this.#slope * (nowMs - this.#pivotMs);
    this.#pivotMs = nowMs;
    this.#slope = this.#drift.drift;
    if (++this.#windows < RAISE_WINDOWS) return;
    this.#windows = 0;
    const buckets = Math.floor(this.#leastMs / this.#widthMs);
    this.#leastMs = Infinity;
    if (buckets > 0) this.#move(buckets, true);
  }

  /** Moves the line up by a number of buckets, and what is remembered against it down. */
  #move(buckets: number, keepsMeaning: boolean): void {
    this.#anchorMs += buckets * this.#widthMs;
    if (keepsMeaning) this.#histogram.shift(-buckets);
  }
}
