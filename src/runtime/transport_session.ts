/**
 * One session of a server: its connection, what is known and remembered of it, and its groups.
 *
 * @module
 */
import type { HostBook } from "./transport_address_limits.ts";
import type { TransportConnection } from "./transport_connection.ts";
import type { ConnectionInfo } from "./transport_event.ts";
import type { PendingSession } from "./transport_pending_session.ts";
import type { TransportProtocol } from "./transport_protocol.ts";

/** A session as the server keeps it. */
export interface SessionRecord {
  readonly connection: TransportConnection;
  readonly protocol: TransportProtocol;
  readonly info: ConnectionInfo;
  readonly book: HostBook;
  /** Middleware's view, until the session is let in. */
  pending: PendingSession | undefined;
  /** What the application remembers. */
  readonly data: Map<string, unknown>;
  /** The groups that it is in. */
  readonly groups: Set<string>;
  /** When something came last. */
  heardAt: number;
}

/** The sessions of a server by number, and their groups by name. */
export class SessionTable {
  readonly #sessions = new Map<number, SessionRecord>();
  readonly #byConnection = new Map<TransportConnection, SessionRecord>();
  readonly #groups = new Map<string, Set<SessionRecord>>();
  readonly #byProtocol = new Map<string, number>();

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** All of them. */
  get all(): Iterable<SessionRecord> {
    return this.#sessions.values();
  }

  /** The names of all groups. */
  get groupNames(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** How many are open by each protocol. */
  get distribution(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byProtocol);
  }

  /** How many are open by a protocol. */
  countOf(protocol: string): number {
    return this.#byProtocol.get(protocol) ?? 0;
  }

  /** The session with a number. */
  at(sessionId: number): SessionRecord | undefined {
    return this.#sessions.get(sessionId);
  }

  /** The session of a connection. */
  of(connection: TransportConnection): SessionRecord | undefined {
    return this.#byConnection.get(connection);
  }

  /** Adds a session. */
  add(session: SessionRecord): void {
    const { connection, protocol } = session;
    this.#sessions.set(connection.id, session);
    this.#byConnection.set(connection, session);
    this.#byProtocol.set(protocol.name, this.countOf(protocol.name) + 1);
  }

  /** Takes a session out, of its groups, too. */
  remove(session: SessionRecord): void {
    const { connection, protocol } = session;
    this.#sessions.delete(connection.id);
    this.#byConnection.delete(connection);
    this.#byProtocol.set(protocol.name, this.countOf(protocol.name) - 1);
    for (const group of [...session.groups]) this.leave(session, group);
  }

  /** Puts a session into a group; a group exists while somebody is in it. */
  join(session: SessionRecord, group: string): void {
    session.groups.add(group);
    const members = this.#groups.get(group);
    if (members === undefined) this.#groups.set(group, new Set([session]));
    else members.add(session);
  }

  /** Takes a session out of a group. */
  leave(session: SessionRecord, group: string): void {
    session.groups.delete(group);
    const members = this.#groups.get(group);
    members?.delete(session);
    if (members?.size === 0) this.#groups.delete(group);
  }

  /** The members of a group. */
  members(group: string): Iterable<SessionRecord> {
    return this.#groups.get(group) ?? [];
  }
}
