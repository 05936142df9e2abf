/**
 * What an endpoint machine tells its driver.
 *
 * @module
 */
import type { CloseOrigin } from "../error/transport_error.ts";

/** What `pollEvent` reports; which session it is about is on the machine. */
export const SessionEvent = {
  /** The session carries messages from now on; comes first, once. */
  Connected: 1,
  /** A message came; it is described on the machine until the next `pollEvent`. */
  Message: 2,
  /** The send queue is empty again after it refused a message. */
  Drained: 3,
  /** The peer is reached by another path, which is validated. */
  PathChanged: 4,
  /** The path that `migrate` asked for does not reach the peer. */
  PathFailed: 5,
  /** A ticket for a later resumption came: `session.ticket`. */
  TicketReceived: 6,
  /** The resumption came to nothing: establish the session by TLS, or close it. */
  ResumptionFailed: 7,
  /** The session is over, `session.reason` says why; comes last, once. */
  Closed: 8,
} as const;

/** One of the values of {@linkcode SessionEvent}. */
export type SessionEvent = (typeof SessionEvent)[keyof typeof SessionEvent];

/** Why a session ended. */
export interface SessionCloseReason {
  /** A `SessionCloseCode`, or a number that the peer's application chose. */
  readonly code: number;
  /** Whose doing it was. */
  readonly origin: CloseOrigin;
  /** What the closing side said, as it said it; empty in most cases. */
  readonly text: string;
}
