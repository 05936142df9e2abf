/**
 * How slow this node finds itself (Lifeguard, LHA-Probe): its own times stretch before it suspects others.
 *
 * @module
 */

/** A score from 0, healthy, to a maximum. */
export class LocalHealth {
  /** The score. */
  score = 0;
  readonly #max: number;

  /**
   * Makes a healthy one.
   *
   * @param max The highest score.
   */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Takes account of an observation.
   *
   * @param by How much worse; negative: better.
   */
  change(by: number): void {
    this.score = Math.max(0, Math.min(this.#max, this.score + by));
  }

  /**
   * Stretches a time.
   *
   * @param ms A time at full health.
   * @returns The time at this health.
   */
  stretch(ms: number): number {
    return ms * (this.score + 1);
  }
}
