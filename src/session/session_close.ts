/**
 * How a session ends (RFC 9000 section 10): by a close that is repeated against loss, or at once.
 *
 * Invariant: the application hears of the end once, when it is decided; the slot lives on until packets that are under
 * way have arrived, so that they are not answered by a stateless reset.
 *
 * @module
 */
import type { CloseOrigin } from "../error/transport_error.ts";
import { probeTimeout } from "./rtt_estimator.ts";
import type { Session } from "./session.ts";
import { SessionEvent } from "./session_event.ts";
import { forgetIds } from "./session_ids.ts";
import { CLOSE } from "./session_item.ts";
import { ACK_AT, CLOSE_REPEAT_AT, CLOSING_PACKETS, PROBE_AT, STATE_AT } from "./session_row.ts";
import { SessionState } from "./session_state.ts";

const MAX_LINGER_MS = 10_000;

/**
 * Closes a session: tells the peer, repeatedly, and gives the slot back after three probe timeouts.
 *
 * @param s The session; nothing happens when it is closing already.
 * @param code Why.
 * @param origin Whose doing it is.
 * @param text What to tell the peer besides; empty in most cases.
 */
export function closeSession(s: Session, code: number, origin: CloseOrigin, text: string): void {
  if (!s.isOpen) return;
  if (!s.hasKeys || s.path < 0) return endSession(s, code, origin, text);
  settle(s, code, origin, text);
  s.enter(SessionState.Closing);
  const timeout = probeTimeout(s.row);
  const now = s.context.clock.now;
  s.row[STATE_AT] = now + lingerMs(s);
  s.row[CLOSE_REPEAT_AT] = now + timeout;
  s.arm(now + timeout);
  s.call(CLOSE);
}

/**
 * The peer has closed: one close goes back, then nothing more.
 *
 * @param s The session.
 * @param code What the peer says.
 * @param text What it says besides.
 */
export function acceptClose(s: Session, code: number, text: string): void {
  if (s.state >= SessionState.Draining) return;
  const wasOpen = s.isOpen;
  if (wasOpen) settle(s, code, "remote", text);
  s.enter(SessionState.Draining);
  s.row[CLOSE_REPEAT_AT] = Infinity;
  s.row[STATE_AT] = s.context.clock.now + lingerMs(s);
  s.arm(s.row[STATE_AT]!);
  s.due = 0;
  if (wasOpen) s.call(CLOSE);
}

/**
 * Ends a session without a word.
 *
 * @param s The session.
 * @param code Why.
 * @param origin Whose doing it is.
 * @param text What was said; empty in most cases.
 */
export function endSession(s: Session, code: number, origin: CloseOrigin, text: string): void {
  if (s.state === SessionState.Closed) return;
  if (s.isOpen) settle(s, code, origin, text);
  s.due = 0;
  forgetIds(s);
  s.enter(SessionState.Closed);
  s.context.notices.add(s.slot);
}

/**
 * Repeats the close: the time for it has come.
 *
 * @param s A session that is closing.
 * @param now The time in ms.
 */
export function repeatClose(s: Session, now: number): void {
  s.row[CLOSE_REPEAT_AT] = now + probeTimeout(s.row);
  s.call(CLOSE);
}

/**
 * A packet came for a session that is closing: the close is said again, to every packet whose count is a power of two.
 *
 * @param s The session.
 */
export function answerWithClose(s: Session): void {
  const count = ++s.row[CLOSING_PACKETS]!;
  if ((count & (count - 1)) === 0) s.call(CLOSE);
}

/** For how long a session that has closed is known, in ms. */
function lingerMs(s: Session): number {
  return Math.min(3 * probeTimeout(s.row), MAX_LINGER_MS);
}

/** What both ways of ending have in common: the reason stands, nothing is sent or waited for any more. */
function settle(s: Session, code: number, origin: CloseOrigin, text: string): void {
  s.reason = { code, origin, text };
  s.due = s.owed = 0;
  s.row[ACK_AT] = s.row[PROBE_AT] = s.row[STATE_AT] = Infinity;
  s.dropMessages();
  s.notify(SessionEvent.Closed);
}
