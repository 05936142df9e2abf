/**
 * The paths that a session knows: where they lead, and how much may go out by them (RFC 9000 section 8.1).
 *
 * A path is a link of the driver (`pathId`) and, on a datagram link, the address behind it. Invariants: at most
 * `PATH_COUNT` paths; on a datagram path that is not validated three times the received bytes are sent at most. How a
 * session moves between them is the matter of session_migration.ts.
 *
 * @module
 */
import { ADDRESS_WORDS, type DatagramAddress } from "../wire/datagram_address.ts";
import type { Session } from "./session.ts";
import { choosePeerId, releasePeerId } from "./session_ids.ts";
import { PATH_COUNT, PATH_NUMBERS, PATH_NUMBERS_WIDTH, PATH_WORDS, PATH_WORDS_WIDTH } from "./session_row.ts";

/** Set in the `pathId` of a stream link, such as TLS; the others are datagram links. */
export const STREAM_PATH = 0x4000_0000;

/** Word: 0 when there is no path, {@linkcode UNVALIDATED} or {@linkcode VALIDATED}. */
export const PATH_STATE = 0;
/** Word: the link. */
const PATH_LINK = 1;
/** Words: the address. */
const PATH_ADDRESS = 2;
/** Word: the first half of its challenge. */
export const PATH_CHALLENGE_HIGH = 8;
/** Word: the second half. */
export const PATH_CHALLENGE_LOW = 9;
/** Word: how many challenges went out; 0: none is awaited. */
export const PATH_TRIES = 10;
/** Word: 1 when a challenge is to go out. */
export const PATH_CHALLENGE_DUE = 11;
/** Word: 1 when a response is to go out. */
export const PATH_RESPONSE_DUE = 12;
/** Word: the first half of the data of the response. */
export const PATH_RESPONSE_HIGH = 13;
/** Word: the second half. */
export const PATH_RESPONSE_LOW = 14;
/** Word: the place of the peer's id that packets on it carry. */
const PATH_PEER_ID = 15;
/** Word: 1 when host or link are other ones than before, so that round-trip times start anew. */
export const PATH_IS_FRESH = 16;
/** Word: 1 when the application asked for it. */
export const PATH_IS_WANTED = 17;

/** Number: how many bytes came by it. */
export const PATH_BYTES_IN = 0;
/** Number: how many bytes went out by it. */
const PATH_BYTES_OUT = 1;
/** Number: when the next challenge goes out, or the validation has failed. */
export const PATH_RETRY_AT = 2;
/** Number: when it is forgotten unless it is in use. */
export const PATH_DROP_AT = 3;

/** It is not known whether the peer is there. */
export const UNVALIDATED = 1;
/** The peer has answered there. */
export const VALIDATED = 2;

/** More bytes than any packet has. */
export const UNLIMITED = 0x3fff_ffff;

const AMPLIFICATION = 3;
/** For how long a path is known that was heard of and not used. */
const UNUSED_MS = 10_000;

/**
 * Looks a path up.
 *
 * @param s The session.
 * @param pathId The link.
 * @param address The address; of no account on a stream.
 * @returns The path's index, or -1.
 */
export function findPath(s: Session, pathId: number, address: DatagramAddress): number {
  if (s.path >= 0 && matches(s.words, pathBase(s.path), pathId, address.words)) return s.path;
  for (let p = 0; p < PATH_COUNT; p++) {
    if (p !== s.path && matches(s.words, pathBase(p), pathId, address.words)) return p;
  }
  return -1;
}

/**
 * Makes room for a path.
 *
 * @param s The session.
 * @param pathId The link.
 * @param address The address.
 * @param isValidated Whether packets may go there without limit.
 * @returns The path's index, or -1 when all places are in use.
 */
export function addPath(s: Session, pathId: number, address: DatagramAddress, isValidated: boolean): number {
  const p = freePlace(s);
  if (p < 0) return -1;
  const { row, words } = s;
  const at = pathBase(p);
  clearPath(s, p);
  words[at + PATH_STATE] = isValidated ? VALIDATED : UNVALIDATED;
  words[at + PATH_LINK] = pathId;
  for (let i = 0; i < ADDRESS_WORDS; i++) words[at + PATH_ADDRESS + i] = isStream(pathId) ? 0 : address.words[i]!;
  row[pathNumbers(p) + PATH_RETRY_AT] = Infinity;
  row[pathNumbers(p) + PATH_DROP_AT] = s.path < 0 ? Infinity : s.context.clock.now + UNUSED_MS;
  s.arm(row[pathNumbers(p) + PATH_DROP_AT]!);
  const isOther = s.path >= 0 && !sameHost(words, pathBase(s.path), at);
  words[at + PATH_PEER_ID] = choosePeerId(
    s,
    isOther,
    s.path < 0 ? 0 : words[pathBase(s.path) + PATH_PEER_ID]!,
    usedPeerIds(words, p),
  );
  return p;
}

/**
 * Makes a path the only one of a session, without limit: it was chosen by this end.
 *
 * @param s The session.
 * @param pathId The link.
 * @param address The peer's address there.
 */
export function setPath(s: Session, pathId: number, address: DatagramAddress): void {
  for (let p = 0; p < PATH_COUNT; p++) clearPath(s, p);
  s.path = s.fallback = -1;
  s.path = s.told = addPath(s, pathId, address, true);
}

/**
 * Bytes came by a path.
 *
 * @param s The session.
 * @param p The path.
 * @param bytes How many.
 */
export function creditPath(s: Session, p: number, bytes: number): void {
  s.row[pathNumbers(p) + PATH_BYTES_IN]! += bytes;
}

/**
 * How many bytes may go out by a path now.
 *
 * @param s The session.
 * @param p The path.
 * @returns A count, {@linkcode UNLIMITED} at most: an `Infinity` would be a heap object for every packet.
 */
export function pathBudget(s: Session, p: number): number {
  const { row, words } = s;
  const at = pathBase(p);
  if (words[at + PATH_STATE] === VALIDATED || isStream(words[at + PATH_LINK]!)) return UNLIMITED;
  const budget = AMPLIFICATION * row[pathNumbers(p) + PATH_BYTES_IN]! - row[pathNumbers(p) + PATH_BYTES_OUT]!;
  return Math.min(budget, UNLIMITED);
}

/**
 * Bytes went out by a path.
 *
 * @param s The session.
 * @param p The path.
 * @param bytes How many.
 */
export function chargePath(s: Session, p: number, bytes: number): void {
  s.row[pathNumbers(p) + PATH_BYTES_OUT]! += bytes;
}

/** Whether a session has a path on a link. */
export function hasPathOn({ words }: Session, pathId: number): boolean {
  for (let p = 0; p < PATH_COUNT; p++) {
    if (words[pathBase(p) + PATH_STATE] !== 0 && words[pathBase(p) + PATH_LINK] === pathId) return true;
  }
  return false;
}

/** Which link a path is on. */
export function pathLink(s: Session, p: number): number {
  return s.words[pathBase(p) + PATH_LINK]!;
}

/** Whether a path is a stream. */
export function isStreamPath(s: Session, p: number): boolean {
  return isStream(s.words[pathBase(p) + PATH_LINK]!);
}

/** Whether a path is validated. */
export function isValidated(s: Session, p: number): boolean {
  return s.words[pathBase(p) + PATH_STATE] === VALIDATED;
}

/** The place of the peer's id that packets on a path carry. */
export function pathPeerId(s: Session, p: number): number {
  return s.words[pathBase(p) + PATH_PEER_ID]!;
}

/** Writes the address of a path. */
export function readPathAddress(s: Session, p: number, into: DatagramAddress): void {
  const at = pathBase(p) + PATH_ADDRESS;
  const { words } = s;
  const to = into.words;
  // Written out, as below: these run for every packet.
  to[0] = words[at]!;
  to[1] = words[at + 1]!;
  to[2] = words[at + 2]!;
  to[3] = words[at + 3]!;
  to[4] = words[at + 4]!;
  to[5] = words[at + 5]!;
}

/** Whether a challenge is to go out by a path. */
export function owesChallenge(s: Session, p: number): boolean {
  return s.words[pathBase(p) + PATH_STATE] !== 0 && s.words[pathBase(p) + PATH_CHALLENGE_DUE] === 1;
}

/** Whether a response is to go out by a path. */
export function owesResponse(s: Session, p: number): boolean {
  return s.words[pathBase(p) + PATH_STATE] !== 0 && s.words[pathBase(p) + PATH_RESPONSE_DUE] === 1;
}

/** Makes a path one that there is not. */
function clearPath(s: Session, p: number): void {
  s.words.fill(0, pathBase(p), pathBase(p) + PATH_WORDS_WIDTH);
  s.row.fill(0, pathNumbers(p), pathNumbers(p) + PATH_NUMBERS_WIDTH);
}

/** Where the numbers of a path start in the session's numbers. */
export function pathNumbers(p: number): number {
  return PATH_NUMBERS + p * PATH_NUMBERS_WIDTH;
}

/** Where a path starts in the session's words. */
export function pathBase(p: number): number {
  return PATH_WORDS + p * PATH_WORDS_WIDTH;
}

/** A bit for the peer id of every path but one. */
function usedPeerIds(words: Int32Array, except: number): number {
  let used = 0;
  for (let p = 0; p < PATH_COUNT; p++) {
    if (p !== except && words[pathBase(p) + PATH_STATE] !== 0) used |= 1 << words[pathBase(p) + PATH_PEER_ID]!;
  }
  return used;
}

function isStream(pathId: number): boolean {
  return (pathId & STREAM_PATH) !== 0;
}

function matches(words: Int32Array, at: number, pathId: number, address: Int32Array): boolean {
  if (words[at + PATH_STATE] === 0 || words[at + PATH_LINK] !== pathId) return false;
  if (isStream(pathId)) return true;
  const from = at + PATH_ADDRESS;
  return words[from + 3] === address[3] && words[from + 4] === address[4] && words[from + 2] === address[2] &&
    words[from + 1] === address[1] && words[from] === address[0] && words[from + 5] === address[5];
}

/** Whether two paths, by where they start in the words, differ in the port at most. */
export function sameHost(words: Int32Array, a: number, b: number): boolean {
  if (words[a + PATH_LINK] !== words[b + PATH_LINK]) return false;
  for (let i = 0; i < ADDRESS_WORDS; i++) {
    if (i !== 4 && words[a + PATH_ADDRESS + i] !== words[b + PATH_ADDRESS + i]) return false;
  }
  return true;
}

/** A place that is free, or that of the path that has been out of use for longest; one that is probed is kept. */
function freePlace(s: Session): number {
  let oldest = -1;
  for (let p = 0; p < PATH_COUNT; p++) {
    const at = pathBase(p);
    if (s.words[at + PATH_STATE] === 0) return p;
    if (p === s.path || p === s.fallback || s.words[at + PATH_TRIES] !== 0) continue;
    if (oldest < 0 || s.row[pathNumbers(p) + PATH_DROP_AT]! < s.row[pathNumbers(oldest) + PATH_DROP_AT]!) oldest = p;
  }
  if (oldest >= 0) forgetPath(s, oldest);
  return oldest;
}

/** Forgets a path, and gives the id up that was its own. */
export function forgetPath(s: Session, p: number): void {
  const at = pathBase(p);
  const id = s.words[at + PATH_PEER_ID]!;
  clearPath(s, p);
  if (p === s.told) s.told = -1;
  if ((usedPeerIds(s.words, p) & (1 << id)) === 0) releasePeerId(s, id);
}
