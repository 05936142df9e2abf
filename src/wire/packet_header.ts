/**
 * The first byte of every datagram and the header of session packets (STANDARD.md, sections 4 and 5).
 *
 * Encode and decode only, stateless. Invariant: the whole header is associated data of the packet's seal, so that a
 * changed bit of it is a forged packet. Why 1101 in the high bits: STUN, DTLS, RTP and TURN channels (RFC 7983) never
 * begin with it, so that they may share a socket.
 *
 * @module
 */

/** How many bytes a connection id has. */
export const CONNECTION_ID_BYTES = 8;

/** The smallest datagram payload that every link carries, and what a first flight is padded to. */
export const BASE_DATAGRAM_BYTES = 1200;

/**
 * ```text
 *  7 6 5 4   3 2 1   0
 * +-------+-------+-------+
 * | 1101  | type  | phase |
 * +-------+-------+-------+
 * ```
 */
export const PacketType = {
  /** Protected frames of a session whose keys both ends have. */
  Session: 0,
  /** A client's resumption: ticket, random, key share, early data. */
  FirstFlight: 1,
  /** The server's answer to a first flight that it accepts. */
  Reply: 2,
  /** The server wants the first flight again with this cookie. */
  Retry: 3,
  /** The server does not take the ticket. */
  Refusal: 4,
} as const;

/** One of the values of {@linkcode PacketType}. */
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

const MARK = 0xd0;
const LAST_TYPE = PacketType.Refusal;
const TWO_32 = 0x1_0000_0000;
const HIGH_LIMIT = 0x20_0000;

/**
 * ```text
 *  0      1               9               17                  n - 16   n
 *  +------+---------------+---------------+-------------------+--------+
 *  | 1101 | destination   | packet number | sealed frames     | tag    |
 *  | 000p | connection id | uint64        |                   |        |
 *  +------+---------------+---------------+-------------------+--------+
 * ```
 */
export const SESSION_HEADER_BYTES = 17;

/** Where the destination's connection id stands in packets that have one. */
export const ID_OFFSET = 1;

/** Where the packet number stands in session packets and replies. */
export const NUMBER_OFFSET = 9;

/**
 * Makes a first byte.
 *
 * @param type What kind of datagram it is.
 * @param phase The key phase, 0 or 1; 0 for everything but session packets.
 * @returns 0 to 255.
 */
export function firstByte(type: PacketType, phase: number): number {
  return MARK | (type << 1) | phase;
}

/**
 * What kind of datagram begins with a byte.
 *
 * @param byte The first byte.
 * @returns A {@linkcode PacketType}, or -1 for anything that is none of this version's.
 */
export function packetType(byte: number): number {
  const type = (byte >> 1) & 7;
  if ((byte & 0xf0) !== MARK || type > LAST_TYPE) return -1;
  return type === PacketType.Session || (byte & 1) === 0 ? type : -1;
}

/**
 * Writes the header of a session packet.
 *
 * @param into The memory; {@linkcode SESSION_HEADER_BYTES} bytes from `at` are overwritten.
 * @param at Where the packet starts.
 * @param phase The sender's key phase, 0 or 1.
 * @param idHigh The upper half of the destination's connection id.
 * @param idLow The lower half.
 * @param number The packet number, an integer from 0 to 2^53 - 1.
 */
export function encodeSessionHeader(
  into: Uint8Array,
  at: number,
  phase: number,
  idHigh: number,
  idLow: number,
  number: number,
): void {
  into[at] = MARK | phase;
  encodeWord(into, at + ID_OFFSET, idHigh);
  encodeWord(into, at + ID_OFFSET + 4, idLow);
  encodeNumber(into, at + NUMBER_OFFSET, number);
}

/**
 * Writes a 32-bit word, big-endian.
 *
 * @param into The memory; four bytes from `at` are overwritten.
 * @param at Where it starts.
 * @param word Any integer; its low 32 bits are written.
 */
export function encodeWord(into: Uint8Array, at: number, word: number): void {
  into[at] = word >>> 24;
  into[at + 1] = word >>> 16;
  into[at + 2] = word >>> 8;
  into[at + 3] = word;
}

/**
 * Reads a 32-bit word, big-endian.
 *
 * @param from The memory; it must hold four bytes from `at`.
 * @param at Where it starts.
 * @returns The word as a signed integer: that is how words of connection ids are kept and compared.
 */
export function decodeWord(from: Uint8Array, at: number): number {
  return (from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!;
}

/**
 * Writes a packet number or another integer of 64 bits, big-endian.
 *
 * @param into The memory; eight bytes from `at` are overwritten.
 * @param at Where it starts.
 * @param number An integer from 0 to 2^53 - 1.
 */
export function encodeNumber(into: Uint8Array, at: number, number: number): void {
  encodeWord(into, at, Math.floor(number / TWO_32));
  encodeWord(into, at + 4, number >>> 0);
}

/**
 * Reads an integer of 64 bits, big-endian.
 *
 * @param from The memory; it must hold eight bytes from `at`.
 * @param at Where it starts.
 * @returns The integer, or -1 when it is 2^53 or more, which no conforming peer sends.
 */
export function decodeNumber(from: Uint8Array, at: number): number {
  const high = decodeWord(from, at) >>> 0;
  if (high >= HIGH_LIMIT) return -1;
  return high * TWO_32 + (decodeWord(from, at + 4) >>> 0);
}
