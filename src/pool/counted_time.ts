/**
 * Time that a sleep of the machine does not move: it goes on in steps, and a step counts no longer than was planned.
 *
 * Why: after the machine slept, or this thread stood still, the clock has jumped and nobody could do anything in
 * between. Deadlines on this scale are then late by the whole jump, rather than all passed at once. Invariant: it never
 * goes back, and it never runs faster than the clock.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";

/**
 * A clock that counts in steps from one input to the next.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClockCell } from "../time/clock.ts";
 *
 * const clock = new ClockCell();
 * const time = new CountedTime(clock, 100);
 * clock.advance(500);
 * time.advance(450); // planned at 450, and it came a little late
 * assertEquals(time.nowMs, 500);
 * clock.advance(3_600_500); // the machine slept for an hour
 * time.advance(900);
 * assertEquals(time.nowMs, 1000);
 * ```
 */
export class CountedTime {
  readonly #clock: Clock;
  readonly #slackMs: number;
  #seenMs: number; // what the clock showed at #nowMs
  #nowMs = 0;

  /**
   * Starts at 0.
   *
   * @param clock The real time, or what a test takes for it.
   * @param slackMs How much later than planned a step may end and still count in full.
   */
  constructor(clock: Clock, slackMs: number) {
    this.#clock = clock;
    this.#slackMs = slackMs;
    this.#seenMs = clock.now;
  }

  /** The counted time at the last step. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Takes a step to what the clock shows.
   *
   * @param plannedMs The counted time at which the step was to end at the latest; `Infinity` when nothing was planned.
   */
  advance(plannedMs: number): void {
    const elapsedMs = Math.max(0, this.#clock.now - this.#seenMs);
    this.#nowMs += Math.min(elapsedMs, Math.max(0, plannedMs - this.#nowMs) + this.#slackMs);
    this.#seenMs = this.#clock.now;
  }

  /**
   * What the clock will show at a counted time, unless the machine sleeps before.
   *
   * @param countedMs The counted time.
   * @returns A time on the scale of the clock.
   */
  onClock(countedMs: number): number {
    return this.#seenMs + (countedMs - this.#nowMs);
  }
}
