/**
 * The machine's own time: the driver's clock less what the process was held up.
 *
 * A process that slept cannot tell silence of others from its own; to take the pause out of the scale shifts every
 * deadline at once. Invariant: it never goes back, and never runs faster than the clock.
 *
 * @module
 */
import type { Clock } from "../../time/clock.ts";

/** Time without pauses. */
export class MachineTime {
  readonly #clock: Clock;
  #skippedMs = 0;

  /**
   * Makes a scale that agrees with the clock.
   *
   * @param clock The driver's clock.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds without pauses. */
  get now(): number {
    return this.#clock.now - this.#skippedMs;
  }

  /**
   * Takes a pause that just ended out of the scale.
   *
   * @param ms How long it was.
   */
  skip(ms: number): void {
    this.#skippedMs += ms;
  }

  /**
   * A time of this scale on the driver's clock.
   *
   * @param ms The time; may be `Infinity`.
   * @returns The same moment there.
   */
  onClock(ms: number): number {
    return ms + this.#skippedMs;
  }
}
