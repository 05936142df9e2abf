/**
 * What a secure server and a secure client have in common: one endpoint and its driver, the peers, the events, the end.
 *
 * Invariants: a peer is known to the application from its `connected` to its `disconnected` and to nobody else; a peer
 * for whose `connected` there is no room is turned away; once `closed` has settled nothing runs any more and every send
 * has settled.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import type { PeerCertificate } from "../io/tls/tls_link.ts";
import type { EndpointMachine } from "../session/endpoint_machine.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import { SessionEvent } from "../session/session_event.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { Address, UdpAddress } from "../transport/address.ts";
import type { DatagramFailure, NumericAddress } from "../transport/datagram_link.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { udpAddressOf } from "./secure_address.ts";
import type { SecureCoreConfig, SecureCoreHooks, SecureEventTaker, SecureKeys } from "./secure_core_hooks.ts";
import { SecureCredit } from "./secure_credit.ts";
import type { SecureDriver, SecureDriverOwner } from "./secure_driver.ts";
import { describeSecureReason } from "./secure_event.ts";
import { SecureEventQueue, type SecureEventSource } from "./secure_event_queue.ts";
import { isSaid, isSent, SecureGoal } from "./secure_goal.ts";
import type { SecureHost } from "./secure_host.ts";
import { SecureLobby } from "./secure_lobby.ts";
import { SecureOutbox, type SecureSendOptions } from "./secure_outbox.ts";
import { ownEngine, workerEngine } from "./secure_worker_engine.ts";
import type { SecureWorkers } from "./secure_worker_pool.ts";
import { peerStatisticsOf, type SecurePeerStatistics, type SecureStatistics } from "./secure_statistics.ts";

/** For how long closing waits for the system to give sockets back. */
const RELEASE_MS = 1000;

const TAKEN: Promise<void> = Promise.resolve();
const NO_BYTES = new Uint8Array(0);

/** The common part of both kinds of socket. */
export class SecureCore implements SecureDriverOwner, SecureEventSource {
  /** The machine. */
  readonly endpoint: EndpointMachine;
  /** Its driver. */
  readonly driver: SecureDriver;
  /** What waits for the application. */
  readonly events: SecureEventQueue;
  readonly #config: SecureCoreConfig;
  readonly #scheduler: Scheduler;
  readonly #hooks: SecureCoreHooks;
  readonly #peers = new Map<number, SessionMachine>();
  readonly #outbox: SecureOutbox;
  readonly #credit: SecureCredit;
  readonly #lobby: SecureLobby;
  readonly #goal: SecureGoal;
  readonly #closed = Promise.withResolvers<void>();
  readonly #address = new DatagramAddress();
  #closing = false;
  #lost: Error | undefined = undefined;
  /** Set by whoever takes the events; without one, to take an event is to consume it. */
  taker: SecureEventTaker | undefined = undefined;
  #droppedMessages = 0;
  #refusedPeers = 0;

  /**
   * Makes an endpoint and its driver, without links.
   *
   * @param config The checked options.
   * @param keys What the endpoint keeps beyond a restart.
   * @param host Time, chance, cryptography.
   * @param hooks What a server or a client does besides.
   * @param workers Who has the sessions; without them this thread has.
   */
  constructor(
    config: SecureCoreConfig,
    keys: SecureKeys,
    host: SecureHost,
    hooks: SecureCoreHooks,
    workers?: SecureWorkers,
  ) {
    this.#config = config;
    this.#scheduler = host.scheduler;
    this.#hooks = hooks;
    const engine = workers ? workerEngine(workers, this) : ownEngine(config.endpoint, keys, host, this);
    this.endpoint = engine.endpoint;
    this.driver = engine.driver;
    this.events = new SecureEventQueue(config.events, this);
    this.#outbox = new SecureOutbox(config.endpoint, this.driver);
    this.#credit = new SecureCredit(this.#peers, this.driver, this.#scheduler);
    this.#lobby = new SecureLobby(config.events.maxBytes);
    this.#goal = new SecureGoal(host.scheduler);
  }

  /** The peers that the application knows. */
  get peers(): ReadonlyMap<number, SessionMachine> {
    return this.#peers;
  }

  /** Whether it is closing or closed. */
  get isClosing(): boolean {
    return this.#closing;
  }

  /** Why the datagram socket broke; `undefined` when it did not. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  /** Settles once it is closed for good; never rejects. */
  get whenClosed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Offers a message.
   *
   * @param peerId To whom.
   * @param channel The channel.
   * @param payload Copied.
   * @param options How it is sent.
   * @returns What became of it.
   */
  trySend(peerId: number, channel: number, payload: Uint8Array, options?: SecureSendOptions): SendStatus {
    return this.#outbox.trySend(this.#peers.get(peerId), channel, payload, options);
  }

  /**
   * Sends a message and waits for room where there is none.
   *
   * @param peerId To whom.
   * @param channel The channel.
   * @param payload Copied.
   * @param options How it is sent.
   * @returns When it is queued.
   */
  send(peerId: number, channel: number, payload: Uint8Array, options?: SecureSendOptions): Promise<void> {
    return this.#outbox.send(this.#peers.get(peerId), peerId, channel, payload, options);
  }

  /**
   * Sends a message that can be taken back.
   *
   * @param peerId To whom.
   * @param channel The channel.
   * @param payload Copied.
   * @param options How it is sent.
   * @returns Its handle, when it is queued.
   */
  sendMessage(peerId: number, channel: number, payload: Uint8Array, options?: SecureSendOptions): Promise<number> {
    return this.#outbox.sendMessage(this.#peers.get(peerId), peerId, channel, payload, options);
  }

  /**
   * Takes a message back.
   *
   * @param peerId To whom it was sent.
   * @param handle What `sendMessage` gave.
   * @returns Whether it was neither acknowledged nor dropped before.
   */
  cancel(peerId: number, handle: number): boolean {
    const isTaken = this.#peers.get(peerId)?.cancel(handle) ?? false;
    if (isTaken) this.driver.drain();
    return isTaken;
  }

  /**
   * Closes the session of a peer.
   *
   * @param peerId Whose.
   * @param code Why.
   * @param text What to tell the peer besides.
   * @returns Whether there was such a peer.
   */
  disconnect(peerId: number, code: number, text: string): boolean {
    if (!Number.isInteger(code) || code < 0 || code > 0xffff) {
      throw new RangeError(`Cannot disconnect with the code ${code}: it is an integer from 0 to 65535`);
    }
    const session = this.#peers.get(peerId);
    if (session === undefined) return false;
    session.close(code, text);
    this.driver.drain();
    return true;
  }

  /**
   * Where a peer is.
   *
   * @param session The peer's.
   * @returns Its address by UDP; that of its stream, a TCP address, where one carries it, in such a socket alone.
   */
  addressOf(session: SessionMachine): UdpAddress {
    const stream = this.#hooks.streamAddress?.(session.pathId);
    if (stream !== undefined) return stream as Address as UdpAddress;
    this.#address.parse("0.0.0.0", 0);
    session.readAddress(this.#address);
    return udpAddressOf(this.#address);
  }

  /**
   * What was counted for a peer.
   *
   * @param session The peer's.
   * @returns A new object.
   */
  statisticsOf(session: SessionMachine): SecurePeerStatistics {
    return peerStatisticsOf(session, this.addressOf(session));
  }

  /**
   * What was counted so far.
   *
   * @param handshakes What a server counted of its TLS side.
   * @returns A new object.
   */
  statistics(handshakes: Record<string, number> = {}): SecureStatistics {
    const { endpoint, events, driver } = this;
    return {
      peers: this.#peers.size,
      sessions: endpoint.sessionCount,
      halfOpen: endpoint.halfOpenCount,
      queuedEvents: events.count,
      queuedEventBytes: events.bytes,
      droppedMessages: this.#droppedMessages,
      refusedPeers: this.#refusedPeers,
      droppedDatagrams: driver.droppedDatagrams,
      session: endpoint.sessionCounters(),
      endpoint: endpoint.counters(),
      datagrams: driver.link?.counters() ?? {},
      handshakes,
    };
  }

  /**
   * Closes: peers are told, what was accepted before goes out first where the link has room.
   *
   * @param code What the peers are told.
   * @param timeoutMs For how long to wait for them.
   * @returns When it is closed.
   */
  close(code: number, timeoutMs: number = this.#config.closeTimeoutMs): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      void this.#shut(code, timeoutMs);
    }
    return this.whenClosed;
  }

  /** {@inheritDoc SecureDriverOwner.handleEvent} */
  handleEvent(event: SessionEvent): void {
    const session = this.endpoint.session!;
    if (event === SessionEvent.Message) this.#receive(session);
    else if (event === SessionEvent.Connected) this.#admit(session);
    else if (event === SessionEvent.Drained) this.#tellRoom(session);
    else if (event === SessionEvent.TicketReceived) this.#keepTicket(session);
    else if (event === SessionEvent.ResumptionFailed) this.#hooks.handleResumptionFailed(session);
    else if (event === SessionEvent.PathChanged) this.#hooks.handlePath?.(session, true);
    else if (event === SessionEvent.PathFailed) this.#hooks.handlePath?.(session, false);
    else if (event === SessionEvent.Closed) this.#end(session);
  }

  /** {@inheritDoc SecureDriverOwner.handleDrained} */
  handleDrained(): void {
    this.#hooks.handleDrained?.();
    this.#goal.check();
    this.taker?.handleDrained();
  }

  /** {@inheritDoc SecureEventSource.handleTaken} */
  handleTaken(peerId: number, channel: number, credit: number): void {
    if (this.taker === undefined) this.giveBack(peerId, channel, credit);
    else this.taker.handleTaken(credit);
  }

  /**
   * Gives credit back to a peer: what it paid for was consumed.
   *
   * @param peerId The peer.
   * @param channel By which channel it came.
   * @param credit How much.
   */
  giveBack(peerId: number, channel: number, credit: number): void {
    this.#credit.add(peerId, channel, credit, this.events.count === 0);
  }

  /** {@inheritDoc SecureDriverOwner.handleSendFailure} */
  handleSendFailure(to: NumericAddress, failure: DatagramFailure): void {
    this.#hooks.handleSendFailure(to, failure);
  }

  /** {@inheritDoc SecureDriverOwner.handleLinkLost} */
  handleLinkLost(error: Error): void {
    if (this.#hooks.handleLinkLost?.(error) === true) return;
    this.#lost = error;
    void this.close(SessionCloseCode.GoingAway, 0);
  }

  #tellRoom(session: SessionMachine): void {
    for (const channel of this.#outbox.serve(session)) this.events.pushDrained(session.id, channel);
  }

  #receive(session: SessionMachine): void {
    const { endpoint, events } = this;
    const { messageBuffer, messageOffset, messageLength, messageChannel, messageIsEarly } = endpoint;
    const { id } = session;
    if (this.#peers.has(id)) {
      // What goes straight to the reader counts as consumed behind this event.
      const credit = events.isAwaited ? 0 : endpoint.takeCredit();
      if (events.pushData(id, messageChannel, messageBuffer, messageOffset, messageLength, messageIsEarly, credit)) {
        return;
      }
    } else if (this.#lobby.has(id)) {
      const bytes = messageBuffer.subarray(messageOffset, messageOffset + messageLength);
      if (this.#lobby.keep(id, messageChannel, bytes, messageIsEarly, endpoint.takeCredit())) return;
    }
    this.#droppedMessages++;
  }

  #admit(session: SessionMachine): void {
    const certificate = this.#hooks.handleConnected(session);
    const verdict = this.#hooks.welcomes(session);
    if (typeof verdict === "boolean") return this.#decide(session, certificate, verdict);
    this.#lobby.enter(session.id);
    void verdict.then((isWelcome) => this.#letIn(session, certificate, isWelcome));
  }

  /** The application has made up its mind about a peer that waited. */
  #letIn(session: SessionMachine, certificate: PeerCertificate | undefined, isWelcome: boolean): void {
    // It may be gone by now.
    if (!this.#lobby.has(session.id)) return;
    const { id } = session;
    const held = this.#lobby.leave(id);
    this.#decide(session, certificate, isWelcome);
    for (const { channel, data, isEarly, credit } of held) {
      const isKept = this.#peers.has(id) && this.events.pushData(id, channel, data, 0, data.length, isEarly, credit);
      if (!isKept) this.#droppedMessages++;
    }
    this.driver.drain();
  }

  #decide(session: SessionMachine, certificate: PeerCertificate | undefined, isWelcome: boolean): void {
    if (!isWelcome) return session.close(SessionCloseCode.NotAuthorized);
    if (!this.events.hasRoom || this.#closing) {
      this.#refusedPeers++;
      return session.close(SessionCloseCode.Busy);
    }
    this.#peers.set(session.id, session);
    this.events.push({
      type: "connected",
      peerId: session.id,
      address: this.addressOf(session),
      isResumed: session.isResumed,
      token: session.token?.slice() ?? NO_BYTES,
      certificate,
    });
  }

  #keepTicket(session: SessionMachine): void {
    const ticket = this.#hooks.sealTicket(session);
    if (ticket !== undefined && this.events.hasRoom) this.events.push({ type: "ticket", peerId: session.id, ticket });
  }

  #end(session: SessionMachine): void {
    const reason = session.reason!;
    this.#outbox.end(session);
    this.#droppedMessages += this.#lobby.leave(session.id).length;
    if (this.#peers.delete(session.id)) {
      this.events.push({ type: "disconnected", peerId: session.id, reason: describeSecureReason(reason) });
    }
    this.#hooks.handleEnded(session);
  }

  async #shut(code: number, timeoutMs: number): Promise<void> {
    const scheduler = this.#scheduler;
    const endAt = scheduler.tick() + timeoutMs;
    // It may have been an event that closes: the machine is not drained yet.
    await TAKEN;
    this.#hooks.handleClosing();
    this.#outbox.seal();
    // What was sent before goes first.
    this.driver.drainNow();
    if (timeoutMs > 0) await this.#goal.reach(isSent(this.#peers, this.#outbox), endAt);
    this.endpoint.close(code);
    this.driver.drainNow();
    await this.#goal.reach(() => isSaid(this.endpoint), endAt);
    this.driver.stop();
    // Of whom the machine has not told yet, because the link had no room.
    for (const session of [...this.#peers.values()]) this.#end(session);
    const { link } = this.driver;
    link?.close();
    await this.#goal.within(Promise.all([link?.whenClosed, this.#hooks.whenStopped()]), scheduler.tick() + RELEASE_MS);
    this.events.end(this.#lost);
    this.#closed.resolve();
  }
}
