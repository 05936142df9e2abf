/**
 * Tickets: sealed by a key of the server that changes, opened without any other state (RFC 5077, RFC 8446 section 4.6.1).
 *
 * The current key and the one before open. Invariants: every ticket is sealed under a key of its own, derived from the
 * keeper's and a fresh salt, so that a key that survives a restart never uses a nonce twice; a ticket names the endpoint
 * that issued it in this life, because only that one remembers which tickets were used.
 *
 * ```text
 *  0    8       12     28                                                                                      n-16  n
 *  +----+-------+------+---------+--------+----------+-----------+----------+--------+---------+------+-------+-----+
 *  | id | key's | salt | version | issued | lifetime | age mask  | instance | secret | session | host | token | tag |
 *  | 8  | name 4| 16   | 1       | at 8   | s 4      | 4         | 8        | 32     | 8       | 24   | 2 + n | 16  |
 *  +----+-------+------+---------+--------+----------+-----------+----------+--------+---------+------+-------+-----+
 *  |<-- associated --->|<------------------------------ sealed -------------------------------------------->|
 * ```
 *
 * @module
 */
import { ByteReader } from "../bytes/byte_reader.ts";
import { ByteWriter } from "../bytes/byte_writer.ts";
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadProvider, type PacketKey } from "../crypto/aead.ts";
import { hkdfExpandLabel } from "../crypto/kdf.ts";
import type { RandomSource } from "../random/random_source.ts";
import type { Clock, WallClock } from "../time/clock.ts";
import type { DatagramAddress } from "../wire/datagram_address.ts";
import { decodeWord } from "../wire/packet_header.ts";
import { SECRET_BYTES, type TicketGrant } from "../wire/session_frame.ts";
import type { ConnectionIdScheme } from "./connection_id_scheme.ts";

/** The longest token of an application that a ticket carries; who has a longer one gets no ticket. */
export const MAX_TICKET_TOKEN_BYTES = 256;

/** How many bytes a key of the keeper has. */
export const TICKET_KEY_BYTES = 32;

/** How many bytes name an endpoint in one life. */
export const INSTANCE_BYTES = 8;

const ID_BYTES = 8;
const NAME_BYTES = 4;
const SALT_BYTES = 16;
const SEALED_AT = ID_BYTES + NAME_BYTES + SALT_BYTES;
const HOST_WORDS = [0, 1, 2, 3, 5] as const;
const FIXED_BYTES = 1 + 8 + 4 + 4 + INSTANCE_BYTES + SECRET_BYTES + 8 + 4 * HOST_WORDS.length + 2;
const VERSION = 1;
const NO_CONTEXT = new Uint8Array(0);

/** What a ticket says. */
export interface TicketContent {
  /** When it was issued, by the wall clock, in ms since 1970. */
  readonly issuedAtMs: number;
  /** For how many ms it holds. */
  readonly lifetimeMs: number;
  /** What is added to the age that the client tells. */
  readonly ageMask: number;
  /** Whether the endpoint issued it in this life. */
  readonly isOwn: boolean;
  /** What both ends keep of the session. */
  readonly secret: Uint8Array;
  /** The handle of the session that it was issued in. */
  readonly parent: number;
  /** Words 0 to 3 and 5 of the client's address. */
  readonly host: Int32Array;
  /** What the client's application showed. */
  readonly token: Uint8Array;
}

interface TicketKey {
  readonly name: number;
  readonly key: Uint8Array;
}

/** What a keeper is made of. */
export interface TicketKeeperSetup {
  /** Makes packet keys. */
  readonly aead: AeadProvider;
  /** Where secrets come from. */
  readonly random: RandomSource;
  /** When the key changes. */
  readonly clock: Clock;
  /** How old tickets are. */
  readonly wallClock: WallClock;
  /** Makes the ids of tickets, so that first flights find their worker. */
  readonly scheme: ConnectionIdScheme;
  /** For how many ms a ticket holds. */
  readonly lifetimeMs: number;
  /** After how many ms the key changes. */
  readonly rotationMs: number;
  /** {@linkcode TICKET_KEY_BYTES} bytes that the first key is made of, so that tickets survive a restart. */
  readonly key: Uint8Array | undefined;
}

/** Issues and opens tickets. */
export class TicketKeeper {
  readonly #setup: TicketKeeperSetup;
  readonly #instance = new Uint8Array(INSTANCE_BYTES);
  #current: TicketKey;
  #previous: TicketKey | undefined = undefined;
  #since: number;

  /**
   * Makes a keeper.
   *
   * @param setup What the keeper is made of.
   */
  constructor(setup: TicketKeeperSetup) {
    this.#setup = setup;
    this.#since = setup.clock.now;
    this.#current = setup.key === undefined ? this.#drawKey() : ticketKey(setup.key.slice());
    setup.random.fillSecret(this.#instance);
  }

  /**
   * Issues a ticket.
   *
   * @param token What the client's application showed.
   * @param address The client's address.
   * @param parent The handle of the session.
   * @returns The ticket and what belongs to it; `undefined` when the token is too long.
   */
  issue(token: Uint8Array, address: DatagramAddress, parent: number): TicketGrant | undefined {
    if (token.length > MAX_TICKET_TOKEN_BYTES) return undefined;
    this.#turn();
    const { random, scheme, wallClock, lifetimeMs, aead } = this.#setup;
    const lifetimeSeconds = Math.floor(lifetimeMs / 1000);
    const secret = new Uint8Array(SECRET_BYTES);
    random.fillSecret(secret);
    const ticket = new Uint8Array(SEALED_AT + FIXED_BYTES + token.length + AEAD_TAG_BYTES);
    const writer = new ByteWriter(ticket);
    scheme.draw(random);
    writer.writeInt32(scheme.high);
    writer.writeInt32(scheme.low);
    writer.writeInt32(this.#current.name);
    random.fillSecret(ticket.subarray(writer.offset, SEALED_AT));
    writer.skip(SALT_BYTES);
    const ageMask = this.#drawWord() >>> 0;
    writer.writeUint8(VERSION);
    writer.writeUint64(Math.floor(wallClock.wallNow()));
    writer.writeUint32(lifetimeSeconds);
    writer.writeUint32(ageMask);
    writer.writeBytes(this.#instance);
    writer.writeBytes(secret);
    writer.writeUint64(parent);
    for (const word of HOST_WORDS) writer.writeInt32(address.words[word]!);
    writer.writeUint16(token.length);
    writer.writeBytes(token);
    const key = keyOf(aead, this.#current, ticket);
    key.seal(ticket, 0, SEALED_AT, writer.offset, 0);
    key.destroy();
    return { lifetimeSeconds, ageMask, secret, ticket };
  }

  /**
   * Opens a ticket.
   *
   * @param ticket What a client sent; unchanged.
   * @returns What it says, or `undefined` when no key of this keeper made it.
   */
  open(ticket: Uint8Array): TicketContent | undefined {
    this.#turn();
    if (ticket.length < SEALED_AT + FIXED_BYTES + AEAD_TAG_BYTES) return undefined;
    const name = decodeWord(ticket, ID_BYTES);
    const known = [this.#current, this.#previous].find((one) => one?.name === name);
    if (known === undefined) return undefined;
    const copy = ticket.slice();
    const key = keyOf(this.#setup.aead, known, copy);
    const isAuthentic = key.open(copy, 0, SEALED_AT, copy.length, 0);
    key.destroy();
    return isAuthentic ? this.#read(copy) : undefined;
  }

  #read(ticket: Uint8Array): TicketContent | undefined {
    const reader = new ByteReader(ticket);
    reader.reset(ticket, SEALED_AT, ticket.length - AEAD_TAG_BYTES);
    if (reader.readUint8() !== VERSION) return undefined;
    const issuedAtMs = reader.readUint64();
    const lifetimeMs = reader.readUint32() * 1000;
    const ageMask = reader.readUint32();
    const instance = reader.readBytes(INSTANCE_BYTES);
    const secret = reader.readBytes(SECRET_BYTES);
    const parent = reader.readUint64();
    const host = Int32Array.from(HOST_WORDS, () => reader.readInt32());
    const token = reader.readBytes(reader.readUint16());
    const isOwn = instance.every((byte, i) => byte === this.#instance[i]);
    return { issuedAtMs, lifetimeMs, ageMask, isOwn, secret, parent, host, token };
  }

  /** Takes the next key when it is time; a key that is older than two rotations opens nothing. */
  #turn(): void {
    const { clock, rotationMs } = this.#setup;
    const age = clock.now - this.#since;
    if (rotationMs === 0 || age < rotationMs) return;
    this.#previous?.key.fill(0);
    this.#previous = age < 2 * rotationMs ? this.#current : undefined;
    if (this.#previous === undefined) this.#current.key.fill(0);
    this.#current = this.#drawKey();
    this.#since = clock.now;
  }

  #drawKey(): TicketKey {
    const key = new Uint8Array(TICKET_KEY_BYTES);
    this.#setup.random.fillSecret(key);
    return ticketKey(key);
  }

  #drawWord(): number {
    const word = new Uint8Array(4);
    this.#setup.random.fillSecret(word);
    return decodeWord(word, 0);
  }
}

/**
 * Whether a ticket was issued to the host of an address.
 *
 * @param content What the ticket says.
 * @param address The address.
 * @returns Whether the hosts are the same, whatever the port.
 */
export function isIssuedTo(content: TicketContent, address: DatagramAddress): boolean {
  return HOST_WORDS.every((word, i) => content.host[i] === address.words[word]);
}

function ticketKey(key: Uint8Array): TicketKey {
  return { name: decodeWord(hkdfExpandLabel(key, "ticket name", NO_CONTEXT, NAME_BYTES), 0), key };
}

function keyOf(aead: AeadProvider, by: TicketKey, ticket: Uint8Array): PacketKey {
  const context = ticket.subarray(0, SEALED_AT);
  const material = hkdfExpandLabel(by.key, "ticket", context, AEAD_KEY_BYTES + AEAD_NONCE_BYTES);
  const key = aead.packetKey(material.subarray(0, AEAD_KEY_BYTES), material.subarray(AEAD_KEY_BYTES));
  material.fill(0);
  return key;
}
