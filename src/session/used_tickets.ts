/**
 * Which tickets were used, with which random, until they expire (RFC 8446 section 8.1).
 *
 * The same ticket with the same random is the same attempt; with another random it is refused. Invariants: at most
 * `capacity` entries; an entry is never evicted before its ticket expires. What cannot be recorded closes the set: no
 * early data is taken for as long as a copy of that first flight would be fresh. Why a part is kept free: a client that
 * falls back to the full handshake has its first flight struck off, and that should close the set for nobody else.
 *
 * @module
 */
import { ConnectionIdTable } from "./connection_id_table.ts";

/** What {@linkcode UsedTickets.record} found. */
export const TicketUse = {
  /** It was not known and is recorded now. */
  First: 0,
  /** It was used with the same random. */
  Same: 1,
  /** It was used with another random, or struck off. */
  Other: 2,
  /** It was not known and there is no room. */
  Full: 3,
} as const;

/** One of the values of {@linkcode TicketUse}. */
export type TicketUse = (typeof TicketUse)[keyof typeof TicketUse];

const RESERVE_SHARE = 8;
const FIRST_ROOM = 64;

/** A bounded set of ticket ids. */
export class UsedTickets {
  readonly #capacity: number;
  readonly #reserve: number;
  readonly #windowMs: number;
  readonly #index: ConnectionIdTable;
  #ids = new Int32Array(2 * FIRST_ROOM);
  #randoms = new Int32Array(2 * FIRST_ROOM);
  #expiresAt = new Float64Array(FIRST_ROOM);
  /** The handle of the session that came of it; 0: none. */
  #handles = new Float64Array(FIRST_ROOM);
  #delivered = new Uint8Array(FIRST_ROOM);
  #struck = new Uint8Array(FIRST_ROOM);
  #size = 0;
  #earliest = Infinity;
  #closedUntil = 0;

  /**
   * Makes an empty set.
   *
   * @param capacity The most entries.
   * @param windowMs For how long a copy of a first flight is fresh at most.
   * @param seed Spreads the entries; peers do not know it.
   */
  constructor(capacity: number, windowMs: number, seed: number) {
    this.#windowMs = windowMs;
    this.#capacity = capacity;
    this.#reserve = Math.floor(capacity / RESERVE_SHARE);
    this.#index = new ConnectionIdTable(seed);
  }

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Whether no early data may be taken, because something could not be recorded.
   *
   * @param now The time on the scale of `record`.
   * @returns True until no copy of what was not recorded is fresh.
   */
  isClosed(now: number): boolean {
    return now < this.#closedUntil;
  }

  /**
   * Whether a ticket was used, without recording anything.
   *
   * @param idHigh The first word of the ticket's id.
   * @param idLow The second.
   * @param randomHigh The first word of the client's random.
   * @param randomLow The second.
   * @returns `First` for one that is not known.
   */
  look(idHigh: number, idLow: number, randomHigh: number, randomLow: number): TicketUse {
    const entry = this.#index.find(idHigh, idLow);
    if (entry < 0) return TicketUse.First;
    const isSame = this.#randoms[2 * entry] === randomHigh && this.#randoms[2 * entry + 1] === randomLow;
    return isSame && this.#struck[entry] === 0 ? TicketUse.Same : TicketUse.Other;
  }

  /**
   * Records the use of a ticket whose holder has proved to know its secret.
   *
   * @param idHigh The first word of the ticket's id.
   * @param idLow The second.
   * @param randomHigh The first word of the client's random.
   * @param randomLow The second.
   * @param expiresAt When the ticket expires.
   * @param now The time on the same scale.
   * @returns What was found; only after `First` is there a new entry.
   */
  record(
    idHigh: number,
    idLow: number,
    randomHigh: number,
    randomLow: number,
    expiresAt: number,
    now: number,
  ): TicketUse {
    const use = this.look(idHigh, idLow, randomHigh, randomLow);
    if (use !== TicketUse.First) return use;
    if (!this.#hasRoom(this.#capacity - this.#reserve, now)) return this.#close(now);
    this.#add(idHigh, idLow, randomHigh, randomLow, expiresAt);
    return TicketUse.First;
  }

  /**
   * Says what came of a recorded ticket.
   *
   * @param idHigh The first word of the ticket's id.
   * @param idLow The second.
   * @param handle The session's handle.
   * @param delivered Whether its early data was delivered.
   */
  settle(idHigh: number, idLow: number, handle: number, delivered: boolean): void {
    const entry = this.#index.find(idHigh, idLow);
    if (entry < 0) return;
    this.#handles[entry] = handle;
    this.#delivered[entry] = delivered ? 1 : 0;
  }

  /**
   * The session that came of a ticket.
   *
   * @param idHigh The first word of the ticket's id.
   * @param idLow The second.
   * @returns Its handle, or 0.
   */
  handleOf(idHigh: number, idLow: number): number {
    const entry = this.#index.find(idHigh, idLow);
    return entry < 0 ? 0 : this.#handles[entry]!;
  }

  /**
   * The client of a first flight has begun a full handshake: its early data must not be taken any more.
   *
   * @param idHigh The first word of the ticket's id.
   * @param idLow The second.
   * @param randomHigh The first word of the client's random.
   * @param randomLow The second.
   * @param expiresAt When the ticket expires.
   * @param now The time on the same scale.
   * @returns Whether its early data was delivered.
   */
  strike(
    idHigh: number,
    idLow: number,
    randomHigh: number,
    randomLow: number,
    expiresAt: number,
    now: number,
  ): boolean {
    const use = this.look(idHigh, idLow, randomHigh, randomLow);
    if (use === TicketUse.Other) return false;
    if (use === TicketUse.Same) {
      const entry = this.#index.find(idHigh, idLow);
      this.#struck[entry] = 1;
      return this.#delivered[entry] === 1;
    }
    if (this.#hasRoom(this.#capacity, now)) {
      this.#struck[this.#add(idHigh, idLow, randomHigh, randomLow, expiresAt)] = 1;
    } else {
      this.#close(now);
    }
    return false;
  }

  #close(now: number): TicketUse {
    this.#closedUntil = Math.max(this.#closedUntil, now + this.#windowMs);
    return TicketUse.Full;
  }

  #hasRoom(limit: number, now: number): boolean {
    if (this.#size >= limit && now >= this.#earliest) this.#sweep(now);
    return this.#size < limit;
  }

  #add(idHigh: number, idLow: number, randomHigh: number, randomLow: number, expiresAt: number): number {
    const entry = this.#size++;
    if (entry === this.#expiresAt.length) this.#grow();
    this.#ids[2 * entry] = idHigh;
    this.#ids[2 * entry + 1] = idLow;
    this.#randoms[2 * entry] = randomHigh;
    this.#randoms[2 * entry + 1] = randomLow;
    this.#expiresAt[entry] = expiresAt;
    this.#handles[entry] = 0;
    this.#delivered[entry] = 0;
    this.#struck[entry] = 0;
    this.#index.set(idHigh, idLow, entry);
    this.#earliest = Math.min(this.#earliest, expiresAt);
    return entry;
  }

  /** Removes what has expired; entries stay dense. */
  #sweep(now: number): void {
    this.#earliest = Infinity;
    for (let entry = this.#size - 1; entry >= 0; entry--) {
      if (this.#expiresAt[entry]! > now) this.#earliest = Math.min(this.#earliest, this.#expiresAt[entry]!);
      else this.#remove(entry);
    }
  }

  #remove(entry: number): void {
    this.#index.delete(this.#ids[2 * entry]!, this.#ids[2 * entry + 1]!);
    const last = --this.#size;
    if (entry === last) return;
    for (const pairs of [this.#ids, this.#randoms]) pairs.copyWithin(2 * entry, 2 * last, 2 * last + 2);
    for (const cells of [this.#expiresAt, this.#handles, this.#delivered, this.#struck]) cells[entry] = cells[last]!;
    this.#index.set(this.#ids[2 * entry]!, this.#ids[2 * entry + 1]!, entry);
  }

  #grow(): void {
    const room = Math.min(this.#capacity, this.#expiresAt.length * 2);
    this.#ids = grown(this.#ids, new Int32Array(2 * room));
    this.#randoms = grown(this.#randoms, new Int32Array(2 * room));
    this.#expiresAt = grown(this.#expiresAt, new Float64Array(room));
    this.#handles = grown(this.#handles, new Float64Array(room));
    this.#delivered = grown(this.#delivered, new Uint8Array(room));
    this.#struck = grown(this.#struck, new Uint8Array(room));
  }
}

function grown<T extends Int32Array | Float64Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
