/**
 * One message connection of a transport server or client: a `MessageMachine`, the carrier of its packets, and the
 * promises of those who wait.
 *
 * Invariants: every promise that was given out is settled, at the latest by the end of the connection; while the owner is
 * behind, a handler holds it up, or as many requests are unanswered as may be, no packet is taken from the carrier.
 * Why: more than 400 lines, because own requests, the peer's requests and what holds the reading up share one state.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { type ClosedError, MisuseError, ProtocolError, ResourceError, TimeoutError } from "../error/transport_error.ts";
import { MessageEvent } from "../message/message_event.ts";
import type { MessageConfig } from "../message/message_options.ts";
import { MessageMachine } from "../message/message_machine.ts";
import type { MessageFields } from "../message/packet_writer.ts";
import { RequestError } from "../message/request_error.ts";
import type { CloseReason } from "../stream/stream_event.ts";
import type { Address } from "../transport/address.ts";
import { closedError } from "./disconnect.ts";
import type { Timed } from "./stream_endpoint.ts";
import type { CarrierOwner, PacketCarrier } from "./transport_carrier.ts";
import type { ProtocolSays, TransportEndpoint } from "./transport_endpoint.ts";
import { type MessageAnswerer, ReceivedMessage } from "./transport_message.ts";
import { PendingReplies, type RequestOptions, type TransportResponse } from "./transport_pending_replies.ts";
import { quiet, refused, RoomWaits } from "./transport_room_waits.ts";

const DONE: Promise<void> = Promise.resolve();

/** What the owner of message connections does with them. */
export interface TransportOwner {
  /** Whether messages are kept for longer than `received` and its promise take; they are copied then in any case. */
  readonly keepsMessages: boolean;
  /**
   * A message or request came.
   *
   * @returns Nothing, or a promise that holds the reading up until it settles, however that ends.
   */
  received(connection: TransportConnection, message: ReceivedMessage): PromiseLike<unknown> | void;
  /** Every message up to `connection.lastMessageId` was handed to the link; `count` since this was last said. */
  sent(connection: TransportConnection, count: number): void;
  /** The peer closes in so many ms. */
  goingAway(connection: TransportConnection, inMs: number): void;
  /** It is over; comes once. */
  closed(connection: TransportConnection, reason: CloseReason, unsentCount: number): void;
}

/** One message connection. */
export class TransportConnection implements CarrierOwner, MessageAnswerer, Timed {
  readonly id: number;
  /** By which protocol it came. */
  readonly protocol: string;
  /** Whether packets are wanted; see `hold`. */
  wantsPackets = true;
  /** Whether the peer was told that this side closes. */
  isAnnounced = false;
  readonly #endpoint: TransportEndpoint;
  readonly #config: MessageConfig;
  readonly #owner: TransportOwner;
  readonly #slot: number;
  readonly #carrier: PacketCarrier;
  readonly #machine: MessageMachine;
  readonly #pending: PendingReplies;
  readonly #waits: RoomWaits;
  #inbound: (ReceivedMessage | undefined)[] = [];
  /** Requests whose handler has not come to its end. */
  #inHand: Set<ReceivedMessage> | undefined = undefined;
  #unwantedInHand = 0;
  #refused: ProtocolError | undefined = undefined;
  #holds = 0;
  #isCrowded = false;
  #isOver = false;
  #isHandling = false;
  #unreported = 0;
  #closing: CloseReason | undefined = undefined;
  #reason: CloseReason | undefined = undefined;
  readonly #closed = Promise.withResolvers<void>();

  /**
   * @param endpoint What all connections share.
   * @param id Its number.
   * @param protocol By which protocol it came, and what that says for itself.
   * @param owner What is done with what comes.
   * @param carry Makes its carrier.
   */
  constructor(
    endpoint: TransportEndpoint,
    id: number,
    protocol: ProtocolSays & { readonly name: string },
    owner: TransportOwner,
    carry: (owner: CarrierOwner) => PacketCarrier,
  ) {
    const { streams, config, messages: counters, scratch, compressions } = endpoint;
    this.id = id;
    this.protocol = protocol.name;
    this.#config = endpoint.messageConfig(protocol);
    this.#endpoint = endpoint;
    this.#owner = owner;
    this.#slot = streams.takeSlot();
    this.#carrier = carry(this);
    this.#waits = new RoomWaits(config.stream.maxWaitingBytes);
    this.#pending = new PendingReplies(endpoint);
    this.#machine = new MessageMachine({
      config: this.#config,
      sink: this.#carrier,
      clock: streams.scheduler.clock,
      counters,
      slot: this.#slot,
      scratch,
      compressions,
      linkAsks: this.#carrier.canPing,
    });
  }

  /** The address of this end. */
  get local(): Address {
    return this.#carrier.local;
  }

  /** The address of the other end. */
  get remote(): Address {
    return this.#carrier.remote;
  }

  /** Whether it takes messages. */
  get isOpen(): boolean {
    return !this.#isOver && this.#closing === undefined;
  }

  /** Settles when it is over; never rejects. */
  get whenClosed(): Promise<void> {
    return this.#closed.promise;
  }

  /** How many bytes wait to be handed to the link, and how many of payload wait for room. */
  get queuedBytes(): number {
    return this.#carrier.queuedBytes + this.#waits.bytes;
  }

  /** How many own requests wait for their answer. */
  get pendingCount(): number {
    return this.#machine.pendingCount;
  }

  /** How many requests of the peer wait for an answer. */
  get unansweredCount(): number {
    return this.#machine.unansweredCount;
  }

  /** The id of the message that was queued last. */
  get lastMessageId(): number {
    return this.#machine.lastId;
  }

  /** Starts reading and writing. */
  start(): void {
    this.#carrier.start();
    this.#watch();
  }

  /** Offers a message without waiting. */
  trySend(payload: Uint8Array, fields?: MessageFields): SendStatus {
    if (!this.#waits.isEmpty) return this.isOpen ? SendStatus.BackPressured : SendStatus.Closed;
    if (this.#closing !== undefined) return SendStatus.Closed;
    const status = this.#machine.send(payload, fields);
    if (status === SendStatus.Queued) this.#queued();
    return status;
  }

  /** Sends a message, and waits for room; resolves with its id. */
  send(payload: Uint8Array, fields?: MessageFields): Promise<number> {
    try {
      const status = this.trySend(payload, fields);
      if (status === SendStatus.Queued) return Promise.resolve(this.#machine.lastId);
      if (status !== SendStatus.BackPressured) throw this.#refusal(status, payload);
    } catch (error) {
      return refused(error);
    }
    return this.#sendLater(payload.slice(), fields);
  }

  /**
   * Sends a message to one of many: whoever has no room gets it when it has.
   *
   * @param payload The message.
   * @param kept Gives a copy that stays as it is.
   * @param fields What is added.
   * @returns Whether it was queued or waits.
   */
  post(payload: Uint8Array, kept: () => Uint8Array, fields?: MessageFields): boolean {
    const status = this.trySend(payload, fields);
    if (status !== SendStatus.BackPressured) return status === SendStatus.Queued;
    const hasPlace = this.#waits.hasPlace(payload.length);
    if (hasPlace) void this.#sendLater(kept(), fields);
    return hasPlace;
  }

  /** Asks, and waits for the answer. */
  request(payload: Uint8Array, options?: RequestOptions): Promise<TransportResponse> {
    const { requestTimeoutMs } = this.#config;
    const timeoutMs = options?.timeoutMs ?? requestTimeoutMs;
    try {
      checkTimeout(timeoutMs);
      options?.signal?.throwIfAborted();
      if (!this.isOpen) throw this.#refusal(SendStatus.Closed, payload);
      const slot = this.#waits.isEmpty ? this.#ask(payload, timeoutMs, options) : undefined;
      if (slot !== undefined) return this.#pending.open(slot, options?.signal, this);
    } catch (error) {
      return refused(error);
    }
    if (!this.#machine.hasPendingRoom) {
      const error = new ResourceError(
        "Cannot ask: as many requests wait for their answer as maxPendingRequestCount says",
      );
      return refused(error);
    }
    const kept = payload.slice();
    const askedAt = this.#endpoint.streams.scheduler.tick();
    return quiet(
      this.#waits.wait(kept.length, () => {
        options?.signal?.throwIfAborted();
        const leftMs = timeoutMs === 0 ? 0 : timeoutMs - (this.#endpoint.streams.scheduler.clock.now - askedAt);
        if (leftMs < 0) throw new TimeoutError(`The request was not answered within ${timeoutMs} ms`);
        const slot = this.#ask(kept, leftMs, options);
        // In an object, because a promise would be waited for, and holds up who waits behind.
        return slot === undefined ? undefined : { reply: this.#pending.open(slot, options?.signal, this) };
      }).then(({ reply }) => reply),
    );
  }

  answer(slot: number, message: ReceivedMessage, payload: Uint8Array, fields?: MessageFields): Promise<void> {
    return this.#settle(slot, message, payload.length, () => this.#machine.respond(slot, payload, fields), () => {
      const kept = payload.slice();
      return () => this.#machine.respond(slot, kept, fields);
    });
  }

  refuse(slot: number, message: ReceivedMessage, code: number, text: string): Promise<void> {
    const attempt = (): SendStatus => this.#machine.refuse(slot, code, text);
    return this.#settle(slot, message, text.length, attempt, () => attempt);
  }

  /**
   * Lets a request end without an answer.
   *
   * @param message The request.
   */
  forget(message: ReceivedMessage): void {
    const slot = this.#inbound.indexOf(message);
    if (slot < 0) return;
    this.#machine.forget(slot);
    this.#release(slot);
  }

  /**
   * A handler of a request goes on after it was called.
   *
   * @param message The request.
   */
  handlingBegins(message: ReceivedMessage): void {
    if (!message.isRequest || message.isAnswered || message.unwantedReason !== undefined) return;
    this.#inHand ??= new Set();
    this.#inHand.add(message);
  }

  /**
   * The handler has come to its end.
   *
   * @param message The request.
   */
  handlingEnds(message: ReceivedMessage): void {
    if (this.#inHand?.delete(message) !== true || message.unwantedReason === undefined) return;
    this.#unwantedInHand--;
    this.#thinOut();
  }

  /**
   * An own request is not wanted any more.
   *
   * @param slot Its slot.
   */
  cancel(slot: number): void {
    this.#machine.cancel(slot);
    this.#carrier.kick();
  }

  /** Takes no packets until as many `release` as `hold` were called. */
  hold(): void {
    if (this.#holds++ !== 0) return;
    this.wantsPackets = false;
    this.#machine.holdReading();
  }

  /** Undoes one `hold`. */
  release(): void {
    if (--this.#holds !== 0) return;
    this.wantsPackets = true;
    this.#machine.resumeReading();
    if (!this.#isHandling) this.#carrier.resume();
    this.#watch();
  }

  /**
   * Tells the peer that this side closes.
   *
   * @param inMs In how many ms.
   * @returns Whether the peer could be told.
   */
  announceClose(inMs: number): boolean {
    this.isAnnounced = this.#machine.announceClose(inMs);
    if (this.isAnnounced) this.#carrier.kick();
    return this.isAnnounced;
  }

  /**
   * Closes in order; what is queued is sent, requests that wait are rejected at the end.
   *
   * @param code Why.
   * @param draining Whether messages that still come are handed on.
   * @returns When it is over.
   */
  close(code: CloseCode = CloseCode.Normal, draining = false): Promise<void> {
    this.#closing ??= { code, origin: "local" };
    this.#carrier.close(code, draining);
    return this.#closed.promise;
  }

  /**
   * Ends it now.
   *
   * @param code Why.
   * @param cause The error behind it.
   */
  abort(code: CloseCode = CloseCode.Aborted, cause?: unknown): void {
    this.#carrier.abort(code, "local", cause);
  }

  handlePacket(buffer: Uint8Array, offset: number, length: number): void {
    this.#isHandling = true;
    this.#machine.handlePacket(buffer, offset, length);
    this.#poll();
    this.#isHandling = false;
  }

  packetsDone(): void {
    this.#watch();
  }

  heard(): void {
    this.#machine.heard();
  }

  handleRoom(): void {
    this.#waits.serve();
  }

  handleSent(): void {
    if (this.#unreported === 0) return;
    const count = this.#unreported;
    this.#unreported = 0;
    this.#owner.sent(this, count);
  }

  handleTimeout(): void {
    this.#machine.handleTimeout();
    this.#poll();
    this.#carrier.kick();
    this.#watch();
  }

  handleRefused(code: CloseCode, buffer: Uint8Array, at: number): void {
    const text = this.#machine.handleRefused(code === CloseCode.FrameTooLarge, buffer, at);
    this.#refused = new ProtocolError(code, text);
  }

  handleClosed(ended: CloseReason, unsentCount: number): void {
    if (this.#isOver) return;
    const reason = this.#refused === undefined ? ended : { ...ended, cause: this.#refused };
    this.#isOver = true;
    // Who closed first says why: a peer's end that answers ours is no reason of its own.
    this.#reason = reason.code === CloseCode.Normal ? this.#closing ?? reason : reason;
    this.#machine.handleClosed();
    this.#waits.fail(this.#closedError());
    this.#poll();
    this.#endpoint.messages.retire(this.#slot);
    this.#endpoint.streams.freeSlot(this.#slot);
    this.#owner.closed(this, this.#reason, unsentCount);
    this.#closed.resolve();
  }

  #sendLater(kept: Uint8Array, fields: MessageFields | undefined): Promise<number> {
    return this.#waits.wait(kept.length, () => {
      const status = this.#machine.send(kept, fields);
      if (status === SendStatus.BackPressured) return undefined;
      if (status !== SendStatus.Queued) throw this.#refusal(status, kept);
      this.#queued();
      return this.#machine.lastId;
    });
  }

  #queued(isTicked = false): void {
    this.#unreported++;
    this.#carrier.kick(isTicked);
  }

  #ask(payload: Uint8Array, timeoutMs: number, fields: MessageFields | undefined): number | undefined {
    this.#endpoint.streams.scheduler.tick();
    const slot = this.#machine.request(payload, timeoutMs === 0 ? Infinity : timeoutMs, fields);
    if (slot >= 0) {
      this.#queued(true);
      this.#watch();
      return slot;
    }
    const status = (-1 - slot) as SendStatus;
    if (status === SendStatus.BackPressured) return undefined;
    throw this.#refusal(status, payload);
  }

  #poll(): void {
    const machine = this.#machine;
    for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) this.#handle(event);
  }

  #handle(event: MessageEvent): void {
    const machine = this.#machine;
    switch (event) {
      case MessageEvent.OneWay:
      case MessageEvent.Request:
        return this.#receive(event);
      case MessageEvent.Response:
        return this.#pending.resolve(machine.slot, machine.packet);
      case MessageEvent.Refused:
        return this.#pending.reject(machine.slot, new RequestError(machine.errorCode, machine.errorText));
      case MessageEvent.Expired:
        return this.#pending.expire(machine.slot);
      case MessageEvent.Abandoned:
        return this.#pending.reject(machine.slot, this.#closedError());
      case MessageEvent.Cancelled:
      case MessageEvent.Unwanted:
        return this.#unwant(machine.slot);
      case MessageEvent.GoingAway:
        return this.#owner.goingAway(this, machine.goingAwayMs);
      case MessageEvent.Fault:
        return this.#carrier.abort(
          machine.closeCode,
          "remote",
          new ProtocolError(machine.closeCode, machine.faultText),
        );
      case MessageEvent.Ask:
        return this.#carrier.ping();
      case MessageEvent.Silent:
        return this.#carrier.abort(CloseCode.IdleTimeout, "local");
    }
  }

  #receive(event: MessageEvent): void {
    const { packet, slot: machineSlot } = this.#machine;
    const { header, extensionBytes } = packet;
    const slot = event === MessageEvent.Request ? machineSlot : -1;
    const { slab } = this.#endpoint;
    const message = new ReceivedMessage(this, slot, {
      data: this.#endpoint.config.copyPayloads || this.#owner.keepsMessages
        ? slab.copy(packet.payloadBuffer, packet.payloadOffset, packet.payloadBytes)
        : packet.payload(),
      extension: extensionBytes === 0 ? NOTHING : packet.extension().slice(),
      messageId: header.id,
      businessType: header.businessType,
      flags: header.flags,
      receivedAtMs: this.#endpoint.streams.scheduler.clock.now,
    });
    if (slot >= 0) {
      this.#inbound[slot] = message;
      if (this.#hasCrowd && !this.#isCrowded) {
        this.#isCrowded = true;
        this.hold();
      }
    }
    const holding = this.#owner.received(this, message);
    if (holding !== undefined) void this.#holdFor(holding);
  }

  async #holdFor(holding: PromiseLike<unknown>): Promise<void> {
    this.hold();
    try {
      await holding;
    } catch {
      // The owner has dealt with it.
    }
    this.release();
  }

  /** Answers or refuses a request; where there is no room the reading is held up until there is. */
  #settle(
    slot: number,
    message: ReceivedMessage,
    bytes: number,
    attempt: () => SendStatus,
    later: () => () => SendStatus,
  ): Promise<void> {
    if (slot < 0) return refused(new MisuseError("Cannot answer a message that is no request"));
    if (message.isAnswered) return refused(new MisuseError("Cannot answer a request twice"));
    if (this.#inbound[slot] !== message) return refused(this.#unwantedError(message));
    try {
      const status = this.#waits.isEmpty ? attempt() : SendStatus.BackPressured;
      if (status === SendStatus.Queued) {
        this.#answered(slot, message);
        return DONE;
      }
      if (status !== SendStatus.BackPressured) throw this.#refusal(status, message.data);
    } catch (error) {
      return refused(error);
    }
    message.handleAnswered();
    const again = later();
    this.hold();
    const waiting = this.#waits.wait<true>(bytes, () => {
      if (this.#inbound[slot] !== message) throw this.#unwantedError(message);
      const status = again();
      if (status === SendStatus.BackPressured) return undefined;
      if (status !== SendStatus.Queued) throw this.#refusal(status, message.data);
      this.#answered(slot, message);
      return true;
    });
    const release = (): void => this.release();
    waiting.then(release, release);
    return quiet(waiting.then(() => {}));
  }

  #answered(slot: number, message: ReceivedMessage): void {
    message.handleAnswered();
    const { streams, handling } = this.#endpoint;
    // An answer within the call that brought the request took no time that the clock could show.
    const now = this.#isHandling ? streams.scheduler.clock.now : streams.scheduler.tick();
    handling.record((now - message.receivedAtMs) * 1000);
    this.#carrier.kick(true);
    this.#release(slot);
  }

  /** A request of the peer is over. */
  #release(slot: number): void {
    this.#inbound[slot] = undefined;
    this.#thinOut();
  }

  /** Whether as many requests are unanswered as may be, those counted that nobody wants and handlers still work on. */
  get #hasCrowd(): boolean {
    return this.#machine.unansweredCount + this.#unwantedInHand >= this.#config.maxUnansweredRequestCount;
  }

  #thinOut(): void {
    if (!this.#isCrowded || this.#hasCrowd) return;
    this.#isCrowded = false;
    this.release();
  }

  #unwant(slot: number): void {
    const message = this.#inbound[slot];
    const reason = this.#isOver
      ? this.#closedError()
      : new TimeoutError("The answer is not wanted any more: it was cancelled, or the deadline passed");
    // Else a peer that asks and cancels at once would have as many handlers at work as it likes.
    if (message !== undefined && this.#inHand?.has(message) === true) this.#unwantedInHand++;
    this.#release(slot);
    message?.handleUnwanted(reason);
  }

  #unwantedError(message: ReceivedMessage): unknown {
    return message.unwantedReason ?? this.#closedError();
  }

  #watch(): void {
    if (!this.#isOver) this.#endpoint.streams.watch(this.#slot, this, Math.ceil(this.#machine.pollTimeout()));
  }

  #closedError(): ClosedError {
    return closedError(this.#reason ?? this.#closing ?? { code: CloseCode.Normal, origin: "local" });
  }

  #refusal(status: SendStatus, payload: Uint8Array): unknown {
    if (status !== SendStatus.TooLarge) return this.#closedError();
    const { maxPayloadBytes } = this.#config;
    return new RangeError(`Cannot send ${payload.length} bytes: maxPayloadBytes is ${maxPayloadBytes}`);
  }
}

const NOTHING = new Uint8Array(0);

function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs !== "number") throw new TypeError("The option timeoutMs must be a number");
  if (!(timeoutMs >= 0)) throw new RangeError(`The option timeoutMs must be at least 0: got ${timeoutMs}`);
}
