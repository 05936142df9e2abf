/**
 * Path MTU discovery of a session (RFC 8899): where it may search at all, and how large its datagrams are.
 *
 * Invariants: a search runs only on a link that was declared never to cut datagrams into fragments, towards a peer that
 * takes larger ones, on a path that is validated; elsewhere datagrams have the size that the options say. Why: where the
 * kernel cuts them a search would climb on false success.
 *
 * @module
 */
import { isStreamPath, isValidated, pathLink } from "./session_path.ts";
import type { Session } from "./session.ts";

/**
 * Starts the search of the path in use, if there is one to be made.
 *
 * @param s A session; without traffic nothing happens.
 */
export function startSearch(s: Session): void {
  if (s.traffic === undefined) return;
  const most = searchLimit(s);
  s.searches = most > s.maxDatagramBytes;
  s.traffic.recovery.mtu.start(s.searches ? most : 0);
}

/**
 * The path is another one: all that was learned of it is forgotten.
 *
 * @param s The session.
 */
export function forgetPathState(s: Session): void {
  s.traffic?.recovery.handlePathChange();
  startSearch(s);
}

/**
 * How large the next datagram may be.
 *
 * @param s The session.
 * @returns The size in bytes.
 */
export function datagramLimit(s: Session): number {
  return s.searches && s.traffic !== undefined && isValidated(s, s.path)
    ? Math.max(s.maxDatagramBytes, s.traffic.recovery.datagramBytes)
    : s.maxDatagramBytes;
}

function searchLimit(s: Session): number {
  if (s.path < 0 || isStreamPath(s, s.path) || !isValidated(s, s.path)) return 0;
  const link = s.context.linkBytes.get(pathLink(s, s.path));
  return link === undefined ? 0 : Math.min(link, s.peerDatagramBytes);
}
