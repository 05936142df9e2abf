/**
 * The moment at which a session is heard from under its keys.
 *
 * @module
 */
import type { Session } from "./session.ts";
import { SessionEvent } from "./session_event.ts";
import { issueLocalIds } from "./session_ids.ts";
import { ACCEPT, ACK, DONE, TICKET } from "./session_item.ts";
import { markValidated, startValidation } from "./session_migration.ts";
import { STATE_AT } from "./session_row.ts";
import { SessionRole, SessionState } from "./session_state.ts";
import { nextTimeout } from "./session_timers.ts";

/**
 * The first packet under the session's keys was opened.
 *
 * @param s The session, which waited for it.
 * @param path The path that it came by; -1 when there was no place for it.
 */
export function establish(s: Session, path: number): void {
  s.enter(SessionState.Established);
  s.row[STATE_AT] = Infinity;
  s.backoff = 0;
  s.call(ACK);
  if (s.role === SessionRole.Server) confirm(s, path);
  issueLocalIds(s);
  announce(s);
  s.arm(nextTimeout(s));
}

/**
 * Tells the application of the session, once.
 *
 * @param s The session.
 */
export function announce(s: Session): void {
  if (s.announced) return;
  s.announced = true;
  s.notify(SessionEvent.Connected);
}

function confirm(s: Session, path: number): void {
  s.told = s.path;
  s.call(s.grant === undefined ? DONE : DONE | TICKET);
  if (s.reply === undefined) {
    startValidation(s, s.path);
  } else {
    s.reply = undefined;
    s.owed &= ~ACCEPT;
    s.due &= ~ACCEPT;
    // Only who got the reply knows the id and the keys.
    if (path === s.path) markValidated(s, path);
    else startValidation(s, s.path);
  }
  s.context.replaced = s.parent;
}
