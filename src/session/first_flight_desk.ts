/**
 * The server's side of a resumption (STANDARD.md, section 7; RFC 8446 sections 2.3 and 8).
 *
 * Checks go from cheap to dear: format, repetition, rate of the host, cookie, ticket, seal, key exchange. Invariants: a
 * first flight that fails one leaves nothing behind; nothing is answered with more than it brought; early data is
 * delivered once for a ticket, by the endpoint that issued it in this life, and never when that cannot be remembered.
 *
 * @module
 */
import { AEAD_TAG_BYTES } from "../crypto/aead.ts";
import type { CounterTable } from "../metric/counter_table.ts";
import { FirstFlightReader } from "../wire/first_flight.ts";
import { encodeRefusal, encodeRetry, RefusalReason } from "../wire/flight_answer.ts";
import { encodeWord } from "../wire/packet_header.ts";
import { EarlyVerdict, FrameType, SECRET_BYTES } from "../wire/session_frame.ts";
import { decodeLimits, type SessionLimits } from "../wire/session_limits.ts";
import type { AddressRate } from "./address_rate.ts";
import type { CookieKeeper } from "./cookie_keeper.ts";
import type { InboundPacket } from "./inbound_packet.ts";
import { earlyRoot, earlySecret, packetKeyOf, resumedSecrets } from "./key_schedule.ts";
import type { Session } from "./session.ts";
import type { SessionContext } from "./session_context.ts";
import { EndpointCounter } from "./session_counters.ts";
import { announce } from "./session_establish.ts";
import { addPeerId, localHigh, localLow } from "./session_ids.ts";
import { EARLY_CHANNEL } from "./session_intake.ts";
import { ACCEPT } from "./session_item.ts";
import { markValidated } from "./session_migration.ts";
import { addPath, creditPath, findPath } from "./session_path.ts";
import { adoptLimits, start } from "./session_start.ts";
import { SessionRole, SessionState } from "./session_state.ts";
import type { SessionTable } from "./session_table.ts";
import type { StatelessAnswer } from "./stateless_answer.ts";
import { isIssuedTo, type TicketContent, type TicketKeeper } from "./ticket_keeper.ts";
import type { TokenBucket } from "./token_bucket.ts";
import { TicketUse, type UsedTickets } from "./used_tickets.ts";

const TWO_32 = 0x1_0000_0000;

/** What the desk is made of. */
export interface FirstFlightDeskSetup {
  /** What sessions share. */
  readonly context: SessionContext;
  /** What the endpoint counts; its row is 0. */
  readonly counters: CounterTable;
  /** Opens tickets. */
  readonly tickets: TicketKeeper;
  /** Remembers which were used. */
  readonly used: UsedTickets;
  /** Makes and checks cookies. */
  readonly cookies: CookieKeeper;
  /** How often each host is worked for. */
  readonly rate: AddressRate;
  /** How many answers go out in all. */
  readonly answers: TokenBucket;
  /** Where an answer is put. */
  readonly answer: StatelessAnswer;
  /** The sessions. */
  readonly table: SessionTable;
}

/** Takes first flights. */
export class FirstFlightDesk {
  readonly #setup: FirstFlightDeskSetup;
  readonly #flight = new FirstFlightReader();
  #limits: SessionLimits | undefined = undefined;
  #hasEarly = false;

  /**
   * Makes a desk.
   *
   * @param setup What the desk is made of.
   */
  constructor(setup: FirstFlightDeskSetup) {
    this.#setup = setup;
  }

  /**
   * Takes a first flight; `context.messages` and `context.earlyMask` say what is in it for the application, which lies
   * from `at.body` on.
   *
   * @param at Where it is and where it came from.
   * @returns The session that came of it now, or `undefined`.
   */
  take(at: InboundPacket): Session | undefined {
    const flight = this.#flight;
    this.#count(EndpointCounter.FirstFlights);
    if (!flight.read(at.buffer, at.start, at.end)) return this.#drop(EndpointCounter.Malformed);
    const { used, rate, context } = this.#setup;
    const use = used.look(flight.ticketHigh, flight.ticketLow, flight.randomHigh, flight.randomLow);
    if (use === TicketUse.Same) return this.#repeat(at);
    if (!rate.take(at.address)) return this.#drop(EndpointCounter.FirstFlightsLimited);
    const isProved = this.#hasCookie(at);
    if (!isProved && context.halfOpen >= context.config.cookieFromHalfOpen) return this.#retry(at);
    if (use === TicketUse.Other) return this.#refuse(at, RefusalReason.UsedTicket);
    const content = this.#setup.tickets.open(flight.ticket);
    if (content === undefined) return this.#refuse(at, RefusalReason.UnknownTicket);
    const age = context.wallClock.wallNow() - content.issuedAtMs;
    if (age < 0 || age >= content.lifetimeMs) return this.#refuse(at, RefusalReason.ExpiredTicket);
    if (!isProved && !isIssuedTo(content, at.address)) return this.#retry(at);
    const isFull = context.halfOpen >= context.config.maxHalfOpen || this.#setup.table.isFull;
    if (isFull) return this.#refuse(at, RefusalReason.Busy);
    return this.#open(at, content, age, isProved);
  }

  #open(at: InboundPacket, content: TicketContent, age: number, isProved: boolean): Session | undefined {
    const flight = this.#flight;
    const { context, table, used } = this.#setup;
    const root = earlyRoot(content.secret, flight.random);
    const secret = earlySecret(root, flight.transcript);
    const key = packetKeyOf(context.aead, secret);
    secret.fill(0);
    const isAuthentic = key.open(at.buffer, at.start, flight.sealedAt, at.end, flight.number);
    key.destroy();
    if (!isAuthentic || !this.#readOffer(at)) return this.#drop(EndpointCounter.FirstFlightsForged);
    const pair = context.keyExchange.keyPair(context.random);
    const shared = context.keyExchange.sharedSecret(pair.privateKey, flight.share);
    pair.privateKey.fill(0);
    if (shared === undefined) return this.#drop(EndpointCounter.FirstFlightsForged);
    const s = table.open(SessionRole.Server)!;
    const verdict = this.#judge(content, age);
    used.settle(flight.ticketHigh, flight.ticketLow, s.handle, verdict === EarlyVerdict.Accepted);
    const transcript = replyTranscript(s, pair.publicKey);
    start(s, resumedSecrets(root, shared, flight.transcript, transcript));
    root.fill(0);
    shared.fill(0);
    this.#furnish(s, at, content, verdict, transcript, isProved);
    return s;
  }

  /** Gives the new session what the first flight and the ticket say. */
  #furnish(
    s: Session,
    at: InboundPacket,
    content: TicketContent,
    verdict: EarlyVerdict,
    transcript: Uint8Array,
    isProved: boolean,
  ): void {
    const flight = this.#flight;
    const { context, tickets } = this.#setup;
    const resetToken = context.resetTokens.tokenOf(localHigh(s, 0), localLow(s, 0));
    s.reply = { transcript, verdict, resetToken };
    s.resumed = true;
    s.parent = content.isOwn ? content.parent : 0;
    s.token = content.token;
    s.grant = tickets.issue(content.token, at.address, s.handle);
    adoptLimits(s, this.#limits!);
    addPeerId(s, 0, flight.idHigh, flight.idLow, NO_TOKEN, 0);
    s.path = addPath(s, at.pathId, at.address, false);
    creditPath(s, s.path, at.end - at.start);
    if (isProved) markValidated(s, s.path);
    s.call(ACCEPT);
    at.body = flight.sealedAt;
    if (verdict !== EarlyVerdict.Accepted) {
      context.messages = 0;
      return;
    }
    s.deliveredEarly = context.earlyMask;
    announce(s);
  }

  /** Decides on the early data, and records the ticket as used. */
  #judge(content: TicketContent, age: number): EarlyVerdict {
    const flight = this.#flight;
    const { context, used } = this.#setup;
    const { config } = context;
    const now = context.wallClock.wallNow();
    const expiresAt = content.issuedAtMs + content.lifetimeMs;
    const use = used.record(
      flight.ticketHigh,
      flight.ticketLow,
      flight.randomHigh,
      flight.randomLow,
      expiresAt,
      now,
    );
    if (!this.#hasEarly) return EarlyVerdict.None;
    const told = (flight.maskedAge - content.ageMask + TWO_32) % TWO_32;
    const isFresh = Math.abs(told - age) <= config.earlyFreshnessMs;
    const isSafe = use === TicketUse.First && !used.isClosed(now) && content.isOwn && isFresh;
    const isTaken = isSafe && config.acceptEarlyData;
    this.#count(isTaken ? EndpointCounter.EarlyAccepted : EndpointCounter.EarlyRefused);
    return isTaken ? EarlyVerdict.Accepted : EarlyVerdict.Refused;
  }

  /** Reads what was sealed: the client's limits, and early messages. */
  #readOffer(at: InboundPacket): boolean {
    const { context } = this.#setup;
    const { cursor } = context;
    context.messages = 0;
    context.earlyMask = 0;
    this.#limits = undefined;
    cursor.load(at.buffer, this.#flight.sealedAt, at.end - AEAD_TAG_BYTES);
    while (cursor.next()) {
      if (cursor.type === FrameType.Offer && this.#limits === undefined) {
        this.#limits = decodeLimits(cursor.buffer, cursor.offset);
        if (this.#limits === undefined) return false;
        continue;
      }
      const bit = 1 << cursor.id;
      const isEarly = cursor.type === FrameType.EarlyMessage && cursor.channel === EARLY_CHANNEL;
      if (!isEarly || (context.earlyMask & bit) !== 0) return false;
      context.earlyMask |= bit;
      context.messages++;
    }
    this.#hasEarly = context.messages > 0;
    return !cursor.failed && this.#limits !== undefined;
  }

  /** The same attempt again: the reply may have been lost. */
  #repeat(at: InboundPacket): undefined {
    const flight = this.#flight;
    const { used, table } = this.#setup;
    const s = table.live(used.handleOf(flight.ticketHigh, flight.ticketLow));
    const isWaiting = s !== undefined && s.state === SessionState.Confirming && s.reply !== undefined;
    if (!isWaiting || findPath(s, at.pathId, at.address) !== s.path) {
      return this.#drop(EndpointCounter.FirstFlightsStale);
    }
    this.#count(EndpointCounter.FirstFlightsRepeated);
    creditPath(s, s.path, at.end - at.start);
    s.call(ACCEPT);
    return undefined;
  }

  #hasCookie(at: InboundPacket): boolean {
    const { cookie } = this.#flight;
    if (cookie === undefined) return false;
    if (this.#setup.cookies.isValid(cookie, this.#flight, at.address)) return true;
    this.#count(EndpointCounter.CookiesInvalid);
    return false;
  }

  #retry(at: InboundPacket): undefined {
    const flight = this.#flight;
    const { answer, answers, cookies } = this.#setup;
    if (!answers.take()) return this.#drop(EndpointCounter.AnswersHeld);
    const cookie = cookies.make(flight, at.address);
    answer.address(at, encodeRetry(answer.buffer, 0, flight.idHigh, flight.idLow, flight.random, cookie));
    return this.#drop(EndpointCounter.RetriesSent);
  }

  #refuse(at: InboundPacket, reason: RefusalReason): undefined {
    const flight = this.#flight;
    const { answer, answers } = this.#setup;
    if (reason === RefusalReason.Busy) this.#count(EndpointCounter.FirstFlightsNoRoom);
    if (!answers.take()) return this.#drop(EndpointCounter.AnswersHeld);
    answer.address(at, encodeRefusal(answer.buffer, 0, flight.idHigh, flight.idLow, flight.random, reason));
    return this.#drop(EndpointCounter.FirstFlightsRefused);
  }

  #drop(counter: number): undefined {
    this.#count(counter);
    return undefined;
  }

  #count(counter: number): void {
    this.#setup.counters.add(0, counter, 1);
  }
}

/** The server's id and share as they stand in every reply of a session. */
function replyTranscript(s: Session, share: Uint8Array): Uint8Array {
  const transcript = new Uint8Array(8 + SECRET_BYTES);
  encodeWord(transcript, 0, localHigh(s, 0));
  encodeWord(transcript, 4, localLow(s, 0));
  transcript.set(share, 8);
  return transcript;
}

/** A client's first id has no reset token that its server knows. */
const NO_TOKEN = new Uint8Array(16);
