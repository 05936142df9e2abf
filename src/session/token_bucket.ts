/**
 * One token bucket: how often something is done in all.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";

/** Lets something happen at a rate, and as often at once as happens in one second. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #tokens: number;
  #since: number;

  /**
   * Makes a full bucket.
   *
   * @param clock The endpoint's clock.
   * @param perSecond How often a second; 0: never.
   */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#since = clock.now;
  }

  /**
   * Takes a token.
   *
   * @returns Whether there was one.
   */
  take(): boolean {
    const now = this.#clock.now;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (now - this.#since) * this.#perSecond / 1000);
    this.#since = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
