/**
 * The error classes, sorted by whose fault it was.
 *
 * The caller's: `TypeError`, `RangeError` and {@linkcode MisuseError}. The peer's: {@linkcode ProtocolError} and
 * {@linkcode AuthenticationError}. The world's: {@linkcode ConnectError}, {@linkcode TimeoutError}, {@linkcode ClosedError},
 * {@linkcode ResourceError}. Invariant: bytes from a peer never cause one of the first group.
 *
 * @module
 */
import { type CloseCode, closeCodeName } from "./close_code.ts";

/** The codes of all errors of this package; branch on these, never on a message. */
export type TransportErrorCode =
  | "MISUSE"
  | "PROTOCOL"
  | "AUTHENTICATION"
  | "CONNECT"
  | "TIMEOUT"
  | "CLOSED"
  | "RESOURCE"
  | "REMOTE";

/** The base of every error that this package raises itself. */
export class TransportError extends Error {
  /** What kind of error this is. */
  readonly code: TransportErrorCode;

  /**
   * Makes an error.
   *
   * @param code What kind of error this is.
   * @param message One sentence, without a full stop.
   * @param options The cause, where there is one.
   */
  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The caller used the API in an order that it does not allow. */
export class MisuseError extends TransportError {
  /**
   * Makes the error.
   *
   * @param message What was done out of order.
   * @param options The cause, where there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("MISUSE", message, options);
  }
}

/** The peer broke the protocol; the connection is closed with {@linkcode ProtocolError.closeCode}. */
export class ProtocolError extends TransportError {
  /** The code that the connection was closed with. */
  readonly closeCode: CloseCode;

  /**
   * Makes the error.
   *
   * @param closeCode The code that the connection was closed with.
   * @param message What the peer did.
   * @param options The cause, where there is one.
   */
  constructor(closeCode: CloseCode, message: string, options?: ErrorOptions) {
    super("PROTOCOL", message, options);
    this.closeCode = closeCode;
  }
}

/** The peer is not who it should be, or does not take this end for who it should be. */
export class AuthenticationError extends TransportError {
  /**
   * Makes the error.
   *
   * @param message Who could not be authenticated, and why not.
   * @param options The cause, where there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("AUTHENTICATION", message, options);
  }
}

/** A connection could not be established. */
export class ConnectError extends TransportError {
  /**
   * Makes the error.
   *
   * @param message Where to, and why not.
   * @param options The cause, where there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("CONNECT", message, options);
  }
}

/** Something did not finish within its time. */
export class TimeoutError extends TransportError {
  /**
   * Makes the error.
   *
   * @param message What took too long.
   * @param options The cause, where there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("TIMEOUT", message, options);
  }
}

/**
 * Whose doing the end of a connection was: `local` is this process, `remote` the peer, by ending its stream or by
 * breaking the protocol, `link` what lies between.
 */
export type CloseOrigin = "local" | "remote" | "link";

/** The connection is closed: it carries why and who closed it. */
export class ClosedError extends TransportError {
  /** Why the connection ended. */
  readonly closeCode: CloseCode;
  /** Whose doing it was. */
  readonly origin: CloseOrigin;

  /**
   * Makes the error.
   *
   * @param closeCode Why the connection ended.
   * @param origin Who ended it.
   * @param options The cause, where there is one.
   */
  constructor(closeCode: CloseCode, origin: CloseOrigin, options?: ErrorOptions) {
    const cause = options?.cause instanceof Error ? `: ${options.cause.message}` : "";
    super("CLOSED", `The connection is closed: ${closeCodeName(closeCode)} (${origin})${cause}`, options);
    this.closeCode = closeCode;
    this.origin = origin;
  }
}

/** The machine or a configured limit has no room for what was asked. */
export class ResourceError extends TransportError {
  /**
   * Makes the error.
   *
   * @param message What ran out.
   * @param options The cause, where there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("RESOURCE", message, options);
  }
}
