/**
 * The loop of an agent that lives on an event loop: it works when the doorbell rings or a turn is asked for, and
 * sleeps otherwise.
 *
 * Invariants: no polling, and no work is slept over: before it sleeps, the loop announces that to the ringers and then
 * looks for work once more. At most one wait is pending. Between two portions of work the event loop has a turn, so
 * that sockets, timers and messages of the thread go on under any load. It runs in workers and, where there are none,
 * on the thread that calls.
 *
 * @module
 */
import type { Doorbell } from "../ring/doorbell.ts";
import type { Agent } from "./agent.ts";
import type { Duty, DutyOwner, Turns } from "./duty.ts";

/**
 * A loop that sleeps on the event loop.
 *
 * To end it, let `mayContinue` return `false` and ring the doorbell.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SystemScheduler } from "../io/system/system_scheduler.ts";
 * import { Doorbell, DOORBELL_BYTES } from "../ring/doorbell.ts";
 *
 * const doorbell = new Doorbell(new SharedArrayBuffer(DOORBELL_BYTES));
 * let left = 3;
 * const agent = { doWork: () => left > 0 ? left-- : 0 };
 * const owner = { isStopping: false, mayContinue: () => true, handleFailure: reportError };
 * new EventLoopDuty(agent, doorbell, owner, new SystemScheduler()).start();
 * await new Promise((resolve) => setTimeout(resolve, 50));
 * assertEquals(left, 0);
 * ```
 */
export class EventLoopDuty implements Duty {
  readonly #agent: Agent;
  readonly #doorbell: Doorbell;
  readonly #owner: DutyOwner;
  readonly #turns: Pick<Turns, "nextTurn">;
  readonly #turn = (): void => this.#handleTurn();
  readonly #wake = (): void => this.#handleRing();
  #isTurnSet = false;
  #isWaiting = false;
  #isOver = false;

  /**
   * Makes a loop that has not started.
   *
   * @param agent Whose work it does.
   * @param doorbell Where it sleeps; nobody else may wait on it.
   * @param owner Who says when it is over.
   * @param turns The event loop that it runs on, such as a `Scheduler`.
   */
  constructor(agent: Agent, doorbell: Doorbell, owner: DutyOwner, turns: Pick<Turns, "nextTurn">) {
    this.#agent = agent;
    this.#doorbell = doorbell;
    this.#owner = owner;
    this.#turns = turns;
  }

  /** Starts the loop with a first turn. */
  start(): void {
    this.requestTurn();
  }

  /** Has the agent work in the next turn of the event loop, rung or not. */
  requestTurn(): void {
    if (this.#isTurnSet || this.#isOver) return;
    this.#isTurnSet = true;
    this.#turns.nextTurn(this.#turn);
  }

  #handleTurn(): void {
    this.#isTurnSet = false;
    if (this.#work() > 0) return this.requestTurn();
    // A pending wait was prepared before this look for work: it goes on.
    if (this.#isOver || this.#isWaiting || this.#isTurnSet) return;
    this.#doorbell.prepareWait();
    if (this.#work() > 0) this.requestTurn();
    if (this.#isOver || this.#isTurnSet) return this.#doorbell.cancelWait();
    const rung = this.#doorbell.wait();
    if (rung === "not-equal") return this.requestTurn();
    this.#isWaiting = true;
    rung.then(this.#wake);
  }

  #handleRing(): void {
    this.#isWaiting = false;
    this.requestTurn();
  }

  /** One portion of work; 0 when there is none or the loop is over. */
  #work(): number {
    if (this.#isOver) return 0;
    this.#isOver = !this.#owner.mayContinue();
    if (this.#isOver) return 0;
    try {
      return this.#agent.doWork();
    } catch (error) {
      this.#isOver = true;
      this.#owner.handleFailure(error);
      return 0;
    }
  }
}
