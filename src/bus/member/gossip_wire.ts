/**
 * The numbers of the gossip format; PROTOCOL.md, sections "Gossip datagrams" to "Statements", is normative.
 *
 *     0         1        2                18                    26        32
 *     +---------+--------+----------------+---------------------+---------+-------------------+----------+
 *     | version | key id | sender's boot  | receiver's boot     | counter | sealed body       | tag (16) |
 *     | 1       | 1      | 16             | first 8; 0: anybody | 6       |                   |          |
 *     +---------+--------+----------------+---------------------+---------+-------------------+----------+
 *     body: [cookie] message, then statements; a statement of kind 0 ends it
 *
 * @module
 */
import { AEAD_TAG_BYTES } from "../../crypto/aead.ts";

/** The first byte of a gossip datagram. */
export const GOSSIP_VERSION = 0xb7;

/** Where the key id stands. */
export const KEY_ID_AT = 1;
/** Where the sender's boot id stands. */
export const SENDER_AT = 2;
/** Where the first bytes of the receiver's boot id stand. */
export const RECEIVER_AT = 18;
/** How many of them there are. */
export const RECEIVER_BYTES = 8;
/** Where the counter stands, 48 bits. */
export const COUNTER_AT = 26;
/** How long the header is; all of it is associated data. */
export const HEADER_BYTES = 32;
/** The shortest datagram. */
export const MIN_DATAGRAM_BYTES: number = HEADER_BYTES + 1 + AEAD_TAG_BYTES;
/** The highest counter. */
export const MAX_COUNTER: number = 2 ** 48 - 1;

/** How long a cookie is: the time (6 bytes) and a MAC. */
export const COOKIE_BYTES = 22;
/** How long an address is: 16 bytes and a port. */
export const WIRE_ADDRESS_BYTES = 18;
/** How long the nonce of a hello is. */
export const NONCE_BYTES = 8;
/** How long hellos and challenges are, and every request at least: nobody is answered with more than that unknown. */
export const MIN_REQUEST_BYTES = 112;

/** The first byte of a body, or of what follows a cookie. */
export const MessageKind = {
  Hello: 1,
  Challenge: 2,
  Ping: 3,
  Ack: 4,
  PingRequest: 5,
  RelayedAck: 6,
  Nack: 7,
  Gossip: 8,
  Pull: 9,
  Page: 10,
  InterestPull: 11,
  InterestPart: 12,
  Cookie: 13,
} as const;

/** One of the values of {@linkcode MessageKind}. */
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/** The first byte of a statement. */
export const StatementKind = {
  End: 0,
  Alive: 1,
  Suspect: 2,
  Failed: 3,
  Left: 4,
  Interest: 5,
} as const;

/** One of the values of {@linkcode StatementKind}. */
export type StatementKind = (typeof StatementKind)[keyof typeof StatementKind];

/** How long a statement of kind suspect, failed or left is: kind, node, boot, incarnation, who says so. */
export const VERDICT_BYTES: number = 1 + 16 + 8 + 4 + 16;
/** How long an interest statement is without its list: kind, node, boot, version, length. */
export const INTEREST_HEADER_BYTES: number = 1 + 16 + 8 + 4 + 2;
/** The longest list that travels inside gossip; a longer one is pulled. */
export const MAX_INLINE_INTEREST_BYTES = 400;
/** How many bytes of a list are in one part. */
export const INTEREST_PART_BYTES = 1000;
/** The highest incarnation that is believed. */
export const MAX_INCARNATION = 0x7fff_ffff;

/** Flag of a hello: it was announced to everyone nearby. */
export const HELLO_ANNOUNCED = 1;
/** Flag of a pull: the sender has members of its own to offer. */
export const PULL_MUTUAL = 1;
/** Flag of a page: it is the last. */
export const PAGE_LAST = 1;
