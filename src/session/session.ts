/**
 * The state of one session: what the modules of this folder work on. `SessionMachine` is its face.
 *
 * Rarely used parts (a resumption under way, an early store, a queue, a ledger) are there only while they are used, so
 * that an idle session stays small. Invariant: `state` changes in `enter` alone, and `arm` keeps the endpoint's table at
 * or before the session's earliest deadline, perhaps too early, never too late.
 *
 * @module
 */
import type { ChannelRest } from "../channel/channel_rest.ts";
import type { ChannelSet } from "../channel/channel_set.ts";
import type { PacketKey } from "../crypto/aead.ts";
import type { TicketGrant } from "../wire/session_frame.ts";
import type { ClientFlight, EarlyStore } from "./client_flight.ts";
import type { MessageQueue } from "./message_queue.ts";
import type { PacketLedger } from "./packet_ledger.ts";
import type { ServerReply } from "./server_flight.ts";
import type { SessionContext } from "./session_context.ts";
import { SessionCounter } from "./session_counters.ts";
import { type SessionCloseReason, SessionEvent } from "./session_event.ts";
import type { ResumptionTicket } from "./resumption_ticket.ts";
import {
  ACK_AT,
  ARMED_AT,
  CLOSE_REPEAT_AT,
  COUNTS,
  COUNTS_WIDTH,
  GAP_END,
  IDLE_TIMEOUT,
  ITEM_COUNT,
  ITEM_NUMBER,
  LARGEST_ACKED,
  LARGEST_RECEIVED,
  PEER_ACK_DELAY,
  PEER_SEQUENCE,
  PREVIOUS_UNTIL,
  PROBE_AT,
  RECEIVED_AT,
  SEND_PHASE_SINCE,
  SEND_STEP_FROM,
  type SessionRow,
  SKIP_AT,
  SKIPPED_NUMBER,
  STATE_AT,
} from "./session_row.ts";
import { resetRtt } from "./rtt_estimator.ts";
import { SessionRole, SessionState } from "./session_state.ts";
import type { Traffic } from "./traffic.ts";

/** The most slots of an endpoint; a handle is exact up to 2^31 sessions. */
export const MAX_SLOTS = 2 ** 22;

/** After about how many packets a number is left out. */
const SKIP_SPACING = 200;

/** The state of one session. */
export class Session {
  /** What the sessions of the endpoint share. */
  readonly context: SessionContext;
  /** Which end this is. */
  readonly role: SessionRole;
  /** The session's place in the endpoint. */
  readonly slot: number;
  /** The session's number, never used again. */
  readonly serial: number;
  /** The numbers; session_row.ts names them. */
  readonly row: Float64Array;
  /** The words; session_row.ts, session_path.ts and session_ids.ts name them. */
  readonly words: Int32Array;
  /** Both of the above, as they came from the pool. */
  readonly #pooled: SessionRow;
  /** Where the session stands. */
  state: SessionState = SessionState.Idle;
  /** Seals packets. */
  sendKey: PacketKey | undefined = undefined;
  /** Opens packets of the current phase. */
  receiveKey: PacketKey | undefined = undefined;
  /** Opens packets of the phase before, for a while. */
  previousKey: PacketKey | undefined = undefined;
  /** Opens packets of the next phase; made when one may have come. */
  nextKey: PacketKey | undefined = undefined;
  /** The phase bit of sent packets. */
  sendPhase = 0;
  /** The phase bit of the current receive phase. */
  receivePhase = 0;
  /** How many packets that ask for an acknowledgement have not got one. */
  unacked = 0;
  /** What goes into the next packet; bits of session_item.ts. */
  due = 0;
  /** What was sent and not acknowledged. */
  owed = 0;
  /** How often in a row the probe timeout has passed. */
  backoff = 0;
  /** The path that packets go to; -1: none yet. */
  path: number = -1;
  /** The path to go back to while the current one is not validated; -1: none. */
  fallback: number = -1;
  /** The path that the application knows of; -1: none, or one that is forgotten. */
  told: number = -1;
  /** Events that were not polled yet, a bit for each. */
  notices = 0;
  /** Whether the application was told of the session. */
  announced = false;
  /** Whether a message was refused and `Drained` is owed. */
  pressed = false;
  /** The largest packet that is sent, in bytes. */
  maxDatagramBytes: number;
  /** The largest datagram that the peer takes, in bytes. */
  peerDatagramBytes = 0;
  /** Whether larger datagrams are searched for on the path in use. */
  searches = false;
  /** Early messages that were delivered, a bit for each id. */
  deliveredEarly = 0;
  /** What there is only while packets with messages come and go. */
  traffic: Traffic | undefined = undefined;
  /** The channels while they are used. */
  channels: ChannelSet | undefined = undefined;
  /** What is left of channels that were used. */
  rest: ChannelRest | undefined = undefined;
  /** Small messages of unreliable channels that wait for a packet. */
  queue: MessageQueue | undefined = undefined;
  /** Packets that are under way while there is no traffic. */
  ledger: PacketLedger | undefined = undefined;
  /** A client's resumption under way. */
  flight: ClientFlight | undefined = undefined;
  /** A client's early messages until they are settled. */
  early: EarlyStore | undefined = undefined;
  /** A server's answer to a first flight until the client has shown that it got it. */
  reply: ServerReply | undefined = undefined;
  /** The ticket that the client is to get. */
  grant: TicketGrant | undefined = undefined;
  /** The ticket that the client got. */
  ticket: ResumptionTicket | undefined = undefined;
  /** What the client's application showed to the server. */
  token: Uint8Array | undefined = undefined;
  /** Whether the keys come from a ticket. */
  resumed = false;
  /** The handle of the session whose ticket was used; 0: none. */
  parent = 0;
  /** Why it ended or is ending. */
  reason: SessionCloseReason | undefined = undefined;

  /**
   * Makes a session without keys.
   *
   * @param context What the sessions of the endpoint share.
   * @param role Which end this is.
   * @param slot The session's place in the endpoint.
   * @param serial The session's number.
   */
  constructor(context: SessionContext, role: SessionRole, slot: number, serial: number) {
    this.context = context;
    this.role = role;
    this.slot = slot;
    this.serial = serial;
    this.#pooled = context.rows.take();
    this.row = this.#pooled.numbers;
    this.words = this.#pooled.words;
    const { config } = context;
    this.maxDatagramBytes = config.maxDatagramBytes;
    const row = this.row;
    row[SKIPPED_NUMBER] =
      row[GAP_END] =
      row[LARGEST_RECEIVED] =
      row[LARGEST_ACKED] =
      row[PEER_SEQUENCE] =
        -1;
    for (const field of NEVER) row[field] = Infinity;
    row.fill(-1, ITEM_NUMBER, ITEM_NUMBER + ITEM_COUNT);
    row[PEER_ACK_DELAY] = config.maxAckDelayMs;
    row[IDLE_TIMEOUT] = config.idleTimeoutMs === 0 ? Infinity : config.idleTimeoutMs;
    row[RECEIVED_AT] = context.clock.now;
    resetRtt(row, config.initialRttMs);
    this.planSkip(0);
  }

  /** Slot and serial number in one: names this session and never another. */
  get handle(): number {
    return this.serial * MAX_SLOTS + this.slot;
  }

  /** Whether packets can be sealed and opened. */
  get hasKeys(): boolean {
    return this.sendKey !== undefined;
  }

  /** Whether the session is neither closed nor closing. */
  get isOpen(): boolean {
    return this.state < SessionState.Closing;
  }

  /** Whether this end goes where its peer is heard from. */
  get follows(): boolean {
    const { config } = this.context;
    return this.role === SessionRole.Server ? config.serverFollows : config.clientFollows;
  }

  /**
   * Changes the state.
   *
   * @param next The new state; entering the current one again is no change.
   */
  enter(next: SessionState): void {
    const before = this.state;
    if (before === next) return;
    this.context.transitions.count(this.role, before, next);
    if (this.role === SessionRole.Server) {
      if (next === SessionState.Confirming) this.context.halfOpen++;
      else if (before === SessionState.Confirming) this.context.halfOpen--;
    }
    this.state = next;
  }

  /**
   * Makes sure that the session is looked at by a time.
   *
   * @param atMs The time in ms, rounded up so that V8 need not box it; `Infinity` changes nothing.
   */
  arm(atMs: number): void {
    if (atMs < this.row[ARMED_AT]!) {
      const at = Math.ceil(atMs);
      this.row[ARMED_AT] = at;
      this.context.deadlines.set(this.slot, at);
    }
  }

  /** Makes sure that the session is asked for a packet. */
  wake(): void {
    this.context.ready.add(this.slot);
  }

  /**
   * Makes something go out with the next packet.
   *
   * @param bits Bits of session_item.ts.
   */
  call(bits: number): void {
    this.due |= bits;
    this.context.ready.add(this.slot);
  }

  /**
   * Makes an event come; none comes behind `Closed`.
   *
   * @param event Which.
   */
  notify(event: SessionEvent): void {
    if (this.reason !== undefined && event !== SessionEvent.Closed) return;
    this.notices |= 1 << event;
    this.context.notices.add(this.slot);
  }

  /**
   * Counts what every packet counts: in the row, which the packet touches anyway.
   *
   * @param counter One of the first `COUNTS_WIDTH` columns of `SessionCounter`.
   * @param n How much.
   */
  tally(counter: number, n: number): void {
    this.row[COUNTS + counter]! += n;
  }

  /**
   * Counts a packet and its bytes, which stand side by side.
   *
   * @param counter `PacketsIn` or `PacketsOut`.
   * @param bytes How many bytes it has.
   */
  tallyPacket(counter: number, bytes: number): void {
    const { row } = this;
    row[COUNTS + counter]! += 1;
    row[COUNTS + counter + 1]! += bytes;
  }

  /** Moves what was tallied to the endpoint's table, for somebody who reads that. */
  flushCounts(): void {
    for (let counter = 0; counter < COUNTS_WIDTH; counter++) {
      this.count(counter, this.row[COUNTS + counter]!);
      this.row[COUNTS + counter] = 0;
    }
  }

  /**
   * Counts.
   *
   * @param counter A column of `SessionCounter`.
   * @param n How much.
   */
  count(counter: number, n: number): void {
    this.context.counters.add(this.slot, counter, n);
  }

  /**
   * Chooses the packet number to leave out next: an acknowledgement of it is a lie (RFC 9000 section 21.4).
   *
   * @param from The number that comes next.
   */
  planSkip(from: number): void {
    this.row[SKIP_AT] = from + 1 + Math.floor(this.context.random.visibleFraction() * SKIP_SPACING * 2);
  }

  /** Gives back everything that the session does not need once it is over. */
  release(): void {
    const { context } = this;
    for (const key of [this.sendKey, this.receiveKey, this.previousKey, this.nextKey]) key?.destroy();
    this.sendKey =
      this.receiveKey =
      this.previousKey =
      this.nextKey =
        undefined;
    this.dropMessages();
    if (this.ledger !== undefined) context.giveLedger(this.ledger);
    this.flight?.destroy();
    this.early =
      this.flight =
      this.reply =
      this.grant =
      this.ledger =
        undefined;
    context.deadlines.clear(this.slot);
    context.rows.give(this.#pooled);
  }

  /** Gives the traffic back: nothing is under way that anybody waits for. */
  giveTraffic(): void {
    if (this.traffic === undefined) return;
    this.context.giveTraffic(this.traffic);
    this.traffic = undefined;
  }

  /** Throws away all messages, in both directions, and what belongs to them. */
  dropMessages(): void {
    if (this.queue !== undefined) {
      this.count(SessionCounter.UnsentMessages, this.queue.count);
      this.context.giveQueue(this.queue);
      this.queue = undefined;
    }
    this.giveTraffic();
    this.rest = undefined;
    // The application reads a message in memory of its channels; they go when it is done.
    if (this.channels === undefined || this.context.lender === this.slot) return;
    this.channels.close();
    this.channels = undefined;
  }
}

/** What is never, until it is set. */
const NEVER: readonly number[] = [
  ACK_AT,
  PROBE_AT,
  STATE_AT,
  CLOSE_REPEAT_AT,
  PREVIOUS_UNTIL,
  SEND_PHASE_SINCE,
  SEND_STEP_FROM,
  ARMED_AT,
];
