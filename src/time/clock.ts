/**
 * Time as machines see it: one number in a typed array that the driver advances between inputs.
 *
 * Why a cell and not an argument: a fractional number is boxed at every call that is not inlined; a load from a
 * `Float64Array` never is. Invariant: the value never goes back.
 *
 * @module
 */

/** The reading side of a clock; a machine is given this and nothing else. */
export interface Clock {
  /** Milliseconds on a monotonic scale with an arbitrary start. */
  readonly now: number;
}

/** Where timestamps for the wire come from. */
export interface WallClock {
  /**
   * Milliseconds since 1970, with a fraction: comparable between processes of one host.
   *
   * @returns The wall-clock time.
   */
  wallNow(): number;
}

/** The writing side: owned by the one driver that advances it. */
export class ClockCell implements Clock {
  readonly #cell = new Float64Array(1);

  /** Milliseconds on a monotonic scale with an arbitrary start. */
  get now(): number {
    return this.#cell[0]!;
  }

  /**
   * Moves the clock forward; an earlier time is ignored, so that the clock never goes back.
   *
   * @param nowMs The time in milliseconds; must be finite.
   */
  advance(nowMs: number): void {
    if (nowMs > this.#cell[0]!) this.#cell[0] = nowMs;
  }
}
