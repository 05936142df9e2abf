/**
 * The serving side of messages: many protocols, one set of sessions, one stream of events.
 *
 * It knows no driver: links come from the protocols. Invariants: every accepted link is either turned away and counted,
 * or owned by one session until its end was told; the application hears of a session only between its establishment and
 * its end; a request that was handed to the application ends as answered, refused, unwanted or expired.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError, MisuseError, TimeoutError } from "../error/transport_error.ts";
import { RequestErrorCode } from "../message/message_event.ts";
import { type MessageFields, payloadError } from "../message/packet_writer.ts";
import type { CloseReason } from "../stream/stream_event.ts";
import { type Address, addressHost } from "../transport/address.ts";
import { closedError } from "./disconnect.ts";
import { AddressLimits } from "./transport_address_limits.ts";
import { TransportConnection, type TransportOwner } from "./transport_connection.ts";
import { TransportEndpoint, type TransportHost } from "./transport_endpoint.ts";
import { describeClose, describeConnection, type ServerEvent } from "./transport_event.ts";
import { TransportDelivery } from "./transport_delivery.ts";
import type { TransportEventQueue } from "./transport_event_queue.ts";
import { type ListenerOwner, TransportListeners } from "./transport_listeners.ts";
import type { ReceivedMessage } from "./transport_message.ts";
import { PendingSession } from "./transport_pending_session.ts";
import { carrierFor, type ProtocolLink, type TransportProtocol } from "./transport_protocol.ts";
import type { TransportServerConfig } from "./transport_server_options.ts";
import { type SessionRecord, SessionTable } from "./transport_session.ts";
import { drain, type ShutdownReport } from "./transport_shutdown.ts";
import { type TransportServerStatistics, transportStatistics } from "./transport_statistics.ts";

/** Serves messages. */
export class TransportServerRuntime implements TransportOwner, ListenerOwner {
  readonly endpoint: TransportEndpoint;
  readonly sessions: SessionTable = new SessionTable();
  readonly #config: TransportServerConfig;
  readonly #host: TransportHost;
  readonly #listeners: TransportListeners;
  readonly #limits: AddressLimits;
  readonly #delivery: TransportDelivery<ServerEvent>;
  #nextId = 1;
  #refusedByCount = 0;
  #refusedByMiddleware = 0;
  #acceptErrors = 0;
  #isStarted = false;
  #refusesRequests = false;
  #stopping: Promise<ShutdownReport> | undefined = undefined;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #stopOnAbort = (): void => void this.shutdown(this.#config.gracefulShutdownTimeoutMs);

  /**
   * @param config The checked options.
   * @param host Time, randomness, compression.
   */
  constructor(config: TransportServerConfig, host: TransportHost) {
    this.#config = config;
    this.#host = host;
    this.endpoint = new TransportEndpoint(config.connection, host);
    this.#listeners = new TransportListeners(this, host.scheduler);
    this.#limits = new AddressLimits(config, host.scheduler.clock);
    this.#delivery = new TransportDelivery<ServerEvent>({
      handlers: config.handlers as Readonly<Record<string, unknown>>,
      unhandledRequest: config.unhandledRequest,
      limits: config,
      messageEvent: ({ id: sessionId }, message) => ({ type: "messageReceived", sessionId, message }),
      errorEvent: (connection, error) => ({ type: "transportError", sessionId: connection?.id, error }),
    });
    this.#layBy(config.pool.initialSize);
  }

  /** Whether messages are kept for longer than a handler runs. */
  get keepsMessages(): boolean {
    return this.#delivery.keepsMessages || this.#config.middleware.length > 0;
  }

  /** Whether it was shut down, or is about to. */
  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Settles when links are wanted again; `undefined` while they are: who connects makes an event. */
  get whenWanted(): Promise<void> | undefined {
    return this.#delivery.whenRoom;
  }

  /** Settles when it has stopped, whoever stopped it; never rejects. */
  get whenStopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Where it listens, by protocol. */
  get addresses(): readonly { readonly protocol: string; readonly address: Address }[] {
    return this.#listeners.addresses;
  }

  /** Starts to listen by all protocols. */
  async start(): Promise<void> {
    if (this.#isStarted) throw new MisuseError("Cannot start a transport server twice");
    const { signal, protocols } = this.#config;
    signal?.throwIfAborted();
    this.#isStarted = true;
    await this.#listeners.open(protocols);
    signal?.addEventListener("abort", this.#stopOnAbort, { once: true });
    if (signal?.aborted) this.#stopOnAbort();
  }

  /** Begins to take events; one reader at a time. */
  events(): TransportEventQueue<ServerEvent> {
    return this.#delivery.events();
  }

  /** The session with a number, or an error that says that there is none. */
  session(sessionId: number): SessionRecord {
    const session = this.sessions.at(sessionId);
    if (session === undefined || session.pending !== undefined) {
      throw new ClosedError(CloseCode.UnknownPeer, "remote", {
        cause: new MisuseError(`There is no session ${sessionId}`),
      });
    }
    return session;
  }

  /** Offers a message to a session without waiting. */
  trySend(sessionId: number, payload: Uint8Array, fields?: MessageFields): SendStatus {
    const session = this.sessions.at(sessionId);
    if (session === undefined || session.pending !== undefined) return SendStatus.NotConnected;
    return session.connection.trySend(payload, fields);
  }

  /** Offers a message to every session, or to those of a group; returns how many took it. */
  broadcast(
    payload: Uint8Array,
    group: string | undefined,
    except: number | undefined,
    fields?: MessageFields,
  ): number {
    const { maxPayloadBytes } = this.endpoint.config.message;
    if (!(payload instanceof Uint8Array)) throw payloadError(payload);
    if (payload.length > maxPayloadBytes) {
      throw new RangeError(`Cannot send ${payload.length} bytes: maxPayloadBytes is ${maxPayloadBytes}`);
    }
    let copy: Uint8Array | undefined;
    // One copy for all who have no room: there may be thousands of them.
    const kept = (): Uint8Array => copy ??= payload.slice();
    let taken = 0;
    for (const session of group === undefined ? this.sessions.all : this.sessions.members(group)) {
      if (session.connection.id === except || session.pending !== undefined) continue;
      if (session.connection.post(payload, kept, fields)) taken++;
    }
    return taken;
  }

  /** Stops in order; see `TransportServer.shutdown`. */
  shutdown(timeoutMs: number): Promise<ShutdownReport> {
    return this.#stopping ??= this.#shutdown(timeoutMs);
  }

  /** What was counted so far. */
  statistics(): TransportServerStatistics {
    const connections = [...this.sessions.all].map((session) => session.connection);
    return {
      ...transportStatistics(this.endpoint, {
        connections,
        totalConnections: this.#nextId - 1,
        unhandledMessages: this.#delivery.unhandledCount,
      }),
      protocolDistribution: this.sessions.distribution,
      refusedConnections: {
        byCount: this.#refusedByCount,
        byAddress: this.#limits.refusedByCount,
        byRate: this.#limits.refusedByRate,
        byMiddleware: this.#refusedByMiddleware,
      },
      acceptErrors: this.#acceptErrors,
    };
  }

  accepted(protocol: TransportProtocol, link: ProtocolLink): void {
    this.#host.scheduler.tick();
    if (this.#stopping !== undefined) return link.close();
    if (!this.#hasRoom(protocol)) {
      this.#refusedByCount++;
      return link.close();
    }
    const book = this.#limits.admit(addressHost(link.remote));
    if (book === undefined) return link.close();
    const { endpoint } = this;
    const carry = carrierFor(protocol, link, endpoint);
    const connection = new TransportConnection(endpoint, this.#nextId++, protocol, this, carry);
    const info = describeConnection(connection, link);
    const pending = this.#config.middleware.length === 0 ? undefined : new PendingSession(connection, info);
    const session: SessionRecord = {
      connection,
      protocol,
      info,
      book,
      pending,
      data: pending?.data ?? new Map(),
      groups: new Set(),
      heardAt: this.#host.scheduler.clock.now,
    };
    this.sessions.add(session);
    connection.start();
    if (pending === undefined) this.#establish(session);
    else void this.#admit(session, pending);
  }

  acceptFailed(error: unknown): void {
    this.#acceptErrors++;
    this.#delivery.report(undefined, error);
  }

  received(connection: TransportConnection, message: ReceivedMessage): PromiseLike<unknown> | void {
    const session = this.sessions.of(connection);
    if (session === undefined) return;
    session.heardAt = this.#host.scheduler.clock.now;
    // A peer that was not told that this side closes, because it would not understand, is served to the end.
    if (this.#refusesRequests && message.isRequest && connection.isAnnounced) {
      return void message.refuse(RequestErrorCode.GoingAway).catch(() => {});
    }
    const holding = session.pending === undefined
      ? this.#delivery.deliver(connection, message)
      : session.pending.handleMessage(message);
    if (this.#config.messagesPerSecond === Infinity) return holding;
    const waitMs = this.#limits.takeMessage(session.book);
    return waitMs === 0 ? holding : Promise.all([holding, this.#after(waitMs)]);
  }

  sent(connection: TransportConnection, count: number): void {
    const { id: sessionId, lastMessageId: messageId } = connection;
    this.#delivery.tellSent({ type: "messageSent", sessionId, messageId, count }, connection);
  }

  goingAway(): void {
    // A client that leaves says so; its requests are answered, and it closes by itself.
  }

  closed(connection: TransportConnection, reason: CloseReason, unsentCount: number): void {
    const session = this.sessions.of(connection);
    if (session === undefined) return;
    this.sessions.remove(session);
    this.#limits.leave(session.book);
    this.#delivery.forget(connection);
    if (session.pending !== undefined) return session.pending.handleClosed(closedError(reason));
    const described = describeClose(reason, unsentCount);
    this.#delivery.tell({ type: "connectionClosed", sessionId: connection.id, reason: described }, connection);
  }

  #hasRoom(protocol: TransportProtocol): boolean {
    if (this.sessions.countOf(protocol.name) >= protocol.maxConnectionCount) return false;
    return this.sessions.size < this.#config.maxConnectionCount || this.#evict();
  }

  /** Makes room by ending the session that has been silent for longest, where that is allowed. */
  #evict(): boolean {
    const { evictAfterMs } = this.#config.pool;
    let oldest: SessionRecord | undefined;
    for (const session of evictAfterMs === Infinity ? [] : this.sessions.all) {
      if (oldest === undefined || session.heardAt < oldest.heardAt) oldest = session;
    }
    if (oldest === undefined || this.#host.scheduler.clock.now - oldest.heardAt < evictAfterMs) return false;
    oldest.connection.abort(CloseCode.IdleTimeout);
    return this.sessions.size < this.#config.maxConnectionCount;
  }

  /** Runs the middleware, and lets the session in or turns it away. */
  async #admit(session: SessionRecord, pending: PendingSession): Promise<void> {
    const { middleware, middlewareTimeoutMs } = this.#config;
    const { connection } = session;
    const late = Promise.withResolvers<never>();
    const alarm = this.#host.scheduler.alarm(() => {
      late.reject(new TimeoutError(`The middleware took longer than ${middlewareTimeoutMs} ms`));
    });
    alarm.arm(this.#host.scheduler.tick() + middlewareTimeoutMs);
    const run = async (): Promise<void> => {
      for (const one of middleware) await one(pending);
    };
    try {
      await Promise.race([run(), late.promise, connection.whenClosed]);
    } catch (error) {
      if (!connection.isOpen) return;
      this.#refusedByMiddleware++;
      this.#delivery.report(connection, error);
      return void connection.close(CloseCode.NotAuthorized);
    } finally {
      alarm.disarm();
    }
    if (!connection.isOpen) return;
    session.pending = undefined;
    const { kept, release } = pending.handleAdmitted();
    this.#establish(session);
    const holding = kept === undefined ? undefined : this.#delivery.deliver(connection, kept);
    if (holding === undefined) release();
    else Promise.resolve(holding).then(release, release);
  }

  #establish({ connection, info }: SessionRecord): void {
    this.#delivery.tell({ type: "connectionEstablished", sessionId: connection.id, info }, connection);
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#host.scheduler.alarm(resolve).arm(this.#host.scheduler.tick() + ms);
    });
  }

  async #shutdown(timeoutMs: number): Promise<ShutdownReport> {
    this.#config.signal?.removeEventListener("abort", this.#stopOnAbort);
    this.#listeners.close();
    const connections = [...this.sessions.all].map((session) => session.connection);
    const report = await drain(connections, timeoutMs, this.#host.scheduler, () => this.#refusesRequests = true);
    await this.#listeners.whenClosed();
    this.#delivery.end();
    this.#stopped.resolve();
    return report;
  }

  /** Lays memory by for the first connections. */
  #layBy(count: number): void {
    const { readBlocks } = this.endpoint.streams;
    const blocks = Array.from({ length: count }, () => readBlocks.take(0));
    for (const block of blocks) readBlocks.give(block);
  }
}
