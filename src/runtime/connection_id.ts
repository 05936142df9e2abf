/**
 * Numbers of connections that are unique over the workers of a reactor: a worker's own number, and which worker it is.
 *
 * @module
 */
import { MAX_BOARD_WORKERS } from "../ring/worker_board.ts";

/**
 * The number of a connection.
 *
 * @param own Its number in its worker, an int32 from 1.
 * @param worker Which worker.
 * @returns The number that applications see.
 */
export function connectionId(own: number, worker: number): number {
  return own * MAX_BOARD_WORKERS + worker;
}

/**
 * The worker of a connection.
 *
 * @param id The number that applications see.
 * @returns Which worker.
 */
export function workerOf(id: number): number {
  return id % MAX_BOARD_WORKERS;
}

/**
 * The number of a connection in its worker.
 *
 * @param id The number that applications see.
 * @returns Its own number; 0 stands for one that cannot be.
 */
export function ownNumberOf(id: number): number {
  const own = Math.floor(id / MAX_BOARD_WORKERS);
  return own > 0 && own <= 0x7fffffff ? own : 0;
}
