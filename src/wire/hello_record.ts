/**
 * What client and server tell each other inside TLS before the first datagram (STANDARD.md, section 10).
 *
 * Encode and decode only; this is no hot path, records are objects. Invariant: a record is taken whole or not at all,
 * and bytes after it make it invalid, because the hash of both records is what the session's keys are bound to.
 *
 * @module
 */
import { ByteReader } from "../bytes/byte_reader.ts";
import { ByteWriter } from "../bytes/byte_writer.ts";
import { TICKET_ID_BYTES } from "./first_flight.ts";
import { CONNECTION_ID_BYTES } from "./packet_header.ts";
import { encodeGrant, MAX_TICKET_BYTES, RESET_TOKEN_BYTES, SECRET_BYTES, type TicketGrant } from "./session_frame.ts";
import { decodeLimits, encodeLimits, LIMITS_BYTES, type SessionLimits } from "./session_limits.ts";

/** The version of the session protocol. */
export const SESSION_VERSION = 1;

/** The most bytes of an application's token in a client hello. */
export const MAX_TOKEN_BYTES = 1024;

/** What kind of record it is: its first byte. */
export const HelloType = {
  /** The client's record. */
  Client: 1,
  /** The server's record that makes a session. */
  Server: 2,
  /** The server's record that makes none. */
  Refusal: 3,
} as const;

/** A first flight whose fate the client does not know. */
export interface EarlyReference {
  /** The client's random, 32 bytes. */
  readonly random: Uint8Array;
  /** 32 bytes that only who has the ticket's secret can make: others see ticket and random on the wire. */
  readonly proof: Uint8Array;
  /** The ticket. */
  readonly ticket: Uint8Array;
}

/** The client's record. */
export interface ClientHello {
  /** The lowest version of the session protocol that it speaks. */
  readonly lowestVersion: number;
  /** The highest. */
  readonly highestVersion: number;
  /** The connection id that the client wants to be reached by, 8 bytes. */
  readonly connectionId: Uint8Array;
  /** The client's limits. */
  readonly limits: SessionLimits;
  /** The first flight that went before this hello, where there was one. */
  readonly early: EarlyReference | undefined;
  /** What the application wants the server to see before it makes a session; at most {@linkcode MAX_TOKEN_BYTES}. */
  readonly token: Uint8Array;
}

/** The server's record. */
export interface ServerHello {
  /** The version that both will speak. */
  readonly version: number;
  /** The connection id that the server wants to be reached by, 8 bytes. */
  readonly connectionId: Uint8Array;
  /** The stateless reset token of that id, 16 bytes. */
  readonly resetToken: Uint8Array;
  /** Where its datagrams go, at the address that TLS reached. */
  readonly udpPort: number;
  /** The server's limits. */
  readonly limits: SessionLimits;
  /** Whether the early data of the client's first flight was delivered and must not be sent again. */
  readonly earlyDelivered: boolean;
  /** What the keys of the client's packets are derived from, 32 bytes. */
  readonly clientSecret: Uint8Array;
  /** What the keys of the server's packets are derived from, 32 bytes. */
  readonly serverSecret: Uint8Array;
  /** For a later resumption, where the server offers it. */
  readonly grant: TicketGrant | undefined;
}

const HAS_EARLY = 1;
const EARLY_DELIVERED = 1;
const HAS_GRANT = 2;
const MAX_HELLO_BYTES = 2048;
const NO_BYTES = new Uint8Array(0);

/**
 * Encodes a client hello.
 *
 * @param hello The record.
 * @returns New memory with the record.
 * @throws {RangeError} When the token is too long.
 */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  if (hello.token.length > MAX_TOKEN_BYTES) {
    throw new RangeError(`Cannot send a token of ${hello.token.length} bytes: ${MAX_TOKEN_BYTES} is the most`);
  }
  const memory = new Uint8Array(MAX_HELLO_BYTES);
  const writer = new ByteWriter(memory);
  writer.writeUint8(HelloType.Client);
  writer.writeUint8(hello.lowestVersion);
  writer.writeUint8(hello.highestVersion);
  writer.writeBytes(hello.connectionId);
  writer.writeBytes(limitsOf(hello.limits));
  writer.writeUint8(hello.early === undefined ? 0 : HAS_EARLY);
  if (hello.early !== undefined) {
    writer.writeBytes(hello.early.random);
    writer.writeBytes(hello.early.proof);
    writer.writeUint16(hello.early.ticket.length);
    writer.writeBytes(hello.early.ticket);
  }
  writer.writeUint16(hello.token.length);
  writer.writeBytes(hello.token);
  return memory.slice(0, writer.offset);
}

/**
 * Decodes a client hello.
 *
 * @param record The whole record, without its length.
 * @returns The record with copies of its byte strings, or `undefined` when it breaks the format.
 */
export function decodeClientHello(record: Uint8Array): ClientHello | undefined {
  const reader = new ByteReader(record);
  if (reader.readUint8() !== HelloType.Client) return undefined;
  const lowestVersion = reader.readUint8();
  const highestVersion = reader.readUint8();
  const connectionId = copy(reader, CONNECTION_ID_BYTES);
  const limits = readLimits(reader);
  const flags = reader.readUint8();
  const early = (flags & HAS_EARLY) === 0 ? undefined : {
    random: copy(reader, SECRET_BYTES),
    proof: copy(reader, SECRET_BYTES),
    ticket: copy(reader, reader.readUint16()),
  };
  const token = copy(reader, reader.readUint16());
  if (reader.failed || reader.remaining > 0 || limits === undefined || token.length > MAX_TOKEN_BYTES) return undefined;
  if (early !== undefined && !isTicketLength(early.ticket.length)) return undefined;
  if (lowestVersion > highestVersion || (flags & ~HAS_EARLY) !== 0) return undefined;
  return { lowestVersion, highestVersion, connectionId, limits, early, token };
}

/**
 * Encodes a server hello.
 *
 * @param hello The record.
 * @returns New memory with the record.
 */
export function encodeServerHello(hello: ServerHello): Uint8Array {
  const { grant } = hello;
  const memory = new Uint8Array(MAX_HELLO_BYTES);
  const writer = new ByteWriter(memory);
  writer.writeUint8(HelloType.Server);
  writer.writeUint8(hello.version);
  writer.writeBytes(hello.connectionId);
  writer.writeBytes(hello.resetToken);
  writer.writeUint16(hello.udpPort);
  writer.writeBytes(limitsOf(hello.limits));
  writer.writeUint8((hello.earlyDelivered ? EARLY_DELIVERED : 0) | (grant === undefined ? 0 : HAS_GRANT));
  writer.writeBytes(hello.clientSecret);
  writer.writeBytes(hello.serverSecret);
  const end = grant === undefined ? writer.offset : encodeGrant(memory, writer.offset, grant);
  return memory.slice(0, end);
}

/**
 * Decodes a server hello.
 *
 * @param record The whole record, without its length.
 * @returns The record with copies of its byte strings, or `undefined` when it breaks the format.
 */
export function decodeServerHello(record: Uint8Array): ServerHello | undefined {
  const reader = new ByteReader(record);
  if (reader.readUint8() !== HelloType.Server) return undefined;
  const version = reader.readUint8();
  const connectionId = copy(reader, CONNECTION_ID_BYTES);
  const resetToken = copy(reader, RESET_TOKEN_BYTES);
  const udpPort = reader.readUint16();
  const limits = readLimits(reader);
  const flags = reader.readUint8();
  const clientSecret = copy(reader, SECRET_BYTES);
  const serverSecret = copy(reader, SECRET_BYTES);
  const grant = (flags & HAS_GRANT) === 0 ? undefined : readGrant(reader);
  if (reader.failed || reader.remaining > 0 || limits === undefined || udpPort === 0) return undefined;
  if (version !== SESSION_VERSION || (flags & ~(HAS_GRANT | EARLY_DELIVERED)) !== 0) return undefined;
  if (grant !== undefined && !isTicketLength(grant.ticket.length)) return undefined;
  const earlyDelivered = (flags & EARLY_DELIVERED) !== 0;
  return {
    version,
    connectionId,
    resetToken,
    udpPort,
    limits,
    earlyDelivered,
    clientSecret,
    serverSecret,
    grant,
  };
}

/**
 * Encodes a refusal.
 *
 * @param code The close code, 0 to 65535.
 * @returns New memory with the record.
 */
export function encodeHelloRefusal(code: number): Uint8Array {
  return Uint8Array.of(HelloType.Refusal, code >>> 8, code);
}

/**
 * Decodes a refusal.
 *
 * @param record The whole record, without its length.
 * @returns The close code, or -1 when it is no refusal.
 */
export function decodeHelloRefusal(record: Uint8Array): number {
  return record.length === 3 && record[0] === HelloType.Refusal ? (record[1]! << 8) | record[2]! : -1;
}

/**
 * Whether a ticket may have that many bytes.
 *
 * @param length The length in bytes.
 * @returns Whether it is longer than its id and within {@linkcode MAX_TICKET_BYTES}.
 */
export function isTicketLength(length: number): boolean {
  return length > TICKET_ID_BYTES && length <= MAX_TICKET_BYTES;
}

function limitsOf(limits: SessionLimits): Uint8Array {
  const bytes = new Uint8Array(LIMITS_BYTES);
  encodeLimits(bytes, 0, limits);
  return bytes;
}

function readLimits(reader: ByteReader): SessionLimits | undefined {
  const bytes = reader.readBytes(LIMITS_BYTES);
  return bytes.length < LIMITS_BYTES ? undefined : decodeLimits(bytes, 0);
}

function readGrant(reader: ByteReader): TicketGrant {
  const lifetimeSeconds = reader.readUint32();
  const ageMask = reader.readUint32();
  const secret = copy(reader, SECRET_BYTES);
  return { lifetimeSeconds, ageMask, secret, ticket: copy(reader, reader.readUint16()) };
}

/** A copy that belongs to the caller; empty ones are one, because every session keeps its token. */
function copy(reader: ByteReader, length: number): Uint8Array {
  const bytes = reader.readBytes(length);
  return bytes.length === 0 ? NO_BYTES : bytes.slice();
}
