/**
 * The client's side of a resumption: the first flight out, the server's answer in (STANDARD.md, section 7).
 *
 * Invariants: a cookie or a refusal counts only when it repeats the client's id and random; a reply counts only when it
 * opens under keys that its key share and the ticket's secret give; early messages stay in the session until one of the
 * two ends has been proved to be responsible for them.
 *
 * @module
 */
import { AEAD_TAG_BYTES } from "../crypto/aead.ts";
import type { DatagramAddress } from "../wire/datagram_address.ts";
import {
  COOKIE_BYTES,
  COOKIE_OFFSET,
  encodeFirstFlight,
  FIRST_FLIGHT_OVERHEAD_BYTES,
  TRANSCRIPT_OFFSET,
} from "../wire/first_flight.ts";
import {
  ANSWER_OFFSET,
  echoesRandom,
  REPLY_HEADER_BYTES,
  REPLY_ID_OFFSET,
  REPLY_SHARE_OFFSET,
} from "../wire/flight_answer.ts";
import {
  BASE_DATAGRAM_BYTES,
  decodeNumber,
  decodeWord,
  encodeNumber,
  firstByte,
  NUMBER_OFFSET,
  PacketType,
} from "../wire/packet_header.ts";
import {
  EarlyVerdict,
  encodeOffer,
  FrameType,
  OFFER_FRAME_BYTES,
  RESET_TOKEN_BYTES,
  SECRET_BYTES,
} from "../wire/session_frame.ts";
import { decodeLimits } from "../wire/session_limits.ts";
import { ClientFlight, MAX_BAD_REPLIES, MAX_RETRIES } from "./client_flight.ts";
import type { DatagramTransmit } from "./datagram_transmit.ts";
import type { InboundPacket } from "./inbound_packet.ts";
import { earlyRoot, earlySecret, packetKeyOf, resumedSecrets } from "./key_schedule.ts";
import type { ResumptionTicket } from "./resumption_ticket.ts";
import { resetRtt } from "./rtt_estimator.ts";
import type { Session } from "./session.ts";
import { closeSession } from "./session_close.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import { SessionCounter } from "./session_counters.ts";
import { addPeerId, localHigh, localLow } from "./session_ids.ts";
import { acceptOpened } from "./session_intake.ts";
import { EARLY, FLIGHT } from "./session_item.ts";
import { findPath, pathLink, readPathAddress, setPath } from "./session_path.ts";
import { STATE_AT } from "./session_row.ts";
import { adoptLimits, start } from "./session_start.ts";
import { SessionState } from "./session_state.ts";
import { armProbe, failResumption } from "./session_timers.ts";

const MAX_UINT32 = 0x1_0000_0000;

/**
 * How many bytes of early messages fit beside a ticket.
 *
 * @param ticketBytes The ticket's length.
 * @returns How many bytes of frames.
 */
export function earlyRoom(ticketBytes: number): number {
  return BASE_DATAGRAM_BYTES - FIRST_FLIGHT_OVERHEAD_BYTES - ticketBytes - OFFER_FRAME_BYTES - AEAD_TAG_BYTES;
}

/**
 * Starts an attempt.
 *
 * @param s A client without keys.
 * @param ticket The ticket; usable, and used up by this.
 * @param pathId The link to the server.
 * @param address The server's address there.
 */
export function startResumption(s: Session, ticket: ResumptionTicket, pathId: number, address: DatagramAddress): void {
  const { aead, clock, config, keyExchange, random, wallClock } = s.context;
  const clientRandom = new Uint8Array(SECRET_BYTES);
  random.fillSecret(clientRandom);
  const { publicKey, privateKey } = keyExchange.keyPair(random);
  const age = Math.max(0, Math.round(wallClock.wallNow() - ticket.receivedAtMs));
  const memory = new Uint8Array(FIRST_FLIGHT_OVERHEAD_BYTES + ticket.ticket.length);
  encodeFirstFlight(memory, 0, {
    number: 0,
    cookie: new Uint8Array(COOKIE_BYTES),
    idHigh: localHigh(s, 0),
    idLow: localLow(s, 0),
    random: clientRandom,
    share: publicKey,
    maskedAge: (age + ticket.ageMask) % MAX_UINT32,
    ticket: ticket.ticket,
  });
  const transcript = memory.subarray(TRANSCRIPT_OFFSET);
  const root = earlyRoot(ticket.secret, clientRandom);
  const secret = earlySecret(root, transcript);
  s.flight = new ClientFlight(transcript, clientRandom, ticket.ticket, root, privateKey, packetKeyOf(aead, secret));
  secret.fill(0);
  setPath(s, pathId, address);
  resetRtt(s.row, ticket.rttMs);
  s.enter(SessionState.Resuming);
  s.row[STATE_AT] = clock.now + config.handshakeTimeoutMs;
  s.arm(s.row[STATE_AT]!);
  s.call(FLIGHT);
}

/**
 * Writes the first flight, if that is due.
 *
 * @param s A client that resumes.
 * @param target Where it is written.
 * @returns Its length in bytes; 0 when it is not due.
 */
export function giveFirstFlight(s: Session, target: DatagramTransmit): number {
  const { flight } = s;
  if (flight === undefined || (s.due & FLIGHT) === 0) return 0;
  const { buffer, offset: start } = target;
  const number = flight.number++;
  const body = writeHeader(flight, buffer, start, number);
  let at = encodeOffer(buffer, body, s.context.config.limits);
  if (s.early !== undefined) {
    buffer.set(s.early.frames, at);
    at += s.early.frames.length;
  }
  const end = start + BASE_DATAGRAM_BYTES - AEAD_TAG_BYTES;
  buffer.fill(0, at, end);
  flight.earlyKey.seal(buffer, start, body, end, number);
  s.due &= ~FLIGHT;
  s.tally(SessionCounter.PacketsOut, 1);
  s.tally(SessionCounter.BytesOut, BASE_DATAGRAM_BYTES);
  armProbe(s);
  target.pathId = pathLink(s, s.path);
  readPathAddress(s, s.path, target.address);
  return BASE_DATAGRAM_BYTES;
}

/**
 * A reply came: it makes the session if it opens.
 *
 * @param s A client that resumes.
 * @param at Where the reply is and where it came from.
 * @returns How many messages are in it for the application.
 */
export function takeReply(s: Session, at: InboundPacket): number {
  const flight = s.flight!;
  const { aead, keyExchange } = s.context;
  const from = findPath(s, at.pathId, at.address);
  if (from < 0 || flight.badReplies >= MAX_BAD_REPLIES) return drop(s, SessionCounter.WrongPath);
  const number = decodeNumber(at.buffer, at.start + NUMBER_OFFSET);
  const reply = at.buffer.slice(at.start + REPLY_ID_OFFSET, at.start + REPLY_HEADER_BYTES);
  const share = reply.subarray(REPLY_SHARE_OFFSET - REPLY_ID_OFFSET);
  const shared = keyExchange.sharedSecret(flight.privateKey, share);
  if (shared === undefined || number < 0) return refuseReply(s, flight);
  const secrets = resumedSecrets(flight.root, shared, flight.transcript, reply);
  shared.fill(0);
  const key = packetKeyOf(aead, secrets.server);
  const isAuthentic = key.open(at.buffer, at.start, at.body, at.end, number);
  key.destroy();
  if (!isAuthentic) return refuseReply(s, flight);
  flight.destroy();
  s.flight = undefined;
  s.due &= ~FLIGHT;
  s.resumed = true;
  start(s, secrets);
  if (!readAccept(s, at, reply)) {
    closeSession(s, SessionCloseCode.ProtocolViolation, "remote", "");
    return 0;
  }
  return acceptOpened(s, s.receiveKey!, number, from, at);
}

/**
 * A retry or a refusal came.
 *
 * @param s A client that resumes.
 * @param at Where it is and where it came from.
 * @param isRetry Whether it is a retry.
 */
export function takeAnswer(s: Session, at: InboundPacket, isRetry: boolean): void {
  const flight = s.flight!;
  if (findPath(s, at.pathId, at.address) < 0 || !echoesRandom(at.buffer, at.start, flight.random)) {
    drop(s, SessionCounter.WrongPath);
    return;
  }
  if (!isRetry) return failResumption(s);
  if (flight.retries++ >= MAX_RETRIES) return;
  const cookieAt = at.start + ANSWER_OFFSET;
  flight.cookie.set(at.buffer.subarray(cookieAt, cookieAt + COOKIE_BYTES));
  s.call(FLIGHT);
}

/** The header of a repetition: number and cookie, then what is the same in all of them. */
function writeHeader(flight: ClientFlight, into: Uint8Array, at: number, number: number): number {
  into[at] = firstByte(PacketType.FirstFlight, 0);
  encodeNumber(into, at + 1, number);
  into.set(flight.cookie, at + COOKIE_OFFSET);
  into.set(flight.transcript, at + TRANSCRIPT_OFFSET);
  return at + TRANSCRIPT_OFFSET + flight.transcript.length;
}

/** Finds the accept in an opened reply and takes over what it says. */
function readAccept(s: Session, at: InboundPacket, reply: Uint8Array): boolean {
  const { cursor } = s.context;
  cursor.load(at.buffer, at.body, at.end - AEAD_TAG_BYTES);
  while (cursor.next()) {
    if (cursor.type !== FrameType.Accept) continue;
    const limits = decodeLimits(cursor.buffer, cursor.offset + RESET_TOKEN_BYTES);
    if (limits === undefined) return false;
    adoptLimits(s, limits);
    addPeerId(s, 0, decodeWord(reply, 0), decodeWord(reply, 4), cursor.buffer, cursor.offset);
    if (cursor.code === EarlyVerdict.Accepted) s.early = undefined;
    else if (s.early !== undefined) s.call(EARLY);
    return true;
  }
  return false;
}

function refuseReply(s: Session, flight: ClientFlight): number {
  flight.badReplies++;
  return drop(s, SessionCounter.Forged);
}

function drop(s: Session, counter: number): number {
  s.count(counter, 1);
  return 0;
}
