/**
 * How a worker is lost, as the owner of the pool is told.
 *
 * @module
 */

/**
 * What happened to a worker.
 *
 * - `thrown`: its module could not be loaded, or something in it threw: the building of its agent, a method of the
 *   agent, or a callback that nobody caught.
 * - `rejected`: a promise was rejected in it, one that a method of the agent returned or one that nobody handled.
 * - `lateHeartbeat`: its event loop has not turned for `heartbeatTimeoutMs`.
 * - `startTimedOut`: it has not started within `startTimeoutMs`.
 * - `exited`: its thread ended without a word, for example by `self.close()` or `Deno.exit()`.
 * - `stopTimedOut`: it was told to stop and its thread has not ended within `stopTimeoutMs`.
 */
export type WorkerFailureKind =
  | "thrown"
  | "rejected"
  | "lateHeartbeat"
  | "startTimedOut"
  | "exited"
  | "stopTimedOut";

/** The loss of one incarnation of a worker. */
export interface WorkerFailure {
  /** What happened. */
  readonly kind: WorkerFailureKind;
  /** The error; one that was thrown in the worker comes as a copy with its name, message and stack. */
  readonly error: Error;
  /** Which incarnation is lost: 0 is the first thread of this worker. */
  readonly incarnation: number;
  /**
   * Whether a replacement follows for sure. It does not while the pool stops, when the pool gives up on this worker
   * (`exhausted` follows), and as long as the thread may live (`lateHeartbeat`, `startTimedOut`): such a worker is
   * replaced once its thread has ended, which `ended` reports.
   */
  readonly isReplaced: boolean;
}
