/**
 * How a command fails where it is sent.
 *
 * A handler throws a {@linkcode CommandError} to say what went wrong in terms of the application: its name, message and
 * data reach the sender, from whatever node. Everything else that a handler throws arrives as a `CommandError` with the
 * name and message of what was thrown, without its stack. Why no `TransportError`: it is the application's own failure,
 * and the transport did its work.
 *
 * @module
 */
import { TransportError } from "../../error/transport_error.ts";

/** The most characters of a name and of a message that travel. */
const MAX_NAME_LENGTH = 100;
const MAX_MESSAGE_LENGTH = 2000;

/** What the handler of a command threw. */
export class CommandError extends Error {
  /** What a program branches on: the name that the handler gave, or the name of the error that it threw. */
  readonly errorName: string;
  /** What the handler gave with it; whatever the codec can carry. */
  readonly data: unknown;

  /**
   * Makes the error.
   *
   * @param errorName What a program branches on.
   * @param message What people read.
   * @param data What goes with it.
   * @param options The cause, which stays in this process.
   */
  constructor(errorName: string, message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandError";
    this.errorName = errorName;
    this.data = data;
  }
}

/** No node in the scope handles the command. */
export class NoHandlerError extends TransportError {
  /**
   * Makes the error.
   *
   * @param message Which command, and where it was looked for.
   */
  constructor(message: string) {
    super("CONNECT", message);
  }
}

/** A failure as it travels. */
export interface FailureRecord {
  /** The name. */
  readonly name: string;
  /** The message. */
  readonly message: string;
  /** The data. */
  readonly data: unknown;
}

/**
 * What a thrown value says on the wire.
 *
 * @param thrown What was thrown.
 * @returns The failure, cut to bounds.
 */
export function describeFailure(thrown: unknown): FailureRecord {
  const error = asCommandError(thrown);
  return {
    name: String(error.errorName).slice(0, MAX_NAME_LENGTH),
    message: String(error.message).slice(0, MAX_MESSAGE_LENGTH),
    data: error.data,
  };
}

/**
 * A thrown value as the error that the sender gets.
 *
 * @param thrown What was thrown.
 * @returns The same where it is a `CommandError`; otherwise one with its name and message, and the value as its cause.
 */
export function asCommandError(thrown: unknown): CommandError {
  try {
    if (thrown instanceof CommandError) return thrown;
    const [name, message] = thrown instanceof Error ? [thrown.name, thrown.message] : ["Error", thrown];
    return new CommandError(String(name), String(message), undefined, { cause: thrown });
  } catch {
    return new CommandError("Error", "A value was thrown that cannot be shown", undefined, { cause: thrown });
  }
}

/**
 * Makes an error of what came from the network; whatever the bytes were, it is a `CommandError`.
 *
 * @param value The decoded value.
 * @returns The error.
 */
export function restoreFailure(value: unknown): CommandError {
  const { name, message, data } = (typeof value === "object" && value !== null ? value : {}) as Partial<FailureRecord>;
  return new CommandError(
    typeof name === "string" ? name.slice(0, MAX_NAME_LENGTH) : "Error",
    typeof message === "string" ? message.slice(0, MAX_MESSAGE_LENGTH) : "",
    data,
  );
}
