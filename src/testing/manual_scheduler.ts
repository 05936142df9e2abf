/**
 * A scheduler whose time only passes when a test says so.
 *
 * Alarms fire in order of their time, those of one time in the order in which they were armed, and the clock shows the
 * time of an alarm when it fires. Invariant: nothing runs by itself, so that a run depends on its inputs alone. Why
 * turns are limited: code that schedules itself again and again without time passing would hang the test; here it
 * throws.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import { type Clock, ClockCell } from "../time/clock.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";

/** What {@linkcode ManualScheduler.wallNow} shows at time 0: the first of January 2024. */
const EPOCH_MS = 1_704_067_200_000;

/** How many turns may follow one another before time must pass. */
const MAX_TURNS = 10_000;

/** How many links of a promise chain {@linkcode ManualScheduler.settle} lets run before it looks again. */
const MICROTASKS_PER_TURN = 64;

/**
 * Virtual time, timers and turns for tests.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const scheduler = new ManualScheduler();
 * const fired: number[] = [];
 * scheduler.alarm(() => fired.push(scheduler.clock.now)).arm(250);
 * scheduler.advance(1000);
 * assertEquals(fired, [250]);
 * assertEquals(scheduler.clock.now, 1000);
 * ```
 */
export class ManualScheduler implements Scheduler {
  readonly #clock = new ClockCell();
  readonly #isLazy: boolean;
  #nowMs = 0;
  readonly #armed = new Set<ArmedAlarm>();
  readonly #callbacks: (() => void)[] = [];
  #running = false;

  /**
   * Makes a scheduler at time 0.
   *
   * @param options `lazyClock`: whether the clock shows the time of the last `tick` or callback, as a real one does,
   * instead of following the virtual time by itself. Programs that forget to read the clock before they act on it show
   * it under this. @default false
   */
  constructor(options: { readonly lazyClock?: boolean } = {}) {
    this.#isLazy = options.lazyClock ?? false;
  }

  /** The clock that only {@linkcode ManualScheduler.advance} and its kin move. */
  get clock(): Clock {
    return this.#clock;
  }

  /** How many alarms are armed. */
  get pendingAlarms(): number {
    return this.#armed.size;
  }

  /**
   * Reads the virtual time, which this does not move.
   *
   * @returns The value of the clock in milliseconds.
   */
  tick(): number {
    this.#clock.advance(this.#nowMs);
    return this.#clock.now;
  }

  /**
   * A wall clock that starts at a fixed date and keeps step with the virtual time.
   *
   * @returns Milliseconds since 1970.
   */
  wallNow(): number {
    return EPOCH_MS + this.#nowMs;
  }

  /**
   * Makes an alarm, not armed.
   *
   * @param callback Called when it fires.
   * @returns The alarm.
   */
  alarm(callback: () => void): Alarm {
    let armed: ArmedAlarm | undefined;
    const disarm = (): void => {
      if (armed !== undefined) this.#armed.delete(armed);
      armed = undefined;
    };
    const arm = (atMs: number): void => {
      if (Number.isNaN(atMs)) throw new RangeError("Cannot arm an alarm: NaN is no time");
      disarm();
      if (atMs === Infinity) return;
      armed = { atMs, callback };
      this.#armed.add(armed);
    };
    return { arm, disarm };
  }

  /**
   * Runs a callback once, in the next turn.
   *
   * @param callback Called by {@linkcode ManualScheduler.turn}, or by whatever advances the time.
   */
  nextTurn(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  /**
   * One turn of the event loop: fires the alarms that are due, then runs the callbacks that wait for a turn. What these
   * arm or schedule is left to the turn after.
   *
   * @returns How many alarms and callbacks ran.
   * @throws {MisuseError} When it is called from inside a callback.
   */
  turn(): number {
    if (this.#running) throw new MisuseError("Cannot run a turn from inside a callback of this scheduler");
    this.#running = true;
    try {
      let ran = 0;
      const waiting = this.#callbacks.length;
      for (const armed of this.#due()) {
        // An alarm that fired before it may have disarmed it.
        if (!this.#armed.delete(armed)) continue;
        this.tick();
        armed.callback();
        ran++;
      }
      for (let i = 0; i < waiting; i++) {
        this.tick();
        this.#callbacks.shift()!();
        ran++;
      }
      return ran;
    } finally {
      this.#running = false;
    }
  }

  /**
   * Lets time pass and runs everything that falls due, turns included.
   *
   * @param ms How long in milliseconds; 0 only runs what is due now.
   * @throws {RangeError} When it is negative or not finite.
   * @throws {MisuseError} When turns go on and on without time passing, or it is called from inside a callback.
   */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms);
  }

  /**
   * Lets time pass up to a given time and runs everything that falls due, turns included.
   *
   * @param ms The time on the scale of the clock, in milliseconds.
   * @throws {RangeError} When it has passed already or is not finite.
   * @throws {MisuseError} When turns go on and on without time passing, or it is called from inside a callback.
   */
  advanceTo(ms: number): void {
    this.#checkTarget(ms);
    this.#drain();
    while (this.#nowMs < ms) {
      this.#pass(Math.min(ms, this.#earliest()));
      this.#drain();
    }
  }

  /**
   * Lets time pass like {@linkcode ManualScheduler.advance}, and at every step lets promises settle until nothing more
   * happens.
   *
   * A chain of more than 64 promises that no turn interrupts may need another call. Only promises that settle without
   * real input and output are waited for.
   *
   * @param ms How long in milliseconds; 0 only runs what is due now.
   * @returns Resolves when everything has run.
   * @throws {RangeError} When it is negative or not finite.
   * @throws {MisuseError} When turns go on and on without time passing.
   */
  async settle(ms = 0): Promise<void> {
    const target = this.#nowMs + ms;
    this.#checkTarget(target);
    await this.#drainWithPromises();
    while (this.#nowMs < target) {
      this.#pass(Math.min(target, this.#earliest()));
      await this.#drainWithPromises();
    }
  }

  #checkTarget(ms: number): void {
    if (!(ms >= this.#nowMs && ms < Infinity)) {
      throw new RangeError(`Cannot advance to ${ms} ms: the clock shows ${this.#nowMs}`);
    }
  }

  #pass(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
    if (!this.#isLazy) this.tick();
  }

  #drain(): void {
    for (let turns = 0; this.turn() > 0; turns++) limitTurns(turns);
  }

  async #drainWithPromises(): Promise<void> {
    for (let turns = 0;; turns++) {
      for (let i = 0; i < MICROTASKS_PER_TURN; i++) await Promise.resolve();
      if (this.turn() === 0) return;
      limitTurns(turns);
    }
  }

  #due(): ArmedAlarm[] {
    const now = this.#nowMs;
    // A set keeps the order of arming and a sort is stable.
    return [...this.#armed].filter((armed) => armed.atMs <= now).sort((a, b) => a.atMs - b.atMs);
  }

  #earliest(): number {
    let earliest = Infinity;
    for (const { atMs } of this.#armed) earliest = Math.min(earliest, atMs);
    return earliest;
  }
}

/** One arming of an alarm: a new object each time, so that an old one cannot fire in its place. */
interface ArmedAlarm {
  readonly atMs: number;
  readonly callback: () => void;
}

function limitTurns(turns: number): void {
  if (turns >= MAX_TURNS) {
    throw new MisuseError(`Cannot advance: ${MAX_TURNS} turns followed one another and each left work for the next`);
  }
}
