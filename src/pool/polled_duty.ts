/**
 * The loop of an agent that is fed by rings: it works without pause, and waits under a strategy when there is nothing.
 *
 * Invariant: it goes on in slices, and after each the event loop has a turn; so timers, messages, promises and the
 * heartbeat of the thread are late by at most a slice, the portions of work between two looks at the time, and one
 * bounded wait. While the agent is closed a slice is one portion. For workers only: it takes the whole thread. Source:
 * the idle strategies of Agrona.
 *
 * @module
 */
import type { Doorbell } from "../ring/doorbell.ts";
import { openWaitStrategy, resolveWaitOptions, type WaitStrategy } from "../ring/wait_strategy.ts";
import type { Agent, AgentMode } from "./agent.ts";
import type { Duty, DutyOwner, Turns } from "./duty.ts";

/** The ways in which a polled loop may wait. */
export type PollMode = Exclude<AgentMode, "event-loop">;

/** How long a slice lasts. */
const SLICE_MS = 10;
/** After how many portions of work the slice looks at the time: reading it costs as much as a short portion. */
const PORTIONS_PER_LOOK = 16;
/** The longest sleep: what a callback of this thread, or a command that rings no doorbell, may wait for. */
const MAX_BLOCK_MS = 50;
/** The longest sleep while the agent is closed, since its promises go on in turns of the event loop. */
const CLOSING_BLOCK_MS = 1;

/**
 * A loop that polls.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Doorbell, DOORBELL_BYTES } from "../ring/doorbell.ts";
 *
 * const doorbell = new Doorbell(new SharedArrayBuffer(DOORBELL_BYTES));
 * const turns = { nextTurn: (callback: () => void) => void setImmediate(callback), now: () => performance.now() };
 * let left = 1000;
 * const agent = { doWork: () => left-- };
 * const owner = { isStopping: false, mayContinue: () => left > 0, handleFailure: reportError };
 * new PolledDuty(agent, doorbell, owner, "spin", turns, () => {}).start();
 * await new Promise((resolve) => setTimeout(resolve, 50));
 * assertEquals(left, 0);
 * ```
 */
export class PolledDuty implements Duty {
  readonly #agent: Agent;
  readonly #owner: DutyOwner;
  readonly #turns: Turns;
  readonly #beat: () => void;
  readonly #waiting: WaitStrategy;
  readonly #waitingWhileClosing: WaitStrategy;
  readonly #looksWhenIdle: boolean;
  readonly #slice = (): void => this.#runSlice();
  #isOver = false;

  /**
   * Makes a loop that has not started.
   *
   * @param agent Whose work it does.
   * @param doorbell Where it sleeps when it blocks; nobody else may wait on it.
   * @param owner Who says when it is over.
   * @param mode How it waits.
   * @param turns The event loop of the thread.
   * @param beat Called once a slice.
   */
  constructor(agent: Agent, doorbell: Doorbell, owner: DutyOwner, mode: PollMode, turns: Turns, beat: () => void) {
    this.#agent = agent;
    this.#owner = owner;
    this.#turns = turns;
    this.#beat = beat;
    const thread = { doorbell, isMainThread: false };
    this.#waiting = openWaitStrategy(resolveWaitOptions({ wait: mode, maxBlockMs: MAX_BLOCK_MS }), thread);
    const closing = resolveWaitOptions({ wait: "block", spinCount: 0, maxBlockMs: CLOSING_BLOCK_MS });
    this.#waitingWhileClosing = openWaitStrategy(closing, thread);
    this.#looksWhenIdle = mode !== "spin";
  }

  /** Starts the loop with the next turn. */
  start(): void {
    this.#turns.nextTurn(this.#slice);
  }

  /** Does nothing: the agent works in every turn. */
  requestTurn(): void {}

  #runSlice(): void {
    const endMs = this.#turns.now() + SLICE_MS;
    do {
      for (let i = 0; i < PORTIONS_PER_LOOK; i++) {
        const workCount = this.#work();
        if (this.#isOver) return;
        if (this.#owner.isStopping) return this.#endSlice(workCount);
        this.#waiting.idle(workCount);
        if (workCount === 0 && this.#looksWhenIdle) break; // It may have slept.
      }
    } while (this.#turns.now() < endMs);
    this.#beat();
    this.start();
  }

  #endSlice(workCount: number): void {
    this.#waitingWhileClosing.idle(workCount);
    this.#beat();
    this.start();
  }

  /** One portion of work; 0 when there is none or the loop is over. */
  #work(): number {
    this.#isOver ||= !this.#owner.mayContinue();
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
