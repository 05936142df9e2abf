/**
 * How many workers an endpoint has, and how connections reach them: the one place that defaults and checks it.
 *
 * @module
 */
import { choice } from "../error/option_check.ts";
import { workerCount } from "../pool/pool_options.ts";

/** The option of everything that can leave its sockets to workers. */
export interface WorkerOptions {
  /**
   * How many worker threads own the sockets: 0 for none, so that everything runs on this thread; `"auto"` for one a
   * core. A single connection never has more than one. Every endpoint has workers of its own. @default 0
   */
  readonly workers?: number | "auto";
}

/** How the connections of a server reach its workers. */
export type Dispatch = "kernel" | "ring";

/** The names of the options in this file. */
export const WORKER_OPTION_NAMES = ["workers"] as const;

/**
 * Checks how many workers an endpoint has.
 *
 * @param workers What the caller gave.
 * @param mostCount How many it could make use of.
 * @returns How many there will be.
 * @throws {TypeError} When it is neither a number nor `"auto"`.
 * @throws {RangeError} When it is out of its bounds.
 */
export function resolveWorkers(workers: number | "auto" | undefined, mostCount: number): number {
  return Math.min(workerCount(workers ?? 0), mostCount);
}

/**
 * Checks how the connections of a server reach its workers.
 *
 * @param dispatch What the caller gave.
 * @param canShare Whether threads can share a port here.
 * @returns The way: the kernel's where that works.
 * @throws {TypeError} When it is neither of the two.
 * @throws {RangeError} When the kernel cannot do it here.
 */
export function resolveDispatch(dispatch: Dispatch | undefined, canShare: boolean): Dispatch {
  const chosen = choice("dispatch", dispatch, canShare ? "kernel" : "ring", ["kernel", "ring"]);
  if (chosen === "kernel" && !canShare) {
    throw new RangeError('The option dispatch cannot be "kernel": this system does not spread connections; use "ring"');
  }
  return chosen;
}
