/**
 * Which worker of a pool a datagram belongs to, without a table and whatever address it comes from.
 *
 * Session packets and the answers to first flights name a connection id, first flights a ticket whose beginning is made
 * like one: both were made by the worker that has to see them. Invariant: what this says about noise is any number or
 * -1; whoever routes by it checks that there is such a worker.
 *
 * @module
 */
import { FIRST_FLIGHT_OVERHEAD_BYTES, TICKET_ID_BYTES } from "../wire/first_flight.ts";
import { CONNECTION_ID_BYTES, decodeWord, ID_OFFSET, PacketType, packetType } from "../wire/packet_header.ts";
import type { ConnectionIdScheme } from "./connection_id_scheme.ts";

/**
 * Tells the owner of a datagram.
 *
 * @param scheme Made with the key of the pool; its own owner is of no account.
 * @param buffer The memory; only read.
 * @param start Where the datagram starts.
 * @param end Where it ends.
 * @returns The index of the owner, or -1 for a datagram that is none of this protocol's, or too short.
 */
export function ownerOfDatagram(scheme: ConnectionIdScheme, buffer: Uint8Array, start: number, end: number): number {
  const type = end > start ? packetType(buffer[start]!) : -1;
  if (type < 0) return -1;
  const at = start + (type === PacketType.FirstFlight ? FIRST_FLIGHT_OVERHEAD_BYTES : ID_OFFSET);
  return at + CONNECTION_ID_BYTES > end ? -1 : scheme.ownerOf(decodeWord(buffer, at), decodeWord(buffer, at + 4));
}

/**
 * Tells the owner of a ticket, such as a client hello names: only that worker knows whether it was used.
 *
 * @param scheme Made with the key of the pool.
 * @param ticket The ticket.
 * @returns The index of the owner, or -1 for what is too short to be a ticket.
 */
export function ownerOfTicket(scheme: ConnectionIdScheme, ticket: Uint8Array): number {
  return ticket.length < TICKET_ID_BYTES ? -1 : scheme.ownerOf(decodeWord(ticket, 0), decodeWord(ticket, 4));
}
