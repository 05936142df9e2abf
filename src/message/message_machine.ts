/**
 * One message connection as a machine (src/machine/CONTRACT.md): one-way messages, requests and answers from either side,
 * over any link that carries whole packets (src/wire/message_packet.ts); control as PROTOCOL.md in this folder says.
 *
 * It has nothing to transmit itself: its packets go to the queue of the link's own machine. So of the drain order the
 * events remain: they are polled dry before the next packet is brought, and the timeout once after a batch of packets.
 * Invariants: every own request ends in exactly one of the events Response, Refused, Expired and Abandoned, or by
 * `cancel`; a slot of the peer's requests is closed by `respond`, `refuse`, `Cancelled` or `Unwanted`, whichever comes
 * first; after a fault no packet is looked at.
 * Why: more than 400 lines, because the four kinds of packets and the two tables of requests are one state.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { MisuseError } from "../error/transport_error.ts";
import type { CounterTable } from "../metric/counter_table.ts";
import type { Clock } from "../time/clock.ts";
import { MessageCompression, MessageType } from "../wire/message_packet.ts";
import { ControlField, encodeErrorFields, encodeNumberField, NUMBER_FIELD_BYTES } from "./control_list.ts";
import { InboundRequests } from "./inbound_requests.ts";
import { MessageCounter } from "./message_counters.ts";
import { MessageEvent } from "./message_event.ts";
import type { MessageConfig } from "./message_options.ts";
import { packetFaultText, PacketReader, refusedPacketFault } from "./packet_reader.ts";
import type { PacketScratch } from "./packet_scratch.ts";
import { type MessageFields, type PacketSink, PacketWriter } from "./packet_writer.ts";
import type { PayloadCompression } from "./payload_compression.ts";
import { RequestTable, StrayAnswer } from "./request_table.ts";

/** What a message machine is made of. */
export interface MessageSetup {
  /** The checked options. */
  readonly config: MessageConfig;
  /** The queue of the link. */
  readonly sink: PacketSink;
  /** The driver's clock. */
  readonly clock: Clock;
  /** Where this connection is counted. */
  readonly counters: CounterTable;
  /** The row in `counters`. */
  readonly slot: number;
  /** Where packets are put together; shared by the machines of an endpoint. */
  readonly scratch: PacketScratch;
  /** The known ways of compressing. */
  readonly compressions: readonly PayloadCompression[];
  /** Whether the link has means of its own to ask a peer whether it is there. @default false */
  readonly linkAsks?: boolean;
}

const CANCEL_LIST = Uint8Array.of(ControlField.Cancel, 0, 0);

/** The machine of one message connection. */
export class MessageMachine {
  /** The packet that the last event is about, where it is about one. */
  readonly packet: PacketReader;
  /** Which request the last event is about. */
  slot = -1;
  /** Until when the request of the last event may be answered, on the machine's clock. */
  deadlineMs = Infinity;
  /** Why the request of the last event failed. */
  errorCode = 0;
  /** The same in words. */
  errorText = "";
  /** In how many ms the peer closes. */
  goingAwayMs = 0;
  /** What to close the connection with after a fault. */
  closeCode: CloseCode = CloseCode.ProtocolViolation;
  /** What the peer did. */
  faultText = "";
  readonly #setup: MessageSetup;
  readonly #config: MessageConfig;
  readonly #writer: PacketWriter;
  // Why made late: most of thousands of quiet connections never ask and are never asked.
  #requests: RequestTable | undefined = undefined;
  #inbound: InboundRequests | undefined = undefined;
  #lastId = 0;
  #nextId = 1;
  #event: MessageEvent | undefined = undefined;
  #expiring = false;
  #over = false;
  #heardAt: number;
  #askedAt = Infinity;
  #resting = false;

  /**
   * Makes a machine for a link that has just opened.
   *
   * @param setup What it is made of.
   * @throws {RangeError} When the options name a compression that is not among the known ones.
   */
  constructor(setup: MessageSetup) {
    this.#setup = setup;
    this.#config = setup.config;
    this.packet = new PacketReader(setup.config, setup.compressions);
    this.#writer = new PacketWriter(setup.config, setup.sink, setup.scratch, setup.compressions);
    this.#heardAt = setup.clock.now;
  }

  /** Whether the peer has shown that it understands control. */
  get peerUnderstands(): boolean {
    return this.#writer.peerUnderstands;
  }

  /** The id of the message or request that was queued last; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  /** How many own requests wait for their answer. */
  get pendingCount(): number {
    return this.#requests?.size ?? 0;
  }

  /** How many requests of the peer wait for an answer. */
  get unansweredCount(): number {
    return this.#inbound?.size ?? 0;
  }

  /** Whether the peer may ask one request more: no packet should be brought while it may not. */
  get hasRequestRoom(): boolean {
    return this.#inbound === undefined || this.#inbound.hasRoom;
  }

  /** Whether one more own request may wait. */
  get hasPendingRoom(): boolean {
    return this.#requests === undefined || this.#requests.hasRoom;
  }

  /**
   * Offers a one-way message.
   *
   * @param payload Copied.
   * @param fields What is added.
   * @returns What became of it; its id is `lastId` when it is queued.
   * @throws {TypeError} When the payload or a field is of the wrong kind.
   * @throws {RangeError} When a field is out of its bounds.
   */
  send(payload: Uint8Array, fields?: MessageFields): SendStatus {
    if (this.#over) return SendStatus.Closed;
    const id = this.#takeId();
    const status = this.#offer(MessageType.OneWay, id, payload, fields, Infinity);
    if (status === SendStatus.Queued) this.#setup.counters.add(this.#setup.slot, MessageCounter.OneWayOut, 1);
    return status;
  }

  /**
   * Offers a request.
   *
   * @param payload Copied.
   * @param timeoutMs How long it waits for its answer; `Infinity`: for as long as the connection.
   * @param fields What is added.
   * @returns Its slot, or -1 less a status of `SendStatus` when it was not queued: `BackPressured` is -2.
   * @throws {TypeError} When the payload or a field is of the wrong kind.
   * @throws {RangeError} When a field is out of its bounds.
   */
  request(payload: Uint8Array, timeoutMs: number, fields?: MessageFields): number {
    if (this.#over) return -1 - SendStatus.Closed;
    const requests = this.#requests ??= new RequestTable(this.#config.maxPendingRequestCount, this.#nextId);
    const slot = requests.open(this.#setup.clock.now + timeoutMs);
    if (slot < 0) return -1 - SendStatus.BackPressured;
    let status: SendStatus = SendStatus.Closed;
    try {
      status = this.#offer(MessageType.Request, requests.idOf(slot), payload, fields, timeoutMs);
    } finally {
      if (status !== SendStatus.Queued) requests.withdraw(slot);
    }
    if (status !== SendStatus.Queued) return -1 - status;
    this.#setup.counters.add(this.#setup.slot, MessageCounter.RequestsOut, 1);
    return slot;
  }

  /**
   * Answers a request of the peer.
   *
   * @param slot The request's slot; it is closed when the answer is queued.
   * @param payload Copied.
   * @param fields What is added.
   * @returns What became of it; `Closed` when nobody waits for it any more.
   * @throws {TypeError} When the payload or a field is of the wrong kind.
   * @throws {RangeError} When a field is out of its bounds.
   */
  respond(slot: number, payload: Uint8Array, fields?: MessageFields): SendStatus {
    const id = this.#inbound?.idOf(slot) ?? 0;
    if (id === 0 || this.#over) return SendStatus.Closed;
    const status = this.#offer(MessageType.Response, id, payload, fields, Infinity);
    if (status === SendStatus.Queued) this.#answered(slot);
    return status;
  }

  /**
   * Says that a request of the peer failed. A foreign peer is told nothing: its request just ends here.
   *
   * @param slot The request's slot; it is closed when that is queued.
   * @param code Why, see `RequestErrorCode`; 1 to 65,535.
   * @param text The same in words.
   * @returns What became of it; `Closed` when nobody waits for it any more.
   */
  refuse(slot: number, code: number, text: string): SendStatus {
    const id = this.#inbound?.idOf(slot) ?? 0;
    if (id === 0 || this.#over) return SendStatus.Closed;
    if (!this.#speaksControl) {
      this.#inbound!.close(slot);
      return SendStatus.Queued;
    }
    const status = this.#writer.offerControl(MessageType.Response, id, encodeErrorFields(code, text));
    if (status === SendStatus.Queued) this.#answered(slot);
    return status;
  }

  /**
   * Lets a request of the peer end without an answer.
   *
   * @param slot The request's slot.
   */
  forget(slot: number): void {
    this.#inbound?.close(slot);
  }

  /**
   * The answer to an own request is not wanted any more; the peer is told where it understands that.
   *
   * @param slot The request's slot, free from now on.
   * @returns Whether it still waited.
   */
  cancel(slot: number): boolean {
    const id = this.#requests?.cancel(slot) ?? 0;
    if (id !== 0) this.#sendCancel(id);
    return id !== 0;
  }

  /**
   * Tells the peer that this side closes; one that does not understand control is not told.
   *
   * @param inMs In how many ms.
   * @returns Whether it was told.
   */
  announceClose(inMs: number): boolean {
    return this.#sendNumber(ControlField.GoingAway, inMs);
  }

  /**
   * Bytes came from the peer, of whatever kind: it is there.
   */
  heard(): void {
    this.#heardAt = this.#setup.clock.now;
    this.#askedAt = Infinity;
  }

  /** Nothing is read for a while: the peer's silence is not its own. */
  holdReading(): void {
    this.#resting = true;
  }

  /** Reading goes on. */
  resumeReading(): void {
    this.#resting = false;
    this.heard();
  }

  /**
   * A whole packet came.
   *
   * @param buffer Where it lies; borrowed until the events have been polled.
   * @param offset Where it starts.
   * @param length How long it is, by the link's own framing.
   * @throws {MisuseError} When events of the last packet were not polled.
   */
  handlePacket(buffer: Uint8Array, offset: number, length: number): void {
    if (this.#event !== undefined) throw new MisuseError("Cannot bring a packet: pollEvent comes first");
    if (this.#over) return;
    this.heard();
    const { packet } = this;
    const fault = packet.read(buffer, offset, length);
    if (fault >= 0) return this.#fault(fault as MessageCounter);
    if (packet.understandsControl && !this.#writer.peerUnderstands) this.#acquaint();
    if (packet.hasControl) this.#handleControlled();
    else this.#handlePlain(-1);
  }

  /**
   * The link's own framing has refused a packet, which is counted as if it had come here.
   *
   * @param isTooLarge Whether that was for its length.
   * @param buffer Where its header lies.
   * @param at Where it starts.
   * @returns What the peer did, in words.
   */
  handleRefused(isTooLarge: boolean, buffer: Uint8Array, at: number): string {
    const fault = refusedPacketFault(isTooLarge, buffer, at);
    this.#count(fault);
    return packetFaultText(fault);
  }

  /** Time has passed a deadline, or may have. */
  handleTimeout(): void {
    if (this.#over) return;
    this.#expiring = true;
    const { keepAliveMs, keepAliveTimeoutMs } = this.#config;
    const now = this.#setup.clock.now;
    if (this.#resting || keepAliveMs === 0 || !this.#canAsk) return;
    if (this.#askedAt !== Infinity) {
      if (now >= this.#askedAt + keepAliveTimeoutMs) this.#silent();
    } else if (now >= this.#heardAt + keepAliveMs) {
      this.#askedAt = now;
      if (this.#setup.linkAsks === true) this.#event ??= MessageEvent.Ask;
      else this.#sendNumber(ControlField.Ping, Math.floor(now) >>> 0);
    }
  }

  /** The connection is over, for whatever reason: what waits is abandoned. */
  handleClosed(): void {
    this.#over = true;
    this.#event = undefined;
  }

  /**
   * The next deadline.
   *
   * @returns Milliseconds on the machine's clock, or `Infinity`.
   */
  pollTimeout(): number {
    if (this.#over) return Infinity;
    const at = Math.min(this.#requests?.earliest() ?? Infinity, this.#inbound?.earliest() ?? Infinity);
    const { keepAliveMs, keepAliveTimeoutMs } = this.#config;
    if (this.#resting || keepAliveMs === 0 || !this.#canAsk) return at;
    return Math.min(at, this.#askedAt === Infinity ? this.#heardAt + keepAliveMs : this.#askedAt + keepAliveTimeoutMs);
  }

  /**
   * The next notification; what an earlier one brought is void.
   *
   * @returns Its kind, or `undefined` when there is none.
   */
  pollEvent(): MessageEvent | undefined {
    const event = this.#event;
    if (event !== undefined) {
      this.#event = undefined;
      return event;
    }
    if (this.#over) return this.#abandon();
    return this.#expiring ? this.#expire() : undefined;
  }

  get #speaksControl(): boolean {
    return this.#writer.peerUnderstands;
  }

  get #canAsk(): boolean {
    return this.#speaksControl || this.#setup.linkAsks === true;
  }

  /** The peer understands control: where it cannot know the same of this end yet, it is told. */
  #acquaint(): void {
    this.#writer.peerUnderstands = true;
    if (!this.#writer.hasSpoken) this.#sendNumber(ControlField.Pong, 0);
  }

  #takeId(): number {
    if (this.#requests !== undefined) return this.#requests.takeId();
    const id = this.#nextId;
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
    return id;
  }

  #returnId(id: number): void {
    if (this.#requests !== undefined) this.#requests.returnId(id);
    else this.#nextId = id;
  }

  #offer(
    type: MessageType,
    id: number,
    payload: Uint8Array,
    fields: MessageFields | undefined,
    remainingMs: number,
  ): SendStatus {
    const writer = this.#writer;
    let status: SendStatus = SendStatus.Closed;
    try {
      status = writer.offer(type, id, payload, fields, remainingMs);
    } finally {
      if (status !== SendStatus.Queued && type === MessageType.OneWay) this.#returnId(id);
    }
    if (status !== SendStatus.Queued) return status;
    if (type !== MessageType.Response) this.#lastId = id;
    const { counters, slot } = this.#setup;
    counters.add(slot, MessageCounter.PayloadBytesOut, payload.length);
    if (writer.compressed) counters.add(slot, MessageCounter.CompressedOut, 1);
    return status;
  }

  #answered(slot: number): void {
    this.#inbound!.close(slot);
    this.#setup.counters.add(this.#setup.slot, MessageCounter.ResponsesOut, 1);
  }

  #handleControlled(): void {
    const { control, header } = this.packet;
    if (header.type === MessageType.OneWay && control.isSilent) return this.#handleSilentControl();
    if (header.type === MessageType.Response && control.errorCode >= 0) return this.#handleRefusal();
    this.#handlePlain(control.deadlineMs);
  }

  #handleSilentControl(): void {
    const { control } = this.packet;
    if (control.isCancel) this.#handleCancel();
    if (control.ping >= 0) this.#sendNumber(ControlField.Pong, control.ping);
    if (control.goingAwayMs < 0) return;
    this.goingAwayMs = control.goingAwayMs;
    this.#event ??= MessageEvent.GoingAway;
  }

  #handleCancel(): void {
    const slot = this.#inbound?.slotOf(this.packet.header.id) ?? -1;
    if (slot < 0) return;
    this.#inbound!.close(slot);
    this.#count(MessageCounter.CancelsIn);
    this.slot = slot;
    this.#event = MessageEvent.Cancelled;
  }

  #handleRefusal(): void {
    if (!this.#settle()) return;
    this.errorCode = this.packet.control.errorCode;
    this.errorText = this.packet.control.errorText;
    this.#event = MessageEvent.Refused;
  }

  #handlePlain(deadlineMs: number): void {
    switch (this.packet.header.type) {
      case MessageType.OneWay:
        if (this.#unpack()) this.#deliver(MessageEvent.OneWay, MessageCounter.OneWayIn);
        break;
      case MessageType.Request:
        this.#handleRequest(deadlineMs);
        break;
      default:
        this.#handleResponse();
    }
  }

  #handleRequest(remainingMs: number): void {
    const { id } = this.packet.header;
    if (id === 0) return this.#fault(MessageCounter.BadType);
    const inbound = this.#inbound ??= new InboundRequests(this.#config.maxUnansweredRequestCount);
    const { handlerTimeoutMs } = this.#config;
    const mostMs = remainingMs >= 0 && remainingMs < handlerTimeoutMs ? remainingMs : handlerTimeoutMs;
    if (inbound.slotOf(id) >= 0) return this.#count(MessageCounter.DuplicateRequests);
    if (!inbound.hasRoom) return this.#count(MessageCounter.CrowdedRequests);
    if (!this.#unpack()) return;
    this.deadlineMs = this.#setup.clock.now + mostMs;
    this.slot = inbound.open(id, this.deadlineMs);
    this.#deliver(MessageEvent.Request, MessageCounter.RequestsIn);
  }

  #handleResponse(): void {
    // Looked at before it is unpacked: an answer that nobody waits for is not worth the work.
    const slot = this.#requests?.slotOf(this.packet.header.id) ?? -1;
    if (slot >= 0 && !this.#unpack()) return;
    if (this.#settle()) this.#deliver(MessageEvent.Response, MessageCounter.ResponsesIn);
  }

  /** Takes the request of the header's id out; what has none is counted. */
  #settle(): boolean {
    const requests = this.#requests;
    const slot = requests?.answer(this.packet.header.id) ?? -1;
    if (slot >= 0) {
      this.slot = slot;
      return true;
    }
    const stray = requests?.stray ?? StrayAnswer.Unknown;
    if (stray === StrayAnswer.Late) this.#count(MessageCounter.LateResponses);
    else if (stray === StrayAnswer.Duplicate) this.#count(MessageCounter.DuplicateResponses);
    else this.#count(MessageCounter.UnknownResponses);
    return false;
  }

  /** Unpacks the payload where it is compressed; false when it cannot be. */
  #unpack(): boolean {
    const { packet } = this;
    const fault = packet.unpack();
    if (fault >= 0) this.#fault(fault as MessageCounter);
    else if (packet.header.compression !== MessageCompression.None) this.#count(MessageCounter.CompressedIn);
    return fault < 0;
  }

  #deliver(event: MessageEvent, counter: MessageCounter): void {
    const { counters, slot } = this.#setup;
    counters.add(slot, counter, 1);
    counters.add(slot, MessageCounter.PayloadBytesIn, this.packet.payloadBytes);
    this.#event = event;
  }

  #fault(counter: MessageCounter): void {
    this.#count(counter);
    this.closeCode = counter === MessageCounter.TooLarge ? CloseCode.FrameTooLarge : CloseCode.ProtocolViolation;
    this.faultText = packetFaultText(counter);
    this.#over = true;
    this.#event = MessageEvent.Fault;
  }

  #silent(): void {
    this.#over = true;
    this.#event = MessageEvent.Silent;
  }

  #expire(): MessageEvent | undefined {
    const now = this.#setup.clock.now;
    this.slot = this.#requests?.popExpired(now) ?? -1;
    if (this.slot >= 0) {
      this.#count(MessageCounter.ExpiredOut);
      this.#sendCancel(this.#requests!.takenId);
      return MessageEvent.Expired;
    }
    this.slot = this.#inbound?.popExpired(now) ?? -1;
    if (this.slot >= 0) {
      this.#count(MessageCounter.ExpiredIn);
      return MessageEvent.Unwanted;
    }
    this.#expiring = false;
    return undefined;
  }

  #abandon(): MessageEvent | undefined {
    this.slot = this.#requests?.popAny() ?? -1;
    if (this.slot >= 0) return MessageEvent.Abandoned;
    this.slot = this.#inbound?.popAny() ?? -1;
    return this.slot >= 0 ? MessageEvent.Unwanted : undefined;
  }

  #sendCancel(id: number): void {
    if (!this.#speaksControl) return;
    if (this.#writer.offerControl(MessageType.OneWay, id, CANCEL_LIST) === SendStatus.Queued) {
      this.#count(MessageCounter.CancelsOut);
    } else this.#count(MessageCounter.ControlDropped);
  }

  #sendNumber(type: number, value: number): boolean {
    if (!this.#speaksControl || this.#over) return false;
    const list = new Uint8Array(NUMBER_FIELD_BYTES);
    encodeNumberField(list, 0, type, value);
    const isSent = this.#writer.offerControl(MessageType.OneWay, 0, list) === SendStatus.Queued;
    if (!isSent) this.#count(MessageCounter.ControlDropped);
    return isSent;
  }

  #count(counter: MessageCounter): void {
    this.#setup.counters.add(this.#setup.slot, counter, 1);
  }
}
