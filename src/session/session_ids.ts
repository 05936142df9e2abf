/**
 * The connection ids of a session: those by which the peer reaches this end, and those by which this end reaches the
 * peer (RFC 9000 section 5.1).
 *
 * Each end keeps `ID_COUNT` ids of its own alive, so that the peer has some to spare for new paths. Invariant: every
 * live local id stands in the endpoint's table, and every id of a server in the table of resets of its client.
 *
 * @module
 */
import { RESET_TOKEN_BYTES } from "../wire/session_frame.ts";
import type { Session } from "./session.ts";
import { Item, RETIRE } from "./session_item.ts";
import {
  bytesAt,
  ID_COUNT,
  ID_WIDTH,
  LOCAL_IDS,
  NEXT_SEQUENCE,
  PEER_IDS,
  PEER_SEEN,
  PEER_SEQUENCE,
  RESET_TOKENS,
} from "./session_row.ts";
import { SessionRole } from "./session_state.ts";

/** 0: no id; 1: an id; 2, for an id of the peer: given up, the peer has not acknowledged it. */
const STATE = 0;
const SEQUENCE = 1;
const HIGH = 2;
const LOW = 3;

/** How far back repeated ids are recognised; the bits of an integer. */
const SEEN_WINDOW = 31;

/**
 * Draws a new local id in a free place and lets datagrams find the session by it.
 *
 * @param s The session.
 * @param k The place.
 */
export function drawLocalId(s: Session, k: number): void {
  const { scheme, random, localIds } = s.context;
  do scheme.draw(random); while (localIds.find(scheme.high, scheme.low) >= 0);
  localIds.set(scheme.high, scheme.low, s.slot);
  const at = LOCAL_IDS + k * ID_WIDTH;
  s.words[at + STATE] = 1;
  s.words[at + SEQUENCE] = s.row[NEXT_SEQUENCE]!++;
  s.words[at + HIGH] = scheme.high;
  s.words[at + LOW] = scheme.low;
}

/**
 * Fills the free places with new ids and has them told to the peer.
 *
 * @param s The session.
 */
export function issueLocalIds(s: Session): void {
  for (let k = 0; k < ID_COUNT; k++) {
    if (s.words[LOCAL_IDS + k * ID_WIDTH + STATE] !== 0) continue;
    drawLocalId(s, k);
    s.call(1 << (Item.Id + k));
  }
}

/**
 * The peer will not use an id any more.
 *
 * @param s The session.
 * @param sequence Which.
 * @returns Whether it was ever issued.
 */
export function retireLocalId(s: Session, sequence: number): boolean {
  if (sequence >= s.row[NEXT_SEQUENCE]!) return false;
  for (let k = 0; k < ID_COUNT; k++) {
    const at = LOCAL_IDS + k * ID_WIDTH;
    if (s.words[at + STATE] === 0 || s.words[at + SEQUENCE]! >>> 0 !== sequence) continue;
    s.context.localIds.delete(s.words[at + HIGH]!, s.words[at + LOW]!);
    s.words[at + STATE] = 0;
    issueLocalIds(s);
  }
  return true;
}

/** The sequence number of a local id. */
export function localSequence(s: Session, k: number): number {
  return s.words[LOCAL_IDS + k * ID_WIDTH + SEQUENCE]! >>> 0;
}

/** The upper half of a local id. */
export function localHigh(s: Session, k: number): number {
  return s.words[LOCAL_IDS + k * ID_WIDTH + HIGH]!;
}

/** The lower half of a local id. */
export function localLow(s: Session, k: number): number {
  return s.words[LOCAL_IDS + k * ID_WIDTH + LOW]!;
}

/**
 * The peer issued an id.
 *
 * @param s The session.
 * @param sequence Its place in the order of the peer's ids.
 * @param high The upper half.
 * @param low The lower half.
 * @param from The memory that holds the id's reset token.
 * @param tokenAt Where the token starts.
 * @returns Whether there was room, as there is for a peer that keeps to the rules.
 */
export function addPeerId(
  s: Session,
  sequence: number,
  high: number,
  low: number,
  from: Uint8Array,
  tokenAt: number,
): boolean {
  if (wasSeen(s.row, sequence)) return true;
  const place = freePlace(s.words);
  if (place < 0) return false;
  const at = PEER_IDS + place * ID_WIDTH;
  s.words[at + STATE] = 1;
  s.words[at + SEQUENCE] = sequence | 0;
  s.words[at + HIGH] = high;
  s.words[at + LOW] = low;
  resetTokenOf(s, place).set(from.subarray(tokenAt, tokenAt + RESET_TOKEN_BYTES));
  if (s.role === SessionRole.Client) s.context.resetIds.set(high, low, s.slot);
  return true;
}

/**
 * Chooses the peer's id for a new path.
 *
 * @param s The session.
 * @param wantsOther Whether the path should have an id of its own.
 * @param current The place of the id in use.
 * @param used A bit for each place that a path uses.
 * @returns The place; that of the id in use when there is none to spare.
 */
export function choosePeerId(s: Session, wantsOther: boolean, current: number, used: number): number {
  for (let k = 0; wantsOther && k < ID_COUNT; k++) {
    if (s.words[PEER_IDS + k * ID_WIDTH + STATE] === 1 && (used & (1 << k)) === 0) return k;
  }
  return current;
}

/**
 * No path uses an id of the peer any more.
 *
 * @param s The session.
 * @param k Its place.
 */
export function releasePeerId(s: Session, k: number): void {
  const at = PEER_IDS + k * ID_WIDTH;
  if (s.words[at + STATE] !== 1) return;
  s.words[at + STATE] = 2;
  forgetReset(s, k);
  s.call(RETIRE);
}

/** The peer knows which ids were given up. */
export function settleRetired(s: Session): void {
  for (let k = 0; k < ID_COUNT; k++) {
    if (s.words[PEER_IDS + k * ID_WIDTH + STATE] === 2) s.words[PEER_IDS + k * ID_WIDTH + STATE] = 0;
  }
}

/** The sequence number of an id that was given up, or -1 for any other place. */
export function retiredSequence(s: Session, k: number): number {
  const at = PEER_IDS + k * ID_WIDTH;
  return s.words[at + STATE] === 2 ? s.words[at + SEQUENCE]! >>> 0 : -1;
}

/** The upper half of an id of the peer. */
export function peerHigh(s: Session, k: number): number {
  return s.words[PEER_IDS + k * ID_WIDTH + HIGH]!;
}

/** The lower half of an id of the peer. */
export function peerLow(s: Session, k: number): number {
  return s.words[PEER_IDS + k * ID_WIDTH + LOW]!;
}

/**
 * The place of a live id of the peer.
 *
 * @param s The session.
 * @param high The upper half.
 * @param low The lower half.
 * @returns The place, or -1.
 */
export function findPeerId(s: Session, high: number, low: number): number {
  for (let k = 0; k < ID_COUNT; k++) {
    const at = PEER_IDS + k * ID_WIDTH;
    if (s.words[at + STATE] === 1 && s.words[at + HIGH] === high && s.words[at + LOW] === low) return k;
  }
  return -1;
}

/**
 * The reset token of an id of the peer.
 *
 * @param s The session.
 * @param k The id's place.
 * @returns A view.
 */
export function resetTokenOf(s: Session, k: number): Uint8Array {
  return bytesAt(s.words, RESET_TOKENS + k * RESET_TOKEN_BYTES / 4, RESET_TOKEN_BYTES);
}

/** Takes all ids of a session out of the endpoint's tables. */
export function forgetIds(s: Session): void {
  for (let k = 0; k < ID_COUNT; k++) {
    const at = LOCAL_IDS + k * ID_WIDTH;
    if (s.words[at + STATE] !== 0) s.context.localIds.delete(s.words[at + HIGH]!, s.words[at + LOW]!);
    s.words[at + STATE] = 0;
    forgetReset(s, k);
  }
}

/** Takes the ids of the peer away, for a session whose peer is not known yet. */
export function forgetPeerIds(s: Session): void {
  s.row[PEER_SEQUENCE] = -1;
  s.row[PEER_SEEN] = 0;
  for (let k = 0; k < ID_COUNT; k++) {
    forgetReset(s, k);
    s.words[PEER_IDS + k * ID_WIDTH + STATE] = 0;
  }
}

function forgetReset(s: Session, k: number): void {
  const at = PEER_IDS + k * ID_WIDTH;
  if (s.role !== SessionRole.Client || s.words[at + STATE] === 0) return;
  const { resetIds } = s.context;
  if (resetIds.find(s.words[at + HIGH]!, s.words[at + LOW]!) === s.slot) {
    resetIds.delete(s.words[at + HIGH]!, s.words[at + LOW]!);
  }
}

/** A place without an id, or that of an id that was given up: a peer that issues another one knows of that. */
function freePlace(words: Int32Array): number {
  let place = -1;
  for (let k = ID_COUNT - 1; k >= 0; k--) {
    const state = words[PEER_IDS + k * ID_WIDTH + STATE]!;
    if (state === 0) place = k;
    else if (state === 2 && (place < 0 || words[PEER_IDS + place * ID_WIDTH + STATE] === 2)) place = k;
  }
  return place;
}

/** Whether the peer issued an id with that sequence number before; from now on it did. */
function wasSeen(row: Float64Array, sequence: number): boolean {
  const ahead = sequence - row[PEER_SEQUENCE]!;
  if (ahead > 0) {
    row[PEER_SEEN] = ahead >= SEEN_WINDOW ? 1 : (row[PEER_SEEN]! << ahead) | 1;
    row[PEER_SEQUENCE] = sequence;
    return false;
  }
  if (-ahead >= SEEN_WINDOW) return true;
  const bit = 1 << -ahead;
  const seen = (row[PEER_SEEN]! & bit) !== 0;
  row[PEER_SEEN] = row[PEER_SEEN]! | bit;
  return seen;
}
