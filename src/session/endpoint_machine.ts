/**
 * The machine of one socket, or of one worker's share of it: many sessions, clients' and servers', over any number of
 * links (src/machine/CONTRACT.md).
 *
 * Datagrams find their session by connection id alone, never by address and never by trying keys. Invariants: what
 * belongs to no session leaves nothing behind; it is dropped under a counter, and answered only where the standard says
 * so, at a bounded rate, with less than it brought. A tick with nothing due looks at one deadline. Why: more than 400
 * lines, because most of them say what a driver may rely on, and that is read in one place.
 *
 * @module
 */
import type { DeliveredMessage } from "../channel/channel_receiver.ts";
import { AEAD_TAG_BYTES } from "../crypto/aead.ts";
import { ResourceError } from "../error/transport_error.ts";
import type { DatagramAddress } from "../wire/datagram_address.ts";
import { REFUSAL_BYTES, REPLY_HEADER_BYTES, RETRY_BYTES } from "../wire/flight_answer.ts";
import { FrameCursor } from "../wire/frame_cursor.ts";
import { decodeWord, ID_OFFSET, PacketType, packetType, SESSION_HEADER_BYTES } from "../wire/packet_header.ts";
import { FrameType } from "../wire/session_frame.ts";
import type { DatagramTransmit } from "./datagram_transmit.ts";
import { type EndpointParts, type EndpointSetup, makeParts } from "./endpoint_setup.ts";
import type { HelloAnswer } from "./hello_desk.ts";
import { InboundPacket } from "./inbound_packet.ts";
import type { Session } from "./session.ts";
import { consume } from "./session_channels.ts";
import { closeSession } from "./session_close.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import { EndpointCounter, SessionCounter } from "./session_counters.ts";
import { SessionEvent } from "./session_event.ts";
import type { SessionMachine } from "./session_machine.ts";
import { SessionRole, SessionState, type TransitionCount } from "./session_state.ts";

/** A timeout that is handled later than this shows that the clock jumped, or that the thread was held up. */
const LATE_MS = 2000;

/** A session packet with one byte of frames. */
const MIN_PACKET_BYTES = SESSION_HEADER_BYTES + 1 + AEAD_TAG_BYTES;

const NO_BYTES = new Uint8Array(0);

/**
 * The machine of an endpoint.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChaCha20Poly1305 } from "../crypto/chacha20_poly1305.ts";
 * import { NobleKeyExchange } from "../crypto/noble_key_exchange.ts";
 * import { SeededRandom } from "../random/seeded_random.ts";
 * import { ClockCell } from "../time/clock.ts";
 * import { DatagramAddress } from "../wire/datagram_address.ts";
 * import { DatagramTransmit } from "./datagram_transmit.ts";
 * import { EndpointMachine } from "./endpoint_machine.ts";
 * import { resolveEndpointOptions } from "./endpoint_options.ts";
 * import { SessionEvent } from "./session_event.ts";
 *
 * const common = {
 *   config: resolveEndpointOptions(),
 *   clock: new ClockCell(),
 *   wallClock: { wallNow: () => 0 },
 *   aead: new ChaCha20Poly1305(),
 *   keyExchange: new NobleKeyExchange(),
 * };
 * const [client, server] = [1, 2].map((seed) => new EndpointMachine({ ...common, random: new SeededRandom(seed) }));
 * const address = new DatagramAddress();
 * address.parse("192.0.2.1", 4433);
 *
 * // Inside TLS: one record each way.
 * const session = client!.openClient();
 * const { record } = server!.acceptHello(session.writeHello(), address, 4433);
 * session.handleHello(record, 0, address);
 * session.send(1, new TextEncoder().encode("hello"));
 *
 * const target = new DatagramTransmit(new Uint8Array(1500));
 * const bytes = client!.pollTransmit(target);
 * while (server!.pollTransmit(target) > 0);
 * server!.pollTimeout();
 * while (server!.pollEvent() !== undefined);
 * server!.handleDatagram(0, address, target.buffer, 0, bytes);
 * while (server!.pollTransmit(new DatagramTransmit(new Uint8Array(1500))) > 0);
 * server!.pollTimeout();
 * assertEquals([server!.pollEvent(), server!.pollEvent()], [SessionEvent.Connected, SessionEvent.Message]);
 * assertEquals(server!.messageLength, 5);
 * ```
 */
export class EndpointMachine {
  /** The session that the last event is about; only valid after one. */
  session: SessionMachine | undefined = undefined;
  /** The memory of a message, lent until the next `pollEvent`: that of its datagram, or of the session's channels. */
  messageBuffer: Uint8Array = NO_BYTES;
  /** Where the payload of a message starts. */
  messageOffset = 0;
  /** How many bytes the payload has. */
  messageLength = 0;
  /** The channel of a message. */
  messageChannel = 0;
  /** The id of a small unreliable or early message, each counted apart; 0 of all others. */
  messageId = 0;
  /** Whether a message was meant for a first flight: its sender may think that it arrived long ago. */
  messageIsEarly = false;
  readonly #unread: DeliveredMessage = { channel: 0, buffer: NO_BYTES, length: 0, credit: 0 };
  /** The credit of the last message that nobody has taken yet. */
  #credit = 0;
  readonly #parts: EndpointParts;
  readonly #packet = new InboundPacket();
  readonly #messages = new FrameCursor();
  #messageSession: Session | undefined = undefined;
  #messagesLeft = 0;

  /**
   * Makes an endpoint without sessions.
   *
   * @param setup What it is made of.
   * @throws {RangeError} When a key has the wrong length or the owner is no index.
   */
  constructor(setup: EndpointSetup) {
    this.#parts = makeParts(setup);
    this.#parts.context.guard.command();
  }

  /** How many sessions there are, those that are closing included. */
  get sessionCount(): number {
    return this.#parts.table.size;
  }

  /** How many sessions of clients have not been heard under their keys. */
  get halfOpenCount(): number {
    return this.#parts.context.halfOpen;
  }

  /** Whether the machine is drained (CONTRACT.md, rule 1). */
  get drained(): boolean {
    return this.#parts.context.guard.drained;
  }

  /** How often each change of state was made. */
  transitions(): TransitionCount[] {
    return this.#parts.context.transitions.list();
  }

  /** What became of datagrams that belong to no session, by name; see `EndpointCounter`. */
  counters(): Record<string, number> {
    return this.#parts.counters.snapshot(0);
  }

  /** What all sessions counted, those that are over included, by name; see `SessionCounter`. */
  sessionCounters(): Record<string, number> {
    const { context, table } = this.#parts;
    for (let slot = 0; slot < table.slots; slot++) table.at(slot)?.flushCounts();
    return context.counters.totals();
  }

  /**
   * Makes a session of a client, without keys: `resume` it, or exchange hellos inside TLS.
   *
   * @returns The session.
   * @throws {ResourceError} When there are `maxSessions` already.
   */
  openClient(): SessionMachine {
    const { context, table } = this.#parts;
    context.guard.command();
    const s = table.open(SessionRole.Client);
    if (s === undefined) {
      throw new ResourceError(`Cannot open a session: this endpoint has ${context.config.maxSessions} already`);
    }
    return table.machineAt(s.slot)!;
  }

  /**
   * Takes the record with which a client asks for a session inside TLS.
   *
   * @param record The record, without the length before it; only read.
   * @param address Where the stream came from.
   * @param udpPort Where the client's datagrams go, 1 to 65535.
   * @returns What to write on the stream, and the session if there is one.
   */
  acceptHello(record: Uint8Array, address: DatagramAddress, udpPort: number): HelloAnswer {
    this.#parts.context.guard.command();
    return this.#parts.hellos.take(record, address, udpPort);
  }

  /**
   * Refuses a client inside TLS: the application does not want it.
   *
   * @param code Why.
   * @returns What to write on the stream.
   */
  refuseHello(code: number = SessionCloseCode.NotAuthorized): HelloAnswer {
    return this.#parts.hellos.refuse(code);
  }

  /**
   * Closes all sessions; when `sessionCount` is 0 everything has been said.
   *
   * @param code Why.
   */
  close(code: number = SessionCloseCode.GoingAway): void {
    const { context, table } = this.#parts;
    context.guard.command();
    for (let slot = 0; slot < table.slots; slot++) {
      const s = table.at(slot);
      if (s !== undefined) closeSession(s, code, "local", "");
    }
  }

  /**
   * Takes over the duty to tell when the application is done with the message of the last event; else it counts as
   * consumed at the next `pollEvent`. Reliable channels hold the sender back by it: what is not told is not sent again.
   *
   * @returns What to give to `SessionMachine.handleConsumed`; 0 of unreliable messages and when it was taken before.
   */
  takeCredit(): number {
    const credit = this.#credit;
    this.#credit = 0;
    return credit;
  }

  /**
   * Tells that a link never cuts datagrams into fragments, so that sessions may search for larger ones there.
   *
   * @param pathId The link.
   * @param maxBytes The largest datagram that it takes, in bytes; the memory that datagrams are written to holds it.
   */
  declareLink(pathId: number, maxBytes: number): void {
    this.#parts.context.linkBytes.set(pathId, maxBytes);
  }

  /**
   * The session that a packet names. Whether the packet is authentic is not known before it is handled.
   *
   * @param buffer The memory; only read.
   * @param start Where the packet starts.
   * @param end Where it ends.
   * @returns The session; `undefined` when there is none of that id, or this is no packet of a session.
   */
  sessionOf(buffer: Uint8Array, start: number, end: number): SessionMachine | undefined {
    if (end - start < MIN_PACKET_BYTES || packetType(buffer[start]!) !== PacketType.Session) return undefined;
    const { context, table } = this.#parts;
    const slot = context.localIds.find(
      decodeWord(buffer, start + ID_OFFSET),
      decodeWord(buffer, start + ID_OFFSET + 4),
    );
    return slot < 0 ? undefined : table.machineAt(slot);
  }

  /**
   * A datagram came, or a packet on a stream.
   *
   * @param pathId The link; with `STREAM_PATH` set, a stream.
   * @param address Where it came from; borrowed until the machine is drained.
   * @param buffer The memory; opened in place and borrowed until the machine is drained. Give the same object for the
   * same memory: views of it are kept.
   * @param start Where the datagram starts.
   * @param end Where it ends.
   * @param mark The two bits of explicit congestion notification of its IP header, where the link can read them.
   * @throws {MisuseError} When the machine was not drained.
   * @throws {RangeError} When the range does not lie in the memory.
   */
  handleDatagram(
    pathId: number,
    address: DatagramAddress,
    buffer: Uint8Array,
    start: number,
    end: number,
    mark = 0,
  ): void {
    const { context } = this.#parts;
    context.guard.input("handleDatagram");
    context.mark = mark;
    if (!(start >= 0 && start <= end && end <= buffer.length)) refuseRange(start, end, buffer.length);
    const at = this.#packet;
    at.pathId = pathId;
    at.address = address;
    at.buffer = buffer;
    at.start = start;
    at.end = end;
    const type = end > start ? packetType(buffer[start]!) : -1;
    if (type === PacketType.Session) this.#takeSession(at, MIN_PACKET_BYTES);
    else if (type === PacketType.FirstFlight) this.#load(this.#parts.firstFlights.take(at), at);
    else if (type === PacketType.Reply) this.#takeSession(at, REPLY_HEADER_BYTES + 1 + AEAD_TAG_BYTES);
    else if (type === PacketType.Retry) this.#takeAnswer(at, RETRY_BYTES);
    else if (type === PacketType.Refusal) this.#takeAnswer(at, REFUSAL_BYTES);
    else this.#count(EndpointCounter.Foreign);
    if (context.replaced !== 0) this.#replace();
  }

  /** Time has passed a deadline, or may have. */
  handleTimeout(): void {
    const { context, table } = this.#parts;
    context.guard.command();
    const now = context.clock.now;
    const { deadlines } = context;
    if (now - deadlines.earliest() > LATE_MS) context.wokeAt = now;
    for (let slot = deadlines.popExpired(now); slot >= 0; slot = deadlines.popExpired(now)) {
      table.machineAt(slot)?.handleTimeout();
    }
  }

  /**
   * A link is gone: sessions on it go back to a path that they know, or wait for another one.
   *
   * @param pathId Which.
   * @param only The session that it served alone; all sessions are looked through otherwise.
   */
  handlePathLost(pathId: number, only?: SessionMachine): void {
    const { context, table } = this.#parts;
    context.guard.command();
    if (only !== undefined) return only.handlePathLost(pathId);
    for (let slot = 0; slot < table.slots; slot++) table.machineAt(slot)?.handlePathLost(pathId);
  }

  /**
   * Writes the next datagram.
   *
   * @param target Where; path and address are filled in.
   * @returns Its length in bytes; 0 when there is none.
   */
  pollTransmit(target: DatagramTransmit): number {
    const { answer, context, table } = this.#parts;
    if (answer.length > 0) return answer.give(target);
    const { ready } = context;
    for (let slot = ready.first(); slot >= 0; slot = ready.first()) {
      const machine = table.machineAt(slot);
      const length = machine === undefined ? 0 : machine.pollTransmit(target);
      if (length === 0 || !machine!.hasMore) ready.shift();
      if (length > 0) return length;
    }
    context.guard.transmitDrained();
    return 0;
  }

  /**
   * The next deadline.
   *
   * @returns Whole milliseconds on the endpoint's clock, or `Infinity`; perhaps early, never late.
   */
  pollTimeout(): number {
    const { context } = this.#parts;
    context.guard.timeoutPolled();
    return context.deadlines.earliest();
  }

  /**
   * The next notification; `session` says whose it is.
   *
   * @returns Its kind, or `undefined` when there is none. A message stays where it is until the next call.
   * @throws {MisuseError} When transmits or the timeout are to be polled first.
   */
  pollEvent(): SessionEvent | undefined {
    const { context } = this.#parts;
    context.guard.eventPolled();
    if (context.lender >= 0) this.#endLoan();
    const event = this.#messagesLeft > 0 ? this.#nextMessage() : undefined;
    if (event !== undefined) return event;
    return this.#nextNotice();
  }

  #takeSession(at: InboundPacket, minBytes: number): void {
    if (at.end - at.start < minBytes) return this.#count(EndpointCounter.Malformed);
    const { context, resets, table } = this.#parts;
    const high = decodeWord(at.buffer, at.start + ID_OFFSET);
    const low = decodeWord(at.buffer, at.start + ID_OFFSET + 4);
    const slot = context.localIds.find(high, low);
    if (slot < 0) return resets.take(at);
    const messages = table.machineAt(slot)!.handlePacket(at);
    if (messages > 0) this.#load(table.at(slot), at);
  }

  #takeAnswer(at: InboundPacket, bytes: number): void {
    if (at.end - at.start !== bytes) return this.#count(EndpointCounter.Malformed);
    const { context, table } = this.#parts;
    const high = decodeWord(at.buffer, at.start + ID_OFFSET);
    const low = decodeWord(at.buffer, at.start + ID_OFFSET + 4);
    const slot = context.localIds.find(high, low);
    const isRetry = bytes === RETRY_BYTES;
    if (slot < 0 || !table.machineAt(slot)!.handleAnswer(at, isRetry)) this.#count(EndpointCounter.AnswersStray);
  }

  /** Keeps in mind which messages of a packet are still to be reported. */
  #load(s: Session | undefined, at: InboundPacket): void {
    const { context } = this.#parts;
    if (s === undefined || context.messages === 0) return;
    this.#messageSession = s;
    this.#messagesLeft = context.messages;
    this.#messages.load(at.buffer, at.body, at.end - AEAD_TAG_BYTES);
  }

  #nextMessage(): SessionEvent | undefined {
    const { context, table } = this.#parts;
    const s = this.#messageSession!;
    const machine = table.machineAt(s.slot)!;
    this.session = machine;
    if ((s.notices & (1 << SessionEvent.Connected)) !== 0) return machine.pollEvent();
    const cursor = this.#messages;
    while (s.isOpen && cursor.next()) {
      if (cursor.type === FrameType.EarlyMessage) {
        const bit = 1 << cursor.id;
        if ((context.earlyMask & bit) === 0) continue;
        context.earlyMask &= ~bit;
      } else if (cursor.type !== FrameType.Plain) continue;
      this.#messagesLeft--;
      s.tally(SessionCounter.MessagesIn, 1);
      this.messageBuffer = cursor.buffer;
      this.messageOffset = cursor.offset;
      this.messageLength = cursor.length;
      this.messageChannel = cursor.channel;
      this.messageId = cursor.id;
      this.messageIsEarly = cursor.type === FrameType.EarlyMessage;
      return SessionEvent.Message;
    }
    if (!s.isOpen) s.count(SessionCounter.DroppedMessages, this.#messagesLeft);
    this.#messagesLeft = 0;
    return undefined;
  }

  /** Reports the next message that the channels of a session hold. */
  #lend(s: Session): boolean {
    const { channels } = s;
    const record = this.#unread;
    if (channels === undefined || !channels.pollMessage(record)) return false;
    if (channels.hasUnread) s.notify(SessionEvent.Message);
    this.#parts.context.lender = s.slot;
    s.tally(SessionCounter.MessagesIn, 1);
    this.#credit = record.credit;
    this.messageBuffer = record.buffer;
    this.messageOffset = 0;
    this.messageLength = record.length;
    this.messageChannel = record.channel;
    this.messageId = 0;
    this.messageIsEarly = false;
    return true;
  }

  /** The application is done with what a session lent. */
  #endLoan(): void {
    const { context, table } = this.#parts;
    const s = table.at(context.lender);
    const { channel } = this.#unread;
    const credit = this.takeCredit();
    context.lender = -1;
    if (s === undefined || s.channels === undefined) return;
    if (!s.isOpen) return s.dropMessages();
    if (credit > 0) consume(s, s.channels, channel, credit);
    if (s.channels.hasUnread) return;
    s.channels.pollMessage(this.#unread);
    if (s.traffic === undefined) s.arm(s.channels.pollTimeout());
  }

  #nextNotice(): SessionEvent | undefined {
    const { context, table } = this.#parts;
    const { notices } = context;
    for (let slot = notices.first(); slot >= 0; slot = notices.first()) {
      const machine = table.machineAt(slot);
      const event = machine?.pollEvent();
      if (event === SessionEvent.Message && !this.#lend(table.at(slot)!)) continue;
      if (event !== undefined) {
        this.session = machine;
        return event;
      }
      notices.shift();
      if (machine !== undefined && machine.state === SessionState.Closed) table.release(table.at(slot)!);
    }
    context.guard.eventsDrained();
    return undefined;
  }

  /** A client has a newer session: the one before ends. */
  #replace(): void {
    const { context, table } = this.#parts;
    const before = table.live(context.replaced);
    context.replaced = 0;
    if (before === undefined || !before.isOpen) return;
    this.#count(EndpointCounter.SessionsReplaced);
    closeSession(before, SessionCloseCode.Replaced, "remote", "");
  }

  #count(counter: number): void {
    this.#parts.counters.add(0, counter, 1);
  }
}

function refuseRange(start: number, end: number, bytes: number): never {
  throw new RangeError(`Cannot take a datagram from ${start} to ${end}: the memory has ${bytes} bytes`);
}
