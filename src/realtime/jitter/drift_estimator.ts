/**
 * How fast the sender's media clock runs against the receiver's clock, from transit times alone.
 *
 * Queues only ever add delay, so the fastest frames of a while lie on a line whose slope is the drift. The line is that
 * of Moon, Skelly and Towsley ("Estimation and removal of clock skew from network delay measurements", INFOCOM 1999):
 * below all points and as close to them as possible, which is the edge of their lower convex hull above or below the
 * mean of their times. Points are the fastest frames of windows of 4 s, over the last 64 windows (four minutes).
 *
 * Why the flatter of two lines, one through the older half of the points and one through the newer: a route that becomes
 * longer at once looks like drift to the half that has the step, and not to the other. Invariant: a drift is only told
 * from eight windows on, only when both halves have it, and never more than half a per cent.
 *
 * @module
 */

const WINDOW_MS = 4000;
const WINDOW_COUNT = 64;
const MIN_WINDOWS = 8;

/** Clocks of computers are within 0.02 %, film against television 0.1 %; what is more is no clock. */
const MAX_DRIFT = 0.005;

/** Estimates the drift of one sender. */
export class DriftEstimator {
  /** The time and transit of the fastest frame of each closed window, a ring in the order of time. */
  readonly #times = new Float64Array(WINDOW_COUNT);
  readonly #transits = new Float64Array(WINDOW_COUNT);
  /** The numbers of the windows that are corners of the hull. */
  readonly #corners = new Int32Array(WINDOW_COUNT);
  #closed = 0;
  #windowEnd = -Infinity;
  #bestTime = 0;
  #bestTransit = Infinity;
  #drift = 0;

  /** Milliseconds by which transit times grow in a millisecond; above 0 the sender's clock is the slower one. */
  get drift(): number {
    return this.#drift;
  }

  /** Forgets all windows, for a sender that started anew; the drift stays until there are enough new ones. */
  restart(): void {
    this.#closed = 0;
    this.#windowEnd = -Infinity;
  }

  /**
   * Takes the transit time of one frame.
   *
   * @param nowMs When it came; never goes back.
   * @param transitMs `nowMs` less its media time, with any constant added.
   * @returns Whether a window closed, after which the drift may be another.
   */
  observe(nowMs: number, transitMs: number): boolean {
    if (nowMs < this.#windowEnd) {
      if (transitMs < this.#bestTransit) this.#take(nowMs, transitMs);
      return false;
    }
    const closes = this.#windowEnd !== -Infinity;
    if (closes) this.#close();
    this.#windowEnd = nowMs + WINDOW_MS;
    this.#take(nowMs, transitMs);
    return closes;
  }

  #take(nowMs: number, transitMs: number): void {
    this.#bestTime = nowMs;
    this.#bestTransit = transitMs;
  }

  #close(): void {
    const at = this.#closed++ % WINDOW_COUNT;
    this.#times[at] = this.#bestTime;
    this.#transits[at] = this.#bestTransit;
    const count = Math.min(this.#closed, WINDOW_COUNT);
    if (count < MIN_WINDOWS) return;
    const half = count >> 1;
    const drift = flatter(this.#slope(this.#closed - count, half), this.#slope(this.#closed - half, half));
    this.#drift = Math.abs(drift) <= MAX_DRIFT ? drift : 0;
  }

  /** The slope of the hull's edge at the mean time of some windows, at least two. */
  #slope(first: number, count: number): number {
    const times = this.#times;
    const corners = this.#corners;
    let size = 0;
    let sum = 0;
    for (let window = first; window < first + count; window++) {
      const at = window % WINDOW_COUNT;
      sum += times[at]!;
      while (size > 1 && this.#isAbove(corners[size - 1]!, corners[size - 2]!, at)) size--;
      corners[size++] = at;
    }
    let edge = 1;
    while (edge < size - 1 && times[corners[edge]!]! < sum / count) edge++;
    return this.#slopeOf(corners[edge - 1]!, corners[edge]!);
  }

  /** Whether a point lies on or above the line between two others. */
  #isAbove(point: number, from: number, to: number): boolean {
    return this.#slopeOf(from, point) >= this.#slopeOf(from, to);
  }

  #slopeOf(from: number, to: number): number {
    return (this.#transits[to]! - this.#transits[from]!) / (this.#times[to]! - this.#times[from]!);
  }
}

/** The slope nearer to 0, and 0 when one rises and the other falls. */
function flatter(a: number, b: number): number {
  if (a * b <= 0) return 0;
  return Math.abs(a) < Math.abs(b) ? a : b;
}
