/**
 * The server's side of a full handshake: a client's record out of TLS, a session, the record that answers
 * (STANDARD.md, section 10).
 *
 * Invariant: a hello that is refused leaves nothing behind but a count; the early data of a first flight that went
 * before is struck off, so that what the client sends again is not delivered twice.
 *
 * @module
 */
import { constantTimeEqual } from "../bytes/constant_time.ts";
import type { CounterTable } from "../metric/counter_table.ts";
import type { DatagramAddress } from "../wire/datagram_address.ts";
import {
  type ClientHello,
  decodeClientHello,
  type EarlyReference,
  encodeHelloRefusal,
  SESSION_VERSION,
} from "../wire/hello_record.ts";
import { decodeWord } from "../wire/packet_header.ts";
import { earlyRoot, referenceProof } from "./key_schedule.ts";
import type { Session } from "./session.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import type { SessionContext } from "./session_context.ts";
import { EndpointCounter } from "./session_counters.ts";
import type { SessionMachine } from "./session_machine.ts";
import { startServer } from "./session_start.ts";
import { SessionRole } from "./session_state.ts";
import type { SessionTable } from "./session_table.ts";
import type { TicketKeeper } from "./ticket_keeper.ts";
import type { UsedTickets } from "./used_tickets.ts";

/** What came of a client's hello. */
export interface HelloAnswer {
  /** The record to write on the stream, behind its length. */
  readonly record: Uint8Array;
  /** The session that waits for its client; `undefined` when the record refuses it. */
  readonly session: SessionMachine | undefined;
}

/** What the desk is made of. */
export interface HelloDeskSetup {
  /** What sessions share. */
  readonly context: SessionContext;
  /** What the endpoint counts; its row is 0. */
  readonly counters: CounterTable;
  /** The sessions. */
  readonly table: SessionTable;
  /** Issues tickets. */
  readonly tickets: TicketKeeper;
  /** Remembers which were used. */
  readonly used: UsedTickets;
}

/** Takes hellos. */
export class HelloDesk {
  readonly #setup: HelloDeskSetup;

  /**
   * Makes a desk.
   *
   * @param setup What the desk is made of.
   */
  constructor(setup: HelloDeskSetup) {
    this.#setup = setup;
  }

  /**
   * Takes a client's record.
   *
   * @param record The record, without the length before it.
   * @param address Where the stream came from.
   * @param udpPort Where the client's datagrams go, 1 to 65535.
   * @returns The answer.
   */
  take(record: Uint8Array, address: DatagramAddress, udpPort: number): HelloAnswer {
    const { context, table } = this.#setup;
    const hello = decodeClientHello(record);
    if (hello === undefined) return this.refuse(SessionCloseCode.BadHello);
    if (hello.lowestVersion > SESSION_VERSION || hello.highestVersion < SESSION_VERSION) {
      return this.refuse(SessionCloseCode.VersionMismatch);
    }
    if (context.halfOpen >= context.config.maxHalfOpen) return this.refuse(SessionCloseCode.Busy);
    const s = table.open(SessionRole.Server);
    if (s === undefined) return this.refuse(SessionCloseCode.Busy);
    return { record: this.#start(s, hello, record, address, udpPort), session: table.machineAt(s.slot) };
  }

  /**
   * Refuses a client.
   *
   * @param code Why.
   * @returns The answer.
   */
  refuse(code: number): HelloAnswer {
    this.#setup.counters.add(0, EndpointCounter.HellosRefused, 1);
    return { record: encodeHelloRefusal(code), session: undefined };
  }

  #start(s: Session, hello: ClientHello, record: Uint8Array, address: DatagramAddress, udpPort: number): Uint8Array {
    const { context, tickets } = this.#setup;
    const wasDelivered = hello.early !== undefined && this.#settle(s, hello.early);
    const grants = context.config.ticketLifetimeMs >= 1000;
    const grant = grants ? tickets.issue(hello.token, address, s.handle) : undefined;
    return startServer(s, hello, record, udpPort, wasDelivered, grant);
  }

  /** Strikes the first flight off that went before; tells whether its early data was delivered. */
  #settle(s: Session, early: EarlyReference): boolean {
    const { context, tickets, used } = this.#setup;
    const content = tickets.open(early.ticket);
    if (content === undefined || !content.isOwn) return false;
    const root = earlyRoot(content.secret, early.random);
    if (!constantTimeEqual(referenceProof(root), early.proof)) return false;
    const [idHigh, idLow] = [decodeWord(early.ticket, 0), decodeWord(early.ticket, 4)];
    const [randomHigh, randomLow] = [decodeWord(early.random, 0), decodeWord(early.random, 4)];
    const expiresAt = content.issuedAtMs + content.lifetimeMs;
    const wasDelivered = used.strike(idHigh, idLow, randomHigh, randomLow, expiresAt, context.wallClock.wallNow());
    // The session that the first flight made is replaced once the client is heard under the new keys.
    s.parent = used.handleOf(idHigh, idLow) || content.parent;
    return wasDelivered;
  }
}
