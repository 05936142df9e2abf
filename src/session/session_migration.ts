/**
 * How a session moves between its paths: validation, following the peer, going back (RFC 9000 sections 8.2 and 9).
 *
 * Invariants: a challenge is answered on the path that it came by, and only a response by the same path validates; the
 * newest packet that is no mere probe moves the session, an older one never; a validated path to go back to is kept
 * until the current one is validated. Why a session that was led astray is cautious for a while: who copies packets and
 * is faster than the originals would otherwise turn it to himself again with each copy.
 *
 * @module
 */
import type { DatagramAddress } from "../wire/datagram_address.ts";
import { decodeWord } from "../wire/packet_header.ts";
import { CHALLENGE_BYTES } from "../wire/session_frame.ts";
import { probeTimeout, resetRtt } from "./rtt_estimator.ts";
import type { Session } from "./session.ts";
import { SessionCounter } from "./session_counters.ts";
import { SessionEvent } from "./session_event.ts";
import { PING, PROBES } from "./session_item.ts";
import { forgetPathState, startSearch } from "./session_mtu.ts";
import {
  addPath,
  findPath,
  forgetPath,
  PATH_BYTES_IN,
  PATH_CHALLENGE_DUE,
  PATH_CHALLENGE_HIGH,
  PATH_CHALLENGE_LOW,
  PATH_DROP_AT,
  PATH_IS_FRESH,
  PATH_IS_WANTED,
  PATH_RESPONSE_DUE,
  PATH_RESPONSE_HIGH,
  PATH_RESPONSE_LOW,
  PATH_RETRY_AT,
  PATH_STATE,
  PATH_TRIES,
  pathBase,
  pathLink,
  pathNumbers,
  sameHost,
  UNVALIDATED,
  VALIDATED,
} from "./session_path.ts";
import { CAUTIOUS_UNTIL, MOVED_NUMBER, PATH_COUNT } from "./session_row.ts";

const MAX_TRIES = 5;
const CAUTION_MS = 10_000;
const challenge = new Uint8Array(CHALLENGE_BYTES);

/**
 * Sends a challenge along a path unless one is awaited.
 *
 * @param s The session.
 * @param p The path.
 */
export function startValidation(s: Session, p: number): void {
  const { words } = s;
  const at = pathBase(p);
  if (words[at + PATH_TRIES] !== 0) return;
  s.context.random.fillSecret(challenge);
  words[at + PATH_CHALLENGE_HIGH] = decodeWord(challenge, 0);
  words[at + PATH_CHALLENGE_LOW] = decodeWord(challenge, 4);
  sendChallenge(s, p);
}

/**
 * A challenge came: it is answered on the path that it came by.
 *
 * @param s The session.
 * @param p The path.
 * @param high The first half of its data.
 * @param low The second half.
 */
export function answerChallenge(s: Session, p: number, high: number, low: number): void {
  const { words } = s;
  const at = pathBase(p);
  words[at + PATH_RESPONSE_DUE] = 1;
  words[at + PATH_RESPONSE_HIGH] = high;
  words[at + PATH_RESPONSE_LOW] = low;
  s.call(PROBES);
  // A reply on the path in use shows a peer that was led astray where the session is (RFC 9000 section 9.3.3).
  if (p === s.path) s.call(PING);
}

/**
 * A response came: if it answers the path's challenge the path is validated.
 *
 * @param s The session.
 * @param p The path that it came by; a response by another path proves nothing.
 * @param high The first half of its data.
 * @param low The second half.
 */
export function acceptResponse(s: Session, p: number, high: number, low: number): void {
  const { row, words } = s;
  const at = pathBase(p);
  if (
    words[at + PATH_TRIES] === 0 || words[at + PATH_CHALLENGE_HIGH] !== high || words[at + PATH_CHALLENGE_LOW] !== low
  ) {
    return;
  }
  words[at + PATH_TRIES] = 0;
  row[pathNumbers(p) + PATH_RETRY_AT] = Infinity;
  words[at + PATH_CHALLENGE_DUE] = 0;
  markValidated(s, p);
}

/**
 * A path is known to reach the peer.
 *
 * @param s The session.
 * @param p The path.
 */
export function markValidated(s: Session, p: number): void {
  const { words } = s;
  const at = pathBase(p);
  if (words[at + PATH_STATE] === VALIDATED) return;
  words[at + PATH_STATE] = VALIDATED;
  if (words[at + PATH_IS_WANTED] === 1 && p !== s.path) switchTo(s, p, -1);
  words[at + PATH_IS_WANTED] = 0;
  if (p !== s.path) return;
  s.fallback = -1;
  retireOthers(s);
  if (words[at + PATH_IS_FRESH] === 1) forget(s);
  else if (!s.searches) startSearch(s);
  words[at + PATH_IS_FRESH] = 0;
  tellPath(s);
  s.wake();
}

/**
 * The peer was heard by another path with its newest packet: the session follows.
 *
 * @param s The session.
 * @param p The path.
 * @param number The packet's number.
 */
export function followTo(s: Session, p: number, number: number): void {
  const { row, words } = s;
  const isValidated = words[pathBase(p) + PATH_STATE] === VALIDATED;
  if (!isValidated) {
    startValidation(s, p);
    if (s.context.clock.now < row[CAUTIOUS_UNTIL]!) return;
  }
  const before = s.path;
  const wasValidated = words[pathBase(before) + PATH_STATE] === VALIDATED;
  switchTo(s, p, number);
  s.count(SessionCounter.Migrations, 1);
  if (isValidated) {
    if (!wasValidated) beCautious(s);
    if (words[pathBase(p) + PATH_IS_FRESH] === 1) forget(s);
    words[pathBase(p) + PATH_IS_FRESH] = 0;
    s.fallback = -1;
    retireOthers(s);
    tellPath(s);
  } else if (wasValidated) {
    s.fallback = before;
    // If the peer is still there, its answer brings the session back.
    startValidation(s, before);
  } else {
    abandon(s, before, s.context.clock.now);
  }
}

/**
 * Whether a packet that was received before, if it is authentic, proves that its first copy came from elsewhere.
 *
 * @param s The session.
 * @param p The path that it came by now.
 * @param number Its number.
 * @returns Whether it should be opened to see.
 */
export function showsCopying(s: Session, p: number, number: number): boolean {
  return s.fallback >= 0 && p === s.fallback && number >= s.row[MOVED_NUMBER]!;
}

/**
 * The session goes back to the path before.
 *
 * @param s The session.
 */
export function goBack(s: Session): void {
  const astray = s.path;
  const { fallback } = s;
  s.path = fallback;
  s.fallback = -1;
  forgetPath(s, astray);
  beCautious(s);
  s.count(SessionCounter.MigrationsReverted, 1);
  s.wake();
}

/**
 * Does what time asks of paths: challenges again, gives up, forgets.
 *
 * @param s The session.
 * @param now The time in ms.
 */
export function handlePathTimeouts(s: Session, now: number): void {
  const { row, words } = s;
  for (let p = 0; p < PATH_COUNT; p++) {
    const at = pathBase(p);
    if (words[at + PATH_STATE] === 0) continue;
    if (now >= row[pathNumbers(p) + PATH_DROP_AT]! && p !== s.path && p !== s.fallback) forgetPath(s, p);
    else if (now >= row[pathNumbers(p) + PATH_RETRY_AT]!) retry(s, p);
  }
}

/**
 * The earliest time at which a path asks for something.
 *
 * @param s The session.
 * @returns Milliseconds, or `Infinity`.
 */
export function nextPathTimeout(s: Session): number {
  let next = Infinity;
  for (let p = 0; p < PATH_COUNT; p++) {
    const at = pathBase(p);
    if (s.words[at + PATH_STATE] === 0) continue;
    next = Math.min(next, s.row[pathNumbers(p) + PATH_RETRY_AT]!);
    if (p !== s.path && p !== s.fallback) next = Math.min(next, s.row[pathNumbers(p) + PATH_DROP_AT]!);
  }
  return next;
}

/**
 * Opens a path that the application wants: it is probed, and taken once it is validated.
 *
 * @param s The session.
 * @param pathId The link.
 * @param address The peer's address there.
 * @returns Whether there was room for it.
 */
export function probePath(s: Session, pathId: number, address: DatagramAddress): boolean {
  let p = findPath(s, pathId, address);
  if (p === s.path && p >= 0) return true;
  if (p < 0) p = addPath(s, pathId, address, false);
  if (p < 0) return false;
  const at = pathBase(p);
  // This end chose the address: it is no amplifier for what it asks for itself.
  s.row[pathNumbers(p) + PATH_BYTES_IN] = Infinity;
  s.words[at + PATH_IS_WANTED] = 1;
  s.row[pathNumbers(p) + PATH_DROP_AT] = Infinity;
  if (s.words[at + PATH_STATE] === VALIDATED) s.words[at + PATH_STATE] = UNVALIDATED;
  startValidation(s, p);
  return true;
}

/**
 * Takes a path at once: nothing was heard on any other.
 *
 * @param s A client that has not heard its server.
 * @param pathId The link.
 * @param address The peer's address there.
 * @returns Whether there was room for it.
 */
export function takePath(s: Session, pathId: number, address: DatagramAddress): boolean {
  const known = findPath(s, pathId, address);
  const p = known >= 0 ? known : addPath(s, pathId, address, true);
  if (p < 0) return false;
  s.path = s.told = p;
  s.row[pathNumbers(p) + PATH_DROP_AT] = Infinity;
  s.call(PING);
  return true;
}

/**
 * The link of a path is gone: the session goes back to another path that is validated, if it knows one.
 *
 * @param s The session.
 * @param pathId The link.
 */
export function loseLink(s: Session, pathId: number): void {
  for (let p = 0; p < PATH_COUNT; p++) {
    if (s.words[pathBase(p) + PATH_STATE] === 0 || pathLink(s, p) !== pathId) continue;
    if (p !== s.path) {
      if (p === s.fallback) s.fallback = -1;
      forgetPath(s, p);
      continue;
    }
    if (s.fallback < 0) s.fallback = otherValidated(s);
    if (s.fallback < 0) continue;
    s.path = s.fallback;
    s.fallback = -1;
    forgetPath(s, p);
    tellPath(s);
    s.wake();
  }
}

function switchTo(s: Session, p: number, number: number): void {
  s.words[pathBase(p) + PATH_IS_FRESH] = sameHost(s.words, pathBase(s.path), pathBase(p)) ? 0 : 1;
  s.path = p;
  s.row[MOVED_NUMBER] = number;
  s.row[pathNumbers(p) + PATH_DROP_AT] = Infinity;
  s.wake();
}

function beCautious(s: Session): void {
  s.row[CAUTIOUS_UNTIL] = s.context.clock.now + CAUTION_MS;
}

/** A validated path that is not in use, on a link that is there; -1: none. */
function otherValidated(s: Session): number {
  for (let p = 0; p < PATH_COUNT; p++) {
    if (p === s.path || s.words[pathBase(p) + PATH_STATE] !== VALIDATED) continue;
    if (pathLink(s, p) === pathLink(s, s.path)) continue;
    s.row[pathNumbers(p) + PATH_DROP_AT] = Infinity;
    return p;
  }
  return -1;
}

/** Another host or link: what was learned of the path before is of no account here. */
function forget(s: Session): void {
  resetRtt(s.row, s.context.config.initialRttMs);
  forgetPathState(s);
}

/** Tells the application when the session has another validated path than it knows of. */
function tellPath(s: Session): void {
  if (s.told === s.path) return;
  s.told = s.path;
  if (s.announced) s.notify(SessionEvent.PathChanged);
}

/** What is neither in use nor to go back to is forgotten once reordered packets had their time. */
function retireOthers(s: Session): void {
  const { row, words } = s;
  const dropAt = s.context.clock.now + 3 * probeTimeout(row);
  for (let p = 0; p < PATH_COUNT; p++) {
    const at = pathBase(p);
    if (p === s.path || p === s.fallback || words[at + PATH_STATE] === 0 || words[at + PATH_IS_WANTED] === 1) continue;
    abandon(s, p, Math.min(row[pathNumbers(p) + PATH_DROP_AT]!, dropAt));
  }
  s.arm(dropAt);
}

/** Nobody is interested in a path's validation any more. */
function abandon(s: Session, p: number, dropAt: number): void {
  const at = pathBase(p);
  s.words[at + PATH_TRIES] = s.words[at + PATH_CHALLENGE_DUE] = 0;
  s.row[pathNumbers(p) + PATH_RETRY_AT] = Infinity;
  s.row[pathNumbers(p) + PATH_DROP_AT] = dropAt;
}

function sendChallenge(s: Session, p: number): void {
  const { row, words } = s;
  const at = pathBase(p);
  row[pathNumbers(p) + PATH_RETRY_AT] = s.context.clock.now + probeTimeout(row) * 2 ** words[at + PATH_TRIES]!++;
  words[at + PATH_CHALLENGE_DUE] = 1;
  s.arm(row[pathNumbers(p) + PATH_RETRY_AT]!);
  s.call(PROBES);
}

function retry(s: Session, p: number): void {
  const { row, words } = s;
  const at = pathBase(p);
  if (words[at + PATH_TRIES]! < MAX_TRIES) return sendChallenge(s, p);
  words[at + PATH_TRIES] = 0;
  row[pathNumbers(p) + PATH_RETRY_AT] = Infinity;
  words[at + PATH_CHALLENGE_DUE] = 0;
  if (words[at + PATH_STATE] === VALIDATED) return failValidated(s, p);
  s.count(SessionCounter.PathsFailed, 1);
  if (p === s.path && s.fallback >= 0) goBack(s);
  else if (p === s.path) startValidation(s, p);
  else {
    if (words[at + PATH_IS_WANTED] === 1) s.notify(SessionEvent.PathFailed);
    forgetPath(s, p);
  }
}

/** A validated path that was probed again does not answer: it is no place to go back to. */
function failValidated(s: Session, p: number): void {
  if (p === s.path) return;
  if (p === s.fallback) s.fallback = -1;
  s.count(SessionCounter.PathsFailed, 1);
  forgetPath(s, p);
}
