/**
 * The only messages between a pool and a worker: one init message in, at most one notice of each kind back.
 *
 * Invariant: in the life of a worker one message crosses to it, and at most two come back (`ready`, then `stopped` or
 * `failed`); all else is shared memory. Both sides check what arrives: an init message of another version is refused,
 * and a notice that is none is not ours (an application's handler may post messages of its own) and is passed over.
 *
 * @module
 */
import type { AgentMode } from "./agent.ts";
import type { WorkerFailureKind } from "./worker_failure.ts";

/** The version of both kinds of messages. */
export const MESSAGE_VERSION = 1;

/** What a worker is told when it is started. */
export interface InitMessage {
  /** Says that it is an init message. */
  readonly kind: "ringwire.init";
  /** {@linkcode MESSAGE_VERSION}. */
  readonly version: number;
  /** Which worker of the pool this thread is. */
  readonly index: number;
  /** How many threads were this worker before. */
  readonly incarnation: number;
  /** The pool's board. */
  readonly board: SharedArrayBuffer;
  /** The lock that the thread holds as long as it lives. */
  readonly lock: string;
  /** How its loop waits. */
  readonly mode: AgentMode;
  /** How often its heartbeat goes. */
  readonly heartbeatMs: number;
  /** What the owner of the pool made for this incarnation. */
  readonly init: unknown;
}

/** An error as it crosses from a worker: plain strings, since errors of own classes cannot be cloned. */
export interface ErrorCopy {
  /** The error's name. */
  readonly name: string;
  /** The error's message. */
  readonly message: string;
  /** The error's stack; empty for a value that was no error. */
  readonly stack: string;
  /** What caused it, and so on; the chain is cut after {@linkcode MAX_CAUSES}. */
  readonly cause?: ErrorCopy;
}

/** The longest chain of causes that crosses with an error. */
export const MAX_CAUSES = 4;

/** What a worker tells its pool. */
export type Notice =
  | { readonly kind: "ringwire.ready"; readonly version: number }
  | { readonly kind: "ringwire.stopped"; readonly version: number }
  | {
    readonly kind: "ringwire.failed";
    readonly version: number;
    readonly how: Extract<WorkerFailureKind, "thrown" | "rejected">;
    readonly error: ErrorCopy;
  };

const MODES: readonly unknown[] = ["event-loop", "spin", "yield", "block"] satisfies AgentMode[];

/**
 * Checks the message that a worker was started with.
 *
 * @param data What arrived.
 * @returns The message, frozen.
 * @throws {TypeError} When it is no init message of this version.
 */
export function checkInitMessage(data: unknown): InitMessage {
  const message = data as Partial<InitMessage> | null;
  if (typeof message !== "object" || message?.kind !== "ringwire.init") {
    throw new TypeError("Cannot start this worker: its first message is no init message of a pool");
  }
  if (message.version !== MESSAGE_VERSION) {
    const versions = `${String(message.version)}, this worker speaks ${MESSAGE_VERSION}`;
    throw new TypeError(`Cannot start this worker: its pool speaks version ${versions}`);
  }
  const { index, incarnation, board, lock, mode, heartbeatMs } = message;
  const isComplete = Number.isInteger(index) && Number.isInteger(incarnation) && board instanceof SharedArrayBuffer &&
    typeof lock === "string" && MODES.includes(mode) && typeof heartbeatMs === "number" && heartbeatMs > 0;
  if (!isComplete) throw new TypeError("Cannot start this worker: its init message is incomplete");
  return Object.freeze(message as InitMessage);
}

/**
 * Recognises a notice.
 *
 * @param data What a worker posted.
 * @returns The notice, `undefined` when it is something else.
 */
export function noticeOf(data: unknown): Notice | undefined {
  const notice = data as Partial<Notice> | null;
  if (typeof notice !== "object" || notice === null || notice.version !== MESSAGE_VERSION) return undefined;
  if (notice.kind === "ringwire.ready" || notice.kind === "ringwire.stopped") return notice as Notice;
  if (notice.kind !== "ringwire.failed" || notice.how !== "thrown" && notice.how !== "rejected") return undefined;
  return isErrorCopy(notice.error) ? notice as Notice : undefined;
}

/**
 * Says that the agent has started.
 *
 * @returns The notice.
 */
export function readyNotice(): Notice {
  return { kind: "ringwire.ready", version: MESSAGE_VERSION };
}

/**
 * Says that the agent is closed.
 *
 * @returns The notice.
 */
export function stoppedNotice(): Notice {
  return { kind: "ringwire.stopped", version: MESSAGE_VERSION };
}

/**
 * Says that the worker has failed.
 *
 * @param how Whether something was thrown or a promise rejected.
 * @param error What with.
 * @returns The notice.
 */
export function failedNotice(how: "thrown" | "rejected", error: unknown): Notice {
  return { kind: "ringwire.failed", version: MESSAGE_VERSION, how, error: copyError(error) };
}

/**
 * Makes the plain copy of an error that can cross a thread boundary.
 *
 * @param error Whatever was thrown.
 * @returns The copy.
 */
export function copyError(error: unknown): ErrorCopy {
  return copyChain(error, MAX_CAUSES);
}

/**
 * Makes an error of its copy.
 *
 * @param copy What crossed.
 * @returns An `Error` with this name, message and stack.
 */
export function restoreError(copy: ErrorCopy): Error {
  const error = new Error(copy.message, copy.cause === undefined ? undefined : { cause: restoreError(copy.cause) });
  for (const [key, value] of [["name", copy.name], ["stack", copy.stack]] as const) {
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  }
  return error;
}

function copyChain(error: unknown, causes: number): ErrorCopy {
  try {
    if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: "" };
    const copy = { name: String(error.name), message: String(error.message), stack: String(error.stack) };
    const hasCause = error.cause !== undefined && causes > 0;
    return hasCause ? { ...copy, cause: copyChain(error.cause, causes - 1) } : copy;
  } catch {
    // A value without a primitive form, or an error whose properties throw.
    return { name: "Error", message: "A value that cannot be shown was thrown", stack: "" };
  }
}

function isErrorCopy(error: unknown, causes = MAX_CAUSES): error is ErrorCopy {
  const copy = error as Partial<ErrorCopy> | null | undefined;
  return typeof copy === "object" && copy !== null && typeof copy.name === "string" &&
    typeof copy.message === "string" && typeof copy.stack === "string" &&
    (copy.cause === undefined || causes > 0 && isErrorCopy(copy.cause, causes - 1));
}
