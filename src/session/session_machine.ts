/**
 * One session as a machine (src/machine/CONTRACT.md), over the state in `session.ts`.
 *
 * Its driver is the `EndpointMachine` that made it: that routes packets to it, keeps its deadline in one table with all
 * others, polls it, and watches the order of the polls; a command to a session counts as one to its endpoint.
 * Applications see the commands and what can be read. Invariant: after the end nothing of the state is touched any more;
 * what it was at last stays readable. Why: more than 400 lines, because it is the whole face of a session, and most of
 * them say what its user may rely on.
 *
 * @module
 */
import type { ChannelSendOptions } from "../channel/channel_set.ts";
import { AEAD_TAG_BYTES } from "../crypto/aead.ts";
import { SendStatus } from "../error/send_status.ts";
import { MisuseError } from "../error/transport_error.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { REPLY_HEADER_BYTES } from "../wire/flight_answer.ts";
import { decodeHelloRefusal, decodeServerHello } from "../wire/hello_record.ts";
import { PacketType, packetType, SESSION_HEADER_BYTES } from "../wire/packet_header.ts";
import { MESSAGE_OVERHEAD_BYTES } from "../wire/session_frame.ts";
import { EarlyStore } from "./client_flight.ts";
import type { DatagramTransmit } from "./datagram_transmit.ts";
import type { InboundPacket } from "./inbound_packet.ts";
import { isUsable, type ResumptionTicket } from "./resumption_ticket.ts";
import type { Session } from "./session.ts";
import { channelsOf, consume, hasDrained } from "./session_channels.ts";
import { closeSession } from "./session_close.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import { SessionCounter } from "./session_counters.ts";
import { type SessionCloseReason, SessionEvent } from "./session_event.ts";
import { EARLY_CHANNEL, takePacket } from "./session_intake.ts";
import { givePacket } from "./session_outflow.ts";
import { loseLink, probePath, takePath } from "./session_migration.ts";
import { hasPathOn, pathLink, readPathAddress } from "./session_path.ts";
import { earlyRoom, giveFirstFlight, startResumption, takeAnswer, takeReply } from "./session_resume.ts";
import { NEXT_MESSAGE_ID } from "./session_row.ts";
import { startClient, writeClientHello } from "./session_start.ts";
import { SessionRole, SessionState } from "./session_state.ts";
import { type SessionStatistics, statisticsOf } from "./session_statistics.ts";
import { failResumption, handleTimeouts, nextTimeout } from "./session_timers.ts";
import { unansweredProbes } from "./session_traffic.ts";

const MAX_CODE = 0xffff;
const LAST_EVENT = SessionEvent.Closed;

/** The machine of one session. */
export class SessionMachine {
  readonly #s: Session;
  #hello: Uint8Array | undefined = undefined;
  #handle = -1;
  #last: SessionStatistics | undefined = undefined;

  /**
   * Makes the machine of a session.
   *
   * @param session The state; made by the endpoint.
   */
  constructor(session: Session) {
    this.#s = session;
  }

  /** The session's number at its endpoint, from 1; never used again. */
  get id(): number {
    return this.#s.serial;
  }

  /** Which end of the session this is. */
  get role(): SessionRole {
    return this.#s.role;
  }

  /** Where the session stands. */
  get state(): SessionState {
    return this.#s.state;
  }

  /** Why it ended or is ending. */
  get reason(): SessionCloseReason | undefined {
    return this.#s.reason;
  }

  /** Whether the keys come from a ticket. */
  get isResumed(): boolean {
    return this.#s.resumed;
  }

  /** What the client's application showed when it asked for the session; a server's only. */
  get token(): Uint8Array | undefined {
    return this.#s.token;
  }

  /** The newest ticket for a later resumption; a client's only. */
  get ticket(): ResumptionTicket | undefined {
    return this.#s.ticket;
  }

  /** Whether early messages of this client are not settled: see `sendEarly`. */
  get hasUnsettledEarly(): boolean {
    return this.#s.early !== undefined;
  }

  /** Whether another datagram may follow the last one at once. */
  get hasMore(): boolean {
    const { channels, due, queue, traffic } = this.#s;
    return due !== 0 || queue !== undefined || channels !== undefined && channels.hasPending ||
      traffic !== undefined && traffic.recovery.losses.probes > 0;
  }

  /** The link that packets go to; -1: none yet, or no more. */
  get pathId(): number {
    const s = this.#s;
    return this.#last !== undefined || s.path < 0 ? -1 : pathLink(s, s.path);
  }

  /**
   * For how many probe timeouts in a row, each twice as long as the one before, the path in use has owed an answer: 2 are
   * about three times a round trip, and show a path that has gone dark.
   */
  get unansweredProbes(): number {
    return this.#last !== undefined ? 0 : unansweredProbes(this.#s);
  }

  /** The longest message that is taken, in bytes. */
  get maxMessageBytes(): number {
    return this.#s.context.config.channelSet.maxMessageBytes;
  }

  /** The longest message that one packet carries, in bytes: longer ones are sent in fragments. */
  get maxPacketMessageBytes(): number {
    return packetRoom(this.#s);
  }

  /** The handle of the message that was queued last, for {@linkcode SessionMachine.cancel}; -1: it cannot be taken back. */
  get messageHandle(): number {
    return this.#handle;
  }

  /**
   * The address that packets go to.
   *
   * @param into Overwritten, unless there is no path.
   * @returns Whether there is a path.
   */
  readAddress(into: DatagramAddress): boolean {
    if (this.pathId < 0) return false;
    readPathAddress(this.#s, this.#s.path, into);
    return true;
  }

  /**
   * Whether an authentic packet has come by a link, or packets go out by it, and neither was long ago.
   *
   * @param pathId The link.
   * @returns Whether one of the session's paths is on it.
   */
  knowsPath(pathId: number): boolean {
    return this.#last === undefined && hasPathOn(this.#s, pathId);
  }

  /**
   * What the session tells about itself.
   *
   * @returns A new object; after the end, the last numbers.
   */
  statistics(): SessionStatistics {
    return this.#last ?? statisticsOf(this.#s);
  }

  /**
   * Offers a message; it waits for the session to be ready and for its turn.
   *
   * @param channel The channel: 0 reliable ordered, 1 unreliable, 2 reliable unordered, 3 sequenced, or a configured one.
   * @param payload Copied; at most {@linkcode SessionMachine.maxMessageBytes}.
   * @param options A time to live, or another lane.
   * @returns What became of it: `Queued`, `BackPressured` (offer it again after `Drained`), `TooLarge` or `Closed`.
   * @throws {RangeError} When there is no such channel, or its messages cannot change lanes.
   */
  send(channel: number, payload: Uint8Array, options?: ChannelSendOptions): SendStatus {
    const s = this.#s;
    const { context } = s;
    if (!s.isOpen) return SendStatus.Closed;
    if (
      context.config.plainChannels[channel] === 1 && options === undefined && payload.length <= packetRoom(s) &&
      (s.channels === undefined || !s.channels.hasPending)
    ) return this.#sendPlain(channel, payload);
    if (context.config.channelSet.channels[channel] === undefined) refuseChannel(channel);
    context.guard.command();
    const channels = channelsOf(s);
    const status = channels.send(channel, payload, 0, payload.length, options);
    if (status === SendStatus.Queued) {
      this.#handle = channels.handle;
      s.arm(channels.pollTimeout());
      s.wake();
    } else {s.count(
        status === SendStatus.TooLarge ? SessionCounter.RefusedTooLarge : SessionCounter.RefusedBackPressured,
        1,
      );}
    return status;
  }

  /**
   * Takes a message back that has not been delivered, as far as is known here.
   *
   * @param handle What {@linkcode SessionMachine.messageHandle} was after it was queued.
   * @returns Whether it was neither acknowledged nor dropped before; it may have been delivered all the same.
   */
  cancel(handle: number): boolean {
    const s = this.#s;
    if (handle < 0 || !s.isOpen || s.channels === undefined) return false;
    s.context.guard.command();
    const isTaken = s.channels.cancel(handle);
    hasDrained(s, s.channels);
    if (isTaken && s.channels.hasPending) s.wake();
    return isTaken;
  }

  /**
   * The application is done with messages whose credit was taken by `EndpointMachine.takeCredit`.
   *
   * @param channel Their channel.
   * @param credit The sum of their credit.
   */
  handleConsumed(channel: number, credit: number): void {
    const s = this.#s;
    if (!s.isOpen || s.channels === undefined && s.rest === undefined) return;
    s.context.guard.command();
    consume(s, channelsOf(s), channel, credit);
  }

  /**
   * Offers a message for the first flight: it arrives half a round trip after `resume`, and somebody who copies the
   * datagram cannot have it delivered twice, but can have it delivered later than the client thinks. What does not fit
   * or comes too late is sent like any other message.
   *
   * A message of the first flight is sent again until the server has acknowledged it or said that it has it, whatever
   * becomes of the resumption.
   *
   * @param channel The channel; messages of any but channel 1 are sent like any other, once the session is there.
   * @param payload Copied.
   * @returns What became of it, as with `send`.
   * @throws {RangeError} When there is no such channel.
   */
  sendEarly(channel: number, payload: Uint8Array): SendStatus {
    const s = this.#s;
    const { flight } = s;
    if (channel !== EARLY_CHANNEL || flight === undefined || flight.number > 0) return this.send(channel, payload);
    s.context.guard.command();
    s.early ??= new EarlyStore(earlyRoom(flight.ticket.length));
    if (!s.early.add(channel, payload)) return this.send(channel, payload);
    s.early.sentIn ??= flight.reference;
    return SendStatus.Queued;
  }

  /**
   * Closes: the peer is told, repeatedly; what is queued is not sent. A second call does nothing.
   *
   * @param code Why: a `SessionCloseCode`, or a number from 32768 on with a meaning of the application's.
   * @param text What to tell the peer besides; beyond 255 bytes of UTF-8 it is cut.
   * @throws {RangeError} When the code is no integer from 0 to 65535.
   */
  close(code: number = SessionCloseCode.Normal, text = ""): void {
    if (!Number.isInteger(code) || code < 0 || code > MAX_CODE) {
      throw new RangeError(`Cannot close with the code ${code}: it is an integer from 0 to ${MAX_CODE}`);
    }
    if (!this.#s.isOpen) return;
    this.#s.context.guard.command();
    closeSession(this.#s, code, "local", text);
  }

  /**
   * Writes the record with which a client asks for a session inside TLS.
   *
   * @param token What the application shows to the server; at most 1024 bytes, and no ticket is given beyond 256.
   * @returns The record, without the length that stands before it on the stream. Belongs to the caller.
   * @throws {MisuseError} When the session is no client's, or not idle.
   * @throws {RangeError} When the token is too long.
   */
  writeHello(token: Uint8Array = NO_BYTES): Uint8Array {
    this.#checkIdle("write a hello");
    this.#hello = writeClientHello(this.#s, token);
    return this.#hello.slice();
  }

  /**
   * Takes the record with which the server answered inside TLS.
   *
   * @param record The record, without the length before it.
   * @param pathId The link by which the server's datagrams port is reached, or a stream.
   * @param host The address that TLS reached; the port comes from the record.
   * @param rttMs The round-trip time that the stream showed; 0 when nobody measured.
   * @returns `Normal` when the session has keys now; otherwise why not, and the session is idle as before.
   * @throws {MisuseError} When no hello was written, or the session is not idle.
   */
  handleHello(record: Uint8Array, pathId: number, host: DatagramAddress, rttMs = 0): number {
    this.#checkIdle("handle a hello");
    if (this.#hello === undefined) throw new MisuseError("Cannot handle a hello: writeHello comes first");
    const refusal = decodeHelloRefusal(record);
    if (refusal >= 0) return refusal === SessionCloseCode.Normal ? SessionCloseCode.BadHello : refusal;
    const hello = decodeServerHello(record);
    if (hello === undefined) return SessionCloseCode.BadHello;
    this.#s.context.guard.command();
    const address = new DatagramAddress();
    address.copyFrom(host);
    address.words[4] = hello.udpPort;
    startClient(this.#s, hello, [this.#hello, record], pathId, address, rttMs);
    this.#hello = undefined;
    return SessionCloseCode.Normal;
  }

  /**
   * Resumes with a ticket instead of TLS.
   *
   * @param ticket The ticket; used up by this.
   * @param pathId The link to the server.
   * @param address The server's address there.
   * @returns False when the ticket has expired; then nothing happens.
   * @throws {MisuseError} When the session is no client's or not idle, or when early messages of a resumption that came
   * to nothing are unsettled: only a full handshake tells whether they were delivered.
   */
  resume(ticket: ResumptionTicket, pathId: number, address: DatagramAddress): boolean {
    this.#checkIdle("resume");
    if (this.#s.early !== undefined) {
      throw new MisuseError("Cannot resume: early messages of the last attempt are settled by a full handshake");
    }
    if (!isUsable(ticket, this.#s.context.wallClock.wallNow())) return false;
    this.#s.context.guard.command();
    startResumption(this.#s, ticket, pathId, address);
    return true;
  }

  /**
   * Waits no longer for an answer to the first flight, as if the server had refused it; `ResumptionFailed` follows.
   *
   * @returns Whether there was one under way.
   */
  abandonResumption(): boolean {
    if (this.#s.state !== SessionState.Resuming) return false;
    this.#s.context.guard.command();
    failResumption(this.#s);
    return true;
  }

  /**
   * Moves to another path: it is probed, and taken once the peer has answered there; `PathChanged` or `PathFailed` tells.
   * A client that has not heard its server yet, perhaps because datagrams are blocked, says hello there at once.
   *
   * @param pathId The link.
   * @param address The peer's address there; of no account on a stream.
   * @returns Whether the path is tried; false when the session has no keys, is over, or has too many paths.
   */
  migrate(pathId: number, address: DatagramAddress): boolean {
    const s = this.#s;
    const isUnheard = s.state === SessionState.Confirming && s.role === SessionRole.Client;
    if (s.state !== SessionState.Established && !isUnheard) return false;
    s.context.guard.command();
    return isUnheard ? takePath(s, pathId, address) : probePath(s, pathId, address);
  }

  /**
   * Takes a packet that belongs to this session.
   *
   * @param at Where it is and where it came from; `body` is set by this.
   * @returns How many messages are in it for the application, from `at.body` on.
   */
  handlePacket(at: InboundPacket): number {
    const s = this.#s;
    const isReply = packetType(at.buffer[at.start]!) === PacketType.Reply;
    at.body = at.start + (isReply ? REPLY_HEADER_BYTES : SESSION_HEADER_BYTES);
    if (s.hasKeys) return takePacket(s, at);
    if (isReply && s.state === SessionState.Resuming) return takeReply(s, at);
    s.count(SessionCounter.LatePackets, 1);
    return 0;
  }

  /**
   * Takes a retry or a refusal that names this session's id.
   *
   * @param at Where it is and where it came from.
   * @param isRetry Whether it is a retry.
   * @returns Whether the session waits for one.
   */
  handleAnswer(at: InboundPacket, isRetry: boolean): boolean {
    if (this.#s.state !== SessionState.Resuming) return false;
    takeAnswer(this.#s, at, isRetry);
    return true;
  }

  /** Time has passed the deadline, or may have. */
  handleTimeout(): void {
    handleTimeouts(this.#s);
  }

  /**
   * A link is gone.
   *
   * @param pathId Which.
   */
  handlePathLost(pathId: number): void {
    if (this.#s.state !== SessionState.Closed) loseLink(this.#s, pathId);
  }

  /**
   * Writes the next datagram.
   *
   * @param target Where; path and address are filled in.
   * @returns Its length in bytes; 0 when there is none.
   */
  pollTransmit(target: DatagramTransmit): number {
    const s = this.#s;
    if (s.hasKeys) return givePacket(s, target);
    return s.state === SessionState.Resuming ? giveFirstFlight(s, target) : 0;
  }

  /**
   * The next deadline.
   *
   * @returns Milliseconds on the endpoint's clock, or `Infinity`.
   */
  pollTimeout(): number {
    return nextTimeout(this.#s);
  }

  /**
   * The next notification; messages are walked by the endpoint.
   *
   * @returns Its kind, or `undefined` when there is none.
   */
  pollEvent(): SessionEvent | undefined {
    const s = this.#s;
    for (let event = 1; s.notices !== 0 && event <= LAST_EVENT; event++) {
      if ((s.notices & (1 << event)) === 0 || !s.announced && isAfterConnected(event)) continue;
      s.notices &= ~(1 << event);
      return event as SessionEvent;
    }
    return undefined;
  }

  /** Keeps the last numbers; the endpoint gives the state back after this. */
  finish(): void {
    this.#last = statisticsOf(this.#s);
  }

  #sendPlain(channel: number, payload: Uint8Array): SendStatus {
    const s = this.#s;
    const { context } = s;
    context.guard.command();
    s.queue ??= context.takeQueue();
    const id = s.row[NEXT_MESSAGE_ID]!;
    if (!s.queue.push(channel, id, payload, context.config.maxQueuedBytes)) {
      s.pressed = true;
      s.count(SessionCounter.RefusedBackPressured, 1);
      return SendStatus.BackPressured;
    }
    this.#handle = -1;
    s.row[NEXT_MESSAGE_ID] = (id + 1) >>> 0;
    s.wake();
    return SendStatus.Queued;
  }

  #checkIdle(what: string): void {
    const s = this.#s;
    if (s.role === SessionRole.Client && s.state === SessionState.Idle) return;
    throw new MisuseError(`Cannot ${what}: only an idle session of a client can`);
  }
}

const NO_BYTES = new Uint8Array(0);

/** Whether an event has to wait for `Connected`. */
function isAfterConnected(event: number): boolean {
  return event < SessionEvent.ResumptionFailed && event !== SessionEvent.Connected;
}

function refuseChannel(channel: number): never {
  throw new RangeError(`Cannot send on channel ${channel}: there is none; the option channels adds one`);
}

/** How long a message may be to go in one packet. */
function packetRoom(s: Session): number {
  return s.maxDatagramBytes - SESSION_HEADER_BYTES - MESSAGE_OVERHEAD_BYTES - AEAD_TAG_BYTES;
}
