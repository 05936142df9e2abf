/**
 * What a worker does: an agent's duty cycle, and the ways in which a loop may run it.
 *
 * Source: the agents of Agrona (`Agent`, `AgentRunner`). Invariant: one thread calls all methods of an agent, never two
 * of them at once, so that an agent needs no locks. Why the order is fixed (start, work, close): an agent never has to
 * ask in which state it is.
 *
 * @module
 */
import type { Doorbell } from "../ring/doorbell.ts";

/** The duty cycle of a worker, or of the main thread where there are no workers. */
export interface Agent {
  /**
   * Called once, before any work; a worker counts as started when this has returned and its promise has settled.
   *
   * When it throws or its promise is rejected, the worker has failed and nothing else is called.
   */
  onStart?(): void | Promise<void>;

  /**
   * Does what there is to do now, in a bounded portion: about a millisecond at most, since timers, messages and the
   * heartbeat of the thread wait for it.
   *
   * @returns How much was done: 0 says that there is nothing left, and the loop may wait for the doorbell.
   */
  doWork(): number;

  /**
   * Called once when the worker shall stop. `doWork` goes on being called until the promise has settled, so that what
   * is queued drains; afterwards nothing is called.
   *
   * It is not called when the worker has failed: then the thread ends, and its sockets with it.
   */
  onClose?(): void | Promise<void>;
}

/**
 * How a worker's loop waits when its agent has nothing to do.
 *
 * - `event-loop`: sleeps on the event loop until the doorbell rings, a turn is asked for, or a callback of the agent
 *   runs; for agents that own sockets. No polling.
 * - `spin`: never sleeps and costs a core; the shortest reaction.
 * - `yield`: like `spin`, but lets other threads run.
 * - `block`: sleeps on the doorbell with the thread blocked, at most 50 ms at once; the event loop gets a turn after
 *   each sleep, so that timers and sockets of such a worker may be late by as much.
 */
export type AgentMode = "event-loop" | "spin" | "yield" | "block";

/** What an agent in a worker is given besides its init value. */
export interface WorkerControl {
  /** Which worker of the pool this is. */
  readonly index: number;
  /** How many threads were this worker before. */
  readonly incarnation: number;
  /** The shared memory of the pool's board: open a `WorkerBoard` over it to ring other workers. */
  readonly boardMemory: SharedArrayBuffer;
  /** Where this worker sleeps: who feeds it rings it; the agent must not wait on it. */
  readonly doorbell: Doorbell;
  /** Whether the worker has been told to stop. */
  readonly isStopping: boolean;

  /** Has `doWork` called in the next turn of the event loop; a loop that polls calls it anyway. */
  requestTurn(): void;

  /**
   * Reports this worker as failed and ends its thread at once; a replacement follows.
   *
   * @param error Why.
   */
  fail(error: unknown): void;
}

/**
 * Builds the agent of a worker.
 *
 * @param init What the owner of the pool made for this incarnation.
 * @param control The worker's own controls.
 * @returns The agent; when this throws or the promise is rejected, the worker has failed.
 */
export type BuildAgent = (init: unknown, control: WorkerControl) => Agent | Promise<Agent>;
