/**
 * The first flight of a resumption (STANDARD.md, section 7): the first datagram of a client that has a ticket.
 *
 * Encode and decode only. Invariant: what the keys are derived from, from the client's connection id to the end of the
 * ticket, is one stretch of bytes that is the same in every repetition; the number and the cookie before it are not
 * part of it. All of it is associated data of the seal.
 *
 * @module
 */
import {
  BASE_DATAGRAM_BYTES,
  CONNECTION_ID_BYTES,
  decodeNumber,
  decodeWord,
  encodeNumber,
  encodeWord,
  firstByte,
  PacketType,
} from "./packet_header.ts";
import { MAX_TICKET_BYTES, SECRET_BYTES } from "./session_frame.ts";

/** How many bytes a cookie has; all zero in a first flight stands for none. */
export const COOKIE_BYTES = 24;

/** How many bytes of the ticket say who issued it; a ticket is longer. */
export const TICKET_ID_BYTES: number = CONNECTION_ID_BYTES;

/** How many bytes of the client's random an unsealed answer repeats. */
export const RANDOM_ECHO_BYTES = 8;

/**
 * ```text
 *  0      1        9        33          41       73      105   109      111        111 + n
 *  +------+--------+--------+-----------+--------+-------+-----+--------+----------+---------------+-----+
 *  | 1101 | number | cookie | client's  | client | X25519| age | ticket | ticket   | sealed frames | tag |
 *  | 0010 | uint64 | 24     | id 8      | random | share | u32 | length | n bytes  |               | 16  |
 *  |      |        |        |           | 32     | 32    |     | uint16 |          |               |     |
 *  +------+--------+--------+-----------+--------+-------+-----+--------+----------+---------------+-----+
 *                           |<------------ the transcript of the first flight ---->|
 * ```
 */
export const FIRST_FLIGHT_OVERHEAD_BYTES = 111;

/** Where the cookie stands. */
export const COOKIE_OFFSET = 9;

/** Where the transcript starts. */
export const TRANSCRIPT_OFFSET = 33;

const RANDOM_AT = TRANSCRIPT_OFFSET + CONNECTION_ID_BYTES;
const SHARE_AT = RANDOM_AT + SECRET_BYTES;
const AGE_AT = SHARE_AT + SECRET_BYTES;
const TICKET_LENGTH_AT = AGE_AT + 4;
const TAG_BYTES = 16;

/** What stands in the header of a first flight. */
export interface FirstFlightHeader {
  /** The number of this repetition, from 0. */
  readonly number: number;
  /** {@linkcode COOKIE_BYTES} bytes, all zero without a cookie. */
  readonly cookie: Uint8Array;
  /** The connection id that the client wants to be reached by: upper half. */
  readonly idHigh: number;
  /** Lower half. */
  readonly idLow: number;
  /** The client's random, 32 bytes. */
  readonly random: Uint8Array;
  /** The client's key share, 32 bytes. */
  readonly share: Uint8Array;
  /** The age of the ticket in ms plus its mask, modulo 2^32. */
  readonly maskedAge: number;
  /** The ticket. */
  readonly ticket: Uint8Array;
}

/**
 * Writes the header of a first flight.
 *
 * @param into The memory.
 * @param at Where the datagram starts.
 * @param header What stands in it.
 * @returns The index after the header, where the sealed frames start.
 */
export function encodeFirstFlight(into: Uint8Array, at: number, header: FirstFlightHeader): number {
  const { ticket } = header;
  into[at] = firstByte(PacketType.FirstFlight, 0);
  encodeNumber(into, at + 1, header.number);
  into.set(header.cookie, at + COOKIE_OFFSET);
  encodeWord(into, at + TRANSCRIPT_OFFSET, header.idHigh);
  encodeWord(into, at + TRANSCRIPT_OFFSET + 4, header.idLow);
  into.set(header.random, at + RANDOM_AT);
  into.set(header.share, at + SHARE_AT);
  encodeWord(into, at + AGE_AT, header.maskedAge);
  into[at + TICKET_LENGTH_AT] = ticket.length >>> 8;
  into[at + TICKET_LENGTH_AT + 1] = ticket.length;
  into.set(ticket, at + FIRST_FLIGHT_OVERHEAD_BYTES);
  return at + FIRST_FLIGHT_OVERHEAD_BYTES + ticket.length;
}

/** Reads the header of a first flight in place; one reader serves many datagrams. */
export class FirstFlightReader {
  /** The datagram; borrowed from whoever gave it. */
  buffer: Uint8Array = new Uint8Array(0);
  /** Where the datagram starts. */
  start = 0;
  /** The number of this repetition. */
  number = 0;
  /** The client's connection id, upper half. */
  idHigh = 0;
  /** Lower half. */
  idLow = 0;
  /** The upper half of the ticket's id. */
  ticketHigh = 0;
  /** Lower half. */
  ticketLow = 0;
  /** The age of the ticket in ms plus its mask, modulo 2^32. */
  maskedAge = 0;
  /** Where the sealed frames start, and the transcript ends. */
  sealedAt = 0;

  /**
   * Reads a header.
   *
   * @param buffer The memory; borrowed until the next call.
   * @param start Where the datagram starts.
   * @param end Where it ends.
   * @returns Whether it is a first flight: long enough, with a ticket of a legal length.
   */
  read(buffer: Uint8Array, start: number, end: number): boolean {
    if (end - start < BASE_DATAGRAM_BYTES) return false;
    const ticketLength = (buffer[start + TICKET_LENGTH_AT]! << 8) | buffer[start + TICKET_LENGTH_AT + 1]!;
    if (ticketLength <= TICKET_ID_BYTES || ticketLength > MAX_TICKET_BYTES) return false;
    this.number = decodeNumber(buffer, start + 1);
    this.sealedAt = start + FIRST_FLIGHT_OVERHEAD_BYTES + ticketLength;
    if (this.number < 0 || this.sealedAt + TAG_BYTES > end) return false;
    this.buffer = buffer;
    this.start = start;
    this.idHigh = decodeWord(buffer, start + TRANSCRIPT_OFFSET);
    this.idLow = decodeWord(buffer, start + TRANSCRIPT_OFFSET + 4);
    this.maskedAge = decodeWord(buffer, start + AGE_AT) >>> 0;
    this.ticketHigh = decodeWord(buffer, start + FIRST_FLIGHT_OVERHEAD_BYTES);
    this.ticketLow = decodeWord(buffer, start + FIRST_FLIGHT_OVERHEAD_BYTES + 4);
    return true;
  }

  /** The first word of the client's random. */
  get randomHigh(): number {
    return decodeWord(this.buffer, this.start + RANDOM_AT);
  }

  /** The second word of the client's random. */
  get randomLow(): number {
    return decodeWord(this.buffer, this.start + RANDOM_AT + 4);
  }

  /** The cookie as a view, `undefined` when there is none. */
  get cookie(): Uint8Array | undefined {
    const cookie = this.#view(COOKIE_OFFSET, COOKIE_BYTES);
    return cookie.some((byte) => byte !== 0) ? cookie : undefined;
  }

  /** The client's random as a view. */
  get random(): Uint8Array {
    return this.#view(RANDOM_AT, SECRET_BYTES);
  }

  /** The client's key share as a view. */
  get share(): Uint8Array {
    return this.#view(SHARE_AT, SECRET_BYTES);
  }

  /** The ticket as a view. */
  get ticket(): Uint8Array {
    return this.buffer.subarray(this.start + FIRST_FLIGHT_OVERHEAD_BYTES, this.sealedAt);
  }

  /** The transcript as a view. */
  get transcript(): Uint8Array {
    return this.buffer.subarray(this.start + TRANSCRIPT_OFFSET, this.sealedAt);
  }

  #view(offset: number, length: number): Uint8Array {
    return this.buffer.subarray(this.start + offset, this.start + offset + length);
  }
}
