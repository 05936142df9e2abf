/**
 * The port of ordered byte streams: TCP, TLS, unix sockets and the in-memory link implement it, the stream agent
 * uses it and knows nothing else of them.
 *
 * @module
 */
import type { Address } from "./address.ts";

/**
 * One established, ordered, reliable byte stream.
 *
 * At most one `read` and one `write` are pending at any time.
 */
export interface StreamLink {
  /** The address of this end. */
  readonly local: Address;
  /** The address of the other end. */
  readonly remote: Address;

  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @param into Written from its start; the link may write to it until the promise settles, nothing else may.
   * @returns How many bytes were read (at least 1), or `null` at the end of the peer's stream. Rejects when the link
   * broke or was closed.
   */
  read(into: Uint8Array): Promise<number | null>;

  /**
   * Hands bytes to the link, waiting for room for at least one.
   *
   * @param from Must not change until the promise settles.
   * @returns How many bytes were taken, from the start (1 to `from.length`). Rejects when the link broke or was
   * closed.
   */
  write(from: Uint8Array): Promise<number>;

  /**
   * Ends this side's stream after what was written; the peer's stream stays open.
   *
   * @returns When the end has been handed to the link. Rejects when the link is broken.
   */
  closeWrite(): Promise<void>;

  /** Closes both directions now. Pending calls settle. Never throws, and a second call does nothing. */
  close(): void;
}

/** The accepting side of a stream transport. */
export interface StreamListener {
  /** Where it listens; the port that was bound when port 0 was asked for. */
  readonly address: Address;

  /**
   * Settles once it listens, at a listener that does not when it is returned; none at one that does. Until then
   * {@linkcode StreamListener.address} is what was asked for, and `accept` waits. Rejects with `ResourceError` when the
   * address cannot be had, whereupon the listener is closed and `accept` rejects with the same error, and with
   * `ClosedError` when it was closed before. A rejection that nobody waits for is no unhandled one.
   */
  readonly listening?: Promise<void> | undefined;

  /**
   * Waits for the next link.
   *
   * @returns The link. Rejects with any error when accepting failed for now (too many open files) and with one for
   * which {@linkcode StreamListener.closed} is true when the listener was closed.
   */
  accept(): Promise<StreamLink>;

  /** Whether the listener was closed. */
  readonly closed: boolean;

  /** Stops listening. Links that were accepted stay. Never throws, and a second call does nothing. */
  close(): void;

  /**
   * Settles once nobody is let in any more, at a listener for which that is later than `close`; none at others. Never
   * rejects.
   */
  readonly whenClosed?: Promise<void> | undefined;
}

/** How to reach or open the ends of a stream transport; the runtimes are given one and never name a driver. */
export interface StreamFabric {
  /**
   * Opens a listener.
   *
   * @returns The listener, with {@linkcode StreamListener.listening} where the address is not bound yet; throws
   * `ResourceError` when the address cannot be had and that shows at once.
   */
  listen(): StreamListener;

  /**
   * Opens a link to the address that the fabric was made for.
   *
   * @param signal Ends the attempt; the promise then rejects with the signal's reason.
   * @returns The link. Rejects with `ConnectError`.
   */
  connect(signal: AbortSignal): Promise<StreamLink>;

  /** Where `connect` leads or `listen` listens, for messages. */
  readonly target: Address;
}
