/**
 * The connecting side of messages: one or several connections to one server, replaced when they are lost.
 *
 * It knows no driver: links come from the protocols. Invariants: a request is sent over one connection once and never
 * again; every promise that was given out is settled, at the latest when the client is closed; there is at most one
 * attempt to connect at a time.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError, ConnectError, MisuseError } from "../error/transport_error.ts";
import { type MessageFields, payloadError } from "../message/packet_writer.ts";
import type { CloseReason } from "../stream/stream_event.ts";
import type { Alarm } from "../time/scheduler.ts";
import { Backoff } from "./backoff.ts";
import { closedError } from "./disconnect.ts";
import type { TransportClientConfig } from "./transport_client_options.ts";
import { TransportConnection, type TransportOwner } from "./transport_connection.ts";
import { reachAny } from "./transport_connector.ts";
import { TransportDelivery } from "./transport_delivery.ts";
import { TransportEndpoint, type TransportHost } from "./transport_endpoint.ts";
import { type ClientEvent, describeClose, describeConnection } from "./transport_event.ts";
import type { TransportEventQueue } from "./transport_event_queue.ts";
import type { ReceivedMessage } from "./transport_message.ts";
import type { RequestOptions, TransportResponse } from "./transport_pending_replies.ts";
import { carrierFor, type ProtocolLink, type TransportProtocol } from "./transport_protocol.ts";
import { quiet, refused, RoomWaits } from "./transport_room_waits.ts";
import { type TransportClientStatistics, transportStatistics } from "./transport_statistics.ts";

interface Member {
  readonly connection: TransportConnection;
  /** The server said that it closes: nothing new goes over this connection where there is another one. */
  isLeaving: boolean;
  /** Since when it has had nothing to do; `Infinity` while it has. */
  idleSince: number;
}

/** Connects for messages. */
export class TransportClientRuntime implements TransportOwner {
  readonly endpoint: TransportEndpoint;
  readonly #config: TransportClientConfig;
  readonly #host: TransportHost;
  readonly #delivery: TransportDelivery<ClientEvent>;
  readonly #members: Member[] = [];
  readonly #backoff: Backoff;
  readonly #waits: RoomWaits;
  readonly #stop = new AbortController();
  readonly #upkeep: Alarm;
  #connecting: Promise<void> | undefined = undefined;
  #opening: Promise<void> | undefined = undefined;
  #hasGivenUp = false;
  #endPause: (() => void) | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  #lastReason: CloseReason | undefined = undefined;
  #nextId = 1;
  #failedConnects = 0;
  readonly #closed = Promise.withResolvers<void>();
  readonly #closeOnAbort = (): void => void this.close();

  /**
   * @param config The checked options.
   * @param host Time, randomness, compression.
   */
  constructor(config: TransportClientConfig, host: TransportHost) {
    this.#config = config;
    this.#host = host;
    this.endpoint = new TransportEndpoint(config.connection, host);
    const never = { baseMs: 0, maxMs: 0, stableMs: 0, maxAttempts: 0 };
    this.#backoff = new Backoff(config.reconnect ?? never, host.scheduler.clock, host.random);
    this.#waits = new RoomWaits(config.connection.stream.maxWaitingBytes);
    this.#upkeep = host.scheduler.alarm(() => this.#shrink());
    this.#delivery = new TransportDelivery<ClientEvent>({
      handlers: config.handlers as Readonly<Record<string, unknown>>,
      unhandledRequest: config.unhandledRequest,
      limits: config,
      messageEvent: (_connection, message) => ({ type: "messageReceived", message }),
      errorEvent: (_connection, error) => ({ type: "error", error }),
    });
  }

  get keepsMessages(): boolean {
    return this.#delivery.keepsMessages;
  }

  /** Whether there is a connection that takes messages. */
  get isConnected(): boolean {
    return this.#members.some(({ connection }) => connection.isOpen);
  }

  /** How many connections are open. */
  get connectionCount(): number {
    return this.#members.length;
  }

  /** Settles when the client is closed for good; never rejects. */
  get whenClosed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Connects; several calls share one attempt. */
  connect(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new MisuseError("Cannot connect: the client is closed"));
    if (this.isConnected) return Promise.resolve();
    return this.#connecting ??= this.#connect().finally(() => this.#connecting = undefined);
  }

  /** Begins to take events; one reader at a time. */
  events(): TransportEventQueue<ClientEvent> {
    return this.#delivery.events();
  }

  /** Offers a message without waiting. */
  trySend(payload: Uint8Array, fields?: MessageFields): SendStatus {
    const member = this.#pick();
    if (member === undefined) return this.#closing === undefined ? SendStatus.NotConnected : SendStatus.Closed;
    if (!this.#waits.isEmpty) return SendStatus.BackPressured;
    const status = member.connection.trySend(payload, fields);
    if (status === SendStatus.BackPressured) this.#grow();
    return status;
  }

  /** Sends a message; resolves with its id. */
  send(payload: Uint8Array, fields?: MessageFields): Promise<number> {
    const member = this.#waits.isEmpty ? this.#pick() : undefined;
    if (member !== undefined) {
      this.#noteBusy(member);
      return member.connection.send(payload, fields);
    }
    return this.#later(payload, (connection, kept) => connection.send(kept, fields));
  }

  /** Asks, and waits for the answer. */
  request(payload: Uint8Array, options?: RequestOptions): Promise<TransportResponse> {
    const member = this.#waits.isEmpty ? this.#pick() : undefined;
    if (member !== undefined) {
      this.#noteBusy(member);
      return member.connection.request(payload, options);
    }
    return this.#later(payload, (connection, kept) => connection.request(kept, options));
  }

  /** Closes for good: what is queued is sent, requests without an answer are rejected. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** What was counted so far. */
  statistics(): TransportClientStatistics {
    const gauges = {
      connections: this.#members.map((member) => member.connection),
      totalConnections: this.#nextId - 1,
      unhandledMessages: this.#delivery.unhandledCount,
    };
    return { ...transportStatistics(this.endpoint, gauges), failedConnects: this.#failedConnects };
  }

  received(connection: TransportConnection, message: ReceivedMessage): PromiseLike<unknown> | void {
    return this.#delivery.deliver(connection, message);
  }

  sent(connection: TransportConnection, count: number): void {
    this.#delivery.tellSent({ type: "messageSent", messageId: connection.lastMessageId, count }, connection);
  }

  goingAway(connection: TransportConnection): void {
    const member = this.#memberOf(connection);
    if (member === undefined) return;
    member.isLeaving = true;
    if (this.#config.reconnect === undefined) return;
    void this.#maintain();
  }

  closed(connection: TransportConnection, reason: CloseReason, unsentCount: number): void {
    const member = this.#memberOf(connection);
    if (member === undefined) return;
    this.#members.splice(this.#members.indexOf(member), 1);
    this.#delivery.forget(connection);
    this.#lastReason = reason;
    if (this.#members.length === 0) this.#backoff.handleDisconnected();
    const willReconnect = this.#config.reconnect !== undefined && this.#closing === undefined && !this.#hasGivenUp;
    const described = describeClose(reason, unsentCount);
    this.#delivery.tell({ type: "disconnected", reason: described, willReconnect }, connection);
    if (willReconnect) void this.#maintain();
    else if (this.#members.length === 0 && this.#closing === undefined) this.#waits.fail(closedError(reason));
  }

  async #connect(): Promise<void> {
    const { signal } = this.#config;
    signal?.throwIfAborted();
    signal?.addEventListener("abort", this.#closeOnAbort, { once: true });
    this.#hasGivenUp = false;
    await this.#open();
    // The others of a pool follow; that one of them fails is told as an event.
    if (this.#members.length < this.#config.pool.initialSize) void this.#maintain();
  }

  /** Opens one connection by the first protocol that works. */
  async #open(): Promise<void> {
    const { protocols, connectTimeoutMs } = this.#config;
    const { scheduler } = this.#host;
    const countFailed = (): void => void this.#failedConnects++;
    const reached = await reachAny({ protocols, connectTimeoutMs, scheduler, stop: this.#stop.signal, countFailed });
    if (this.#closing === undefined) return this.#adopt(reached.protocol, reached.link);
    reached.link.close();
    throw new ClosedError(CloseCode.Normal, "local");
  }

  #adopt(protocol: TransportProtocol, link: ProtocolLink): void {
    const { endpoint } = this;
    this.#host.scheduler.tick();
    const carry = carrierFor(protocol, link, endpoint);
    const connection = new TransportConnection(endpoint, this.#nextId++, protocol, this, carry);
    if (this.#members.length === 0) this.#backoff.handleConnected();
    this.#members.push({ connection, isLeaving: false, idleSince: this.#host.scheduler.clock.now });
    connection.start();
    this.#delivery.tell({ type: "connected", info: describeConnection(connection, link) }, connection);
    this.#waits.serve();
    this.#armUpkeep();
  }

  /** Opens connections until there are as many as there should be, with pauses after failures. */
  #maintain(): Promise<void> {
    return this.#opening ??= this.#keepOpening().finally(() => {
      this.#opening = undefined;
      // A connection may be lost between the last look and now.
      if (this.#isShort && this.#config.reconnect !== undefined && !this.#hasGivenUp) void this.#maintain();
    });
  }

  /** Whether there should be more connections. */
  get #isShort(): boolean {
    const staying = this.#members.filter((member) => !member.isLeaving).length;
    return this.#closing === undefined && staying < this.#config.pool.initialSize;
  }

  async #keepOpening(): Promise<void> {
    while (this.#isShort) {
      const delayMs = this.#members.length === 0 || this.#backoff.attempt > 0 ? this.#backoff.nextDelay() : 0;
      if (delayMs < 0) return this.#giveUp();
      await this.#pause(delayMs);
      if (!this.#isShort) return;
      try {
        await this.#open();
      } catch (error) {
        if (this.#closing !== undefined) return;
        this.#delivery.report(undefined, error);
        if (this.#config.reconnect === undefined) return;
        if (this.#backoff.attempt === 0 && this.#backoff.nextDelay() < 0) return this.#giveUp();
      }
    }
  }

  #giveUp(): void {
    this.#hasGivenUp = true;
    if (this.#members.length > 0) return;
    this.#waits.fail(this.#lost());
    this.#delivery.report(
      undefined,
      new ConnectError("Cannot connect again: as many attempts failed as maxAttempts says"),
    );
  }

  /** The connection for the next message: of those that stay the one with least to do. */
  #pick(): Member | undefined {
    const members = this.#members;
    if (members.length === 1 && members[0]!.connection.isOpen) return members[0];
    let best: Member | undefined;
    for (const member of members) {
      if (!member.connection.isOpen) continue;
      if (best === undefined || costOf(member) < costOf(best)) best = member;
    }
    return best;
  }

  #noteBusy(member: Member): void {
    if (this.#config.pool.kind === "fixed") return;
    member.idleSince = Infinity;
    if (member.connection.pendingCount >= this.#config.pool.growAtCount || member.connection.queuedBytes > 0) {
      this.#grow();
    }
    this.#armUpkeep();
  }

  /** Opens one connection more where every one has enough to do and there may be more. */
  #grow(): void {
    const { kind, maxSize, growAtCount } = this.#config.pool;
    if (kind === "fixed" || this.#opening !== undefined || this.#members.length >= maxSize) return;
    const { highWaterBytes } = this.#config.connection.stream;
    const isLoaded = ({ connection }: Member): boolean =>
      connection.pendingCount >= growAtCount || connection.queuedBytes >= highWaterBytes / 2;
    if (this.#closing !== undefined || !this.#members.every(isLoaded)) return;
    const opening = this.#open().catch((error) => this.#delivery.report(undefined, error));
    this.#opening = opening.finally(() => {
      this.#opening = undefined;
      if (this.#isShort && this.#config.reconnect !== undefined && !this.#hasGivenUp) void this.#maintain();
    });
  }

  /** Closes connections beyond `initialSize` that have been idle for long. */
  #shrink(): void {
    const { initialSize, idleTimeoutMs } = this.#config.pool;
    const now = this.#host.scheduler.clock.now;
    for (const member of [...this.#members]) {
      const { connection } = member;
      const isIdle = connection.pendingCount === 0 && connection.unansweredCount === 0 && connection.queuedBytes === 0;
      if (!isIdle) member.idleSince = Infinity;
      else if (member.idleSince === Infinity) member.idleSince = now;
      const open = this.#members.filter((one) => one.connection.isOpen).length;
      if (open > initialSize && connection.isOpen && now - member.idleSince >= idleTimeoutMs) void connection.close();
    }
    this.#armUpkeep();
  }

  #armUpkeep(): void {
    const { kind, initialSize, idleTimeoutMs } = this.#config.pool;
    if (kind === "fixed" || this.#members.length <= initialSize || this.#closing !== undefined) {
      return this.#upkeep.disarm();
    }
    this.#upkeep.arm(this.#host.scheduler.tick() + Math.max(1, idleTimeoutMs / 2));
  }

  /** What becomes of a message or request while there is no connection. */
  #later<T>(
    payload: Uint8Array,
    send: (connection: TransportConnection, kept: Uint8Array) => Promise<T>,
  ): Promise<T> {
    if (!(payload instanceof Uint8Array)) return refused(payloadError(payload));
    const isComing = this.#connecting !== undefined || this.#opening !== undefined;
    if (this.#closing !== undefined || !isComing || this.#config.whileDisconnected === "refuse") {
      return refused(this.#lost());
    }
    const kept = payload.slice();
    return quiet(
      this.#waits.wait(kept.length, () => {
        const member = this.#pick();
        return member === undefined ? undefined : { sent: send(member.connection, kept) };
      }).then(({ sent }) => sent),
    );
  }

  #lost(): unknown {
    if (this.#closing !== undefined) return new ClosedError(CloseCode.Normal, "local");
    if (this.#lastReason !== undefined) return closedError(this.#lastReason);
    return new MisuseError("Cannot send: connect() comes first");
  }

  #memberOf(connection: TransportConnection): Member | undefined {
    return this.#members.find((member) => member.connection === connection);
  }

  async #close(): Promise<void> {
    this.#config.signal?.removeEventListener("abort", this.#closeOnAbort);
    this.#upkeep.disarm();
    this.#stop.abort(new ClosedError(CloseCode.Normal, "local"));
    this.#endPause?.();
    this.#waits.fail(new ClosedError(CloseCode.Normal, "local"));
    await Promise.all(this.#members.map(({ connection }) => connection.close()));
    await this.#connecting?.catch(() => {});
    await this.#opening;
    this.#delivery.end();
    this.#closed.resolve();
  }

  #pause(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        alarm.disarm();
        this.#endPause = undefined;
        resolve();
      };
      const alarm = this.#host.scheduler.alarm(end);
      this.#endPause = end;
      alarm.arm(this.#host.scheduler.tick() + ms);
    });
  }
}

/** What stands against taking a connection: first that it leaves, then what it has to do. */
function costOf({ connection, isLeaving }: Member): number {
  return (isLeaving ? 1e15 : 0) + connection.pendingCount * 1024 + connection.queuedBytes;
}
