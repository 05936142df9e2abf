/**
 * What a framed connection is told by its owner, and what it tells it.
 *
 * @module
 */
import type { CloseCode } from "../error/close_code.ts";
import type { FrameCursor } from "../stream/frame_cursor.ts";
import type { CloseReason, StreamHandshake } from "../stream/stream_machine.ts";
import type { Connection } from "./connection.ts";
import type { StreamEndpoint } from "./stream_endpoint.ts";

/** A connection as its owner sees it. */
export interface OwnedConnection extends Connection {
  /** Its slot in the endpoint. */
  readonly slot: number;
  /** Accepts the announced peer. */
  acceptPeer(): void;
  /**
   * Ends the connection now.
   *
   * @param code Why.
   * @param cause The error behind it.
   */
  refuse(code: CloseCode, cause?: unknown): void;
  /** Keeps what was counted, because the slot is about to be given back. */
  keepStatistics(): void;
  /**
   * Closes in order.
   *
   * @param code Why.
   * @param draining Whether messages are delivered until the peer's end.
   * @returns When the connection is closed.
   */
  shut(code: CloseCode, draining?: boolean): Promise<void>;
}

/** What the owner of connections does with them; one object for all connections of an endpoint. */
export interface StreamOwner {
  /** The peer announced its id: answer with `acceptPeer` or `refuse`, at once or before the promise settles. */
  peerAnnounced(connection: OwnedConnection): void | Promise<void>;
  /** The connection is open. A promise holds back the reading. */
  ready(connection: OwnedConnection): unknown;
  /** A message arrived. A promise holds back the reading. */
  readonly received: ((connection: OwnedConnection, payload: Uint8Array) => unknown) | undefined;
  /** Messages arrived; takes the place of `received`. A promise holds back the reading. */
  readonly batch: ((connection: OwnedConnection, frames: FrameCursor) => unknown) | undefined;
  /** The send queue is down at its low mark. */
  drained(connection: OwnedConnection): void;
  /** The connection is over and no memory is in use any more; called once. */
  closed(connection: OwnedConnection, reason: CloseReason): void;
  /** A handler failed, for which the connection is closed, or an error has nobody else who would hear of it. */
  failed(connection: OwnedConnection, error: unknown): void;
}

/** What all connections of an owner have in common. */
export interface StreamRole {
  /** The shared part. */
  readonly endpoint: StreamEndpoint;
  /** What the handlers are. */
  readonly owner: StreamOwner;
  /** Whether and how the ends introduce themselves. */
  readonly handshake: StreamHandshake;
  /** What follows when the peer ends its stream. */
  readonly peerEnd: "flush" | "stay" | "drop";
}
