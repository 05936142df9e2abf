/**
 * What the loops of agents have in common, whichever way they wait.
 *
 * @module
 */

/** The loop of an agent. */
export interface Duty {
  /** Starts the loop with the next turn. */
  start(): void;

  /** Has the agent work in the next turn of the event loop, rung or not. */
  requestTurn(): void;
}

/** Who runs the loop of an agent. */
export interface DutyOwner {
  /** Whether the agent is being closed, so that its promises matter as much as its work. */
  readonly isStopping: boolean;

  /**
   * Asked before every portion of work and before every sleep; must not throw.
   *
   * @returns Whether the loop goes on.
   */
  mayContinue(): boolean;

  /**
   * The agent's `doWork` has thrown; the loop is over.
   *
   * @param error What it threw.
   */
  handleFailure(error: unknown): void;
}

/** The event loop of the thread that runs a duty. */
export interface Turns {
  /**
   * Runs a callback in the next turn of the event loop.
   *
   * @param callback Must not throw.
   */
  nextTurn(callback: () => void): void;

  /**
   * The time in ms on a monotonic scale.
   *
   * @returns The real time now.
   */
  now(): number;
}
