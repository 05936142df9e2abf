/**
 * What the common part of secure sockets is configured by, and what a server or a client does besides.
 *
 * @module
 */
import type { PeerCertificate } from "../io/tls/tls_link.ts";
import type { EndpointConfig } from "../session/endpoint_options.ts";
import type { EndpointSetup } from "../session/endpoint_setup.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { DatagramFailure, NumericAddress } from "../transport/datagram_link.ts";
import type { TcpAddress } from "../transport/address.ts";
import type { SecureEventLimits } from "./secure_event_queue.ts";

/** What both kinds of socket are configured by. */
export interface SecureCoreConfig {
  /** The options of the endpoint. */
  readonly endpoint: EndpointConfig;
  /** How much may wait for the application. */
  readonly events: SecureEventLimits;
  /** For how many ms closing waits for the peers. */
  readonly closeTimeoutMs: number;
}

/** What a server or a client does besides. Nothing of this may throw. */
export interface SecureCoreHooks {
  /**
   * A session carries messages, before the application is told.
   *
   * @param session Which.
   * @returns The peer's certificate, where there is one.
   */
  handleConnected(session: SessionMachine): PeerCertificate | undefined;
  /**
   * Whether the application wants a peer whose session carries messages; asked behind `handleConnected`.
   *
   * @param session Which.
   * @returns The answer, or a promise of it, which never rejects.
   */
  welcomes(session: SessionMachine): boolean | Promise<boolean>;
  /**
   * A session is over, after the application was told.
   *
   * @param session Which.
   */
  handleEnded(session: SessionMachine): void;
  /**
   * A resumption came to nothing.
   *
   * @param session Which.
   */
  handleResumptionFailed(session: SessionMachine): void;
  /**
   * A ticket came.
   *
   * @param session Whose.
   * @returns It, as the application keeps it; `undefined` when there is nothing to keep.
   */
  sealTicket(session: SessionMachine): Uint8Array | undefined;
  /**
   * A datagram could not be sent.
   *
   * @param to Where it was to go; borrowed.
   * @param failure Why.
   */
  handleSendFailure(to: NumericAddress, failure: DatagramFailure): void;
  /**
   * The session has moved to another path, or the path that it was asked to take does not reach the peer.
   *
   * @param session Which.
   * @param hasMoved Which of both.
   */
  handlePath?(session: SessionMachine, hasMoved: boolean): void;
  /** The machine was drained; commands and `drain` are legal. */
  handleDrained?(): void;
  /**
   * The datagram socket broke.
   *
   * @param error Why.
   * @returns Whether the socket goes on without it; else it closes.
   */
  handleLinkLost?(error: Error): boolean;
  /**
   * Where the other end of a stream is.
   *
   * @param pathId The stream, as a path.
   * @returns Its address; `undefined` when there is no such stream.
   */
  streamAddress?(pathId: number): TcpAddress | undefined;
  /** Stops whatever would make new sessions; the socket closes. */
  handleClosing(): void;
  /** Settles once what `handleClosing` has stopped is gone; never rejects. */
  whenStopped(): Promise<void>;
}

/** Who takes the events of a socket in place of the application, and gives credit back in its own time. */
export interface SecureEventTaker {
  /**
   * A message of a reliable channel was taken from the events.
   *
   * @param credit What `SecureCore.giveBack` is owed for it.
   */
  handleTaken(credit: number): void;
  /** The machine was drained; commands are legal. */
  handleDrained(): void;
}

/** What an endpoint keeps beyond a restart. */
export type SecureKeys = Pick<EndpointSetup, "resetKey" | "ticketKey">;
