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
  #soon: Flushable[] = [];
  #later: Flushable[] = [];
  readonly #runSoon = (): void => {
    const due = this.#soon;
    this.#soon = [];
    for (const one of due) one.flushDue();
  };
  readonly #runLater = (): void => {
    const due = this.#later;
    this.#later = [];
    for (const one of due) one.flushDue();
  };

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
    if (this.#soon.push(one) === 1) DONE.then(this.#runSoon);
  }

  /**
   * In the next turn.
   *
   * @param one What is due; the caller makes sure that it is in one list once.
   */
  later(one: Flushable): void {
    if (this.#later.push(one) === 1) this.#scheduler.nextTurn(this.#runLater);
  }
}
