/**
 * Real time for one thread: a monotonic clock, re-armable alarms, turns of the event loop.
 *
 * Invariant: an alarm holds at most one timer of the platform, and one that is pushed back touches none: its timer
 * fires at the older time and goes back to sleep. Why: a timer set and cleared per packet costs more than the packet.
 * Why `setImmediate`: the shortest timeout takes 2 ms, a turn takes 1 microsecond.
 *
 * @module
 */
import { type Clock, ClockCell } from "../../time/clock.ts";
import type { Alarm, Scheduler } from "../../time/scheduler.ts";

/** The longest delay that a timer of the platform takes; a longer one fires at once there. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The scheduler of the platform. Each thread needs its own.
 *
 * @example
 * ```ts
 * import { SystemScheduler } from "./system_scheduler.ts";
 *
 * const scheduler = new SystemScheduler();
 * await new Promise<void>((resolve) => {
 *   scheduler.alarm(resolve).arm(scheduler.tick() + 5);
 * });
 * ```
 */
export class SystemScheduler implements Scheduler {
  readonly #cell = new ClockCell();
  readonly #runTurn = (callback: () => void): void => {
    this.tick();
    callback();
  };

  /** Milliseconds since this thread started, as they were at the last `tick` or callback. */
  readonly clock: Clock = this.#cell;

  /** Starts with the clock at the real time. */
  constructor() {
    this.tick();
  }

  /**
   * Reads the real time into the clock.
   *
   * @returns The new value of the clock in milliseconds.
   */
  tick(): number {
    this.#cell.advance(performance.now());
    return this.#cell.now;
  }

  /**
   * Milliseconds since 1970, with a fraction. It runs with the monotonic clock: a correction of the system's time
   * after the start of this thread does not show.
   *
   * @returns The wall-clock time.
   */
  wallNow(): number {
    return performance.timeOrigin + performance.now();
  }

  /**
   * Makes an alarm, not armed. While it is armed it keeps the process alive.
   *
   * @param callback Called when it fires, with the clock ticked; must not throw.
   * @returns The alarm.
   */
  alarm(callback: () => void): Alarm {
    return new SystemAlarm(this, callback);
  }

  /**
   * Runs a callback once, after the input and output that is ready now has been handled.
   *
   * @param callback Called with the clock ticked; must not throw.
   */
  nextTurn(callback: () => void): void {
    setImmediate(this.#runTurn, callback);
  }
}

class SystemAlarm implements Alarm {
  readonly #scheduler: SystemScheduler;
  readonly #callback: () => void;
  readonly #wake = (): void => this.#handleWake();
  /** When to call back; means nothing while neither a timer nor a turn is set. */
  #atMs = Infinity;
  /** What the timer or turn that is set was set for; `Infinity` where nothing is set. */
  #wakeMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: ReturnType<typeof setImmediate> | undefined;

  constructor(scheduler: SystemScheduler, callback: () => void) {
    this.#scheduler = scheduler;
    this.#callback = callback;
  }

  arm(atMs: number): void {
    if (Number.isNaN(atMs)) throw new RangeError("Cannot arm an alarm: the time is not a number");
    if (atMs === Infinity) return this.disarm();
    this.#atMs = atMs;
    if (atMs >= this.#wakeMs) return;
    this.#cancel();
    this.#set();
  }

  disarm(): void {
    this.#cancel();
  }

  #set(): void {
    this.#wakeMs = this.#atMs;
    const delayMs = this.#atMs - performance.now();
    if (delayMs <= 0) {
      this.#turn = setImmediate(this.#wake);
    } else {
      this.#timer = setTimeout(this.#wake, Math.min(Math.ceil(delayMs), MAX_DELAY_MS));
    }
  }

  #cancel(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#forget();
  }

  #forget(): void {
    this.#timer = undefined;
    this.#turn = undefined;
    this.#wakeMs = Infinity;
  }

  #handleWake(): void {
    this.#forget();
    if (this.#scheduler.tick() < this.#atMs) return this.#set();
    this.#callback();
  }
}
