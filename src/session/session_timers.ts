/**
 * What time asks of a session.
 *
 * Every rule is a time computed from remembered ones; traffic stores times and moves no timer. Invariant: `nextTimeout`
 * is never later than a rule's time. Why silence is forgiven for a while after the endpoint woke late: a machine that
 * slept, or a thread that was held up, did not hear peers that may have been there all along (`SessionContext.wokeAt`).
 *
 * @module
 */
import { dropPreviousKey, mayStepSend, stepSend } from "./key_ladder.ts";
import { channelsTimeout, handleChannelsTimeout } from "./session_channels.ts";
import { probeTimeout } from "./rtt_estimator.ts";
import { endSession, repeatClose } from "./session_close.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import { SessionCounter } from "./session_counters.ts";
import { SessionEvent } from "./session_event.ts";
import { ACK, FLIGHT, PING } from "./session_item.ts";
import { handlePathTimeouts, nextPathTimeout } from "./session_migration.ts";
import type { Session } from "./session.ts";
import {
  ACK_AT,
  ARMED_AT,
  ASKED_AT,
  CLOSE_REPEAT_AT,
  ELICITED_AT,
  IDLE_TIMEOUT,
  PREVIOUS_UNTIL,
  PROBE_AT,
  RECEIVED_AT,
  SEND_PHASE_SINCE,
  SEND_STEP_FROM,
  STATE_AT,
} from "./session_row.ts";
import { SessionRole, SessionState } from "./session_state.ts";
import { handleTrafficTimeout, trafficTimeout } from "./session_traffic.ts";

/** For how long silence is forgiven after a jump of the clock, in ms, unless the idle timeout is shorter. */
const WAKE_GRACE_MS = 5000;

/** The longest time between two repetitions of what is owed. */
const MAX_PROBE_MS = 10_000;

/** The same before the session is established. */
const MAX_HANDSHAKE_PROBE_MS = 1000;

const MAX_BACKOFF = 16;

/**
 * The earliest time at which the session asks for something.
 *
 * @param s The session.
 * @returns Milliseconds, or `Infinity`.
 */
export function nextTimeout(s: Session): number {
  const { row } = s;
  if (s.state === SessionState.Closed) return Infinity;
  let next = Math.min(row[ACK_AT]!, row[PROBE_AT]!, stateAt(s), row[CLOSE_REPEAT_AT]!, row[PREVIOUS_UNTIL]!);
  if (s.path >= 0) next = Math.min(next, nextPathTimeout(s));
  if (s.traffic !== undefined) next = Math.min(next, trafficTimeout(s, s.traffic));
  if (s.channels !== undefined) next = Math.min(next, channelsTimeout(s));
  if (s.state !== SessionState.Established) return next;
  return Math.min(next, idleAt(s), keepAliveAt(s), rotateAt(s));
}

/**
 * Does what time asks for.
 *
 * @param s The session; its deadline was taken out of the endpoint's table.
 */
export function handleTimeouts(s: Session): void {
  const { row } = s;
  const now = s.context.clock.now;
  row[ARMED_AT] = Infinity;
  if (now >= row[ACK_AT]!) {
    row[ACK_AT] = Infinity;
    s.call(ACK);
  }
  if (now >= row[PREVIOUS_UNTIL]!) dropPreviousKey(s);
  if (now >= row[CLOSE_REPEAT_AT]!) repeatClose(s, now);
  if (now >= stateAt(s)) endState(s);
  if (now >= row[PROBE_AT]!) probe(s);
  if (s.path >= 0) handlePathTimeouts(s, now);
  if (s.isOpen && channelsTimeout(s) <= now) handleChannelsTimeout(s, s.channels!);
  if (s.traffic !== undefined) handleTrafficTimeout(s, s.traffic, now);
  if (s.state === SessionState.Established) keepUp(s, now);
  s.arm(nextTimeout(s));
}

/**
 * Sets the time at which what is owed goes out again.
 *
 * @param s The session.
 */
export function armProbe(s: Session): void {
  const limit = s.state === SessionState.Established ? MAX_PROBE_MS : MAX_HANDSHAKE_PROBE_MS;
  s.row[PROBE_AT] = s.context.clock.now + Math.min(probeTimeout(s.row) * 2 ** s.backoff, limit);
  s.arm(s.row[PROBE_AT]!);
}

/** When an established session asks for its next step of keys, if a packet of the phase was acknowledged. */
export function rotateAt(s: Session): number {
  const { rotateAfterMs } = s.context.config;
  return rotateAfterMs === 0 ? Infinity : Math.max(s.row[SEND_PHASE_SINCE]! + rotateAfterMs, s.row[SEND_STEP_FROM]!);
}

function stateAt(s: Session): number {
  const at = s.row[STATE_AT]!;
  return s.isOpen ? Math.max(at, forgivenUntil(s)) : at;
}

function forgivenUntil(s: Session): number {
  return s.context.wokeAt + Math.min(WAKE_GRACE_MS, s.row[IDLE_TIMEOUT]!);
}

/** When the peer has been silent for too long. */
function silentAt(s: Session): number {
  const since = Math.max(s.row[RECEIVED_AT]!, s.row[ASKED_AT]!);
  return since + Math.max(s.row[IDLE_TIMEOUT]!, 3 * probeTimeout(s.row));
}

function idleAt(s: Session): number {
  return Math.max(silentAt(s), forgivenUntil(s));
}

function keepAliveAt(s: Session): number {
  const { keepAliveMs } = s.context.config;
  if (keepAliveMs === 0 || ((s.owed | s.due) & PING) !== 0) return Infinity;
  const since = Math.max(s.row[RECEIVED_AT]!, s.row[ELICITED_AT]!);
  if (s.role === SessionRole.Client) return since + keepAliveMs;
  // A server waits a little longer: the client's ping does for both.
  return since + keepAliveMs + Math.min(keepAliveMs / 4, Math.max(0, (s.row[IDLE_TIMEOUT]! - keepAliveMs) / 2));
}

function keepUp(s: Session, now: number): void {
  if (now >= idleAt(s)) return endSession(s, SessionCloseCode.IdleTimeout, "link", "");
  const hasJumped = now >= silentAt(s) && s.row[ELICITED_AT]! < s.context.wokeAt;
  if (hasJumped || now >= keepAliveAt(s)) s.call(PING);
  if (now >= rotateAt(s) && mayStepSend(s)) {
    // The peer has to see a packet of the new phase before it can let go of the old one.
    stepSend(s);
    s.call(PING);
  }
}

function probe(s: Session): void {
  s.count(SessionCounter.Probes, 1);
  if (s.backoff < MAX_BACKOFF) s.backoff++;
  s.call(s.state === SessionState.Resuming ? FLIGHT : s.owed);
  armProbe(s);
}

function endState(s: Session): void {
  if (s.state === SessionState.Resuming) return failResumption(s);
  const isHandshake = s.state === SessionState.Confirming;
  endSession(s, isHandshake ? SessionCloseCode.HandshakeTimeout : SessionCloseCode.Normal, "link", "");
}

/**
 * A resumption came to nothing: the session is where it was before.
 *
 * @param s A client that resumes.
 */
export function failResumption(s: Session): void {
  s.flight!.destroy();
  s.flight = undefined;
  s.due &= ~FLIGHT;
  s.backoff = 0;
  s.row[PROBE_AT] = s.row[STATE_AT] = Infinity;
  s.enter(SessionState.Idle);
  s.notify(SessionEvent.ResumptionFailed);
}
