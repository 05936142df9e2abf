/**
 * Calls at a fixed rate: each call is due at a multiple of the interval, whatever the one before took.
 *
 * A loop that falls behind by more than a few calls gives up the missed ones, so that it does not chase its own tail.
 *
 * @module
 */

/** This many missed calls are made up for. */
const MAX_BEHIND = 4;

/** A loop that runs until it is stopped. */
export class TickLoop {
  readonly #intervalMs: number;
  readonly #tick: () => void;
  #dueMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #workedMs = 0;
  #ticks = 0;

  /**
   * Starts.
   *
   * @param intervalMs The time between two calls.
   * @param tick What to call.
   */
  constructor(intervalMs: number, tick: () => void) {
    this.#intervalMs = intervalMs;
    this.#tick = tick;
    this.#dueMs = performance.now() + intervalMs;
    this.#arm();
  }

  /**
   * How long a call took on average since the last time that this was asked.
   *
   * @returns Milliseconds; 0 when there was none.
   */
  takeTickMs(): number {
    const mean = this.#workedMs / Math.max(1, this.#ticks);
    this.#workedMs = 0;
    this.#ticks = 0;
    return mean;
  }

  /** Stops for good. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#run(), Math.max(0, this.#dueMs - performance.now()));
  }

  #run(): void {
    const startMs = performance.now();
    if (startMs - this.#dueMs > MAX_BEHIND * this.#intervalMs) this.#dueMs = startMs;
    this.#dueMs += this.#intervalMs;
    this.#arm();
    this.#tick();
    this.#workedMs += performance.now() - startMs;
    this.#ticks++;
  }
}
