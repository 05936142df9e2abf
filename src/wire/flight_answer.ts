/**
 * What a server answers a first flight with (STANDARD.md, section 7): the reply, the retry with a cookie, the refusal.
 *
 * Encode and decode only. A reply is sealed under the session's keys and numbered in the session's space; a retry and a
 * refusal are not sealed, because the server keeps nothing for them. Invariant: both repeat the client's connection id
 * and the beginning of its random, so that only who saw the first flight can make them.
 *
 * @module
 */
import { COOKIE_BYTES, RANDOM_ECHO_BYTES } from "./first_flight.ts";
import {
  CONNECTION_ID_BYTES,
  decodeWord,
  encodeNumber,
  encodeWord,
  firstByte,
  ID_OFFSET,
  NUMBER_OFFSET,
  PacketType,
} from "./packet_header.ts";
import { SECRET_BYTES } from "./session_frame.ts";

/**
 * ```text
 *  0      1             9        17            25             57                  n - 16  n
 *  +------+-------------+--------+-------------+--------------+-------------------+-------+
 *  | 1101 | destination | number | server's    | server's     | sealed frames     | tag   |
 *  | 0100 | id          | uint64 | id 8        | share 32     |                   |       |
 *  +------+-------------+--------+-------------+--------------+-------------------+-------+
 *                                |<------- the transcript --->|
 * ```
 */
export const REPLY_HEADER_BYTES: number = 25 + SECRET_BYTES;

/** Where the server's connection id stands in a reply, and its transcript starts. */
export const REPLY_ID_OFFSET = 17;

/** Where the server's share stands in a reply. */
export const REPLY_SHARE_OFFSET = 25;

/**
 * ```text
 *  0      1             9             17        41
 *  +------+-------------+-------------+---------+
 *  | 1101 | destination | first bytes | cookie  |
 *  | 0110 | id          | of random 8 | 24      |
 *  +------+-------------+-------------+---------+
 * ```
 */
export const RETRY_BYTES: number = 17 + COOKIE_BYTES;

/**
 * ```text
 *  0      1             9             17       18
 *  +------+-------------+-------------+--------+
 *  | 1101 | destination | first bytes | reason |
 *  | 1000 | id          | of random 8 | uint8  |
 *  +------+-------------+-------------+--------+
 * ```
 */
export const REFUSAL_BYTES = 18;

/** Where the random's first bytes stand in a retry and a refusal. */
export const ECHO_OFFSET: number = ID_OFFSET + CONNECTION_ID_BYTES;

/** Where a retry has its cookie and a refusal its reason. */
export const ANSWER_OFFSET: number = ECHO_OFFSET + RANDOM_ECHO_BYTES;

/** Why a first flight was refused. */
export const RefusalReason = {
  /** No key of the server opens the ticket. */
  UnknownTicket: 1,
  /** The ticket is older than its lifetime. */
  ExpiredTicket: 2,
  /** The ticket was used with another random. */
  UsedTicket: 3,
  /** The server has no room. */
  Busy: 4,
} as const;

/** One of the values of {@linkcode RefusalReason}. */
export type RefusalReason = (typeof RefusalReason)[keyof typeof RefusalReason];

/**
 * Writes the header of a reply.
 *
 * @param into The memory.
 * @param at Where the datagram starts.
 * @param idHigh The client's connection id, upper half.
 * @param idLow Lower half.
 * @param number The packet number, in the space of the session.
 * @param transcript The server's connection id and share, 40 bytes.
 * @returns The index after the header, where the sealed frames start.
 */
export function encodeReplyHeader(
  into: Uint8Array,
  at: number,
  idHigh: number,
  idLow: number,
  number: number,
  transcript: Uint8Array,
): number {
  into[at] = firstByte(PacketType.Reply, 0);
  encodeWord(into, at + ID_OFFSET, idHigh);
  encodeWord(into, at + ID_OFFSET + 4, idLow);
  encodeNumber(into, at + NUMBER_OFFSET, number);
  into.set(transcript, at + REPLY_ID_OFFSET);
  return at + REPLY_HEADER_BYTES;
}

/**
 * Writes a retry.
 *
 * @param into The memory.
 * @param at Where the datagram starts.
 * @param idHigh The client's connection id, upper half.
 * @param idLow Lower half.
 * @param random The client's random.
 * @param cookie {@linkcode COOKIE_BYTES} bytes.
 * @returns The index after the datagram.
 */
export function encodeRetry(
  into: Uint8Array,
  at: number,
  idHigh: number,
  idLow: number,
  random: Uint8Array,
  cookie: Uint8Array,
): number {
  encodeEcho(into, at, PacketType.Retry, idHigh, idLow, random);
  into.set(cookie, at + ANSWER_OFFSET);
  return at + RETRY_BYTES;
}

/**
 * Writes a refusal.
 *
 * @param into The memory.
 * @param at Where the datagram starts.
 * @param idHigh The client's connection id, upper half.
 * @param idLow Lower half.
 * @param random The client's random.
 * @param reason Why.
 * @returns The index after the datagram.
 */
export function encodeRefusal(
  into: Uint8Array,
  at: number,
  idHigh: number,
  idLow: number,
  random: Uint8Array,
  reason: RefusalReason,
): number {
  encodeEcho(into, at, PacketType.Refusal, idHigh, idLow, random);
  into[at + ANSWER_OFFSET] = reason;
  return at + REFUSAL_BYTES;
}

/**
 * Whether a retry or refusal repeats a client's random.
 *
 * @param from The memory; it must hold the datagram.
 * @param at Where the datagram starts.
 * @param random The client's random.
 * @returns Whether its first bytes stand there.
 */
export function echoesRandom(from: Uint8Array, at: number, random: Uint8Array): boolean {
  return decodeWord(from, at + ECHO_OFFSET) === decodeWord(random, 0) &&
    decodeWord(from, at + ECHO_OFFSET + 4) === decodeWord(random, 4);
}

function encodeEcho(
  into: Uint8Array,
  at: number,
  type: PacketType,
  idHigh: number,
  idLow: number,
  random: Uint8Array,
): void {
  into[at] = firstByte(type, 0);
  encodeWord(into, at + ID_OFFSET, idHigh);
  encodeWord(into, at + ID_OFFSET + 4, idLow);
  encodeWord(into, at + ECHO_OFFSET, decodeWord(random, 0));
  encodeWord(into, at + ECHO_OFFSET + 4, decodeWord(random, 4));
}
