/**
 * What an idle loop does between two looks for work: the four ways to wait, behind one call.
 *
 * ```text
 *          nothing found      …spinCount times in a row     then                          wakes up
 * spin     pause              pause                         pause                         at once
 * yield    pause              sleep for a moment            the same                      by itself, after about 65 µs
 * block    pause              prepare, look once more       sleep, at most maxBlockMs     by the doorbell
 * event-   pause              prepare, look once more       a promise to await            by the doorbell
 * loop
 * ```
 *
 * A wait is never entered before one more look for work with the doorbell armed, so that none is slept through
 * (`doorbell.ts`), and many rings while nobody sleeps wake nobody. Why yield sleeps 1 µs: a wait of no time returns
 * without giving the core away, and the shortest one that does ends after the timer's slack, about 65 µs on Linux.
 *
 * @module
 */
import { choice, integer, onlyKnown } from "../error/option_check.ts";
import { MisuseError } from "../error/transport_error.ts";
import type { Doorbell } from "./doorbell.ts";

/** The ways to wait. */
export type WaitKind = "spin" | "yield" | "block" | "event-loop";

/** How a thread waits for work. */
export interface WaitOptions {
  /**
   * The way to wait. `"spin"` reacts within a fraction of a microsecond and takes a whole core. `"yield"` sleeps in
   * moments of about 65 µs, for more threads than cores. `"block"` sleeps until it is woken (5 to 50 µs). All three
   * keep the thread's event loop from running. `"event-loop"` awaits, so that sockets and timers are served.
   *
   * @default "block"
   */
  readonly wait?: WaitKind;
  /**
   * How many looks in a row find nothing before the thread gives its core away; it pauses for some 25 ns after each.
   * 0 gives it away at once; the largest value, 2^30, makes a `"yield"` or `"block"` spin for half a minute. `"spin"`
   * takes no notice of it.
   *
   * @default 100
   */
  readonly spinCount?: number;
  /**
   * The longest time in ms that `"block"` sleeps, from 1 to 60,000: as long may a stop take that rings no doorbell.
   * Smaller values wake an idle thread more often. The others take no notice of it.
   *
   * @default 50
   */
  readonly maxBlockMs?: number;
}

/** Checked {@linkcode WaitOptions}. */
export type WaitConfig = Readonly<Required<WaitOptions>>;

/** What a thread's idle loop calls. */
export interface WaitStrategy {
  /**
   * Waits, if there was nothing to do; to be called after every look for work.
   *
   * @param workCount How much was done since the last call; 0 is nothing.
   * @returns `undefined`: look again at once; a promise: look again when it settles. Only `"event-loop"` gives one; it
   * does not keep the process alive, and only a ring ends it.
   */
  idle(workCount: number): Promise<"ok" | "timed-out"> | undefined;
}

/** What a strategy needs to know of its thread. */
export interface WaitingThread {
  /** The doorbell that others ring when they have work for this thread, which is its only waiter. */
  readonly doorbell: Doorbell;
  /** Whether it must never block: the main thread. */
  readonly isMainThread: boolean;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof WaitOptions>(["wait", "spinCount", "maxBlockMs"]);
const MAX_SPIN_COUNT = 2 ** 30;
const MAX_BLOCK_MS = 60_000;
/** The shortest wait that gives the core away, in ms. */
const MOMENT_MS = 0.001;

/**
 * Checks the options and fills in the defaults.
 *
 * @param options What the caller gave.
 * @returns The checked options.
 * @throws {TypeError} When an option is unknown or has the wrong type.
 * @throws {RangeError} When one is out of bounds.
 */
export function resolveWaitOptions(options: WaitOptions): WaitConfig {
  onlyKnown("A wait strategy", options, OPTIONS);
  return Object.freeze({
    wait: choice("wait", options.wait, "block", ["spin", "yield", "block", "event-loop"]),
    spinCount: integer("spinCount", options.spinCount, 100, 0, MAX_SPIN_COUNT),
    maxBlockMs: integer("maxBlockMs", options.maxBlockMs, 50, 1, MAX_BLOCK_MS),
  });
}

/**
 * Makes the strategy of one thread.
 *
 * @example A worker's loop
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Doorbell, DOORBELL_BYTES } from "./doorbell.ts";
 * import { openWaitStrategy, resolveWaitOptions } from "./wait_strategy.ts";
 *
 * const doorbell = new Doorbell(new SharedArrayBuffer(DOORBELL_BYTES));
 * const config = resolveWaitOptions({ wait: "block", maxBlockMs: 5 });
 * const waiting = openWaitStrategy(config, { doorbell, isMainThread: false });
 * let looks = 0;
 * const doWork = (): number => (++looks === 1 ? 1 : 0);
 * while (looks < 200) waiting.idle(doWork()); // until somebody says stop
 * assertEquals(looks, 200);
 * ```
 *
 * @param config The checked options.
 * @param thread What to know of the thread.
 * @returns The strategy, for this thread only.
 * @throws {MisuseError} When it would block the main thread.
 */
export function openWaitStrategy(config: WaitConfig, thread: WaitingThread): WaitStrategy {
  if (thread.isMainThread && (config.wait === "yield" || config.wait === "block")) {
    throw new MisuseError(`Cannot wait by "${config.wait}" on the main thread: it must not block`);
  }
  switch (config.wait) {
    case "spin":
      return new SpinWait();
    case "yield":
      return new YieldWait(config.spinCount);
    case "block":
      return new BlockWait(config, thread.doorbell);
    case "event-loop":
      return new EventLoopWait(config.spinCount, thread.doorbell);
  }
}

class SpinWait implements WaitStrategy {
  idle(workCount: number): undefined {
    if (workCount === 0) Atomics.pause();
  }
}

class YieldWait implements WaitStrategy {
  readonly #spinCount: number;
  readonly #nobody = new Int32Array(new SharedArrayBuffer(4));
  #idleCount = 0;

  constructor(spinCount: number) {
    this.#spinCount = spinCount;
  }

  idle(workCount: number): undefined {
    if (workCount !== 0) this.#idleCount = 0;
    else if (this.#idleCount < this.#spinCount) {
      this.#idleCount++;
      Atomics.pause();
    } else Atomics.wait(this.#nobody, 0, 0, MOMENT_MS);
  }
}

class BlockWait implements WaitStrategy {
  readonly #arming: Arming;
  readonly #maxBlockMs: number;

  constructor(config: WaitConfig, doorbell: Doorbell) {
    this.#arming = new Arming(config.spinCount, doorbell);
    this.#maxBlockMs = config.maxBlockMs;
  }

  idle(workCount: number): undefined {
    if (this.#arming.maySleep(workCount)) this.#arming.doorbell.waitBlocking(this.#maxBlockMs);
  }
}

class EventLoopWait implements WaitStrategy {
  readonly #arming: Arming;

  constructor(spinCount: number, doorbell: Doorbell) {
    this.#arming = new Arming(spinCount, doorbell);
  }

  idle(workCount: number): Promise<"ok" | "timed-out"> | undefined {
    if (!this.#arming.maySleep(workCount)) return undefined;
    const rung = this.#arming.doorbell.wait();
    return rung === "not-equal" ? undefined : rung;
  }
}

/** The way to a sleep: looks that find nothing, then one with the doorbell armed. */
class Arming {
  readonly doorbell: Doorbell;
  readonly #spinCount: number;
  #idleCount = 0;
  #isArmed = false;

  constructor(spinCount: number, doorbell: Doorbell) {
    this.doorbell = doorbell;
    this.#spinCount = spinCount;
  }

  /** Whether the last look found nothing and was made with the doorbell armed. */
  maySleep(workCount: number): boolean {
    const isArmed = this.#isArmed;
    this.#isArmed = false;
    if (workCount !== 0) {
      this.#idleCount = 0;
      if (isArmed) this.doorbell.cancelWait();
      return false;
    }
    if (isArmed) return true;
    if (this.#idleCount < this.#spinCount) {
      this.#idleCount++;
      Atomics.pause();
    } else {
      this.doorbell.prepareWait();
      this.#isArmed = true;
    }
    return false;
  }
}
