/**
 * What goes into the supervision of a pool and what comes out of it.
 *
 * @module
 */
import type { ResourceError } from "../error/transport_error.ts";
import type { WorkerFailure } from "./worker_failure.ts";

/** What the pool shall do or tell its owner, in order. */
export type SupervisionEvent =
  /** Start the thread of an incarnation. */
  | { readonly kind: "spawn"; readonly index: number; readonly incarnation: number }
  /** Tell the thread to close its agent and end. */
  | { readonly kind: "stop"; readonly index: number }
  /** Tell the thread to end at once. */
  | { readonly kind: "end"; readonly index: number }
  /** Let go of the thread: it is over, or its time is. */
  | { readonly kind: "discard"; readonly index: number }
  /** The rest is for the owner, and is named as its methods are. */
  | { readonly kind: "started" | "ended"; readonly index: number }
  | { readonly kind: "failed"; readonly index: number; readonly failure: WorkerFailure }
  | {
    readonly kind: "exhausted";
    readonly index: number;
    readonly error: ResourceError;
    readonly remainingCount: number;
  }
  /** All workers have started, or one could not and all are gone, or all have stopped. */
  | { readonly kind: "allStarted" | "allStopped" }
  | { readonly kind: "startFailed"; readonly error: Error };

/** How a thread ended: closed as it was told, or lost. */
export type ThreadEnd =
  | { readonly kind: "stopped" }
  | { readonly kind: "exited" }
  | { readonly kind: "thrown" | "rejected"; readonly error: Error };

/** What a worker is doing, as far as its supervisor knows. */
export type WorkerPhase = "idle" | "starting" | "running" | "condemned" | "stopping" | "over";
