/**
 * How many datagrams of unknown senders are looked at: a token bucket, because each costs a key derivation.
 *
 * @module
 */
import type { MachineTime } from "./machine_time.ts";

/** Lets something happen at a rate, and as often at once as happens in one second. */
export class StrangerRate {
  readonly #time: MachineTime;
  readonly #perSecond: number;
  #tokens: number;
  #since: number;

  /**
   * Makes a full bucket.
   *
   * @param time The machine's time.
   * @param perSecond How often a second.
   */
  constructor(time: MachineTime, perSecond: number) {
    this.#time = time;
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#since = time.now;
  }

  /**
   * Takes a token.
   *
   * @returns Whether there was one.
   */
  take(): boolean {
    const now = this.#time.now;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (now - this.#since) * this.#perSecond / 1000);
    this.#since = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
