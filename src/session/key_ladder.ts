/**
 * The keys of a session: one ladder for each direction, each driven by its sender (RFC 9001 section 6, taken apart by
 * direction).
 *
 * The sender takes its next step by packets, bytes or time, and only three probe timeouts after a packet of the current
 * phase was acknowledged; the phase bit in the header tells. The receiver steps when a packet opens under the next key. Invariants:
 * a key that was stepped over is destroyed, the receiver's after three probe timeouts; packets that were sent before a
 * step open by the key before it, those sent after by the one after it, told apart by their numbers.
 *
 * @module
 */
import type { PacketKey } from "../crypto/aead.ts";
import { SECRET_BYTES } from "../wire/session_frame.ts";
import { nextSecret, packetKeyOf, type TrafficSecrets } from "./key_schedule.ts";
import { probeTimeout } from "./rtt_estimator.ts";
import type { Session } from "./session.ts";
import { SessionCounter } from "./session_counters.ts";
import {
  bytesAt,
  NEXT_NUMBER,
  PREVIOUS_UNTIL,
  RECEIVE_PHASE_START,
  RECEIVE_SECRET,
  SEND_PHASE_BYTES,
  SEND_PHASE_SINCE,
  SEND_PHASE_START,
  SEND_SECRET,
  SEND_STEP_FROM,
} from "./session_row.ts";
import { SessionRole } from "./session_state.ts";

/**
 * Gives a session its first keys.
 *
 * @param s The session, which has none.
 * @param secrets The traffic secrets; copied, the caller may overwrite them.
 */
export function installSecrets(s: Session, secrets: TrafficSecrets): void {
  const isClient = s.role === SessionRole.Client;
  const send = isClient ? secrets.client : secrets.server;
  const receive = isClient ? secrets.server : secrets.client;
  bytesAt(s.words, SEND_SECRET, SECRET_BYTES).set(send);
  bytesAt(s.words, RECEIVE_SECRET, SECRET_BYTES).set(receive);
  s.sendKey = packetKeyOf(s.context.aead, send);
  s.receiveKey = packetKeyOf(s.context.aead, receive);
}

/**
 * Whether it is time for the next send keys, and allowed.
 *
 * @param s The session.
 * @returns True when a limit of the phase is reached and a packet of it was acknowledged long enough ago.
 */
export function mayStepSend(s: Session): boolean {
  const { row } = s;
  const now = s.context.clock.now;
  if (now < row[SEND_STEP_FROM]!) return false;
  const start = row[SEND_PHASE_START]!;
  const { rotateAfterPackets, rotateAfterBytes, rotateAfterMs } = s.context.config;
  return row[NEXT_NUMBER]! - start >= rotateAfterPackets || row[SEND_PHASE_BYTES]! >= rotateAfterBytes ||
    rotateAfterMs > 0 && now - row[SEND_PHASE_SINCE]! >= rotateAfterMs;
}

/**
 * A packet of the current send phase was acknowledged for the first time: the next step may be taken once the peer has
 * let go of the keys before (RFC 9001 section 6.5), because it holds no more than one phase of old ones.
 *
 * @param s The session.
 */
export function confirmSend(s: Session): void {
  s.row[SEND_STEP_FROM] = s.context.clock.now + 3 * probeTimeout(s.row);
}

/**
 * Takes the next send keys.
 *
 * @param s The session.
 */
export function stepSend(s: Session): void {
  const secret = bytesAt(s.words, SEND_SECRET, SECRET_BYTES);
  const next = nextSecret(secret);
  secret.set(next);
  s.sendKey!.destroy();
  s.sendKey = packetKeyOf(s.context.aead, next);
  next.fill(0);
  s.sendPhase ^= 1;
  s.row[SEND_PHASE_START] = s.row[NEXT_NUMBER]!;
  s.row[SEND_PHASE_BYTES] = 0;
  s.row[SEND_PHASE_SINCE] = s.row[SEND_STEP_FROM] = Infinity;
  s.count(SessionCounter.SendPhases, 1);
}

/**
 * The key that a packet should open by.
 *
 * @param s The session.
 * @param phase The packet's phase bit.
 * @param number The packet's number.
 * @returns The key.
 */
export function receiveKeyFor(s: Session, phase: number, number: number): PacketKey {
  if (phase === s.receivePhase) return s.receiveKey!;
  if (s.previousKey !== undefined && number < s.row[RECEIVE_PHASE_START]!) return s.previousKey;
  if (s.nextKey === undefined) {
    // Made once for a step, not once for a packet: whoever forges packets of the next phase gains no work of ours.
    const next = nextSecret(bytesAt(s.words, RECEIVE_SECRET, SECRET_BYTES));
    s.nextKey = packetKeyOf(s.context.aead, next);
    next.fill(0);
  }
  return s.nextKey;
}

/**
 * A packet opened: the receiver steps if that was by the next key.
 *
 * @param s The session.
 * @param key The key that opened it.
 * @param number The packet's number.
 */
export function confirmReceive(s: Session, key: PacketKey, number: number): void {
  if (key === s.nextKey) stepReceive(s, number);
  else if (key === s.receiveKey && number < s.row[RECEIVE_PHASE_START]!) s.row[RECEIVE_PHASE_START] = number;
}

/**
 * Destroys the key of the phase before.
 *
 * @param s The session.
 */
export function dropPreviousKey(s: Session): void {
  s.previousKey?.destroy();
  s.previousKey = undefined;
  s.row[PREVIOUS_UNTIL] = Infinity;
}

function stepReceive(s: Session, number: number): void {
  const secret = bytesAt(s.words, RECEIVE_SECRET, SECRET_BYTES);
  const next = nextSecret(secret);
  secret.set(next);
  next.fill(0);
  s.previousKey?.destroy();
  s.previousKey = s.receiveKey;
  s.receiveKey = s.nextKey;
  s.nextKey = undefined;
  s.receivePhase ^= 1;
  s.row[RECEIVE_PHASE_START] = number;
  s.row[PREVIOUS_UNTIL] = s.context.clock.now + 3 * probeTimeout(s.row);
  s.arm(s.row[PREVIOUS_UNTIL]!);
  s.count(SessionCounter.ReceivePhases, 1);
}
