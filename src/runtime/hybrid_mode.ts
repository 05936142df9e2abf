/**
 * Which of its two paths carries a session, and how the application is told.
 *
 * @module
 */
import type { SessionMachine } from "../session/session_machine.ts";
import { STREAM_PATH } from "../session/session_path.ts";
import type { TcpAddress, UdpAddress } from "../transport/address.ts";
import type { SecureCore } from "./secure_core.ts";
import type { SecureConnected, SecureEvent } from "./secure_event.ts";

/** What carries a session: datagrams, or the TLS stream. */
export type TransportMode = "udp" | "tcp";

/** A peer is there: messages flow from now on. The first event of a peer. */
export interface HybridConnected extends Omit<SecureConnected, "address"> {
  /** Where the peer is now: a TCP address when the stream carries its session; it may move later. */
  readonly address: UdpAddress | TcpAddress;
}

/** The session of a peer has moved from one of its paths to the other one. */
export interface TransportModeChanged {
  /** Which event this is. */
  readonly type: "transportMode";
  /** Whose session. */
  readonly peerId: number;
  /** What carries it now. */
  readonly mode: TransportMode;
}

/** What a hybrid socket tells the application. */
export type HybridEvent = HybridConnected | Exclude<SecureEvent, SecureConnected> | TransportModeChanged;

/**
 * What carries a session.
 *
 * @param session One that has a path.
 * @returns Which of both.
 */
export function transportModeOf({ pathId }: SessionMachine): TransportMode {
  return pathId >= 0 && (pathId & STREAM_PATH) !== 0 ? "tcp" : "udp";
}

/**
 * Tells the application that a session has moved. Where no event finds room nothing is told: the mode can be asked for.
 *
 * @param core The socket's common part.
 * @param session Which session; nothing happens when the application does not know it.
 */
export function tellMode(core: SecureCore, session: SessionMachine): void {
  if (!core.events.hasRoom || !core.peers.has(session.id)) return;
  const event: TransportModeChanged = { type: "transportMode", peerId: session.id, mode: transportModeOf(session) };
  // The queue hands on what it is given; the types of a hybrid socket name this event.
  core.events.push(event as unknown as SecureEvent);
}
