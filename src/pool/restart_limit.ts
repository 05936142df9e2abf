/**
 * How often a worker may fail, and how long its replacement waits: what keeps a crash loop from going round for ever.
 *
 * Source: the restart intensity of Erlang/OTP supervisors (more than so many restarts within so much time gives up),
 * with exponential backoff. Why the backoff ends at a part of the window: longer waits would space the failures out
 * until a loop is none any more.
 *
 * @module
 */

/** The limit; times in ms. */
export interface RestartLimitConfig {
  /** How many failures within the window are followed by a restart; an integer. */
  readonly maxCrashCount: number;
  /** How long a failure counts. */
  readonly crashWindowMs: number;
  /** How long the first restart waits. */
  readonly restartDelayMs: number;
}

/**
 * The failures of one worker within the window.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const limit = new RestartLimit({ maxCrashCount: 2, crashWindowMs: 60_000, restartDelayMs: 100 });
 * limit.handleFailure(0);
 * limit.handleFailure(500);
 * assertEquals([limit.isExceeded, limit.delayMs], [false, 200]);
 * limit.handleFailure(900);
 * assertEquals(limit.isExceeded, true);
 * ```
 */
export class RestartLimit {
  readonly #config: RestartLimitConfig;
  /** When the failures were, oldest first; at most `maxCrashCount + 1` before the limit is exceeded. */
  readonly #failuresMs: number[] = [];

  /**
   * Makes the limit of a worker that has not failed.
   *
   * @param config The limit.
   */
  constructor(config: RestartLimitConfig) {
    this.#config = config;
  }

  /** How many failures counted at the time of the last one. */
  get failureCount(): number {
    return this.#failuresMs.length;
  }

  /** Whether there were too many, so that no restart follows. */
  get isExceeded(): boolean {
    return this.#failuresMs.length > this.#config.maxCrashCount;
  }

  /** How long the restart after the last failure waits. */
  get delayMs(): number {
    const { restartDelayMs, crashWindowMs, maxCrashCount } = this.#config;
    const longestMs = Math.max(restartDelayMs, crashWindowMs / (2 * maxCrashCount));
    return Math.min(restartDelayMs * 2 ** (this.#failuresMs.length - 1), longestMs);
  }

  /**
   * Enters a failure; not to be called any more once the limit is exceeded.
   *
   * @param nowMs When it was; never before the last one.
   */
  handleFailure(nowMs: number): void {
    const failures = this.#failuresMs;
    while (failures.length > 0 && nowMs - failures[0]! >= this.#config.crashWindowMs) failures.shift();
    failures.push(nowMs);
  }
}
