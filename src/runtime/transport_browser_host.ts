/**
 * The world around a transport client in a browser: time by the platform's timers, its randomness, no compression.
 *
 * Why not the scheduler of `io/system`: it takes `setImmediate`, which browsers do not have. Invariant: nothing here, or
 * below here, names Deno or Node.
 *
 * @module
 */
import { SystemRandom } from "../io/system/system_random.ts";
import { type Clock, ClockCell } from "../time/clock.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import type { TransportHost } from "./transport_endpoint.ts";

/** The longest delay that a timer takes; a longer one fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The world of a browser.
 *
 * @returns A host of its own for one client.
 */
export function browserHost(): TransportHost {
  return { scheduler: new BrowserScheduler(), random: new SystemRandom(), compressions: [] };
}

/** Time by timers alone. */
class BrowserScheduler implements Scheduler {
  readonly #cell = new ClockCell();
  readonly clock: Clock = this.#cell;

  constructor() {
    this.tick();
  }

  tick(): number {
    this.#cell.advance(performance.now());
    return this.#cell.now;
  }

  wallNow(): number {
    return performance.timeOrigin + performance.now();
  }

  alarm(callback: () => void): Alarm {
    return new BrowserAlarm(this, callback);
  }

  nextTurn(callback: () => void): void {
    setTimeout(() => {
      this.tick();
      callback();
    }, 0);
  }
}

/** One timer, which goes back to sleep when it comes too early. */
class BrowserAlarm implements Alarm {
  readonly #scheduler: BrowserScheduler;
  readonly #callback: () => void;
  readonly #wake = (): void => this.#handleWake();
  #atMs = Infinity;
  #wakeMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(scheduler: BrowserScheduler, callback: () => void) {
    this.#scheduler = scheduler;
    this.#callback = callback;
  }

  arm(atMs: number): void {
    if (atMs === Infinity) return this.disarm();
    this.#atMs = atMs;
    if (atMs >= this.#wakeMs) return;
    this.disarm();
    this.#set();
  }

  disarm(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wakeMs = Infinity;
  }

  #set(): void {
    this.#wakeMs = this.#atMs;
    const delayMs = Math.max(0, Math.ceil(this.#atMs - performance.now()));
    this.#timer = setTimeout(this.#wake, Math.min(delayMs, MAX_DELAY_MS));
  }

  #handleWake(): void {
    this.disarm();
    if (this.#scheduler.tick() < this.#atMs) this.#set();
    else this.#callback();
  }
}
