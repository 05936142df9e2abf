/**
 * What transport servers and clients tell their application, and the queue in which it waits to be taken.
 *
 * @module
 */
import { type CloseCode, type CloseCodeName, closeCodeName } from "../error/close_code.ts";
import type { CloseOrigin } from "../error/transport_error.ts";
import type { CloseReason } from "../stream/stream_event.ts";
import type { Address } from "../transport/address.ts";
import { closedError } from "./disconnect.ts";
import type { TransportConnection } from "./transport_connection.ts";
import type { ReceivedMessage } from "./transport_message.ts";
import type { ProtocolLink } from "./transport_protocol.ts";

/** What is known of a connection. */
export interface ConnectionInfo {
  /** By which protocol it came. */
  readonly protocol: string;
  /** The address of this end. */
  readonly local: Address;
  /** The address of the other end. */
  readonly remote: Address;
  /** What the handshake below told: of TLS the peer's certificate, of WebSocket the path and the headers. */
  readonly facts: unknown;
}

/** Why a connection ended. */
export interface TransportCloseReason {
  /** The number of the reason. */
  readonly code: CloseCode;
  /** Its name. */
  readonly name: CloseCodeName | "Unknown";
  /** Whose doing it was. */
  readonly origin: CloseOrigin;
  /** One sentence for people. */
  readonly message: string;
  /** How many messages were queued and never handed to the link whole, at most. */
  readonly unsentCount: number;
  /** The error behind it, where there is one. */
  readonly cause?: unknown;
}

/** An event of a server. */
export type ServerEvent =
  | { readonly type: "connectionEstablished"; readonly sessionId: number; readonly info: ConnectionInfo }
  | { readonly type: "messageReceived"; readonly sessionId: number; readonly message: ReceivedMessage }
  | {
    readonly type: "messageSent";
    readonly sessionId: number;
    /** Every message up to this one was handed to the link. */
    readonly messageId: number;
    /** How many since this was last said. */
    readonly count: number;
  }
  | { readonly type: "connectionClosed"; readonly sessionId: number; readonly reason: TransportCloseReason }
  | { readonly type: "transportError"; readonly sessionId: number | undefined; readonly error: unknown };

/** An event of a client. */
export type ClientEvent =
  | { readonly type: "connected"; readonly info: ConnectionInfo }
  | { readonly type: "messageReceived"; readonly message: ReceivedMessage }
  | { readonly type: "messageSent"; readonly messageId: number; readonly count: number }
  | {
    readonly type: "disconnected";
    readonly reason: TransportCloseReason;
    /** Whether the client tries to connect again. */
    readonly willReconnect: boolean;
  }
  | { readonly type: "error"; readonly error: unknown };

/**
 * What is known of a connection.
 *
 * @param connection The connection.
 * @param link Its link.
 * @returns A plain object.
 */
export function describeConnection(connection: TransportConnection, link: ProtocolLink): ConnectionInfo {
  const { protocol, local, remote } = connection;
  return Object.freeze({ protocol, local, remote, facts: (link as { readonly facts?: unknown }).facts });
}

/**
 * Describes the end of a connection.
 *
 * @param reason Why it ended.
 * @param unsentCount How many messages were not handed to the link, at most.
 * @returns A plain object.
 */
export function describeClose(reason: CloseReason, unsentCount: number): TransportCloseReason {
  const { message, cause } = closedError(reason);
  const { code, origin } = reason;
  const name = closeCodeName(code);
  return Object.freeze({ code, name, origin, message, unsentCount, ...(cause === undefined ? {} : { cause }) });
}
