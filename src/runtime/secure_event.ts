/**
 * What a secure socket tells the application, and why a peer is gone.
 *
 * @module
 */
import type { CloseCode } from "../error/close_code.ts";
import { ClosedError, type CloseOrigin } from "../error/transport_error.ts";
import type { PeerCertificate } from "../io/tls/tls_link.ts";
import { SessionCloseCode, sessionCloseCodeName } from "../session/session_close_code.ts";
import type { SessionCloseReason } from "../session/session_event.ts";
import type { UdpAddress } from "../transport/address.ts";

/** Why a peer is gone. */
export interface SecureDisconnectReason {
  /** The reason as a number that never changes its meaning: a `SessionCloseCode`, from 32768 on the application's own. */
  readonly code: number;
  /** Its name; `Application` for a number of the application's. */
  readonly name: keyof typeof SessionCloseCode | "Application" | "Unknown";
  /** Whose doing it was. */
  readonly origin: CloseOrigin;
  /** What the peer said besides, as it said it; empty in most cases. */
  readonly text: string;
  /** One sentence for people; branch on `code`. */
  readonly message: string;
}

/** A peer is there: messages flow from now on. The first event of a peer. */
export interface SecureConnected {
  /** Which event this is. */
  readonly type: "connected";
  /** The number that names the peer at this socket; never used again. A client's server is 1. */
  readonly peerId: number;
  /** Where the peer is now; it may move later. */
  readonly address: UdpAddress;
  /** Whether the session was resumed with a ticket. */
  readonly isResumed: boolean;
  /** What the client showed to the server, now or when it got the ticket; a client's is empty. */
  readonly token: Uint8Array;
  /** The client's certificate, where the server asked for one, the client has one, and the session is not resumed. */
  readonly certificate: PeerCertificate | undefined;
}

/** A message came. */
export interface SecureData {
  /** Which event this is. */
  readonly type: "data";
  /** Who sent it. */
  readonly peerId: number;
  /** By which channel it came. */
  readonly channel: number;
  /**
   * The message. The bytes are the application's, to keep and to change; the memory behind them holds other messages
   * too, so copy it (`data.slice()`) before `data.buffer` is handed to a worker by transfer, and where few of many messages
   * are kept for long: a message holds on to up to 32 KiB.
   */
  readonly data: Uint8Array<ArrayBuffer>;
  /**
   * Whether it was sent ahead of the handshake: nobody can have it delivered twice, but somebody who held it back can
   * have it delivered later than the sender meant.
   */
  readonly isEarly: boolean;
}

/** A peer is gone. The last event of a peer. */
export interface SecureDisconnected {
  /** Which event this is. */
  readonly type: "disconnected";
  /** Who is gone. */
  readonly peerId: number;
  /** Why. */
  readonly reason: SecureDisconnectReason;
}

/** A server gave a ticket for a later resumption; the newest one counts. */
export interface SecureTicketReceived {
  /** Which event this is. */
  readonly type: "ticket";
  /** The server. */
  readonly peerId: number;
  /** What `SecureSocket.connect` takes; a secret, good for one attempt. */
  readonly ticket: Uint8Array;
}

/** A channel that refused a message offered by `trySend` may have room again: offer it once more. */
export interface SecureDrained {
  /** Which event this is. */
  readonly type: "drained";
  /** To whom the message was to go. */
  readonly peerId: number;
  /** The channel that refused it. */
  readonly channel: number;
}

/** What a secure socket tells the application. */
export type SecureEvent = SecureConnected | SecureData | SecureDrained | SecureDisconnected | SecureTicketReceived;

/** What lies behind the reasons that are not plain from their name. */
const EXPLANATIONS: ReadonlyMap<number, string> = new Map<number, string>([
  [SessionCloseCode.IdleTimeout, "nothing authentic came for longer than the idle timeout"],
  [SessionCloseCode.HandshakeTimeout, "no packet came by UDP in time"],
  [SessionCloseCode.ProtocolViolation, "an authentic packet broke the standard"],
  [SessionCloseCode.ForgeryLimit, "more packets were forged than the keys allow"],
  [SessionCloseCode.StatelessReset, "the peer has lost the session"],
  [SessionCloseCode.Replaced, "the same client has a newer session"],
  [SessionCloseCode.OptimisticAck, "a packet was acknowledged that was never sent"],
  [SessionCloseCode.VersionMismatch, "the server speaks no version that the client speaks"],
  [SessionCloseCode.Busy, "the server has no room"],
  [SessionCloseCode.BadHello, "the peer broke the format of the hello"],
  [SessionCloseCode.NotAuthorized, "the server's application refused the client"],
]);

/**
 * Describes the end of a session.
 *
 * @param reason What the machine says.
 * @returns The description for the application.
 */
export function describeSecureReason({ code, origin, text }: SessionCloseReason): SecureDisconnectReason {
  const name = sessionCloseCodeName(code);
  return Object.freeze({ code, name, origin, text, message: explain(code, origin) });
}

/**
 * A reason as a sentence.
 *
 * @param code The number.
 * @param origin Whose doing it was.
 * @returns The name, the origin, and what lies behind it.
 */
export function explain(code: number, origin: CloseOrigin): string {
  const name = sessionCloseCodeName(code);
  const explanation = EXPLANATIONS.get(code);
  const label = name === "Application" || name === "Unknown" ? `${name} ${code}` : name;
  return `${label} (${origin})${explanation === undefined ? "" : `: ${explanation}`}`;
}

/**
 * The error that sends are rejected with after the end of a session.
 *
 * @param reason What the machine says.
 * @returns The error; its `closeCode` is the reason's number.
 */
export function secureClosedError({ code, origin }: SessionCloseReason): ClosedError {
  const error = new ClosedError(code as CloseCode, origin);
  error.message = `The session is closed: ${explain(code, origin)}`;
  return error;
}
