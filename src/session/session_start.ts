/**
 * How a session gets its first keys from the hellos that were exchanged inside TLS (STANDARD.md, section 10).
 *
 * Invariant: both ends bind the keys to both records as they went over the stream, so that nobody who changes what was
 * negotiated gets a packet opened.
 *
 * @module
 */
import type { DatagramAddress } from "../wire/datagram_address.ts";
import {
  type ClientHello,
  encodeClientHello,
  encodeServerHello,
  type ServerHello,
  SESSION_VERSION,
} from "../wire/hello_record.ts";
import { CONNECTION_ID_BYTES, decodeWord, encodeWord } from "../wire/packet_header.ts";
import { SECRET_BYTES, type TicketGrant } from "../wire/session_frame.ts";
import type { SessionLimits } from "../wire/session_limits.ts";
import { installSecrets } from "./key_ladder.ts";
import { helloSecrets, type TrafficSecrets } from "./key_schedule.ts";
import { ticketOf } from "./resumption_ticket.ts";
import { resetRtt } from "./rtt_estimator.ts";
import type { Session } from "./session.ts";
import { SessionEvent } from "./session_event.ts";
import { addPeerId, drawLocalId, forgetPeerIds, localHigh, localLow } from "./session_ids.ts";
import { EARLY, PING } from "./session_item.ts";
import { setPath } from "./session_path.ts";
import { IDLE_TIMEOUT, PEER_ACK_DELAY, SMOOTHED_RTT, STATE_AT } from "./session_row.ts";
import { SessionState } from "./session_state.ts";

/**
 * Gives a new session the id by which its peer reaches it.
 *
 * @param s The session.
 */
export function openIds(s: Session): void {
  forgetPeerIds(s);
  drawLocalId(s, 0);
}

/**
 * Takes over what the peer accepts.
 *
 * @param s The session.
 * @param limits The peer's limits.
 */
export function adoptLimits(s: Session, limits: SessionLimits): void {
  const { config } = s.context;
  s.maxDatagramBytes = Math.min(config.maxDatagramBytes, limits.maxDatagramBytes);
  s.peerDatagramBytes = limits.maxDatagramBytes;
  s.row[PEER_ACK_DELAY] = limits.maxAckDelayMs;
  const [ours, theirs] = [config.idleTimeoutMs, limits.idleTimeoutMs];
  s.row[IDLE_TIMEOUT] = Math.min(ours === 0 ? Infinity : ours, theirs === 0 ? Infinity : theirs);
}

/**
 * Writes the record with which a client asks for a session.
 *
 * @param s A client without keys.
 * @param token What the application shows to the server; at most 1024 bytes.
 * @returns The record, without its length.
 * @throws {RangeError} When the token is too long.
 */
export function writeClientHello(s: Session, token: Uint8Array): Uint8Array {
  return encodeClientHello({
    lowestVersion: SESSION_VERSION,
    highestVersion: SESSION_VERSION,
    connectionId: idBytes(localHigh(s, 0), localLow(s, 0)),
    limits: s.context.config.limits,
    early: s.early?.sentIn,
    token,
  });
}

/**
 * Takes the server's answer over: the session has keys and says so on its first path.
 *
 * @param s A client without keys.
 * @param hello The answer.
 * @param records The client's record and the server's, as they went over the stream.
 * @param pathId The link to the server.
 * @param address The server's address there.
 * @param rttMs The round-trip time that the stream showed; 0 when nobody measured.
 */
export function startClient(
  s: Session,
  hello: ServerHello,
  records: readonly [Uint8Array, Uint8Array],
  pathId: number,
  address: DatagramAddress,
  rttMs: number,
): void {
  const { connectionId, resetToken, limits, grant } = hello;
  start(s, helloSecrets(hello.clientSecret, hello.serverSecret, ...records));
  adoptLimits(s, limits);
  addPeerId(s, 0, decodeWord(connectionId, 0), decodeWord(connectionId, 4), resetToken, 0);
  setPath(s, pathId, address);
  if (rttMs > 0) resetRtt(s.row, rttMs);
  if (grant !== undefined) keepTicket(s, grant);
  if (hello.earlyDelivered) s.early = undefined;
  s.call(s.early === undefined ? PING : PING | EARLY);
}

/**
 * Answers a client's record: the session has keys and waits for the client.
 *
 * @param s A new session of a server.
 * @param hello The client's record, decoded.
 * @param record The same, as it came over the stream.
 * @param udpPort Where datagrams go.
 * @param earlyDelivered Whether the early data of the client's first flight was delivered.
 * @param grant A ticket for a later resumption.
 * @returns The answer, without its length.
 */
export function startServer(
  s: Session,
  hello: ClientHello,
  record: Uint8Array,
  udpPort: number,
  earlyDelivered: boolean,
  grant: TicketGrant | undefined,
): Uint8Array {
  const { config, random, resetTokens } = s.context;
  const [high, low] = [localHigh(s, 0), localLow(s, 0)];
  const clientSecret = new Uint8Array(SECRET_BYTES);
  const serverSecret = new Uint8Array(SECRET_BYTES);
  random.fillSecret(clientSecret);
  random.fillSecret(serverSecret);
  const answer = encodeServerHello({
    version: SESSION_VERSION,
    connectionId: idBytes(high, low),
    resetToken: resetTokens.tokenOf(high, low),
    udpPort,
    limits: config.limits,
    earlyDelivered,
    clientSecret,
    serverSecret,
    grant,
  });
  start(s, helloSecrets(clientSecret, serverSecret, record, answer));
  adoptLimits(s, hello.limits);
  addPeerId(s, 0, decodeWord(hello.connectionId, 0), decodeWord(hello.connectionId, 4), NO_TOKEN, 0);
  s.token = hello.token;
  clientSecret.fill(0);
  serverSecret.fill(0);
  return answer;
}

/**
 * Gives a session keys and a time within which its peer has to be heard.
 *
 * @param s The session.
 * @param secrets The traffic secrets; overwritten.
 */
export function start(s: Session, secrets: TrafficSecrets): void {
  installSecrets(s, secrets);
  secrets.client.fill(0);
  secrets.server.fill(0);
  s.enter(SessionState.Confirming);
  s.row[STATE_AT] = s.context.clock.now + s.context.config.handshakeTimeoutMs;
  s.arm(s.row[STATE_AT]!);
}

/**
 * A ticket came, perhaps once more.
 *
 * @param s The client.
 * @param grant The ticket and what belongs to it; taken over.
 */
export function keepTicket(s: Session, grant: TicketGrant): void {
  const before = s.ticket?.ticket;
  const isKnown = before !== undefined && decodeWord(before, 0) === decodeWord(grant.ticket, 0) &&
    decodeWord(before, 4) === decodeWord(grant.ticket, 4);
  if (isKnown) return;
  s.ticket = ticketOf(grant, s.context.wallClock.wallNow(), s.row[SMOOTHED_RTT]!);
  s.notify(SessionEvent.TicketReceived);
}

function idBytes(high: number, low: number): Uint8Array {
  const id = new Uint8Array(CONNECTION_ID_BYTES);
  encodeWord(id, 0, high);
  encodeWord(id, 4, low);
  return id;
}

/** A client's ids have no reset tokens that its server knows at first. */
const NO_TOKEN = new Uint8Array(16);
