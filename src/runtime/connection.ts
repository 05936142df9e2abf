/**
 * What an application holds of a framed connection.
 *
 * @module
 */
import type { CloseCode } from "../error/close_code.ts";
import type { SendStatus } from "../error/send_status.ts";
import type { CloseOrigin } from "../error/transport_error.ts";
import type { ConflationKey } from "../stream/conflation.ts";
import type { Address } from "../transport/address.ts";
import type { ConnectionStatistics } from "./statistics.ts";

/**
 * Why a connection ended, as this end sees it. Framed TCP carries no close code: whatever the reason at one end, the
 * other sees an end of the stream (`Normal`, `remote`) or a broken link.
 */
export interface DisconnectReason {
  /** The reason as a number that never changes its meaning. */
  readonly code: CloseCode;
  /** Whose doing it was. */
  readonly origin: CloseOrigin;
  /** One sentence for people; branch on `code`. */
  readonly message: string;
  /** How many messages were queued and never written whole. */
  readonly unsentCount: number;
  /** Whether this is the end for good: false when a particle goes on to connect again. */
  readonly isFinal: boolean;
  /** The error behind it: what the handler threw, what the link said, a `ProtocolError` where the peer broke the rules. */
  readonly cause?: unknown;
}

/** One framed connection, on either side. */
export interface Connection {
  /** A number that no other connection of the same endpoint has while this one lives. */
  readonly id: number;
  /** The address of the other end. */
  readonly remote: Address;
  /** The address of this end. */
  readonly local: Address;
  /** The peer's id where the endpoint asks for ids; empty otherwise. */
  readonly peerId: string;
  /** How many bytes are queued for sending, headers included. */
  readonly queuedBytes: number;
  /** Whether more than `highWaterBytes` are queued; `onDrain` tells when that is over. */
  readonly backPressured: boolean;
  /** Whether messages can still be sent. */
  readonly open: boolean;

  /**
   * Sends a message and waits for room where there is none.
   *
   * @param payload Copied at once, and the caller's again; from `referenceBytes` on it is written from the caller's
   * memory and must not change until the promise settles.
   * @param key What the message replaces under the policy `conflate`; of no account under others.
   * @returns When the message is in the send queue; a payload by reference: when it was written. Rejects with
   * `ClosedError` when the connection ends before that, which is not reported again if nobody handles it; with
   * `ResourceError` when 1024 sends wait already, which `onError` is told, too. Rejects with `TypeError` when
   * the payload is no `Uint8Array` and with `RangeError` when it is larger than `maxFrameBytes`.
   */
  send(payload: Uint8Array, key?: ConflationKey): Promise<void>;

  /**
   * Offers a message without waiting.
   *
   * @param payload Copied at once, whatever its size.
   * @param key What the message replaces under the policy `conflate`; of no account under others.
   * @returns What became of it.
   * @throws {TypeError} When the payload is no `Uint8Array`.
   */
  trySend(payload: Uint8Array, key?: ConflationKey): SendStatus;

  /**
   * Answers a message. Nothing is lost when the queue is full (policy `wait`): the answer waits for room, and until it
   * has it no further message of this connection is handed to the application.
   *
   * @param payload Copied at once, whatever its size.
   * @returns `Queued`; or `Closed`, `TooLarge`, `Dropped` by another policy, `BackPressured` when 1024 answers wait.
   * @throws {TypeError} When the payload is no `Uint8Array`.
   */
  return(payload: Uint8Array): SendStatus;

  /**
   * Waits until everything that was accepted so far was handed to the link.
   *
   * @returns When it was. Rejects with `ClosedError` when the connection ends before that.
   */
  flush(): Promise<void>;

  /**
   * Closes in order: what is queued is written, then the stream is ended. Bounded by `closeTimeoutMs`.
   *
   * @returns When the connection is closed.
   */
  close(): Promise<void>;

  /** Closes at once; what is queued is lost and counted. */
  abort(): void;

  /**
   * What was counted so far; costs nothing on the hot path.
   *
   * @returns A copy.
   */
  statistics(): ConnectionStatistics;
}
