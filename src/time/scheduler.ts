/**
 * The ports through which runtimes have time pass: real ones live in `io/system`, manual ones in `testing/`.
 *
 * @module
 */
import type { Clock, WallClock } from "./clock.ts";

/** One re-armable timer. */
export interface Alarm {
  /**
   * Arms the alarm, in place of any earlier time.
   *
   * @param atMs When to call back, on the scale of the scheduler's clock. May fire late, never early. A time that has
   * passed fires at the next turn; `Infinity` disarms.
   */
  arm(atMs: number): void;

  /** Makes sure that the callback does not run any more until the alarm is armed again. */
  disarm(): void;
}

/** Time, timers and turns of the event loop for one thread. */
export interface Scheduler extends WallClock {
  /** The clock that this scheduler advances in `tick` and before every callback. */
  readonly clock: Clock;

  /**
   * Reads the real time into the clock.
   *
   * @returns The new value of the clock in milliseconds.
   */
  tick(): number;

  /**
   * Makes an alarm, not armed. An alarm that is armed keeps the process alive.
   *
   * @param callback Called when it fires; must not throw.
   * @returns The alarm.
   */
  alarm(callback: () => void): Alarm;

  /**
   * Runs a callback once, after the input and output that is ready now has been handled.
   *
   * @param callback Must not throw.
   */
  nextTurn(callback: () => void): void;
}
