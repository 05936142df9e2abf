/**
 * Why a link between two nodes ended, as numbers that never change their meaning; codes below 128 travel.
 *
 * The list is append-only. Why not the codes of connections: a peer that has not shown the key is told nothing, so most
 * of these never leave the node.
 *
 * @module
 */

/** The numeric reasons for the end of a link. */
export const LinkCloseCode = {
  /** Either side closed and everything that was accepted before had been handed to the stream. */
  Normal: 0,
  /** The node stops. */
  GoingAway: 1,
  /** Another link between the two nodes took its place. */
  Superseded: 2,
  /** The node that dialled is not wanted: it is not in the mesh, or it left. */
  NotWanted: 3,
  /** The dialled node is another one than was asked for. */
  WrongNode: 4,
  /** Both ends have the same node id. */
  SameNode: 5,
  /** The send queue was full and its policy is to disconnect. */
  QueueFull: 6,
  /** A message is longer than allowed. */
  MessageTooLarge: 7,
  /** What the peer sent, under the right key, breaks the protocol. */
  BadRecord: 8,

  /** The stream broke: reset, unreachable, or any other error of the system. */
  LinkLost: 128,
  /** The peer ended its stream without a word. */
  Truncated: 129,
  /** Bytes that do not open: changed, replayed, out of order, or not by who has the key. */
  NotAuthentic: 130,
  /** The handshake did not finish in time. */
  HandshakeTimeout: 131,
  /** The peer ended its stream before the handshake was complete: another key, or it refused. */
  HandshakeRefused: 132,
  /** The other end has none of the keys, or speaks another version. */
  HandshakeFailed: 133,
  /** Nothing came for as many heartbeats as are allowed to be missed. */
  PeerSilent: 134,
  /** Closing did not finish in time; what was queued stays queued. */
  CloseTimeout: 135,
  /** The caller gave the link up. */
  Aborted: 136,
} as const;

/** One of the values of {@linkcode LinkCloseCode}. */
export type LinkCloseCode = (typeof LinkCloseCode)[keyof typeof LinkCloseCode];

/** From here on codes stay at home. */
const FIRST_LOCAL = 128;

const names = new Map<number, string>(Object.entries(LinkCloseCode).map(([name, code]) => [code, name]));

/**
 * The name of a code.
 *
 * @param code The number.
 * @returns Its name, `"Unknown"` for a number that this version does not know.
 */
export function linkCloseCodeName(code: number): string {
  return names.get(code) ?? "Unknown";
}

/**
 * What a code from a peer counts as here.
 *
 * @param code Any byte.
 * @returns The code; `BadRecord` for one that no peer may send.
 */
export function receivedCloseCode(code: number): LinkCloseCode {
  return code < FIRST_LOCAL && names.has(code) ? code as LinkCloseCode : LinkCloseCode.BadRecord;
}
