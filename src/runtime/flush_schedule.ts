/**
 * When the queues of an endpoint's connections are written: one microtask, or one callback of the next turn, for all
 * that are due, so that a message to thousands of connections costs one of them.
 *
 * @module
 */
import type { Scheduler } from "../time/scheduler.ts";

const DONE: Promise<void> = Promise.resolve();

/** What is written when its time comes. */
export interface Flushable {
  /** Writes what is queued; must not throw. */
  flushDue(): void;
}

/** The two lists of an endpoint. */
export class FlushSchedule {
  readonly #scheduler: Scheduler;
  readonly #soon = new DueList();
  readonly #later = new DueList();
  readonly #runSoon = (): void => this.#soon.run();
  readonly #runLater = (): void => this.#later.run();

  /** @param scheduler Turns of the event loop. */
  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * Within this turn, behind what runs now.
   *
   * @param one What is due; the caller makes sure that it is in one list once.
   */
  soon(one: Flushable): void {
    if (this.#soon.add(one)) DONE.then(this.#runSoon);
  }

  /**
   * In the next turn.
   *
   * @param one What is due; the caller makes sure that it is in one list once.
   */
  later(one: Flushable): void {
    if (this.#later.add(one)) this.#scheduler.nextTurn(this.#runLater);
  }
}

/** A list that keeps its memory: an array that is emptied by its length, or by shifting, allocates with every push. */
class DueList {
  #due: (Flushable | undefined)[] = [];
  #count = 0;
  #running: (Flushable | undefined)[] = [];

  /** Adds one; returns whether it is the first. */
  add(one: Flushable): boolean {
    this.#due[this.#count++] = one;
    return this.#count === 1;
  }

  /** Flushes all; what becomes due meanwhile is for the next run. */
  run(): void {
    const due = this.#due;
    const count = this.#count;
    this.#due = this.#running;
    this.#running = due;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      due[i]!.flushDue();
      due[i] = undefined;
    }
  }
}
