/**
 * When to try again after a lost or failed connection: exponential backoff with full jitter.
 *
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, the variant called full jitter. Why the
 * attempts are only forgotten after a connection that lasted: a server that accepts and drops at once would otherwise
 * be tried again without any pause. Pure: it neither waits nor sets a timer.
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";
import type { Clock } from "../time/clock.ts";

/** The shape of a reconnect schedule. */
export interface BackoffConfig {
  /** The width of the first window in ms; 0 tries again at once, always. */
  readonly baseMs: number;
  /** The widest window in ms. */
  readonly maxMs: number;
  /** How long in ms a connection must last for the attempts to be forgotten; 0 forgets them at every connection. */
  readonly stableMs: number;
  /** How many attempts there are before giving up; `Infinity` never gives up, 0 never tries. */
  readonly maxAttempts: number;
}

/**
 * The reconnect schedule of one connection.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { ClockCell } from "../time/clock.ts";
 * import { SeededRandom } from "../random/seeded_random.ts";
 *
 * const config = { baseMs: 100, maxMs: 10_000, stableMs: 5_000, maxAttempts: Infinity };
 * const backoff = new Backoff(config, new ClockCell(), new SeededRandom(1));
 * assert(backoff.nextDelay() < 100);
 * assert(backoff.nextDelay() < 200);
 * ```
 */
export class Backoff {
  readonly #config: BackoffConfig;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  #attempt = 0;
  #connectedAtMs = NaN;

  /**
   * Makes a schedule at its start.
   *
   * @param config The shape of the schedule.
   * @param clock Tells how long a connection lasted.
   * @param random Draws the jitter.
   * @throws {RangeError} When a time or a count is negative, `maxMs` is below `baseMs` or infinite.
   */
  constructor(config: BackoffConfig, clock: Clock, random: RandomSource) {
    const { baseMs, maxMs, stableMs, maxAttempts } = config;
    if (!(baseMs >= 0 && baseMs <= maxMs && maxMs < Infinity)) {
      throw new RangeError(`Cannot back off from ${baseMs} to ${maxMs} ms: this is no finite range`);
    }
    if (!(stableMs >= 0)) throw new RangeError(`Cannot call a connection stable after ${stableMs} ms`);
    if (!(maxAttempts >= 0)) throw new RangeError(`Cannot make ${maxAttempts} attempts`);
    this.#config = config;
    this.#clock = clock;
    this.#random = random;
  }

  /** How many delays were handed out since the start or the last stable connection. */
  get attempt(): number {
    return this.#attempt;
  }

  /**
   * Counts one more attempt and says how long to wait before it.
   *
   * @returns A delay in ms, at least 0 and below `min(maxMs, baseMs * 2^attempt)` where that is not 0; -1 when the
   * attempts are used up.
   */
  nextDelay(): number {
    const { baseMs, maxMs, maxAttempts } = this.#config;
    if (this.#attempt >= maxAttempts) return -1;
    // Capped, because 0 * 2^1024 would not be a number.
    const exponent = Math.min(this.#attempt, 1023);
    this.#attempt++;
    return this.#random.visibleFraction() * Math.min(maxMs, baseMs * 2 ** exponent);
  }

  /** Notes that a connection was established now. */
  handleConnected(): void {
    this.#connectedAtMs = this.#clock.now;
  }

  /** Notes that the connection ended now; forgets the attempts if it had lasted for `stableMs`. */
  handleDisconnected(): void {
    if (this.#clock.now - this.#connectedAtMs >= this.#config.stableMs) this.#attempt = 0;
    this.#connectedAtMs = NaN;
  }
}
