/**
 * A ticket as an application keeps it: the session's part, and the address by which its server was reached.
 *
 * Invariant: a resumption goes to the address that TLS has led to, never to a name that is resolved again.
 *
 * ```text
 *  0         1                  23              31           35                                             n
 *  +---------+------------------+---------------+------------+----------------------------------------------+
 *  | version | server's address | received in ms | RTT in µs | lifetime s 4, mask 4, secret 32, length 2, …  |
 *  | 1       | 22               | 8             | 4          | ticket                                       |
 *  +---------+------------------+---------------+------------+----------------------------------------------+
 * ```
 *
 * @module
 */
import { ByteReader } from "../bytes/byte_reader.ts";
import { ByteWriter } from "../bytes/byte_writer.ts";
import type { ResumptionTicket } from "../session/resumption_ticket.ts";
import { ADDRESS_BYTES, DatagramAddress } from "../wire/datagram_address.ts";
import { MAX_TICKET_BYTES, SECRET_BYTES } from "../wire/session_frame.ts";

const VERSION = 1;
const MICROS_PER_MS = 1000;
const MS_PER_SECOND = 1000;
const MAX_UINT32 = 0xffff_ffff;
/** The id that a ticket begins with, and something to open. */
const MIN_TICKET_BYTES = 9;
const FIXED_BYTES = 1 + ADDRESS_BYTES + 8 + 4 + 4 + 4 + SECRET_BYTES + 2;

/** What a ticket of an application holds. */
export interface SecureTicket {
  /** The session's part. */
  readonly ticket: ResumptionTicket;
  /** Where the server's datagrams go. */
  readonly address: DatagramAddress;
}

/**
 * Writes a ticket.
 *
 * @param ticket The session's part.
 * @param address Where the server's datagrams go.
 * @returns New memory.
 */
export function encodeSecureTicket(ticket: ResumptionTicket, address: DatagramAddress): Uint8Array {
  const memory = new Uint8Array(FIXED_BYTES + ticket.ticket.length);
  address.encode(memory, 1);
  const writer = new ByteWriter(memory);
  writer.writeUint8(VERSION);
  writer.skip(ADDRESS_BYTES);
  writer.writeUint64(Math.floor(ticket.receivedAtMs));
  writer.writeUint32(Math.min(Math.round(ticket.rttMs * MICROS_PER_MS), MAX_UINT32));
  writer.writeUint32(Math.floor(ticket.lifetimeMs / MS_PER_SECOND));
  writer.writeUint32(ticket.ageMask);
  writer.writeBytes(ticket.secret);
  writer.writeUint16(ticket.ticket.length);
  writer.writeBytes(ticket.ticket);
  return memory;
}

/**
 * Reads a ticket.
 *
 * @param bytes What {@linkcode encodeSecureTicket} wrote.
 * @returns The ticket, in memory of its own.
 * @throws {TypeError} When it is something else.
 */
export function decodeSecureTicket(bytes: Uint8Array): SecureTicket {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("The option ticket must be a Uint8Array");
  const reader = new ByteReader(bytes);
  const isKnown = reader.readUint8() === VERSION;
  const addressBytes = reader.readBytes(ADDRESS_BYTES);
  const receivedAtMs = reader.readUint64();
  const rttMs = reader.readUint32() / MICROS_PER_MS;
  const lifetimeMs = reader.readUint32() * MS_PER_SECOND;
  const ageMask = reader.readUint32();
  const secret = new Uint8Array(reader.readBytes(SECRET_BYTES));
  const ticket = new Uint8Array(reader.readBytes(reader.readUint16()));
  if (
    !isKnown || reader.failed || reader.remaining > 0 || ticket.length < MIN_TICKET_BYTES ||
    ticket.length > MAX_TICKET_BYTES
  ) {
    throw new TypeError("The option ticket is not what a secure socket gave as a ticket");
  }
  const address = new DatagramAddress();
  address.decode(addressBytes, 0);
  return { ticket: { ticket, secret, ageMask, receivedAtMs, lifetimeMs, rttMs }, address };
}
