/**
 * What a secure server and a secure client have in common: one endpoint and its driver, the peers, the events, the end.
 *
 * Invariants: a peer is known to the application from its `connected` to its `disconnected` and to nobody else; a peer
 * for whose `connected` there is no room is turned away; once `closed` has settled nothing runs any more and every send
 * has settled.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError } from "../error/transport_error.ts";
import type { PeerCertificate } from "../io/tls/tls_link.ts";
import { EndpointMachine } from "../session/endpoint_machine.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import { SessionEvent } from "../session/session_event.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { UdpAddress } from "../transport/address.ts";
import type { DatagramFailure, NumericAddress } from "../transport/datagram_link.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { udpAddressOf } from "./secure_address.ts";
import type { SecureCoreConfig, SecureCoreHooks, SecureKeys } from "./secure_core_hooks.ts";
import { SecureDriver, type SecureDriverOwner } from "./secure_driver.ts";
import { describeSecureReason, secureClosedError } from "./secure_event.ts";
import { SecureEventQueue } from "./secure_event_queue.ts";
import type { SecureHost } from "./secure_host.ts";
import { SecureLobby } from "./secure_lobby.ts";
import type { SecurePeerStatistics, SecureStatistics } from "./secure_statistics.ts";
import { rejected, SecureWaits, tooLargeError } from "./secure_waits.ts";

/** For how long closing waits for the system to give sockets back. */
const RELEASE_MS = 1000;

const TAKEN: Promise<void> = Promise.resolve();
const NO_BYTES = new Uint8Array(0);

/** The common part of both kinds of socket. */
export class SecureCore implements SecureDriverOwner {
  /** The machine. */
  readonly endpoint: EndpointMachine;
  /** Its driver. */
  readonly driver: SecureDriver;
  /** What waits for the application. */
  readonly events: SecureEventQueue;
  readonly #config: SecureCoreConfig;
  readonly #host: SecureHost;
  readonly #hooks: SecureCoreHooks;
  readonly #peers = new Map<number, SessionMachine>();
  readonly #waits = new Map<number, SecureWaits>();
  readonly #lobby: SecureLobby;
  readonly #closed = Promise.withResolvers<void>();
  readonly #address = new DatagramAddress();
  #closing = false;
  #finishing = false;
  #onSaid: () => void = () => {};
  #lost: Error | undefined = undefined;
  #droppedMessages = 0;
  #refusedPeers = 0;

  /**
   * Makes an endpoint and its driver, without links.
   *
   * @param config The checked options.
   * @param keys What the endpoint keeps beyond a restart.
   * @param host Time, chance, cryptography.
   * @param hooks What a server or a client does besides.
   */
  constructor(config: SecureCoreConfig, keys: SecureKeys, host: SecureHost, hooks: SecureCoreHooks) {
    const { scheduler, random, aead, keyExchange } = host;
    this.#config = config;
    this.#host = host;
    this.#hooks = hooks;
    scheduler.tick();
    this.endpoint = new EndpointMachine({
      ...keys,
      config: config.endpoint,
      clock: scheduler.clock,
      wallClock: scheduler,
      random,
      aead,
      keyExchange,
    });
    this.driver = new SecureDriver(this.endpoint, scheduler, this);
    this.events = new SecureEventQueue(config.events);
    this.#lobby = new SecureLobby(config.events.maxBytes);
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
   * @returns What became of it.
   */
  trySend(peerId: number, channel: number, payload: Uint8Array): SendStatus {
    checkMessage(channel, payload);
    const session = this.#peers.get(peerId);
    if (session === undefined) return SendStatus.NotConnected;
    if (this.#waits.has(peerId)) return SendStatus.BackPressured;
    return this.#offer(session, channel, payload);
  }

  /**
   * Sends a message and waits for room where there is none.
   *
   * @param peerId To whom.
   * @param channel The channel.
   * @param payload Copied.
   * @returns When it is queued.
   */
  send(peerId: number, channel: number, payload: Uint8Array): Promise<void> {
    try {
      checkMessage(channel, payload);
      const session = this.#peers.get(peerId);
      if (session === undefined) return rejected(unknownPeer(peerId));
      const waits = this.#waits.get(peerId);
      const status = waits === undefined ? this.#offer(session, channel, payload) : SendStatus.BackPressured;
      if (status === SendStatus.Queued) return TAKEN;
      if (status === SendStatus.BackPressured) return this.#wait(peerId, waits, channel, payload);
      if (status === SendStatus.TooLarge) throw tooLargeError(session, payload);
      return rejected(session.reason === undefined ? unknownPeer(peerId) : secureClosedError(session.reason));
    } catch (error) {
      return Promise.reject(error);
    }
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
   * @returns Its address by UDP.
   */
  addressOf(session: SessionMachine): UdpAddress {
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
    return { address: this.addressOf(session), isResumed: session.isResumed, ...session.statistics() };
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
    else if (event === SessionEvent.Drained) this.#serve(session);
    else if (event === SessionEvent.TicketReceived) this.#keepTicket(session);
    else if (event === SessionEvent.ResumptionFailed) this.#hooks.handleResumptionFailed(session);
    else if (event === SessionEvent.Closed) this.#end(session);
  }

  /** {@inheritDoc SecureDriverOwner.handleDrained} */
  handleDrained(): void {
    if (this.#finishing && this.#isSaid()) this.#onSaid();
  }

  /** {@inheritDoc SecureDriverOwner.handleSendFailure} */
  handleSendFailure(to: NumericAddress, failure: DatagramFailure): void {
    this.#hooks.handleSendFailure(to, failure);
  }

  /** {@inheritDoc SecureDriverOwner.handleLinkLost} */
  handleLinkLost(error: Error): void {
    this.#lost = error;
    void this.close(SessionCloseCode.GoingAway, 0);
  }

  #offer(session: SessionMachine, channel: number, payload: Uint8Array): SendStatus {
    const status = session.send(channel, payload);
    if (status === SendStatus.Queued) this.driver.drain();
    return status;
  }

  #wait(peerId: number, waits: SecureWaits | undefined, channel: number, payload: Uint8Array): Promise<void> {
    const list = waits ?? new SecureWaits();
    if (waits === undefined) this.#waits.set(peerId, list);
    return list.add(channel, payload);
  }

  #serve(session: SessionMachine): void {
    const waits = this.#waits.get(session.id);
    if (waits === undefined) return;
    waits.serve(session);
    if (waits.isEmpty) this.#waits.delete(session.id);
  }

  #receive(session: SessionMachine): void {
    const { endpoint } = this;
    const { messageBuffer, messageOffset, messageLength, messageChannel, messageIsEarly } = endpoint;
    const { id } = session;
    const isKept = this.#peers.has(id)
      ? this.events.pushData(id, messageChannel, messageBuffer, messageOffset, messageLength, messageIsEarly)
      : this.#lobby.has(id) && this.#lobby.keep(
        id,
        messageChannel,
        messageBuffer.subarray(messageOffset, messageOffset + messageLength),
        messageIsEarly,
      );
    if (!isKept) this.#droppedMessages++;
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
    for (const { channel, data, isEarly } of held) {
      const isKept = this.#peers.has(id) && this.events.pushData(id, channel, data, 0, data.length, isEarly);
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
    this.#waits.get(session.id)?.fail(secureClosedError(reason));
    this.#waits.delete(session.id);
    this.#droppedMessages += this.#lobby.leave(session.id).length;
    if (this.#peers.delete(session.id)) {
      this.events.push({ type: "disconnected", peerId: session.id, reason: describeSecureReason(reason) });
    }
    this.#hooks.handleEnded(session);
  }

  /** Whether every peer that can be told of the end has confirmed it, or will not be told again. */
  #isSaid(): boolean {
    let closing = 0;
    for (const { from, to, count } of this.endpoint.transitions()) {
      if (to === "Closing") closing += count;
      if (from === "Closing") closing -= count;
    }
    return closing === 0;
  }

  async #shut(code: number, timeoutMs: number): Promise<void> {
    // It may have been an event that closes: the machine is not drained yet.
    await TAKEN;
    this.#hooks.handleClosing();
    // What was sent before goes first.
    this.driver.drainNow();
    this.endpoint.close(code);
    this.#finishing = true;
    const said = Promise.withResolvers<void>();
    this.#onSaid = said.resolve;
    this.driver.drainNow();
    await this.#within(said.promise, timeoutMs);
    this.driver.stop();
    // Of whom the machine has not told yet, because the link had no room.
    for (const session of [...this.#peers.values()]) this.#end(session);
    const { link } = this.driver;
    link?.close();
    await this.#within(Promise.all([link?.whenClosed, this.#hooks.whenStopped()]), RELEASE_MS);
    this.events.end(this.#lost);
    this.#closed.resolve();
  }

  /** Waits, but not for ever. */
  async #within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
    const { scheduler } = this.#host;
    const late = Promise.withResolvers<void>();
    const alarm = scheduler.alarm(late.resolve);
    alarm.arm(scheduler.tick() + timeoutMs);
    await Promise.race([work, late.promise]);
    alarm.disarm();
  }
}

function checkMessage(channel: number, payload: Uint8Array): void {
  if (!(payload instanceof Uint8Array)) throw new TypeError("A message must be a Uint8Array");
  if (!Number.isInteger(channel) || channel < 0 || channel > 3) {
    throw new RangeError(`Cannot send on channel ${channel}: channels are integers from 0 to 3`);
  }
}

function unknownPeer(peerId: number): ClosedError {
  const error = new ClosedError(CloseCode.UnknownPeer, "local");
  error.message = `Cannot send to peer ${peerId}: no such peer is connected`;
  return error;
}
