/**
 * What a bus and a worker that uses it say to each other, by rings (src/pool/record_port.ts): a kind, a number and a
 * value in MessagePack.
 *
 * ```text
 * from the worker    publish, send, scatter, await, handle, subscribe: answered by done or failed under the same number
 *                    abort, end: about one of these · reply, fault: to a command · handled: events that are done · close
 * from the bus       done, failed, answer · event: to a subscription · command, stop: to a handler · close
 * ```
 *
 * @module
 */
import { CommandError, NoHandlerError } from "../bus/dispatch/command_error.ts";
import { CloseCode } from "../error/close_code.ts";
import {
  ClosedError,
  ConnectError,
  MisuseError,
  ResourceError,
  TimeoutError,
  TransportError,
} from "../error/transport_error.ts";

/** The kinds of records. */
export const ThreadRecord = {
  Publish: 1,
  Send: 2,
  Scatter: 3,
  AwaitSubscribed: 4,
  AwaitHandled: 5,
  Subscribe: 6,
  Handle: 7,
  Abort: 8,
  End: 9,
  Reply: 10,
  Fault: 11,
  Handled: 12,
  Done: 20,
  Failed: 21,
  Answer: 22,
  Event: 23,
  Command: 24,
  Stop: 25,
  Close: 30,
} as const;

/** One of the values of {@linkcode ThreadRecord}. */
export type ThreadRecord = (typeof ThreadRecord)[keyof typeof ThreadRecord];

/** An error as it crosses. */
export interface ErrorRecord {
  /** The name of its class. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** The name that a handler gave. */
  readonly errorName?: string;
  /** The data that a handler gave. */
  readonly data?: unknown;
}

const MAKERS: Readonly<Record<string, (message: string) => Error>> = {
  NoHandlerError: (message) => new NoHandlerError(message),
  TimeoutError: (message) => new TimeoutError(message),
  ConnectError: (message) => new ConnectError(message),
  ResourceError: (message) => new ResourceError(message),
  MisuseError: (message) => new MisuseError(message),
  TypeError: (message) => new TypeError(message),
  RangeError: (message) => new RangeError(message),
};

/**
 * What becomes of an error that crosses.
 *
 * @param error What was thrown.
 * @returns Its class, its message, and what a handler gave with it.
 */
export function recordOfError(error: unknown): ErrorRecord {
  if (error instanceof CommandError) {
    const { errorName, message, data } = error;
    return { name: "CommandError", message, errorName, data };
  }
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}

/**
 * Makes the error again.
 *
 * @param record What crossed.
 * @returns An error of the same class where it is one of this package's or of the caller's fault.
 */
export function errorOfRecord({ name, message, errorName, data }: ErrorRecord): Error {
  if (name === "CommandError") return new CommandError(errorName ?? "Error", message, data);
  if (name === "ClosedError") return new ClosedError(CloseCode.LinkLost, "link", { cause: new Error(message) });
  const made = MAKERS[name]?.(message);
  if (made !== undefined) return made;
  return Object.assign(name === "TransportError" ? new TransportError("CONNECT", message) : new Error(message), {
    name,
  });
}
