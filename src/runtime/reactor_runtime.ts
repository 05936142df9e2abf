/**
 * The serving side of framed streams: accepts links, keeps count of them, routes by peer id, stops in order.
 *
 * It knows no driver: links come from a `StreamFabric`. Invariant: every accepted link is either turned away and
 * counted, or owned by exactly one connection until `closed` has run for it.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError, MisuseError } from "../error/transport_error.ts";
import type { CloseReason } from "../stream/stream_machine.ts";
import { type Address, addressHost } from "../transport/address.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../transport/stream_link.ts";
import type { Connection, DisconnectReason } from "./connection.ts";
import { closedError, describeReason } from "./disconnect.ts";
import { checkReactorHandlers, type ReactorConfig, type ReactorHandlers } from "./reactor_options.ts";
import { AdmissionBook, type ReactorGate } from "./reactor_gate.ts";
import { handled, Sender } from "./sender.ts";
import type { ReactorGauges, ReactorStatistics } from "./statistics.ts";
import { StreamConnection } from "./stream_connection.ts";
import { type EndpointMetrics, StreamEndpoint } from "./stream_endpoint.ts";
import type { OwnedConnection, StreamOwner, StreamRole } from "./stream_role.ts";
import type { RuntimeHost } from "./system_host.ts";

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1000;
/** How many links may wait for the gate's answer. */
const MAX_ASKING_COUNT = 8;

interface Member {
  readonly connection: OwnedConnection;
  readonly sender: Sender;
  readonly slot: number;
  readonly host: string;
  ready: boolean;
}

/** What the runtimes in the workers of one reactor have in common. */
export interface ReactorShare {
  /** Who may come in. */
  readonly gate: ReactorGate;
  /** The number of the first connection. */
  readonly firstId: number;
  /** By how much the number of each further one is larger. */
  readonly idStep: number;
  /** Where it counts. */
  readonly metrics: EndpointMetrics;
}

/** Serves framed streams. */
export class ReactorRuntime implements StreamOwner {
  received: StreamOwner["received"] = undefined;
  batch: StreamOwner["batch"] = undefined;
  readonly #config: ReactorConfig;
  readonly #fabric: StreamFabric;
  readonly #host: RuntimeHost;
  readonly #endpoint: StreamEndpoint;
  readonly #role: StreamRole;
  readonly #members = new Map<OwnedConnection, Member>();
  readonly #peers = new Map<string, OwnedConnection>();
  readonly #gate: ReactorGate;
  #handlers: Readonly<ReactorHandlers> = {};
  #listener: StreamListener | undefined = undefined;
  #accepting: Promise<void> | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;
  readonly #stopped = Promise.withResolvers<void>();
  #endPause: (() => void) | undefined = undefined;
  readonly #idStep: number;
  /** How many links wait for the gate's answer. */
  #askingCount = 0;
  #answered: (() => void) | undefined = undefined;
  #nextId: number;
  #accepted = 0;
  #acceptErrors = 0;
  #failedHandshakes = 0;
  readonly #stopOnAbort = (): void => void this.stop(CloseCode.Aborted);

  /**
   * @param config The checked options.
   * @param fabric Where links come from.
   * @param host Time and randomness.
   * @param share What it has in common with others that serve the same reactor; nothing when it serves alone.
   */
  constructor(config: ReactorConfig, fabric: StreamFabric, host: RuntimeHost, share?: ReactorShare) {
    this.#config = config;
    this.#gate = share?.gate ?? new AdmissionBook(config);
    this.#nextId = share?.firstId ?? 1;
    this.#idStep = share?.idStep ?? 1;
    this.#fabric = fabric;
    this.#host = host;
    this.#endpoint = new StreamEndpoint(config.stream, host, share?.metrics);
    this.#role = {
      endpoint: this.#endpoint,
      owner: this,
      handshake: config.peerIds ? { kind: "accept" } : { kind: "none" },
      peerEnd: config.stream.allowHalfOpen ? "stay" : "flush",
    };
  }

  /** Where the reactor listens; `undefined` before `start`. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Settles when it listens; rejects when it cannot. `undefined` where it listens at once, and before `start`. */
  get listening(): Promise<void> | undefined {
    return this.#listener?.listening;
  }

  /** Whether `stop` was called, or the signal has fired. */
  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Settles when it has stopped, whoever stopped it; never rejects. */
  get whenStopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** The open connections. */
  get connections(): Connection[] {
    return [...this.#members.values()].filter((member) => member.ready).map((member) => member.connection);
  }

  /**
   * Starts to listen and to accept.
   *
   * @param handlers What the application does; taken as they are now.
   * @throws {MisuseError} When it was started before.
   * @throws {ResourceError} When the address cannot be had.
   */
  start(handlers: Readonly<ReactorHandlers>): void {
    if (this.#stopping !== undefined) {
      throw new MisuseError("Cannot start a reactor that was stopped: make another one");
    }
    if (this.#listener !== undefined) throw new MisuseError("Cannot start a reactor twice");
    const { signal, peerIds } = this.#config;
    signal?.throwIfAborted();
    checkReactorHandlers(handlers, peerIds);
    this.#handlers = { ...handlers };
    const { onReceived, onBatch, onMessageReceived } = handlers;
    this.received = onMessageReceived === undefined
      ? onReceived
      : (connection, payload) => onMessageReceived(connection.peerId, payload);
    this.batch = onBatch;
    this.#listener = this.#fabric.listen();
    signal?.addEventListener("abort", this.#stopOnAbort, { once: true });
    this.#accepting = this.#accept(this.#listener);
  }

  /**
   * Stops listening and closes all connections in order: queues are flushed, streams are ended, and what clients had
   * sent before they saw that is still delivered.
   *
   * @param code What connections are closed with.
   * @returns When all are closed; bounded by `closeTimeoutMs`.
   */
  stop(code: CloseCode = CloseCode.GoingAway): Promise<void> {
    return this.#stopping ??= this.#stop(code);
  }

  /** Sends to a client by its peer id, see `Connection.send`. */
  send(peerId: string, payload: Uint8Array): Promise<void> {
    try {
      const connection = this.#peer(peerId);
      return connection?.send(payload) ?? handled(Promise.reject(new ClosedError(CloseCode.UnknownPeer, "remote")));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Offers to a client by its peer id, see `Connection.trySend`. */
  trySend(peerId: string, payload: Uint8Array): SendStatus {
    return this.#peer(peerId)?.trySend(payload) ?? SendStatus.NotConnected;
  }

  /** The connection of a client, by its peer id. */
  peer(peerId: string): Connection | undefined {
    return this.#peer(peerId);
  }

  /** What was counted so far. */
  statistics(): ReactorStatistics {
    const { latency } = this.#endpoint;
    return {
      ...this.#endpoint.totals(),
      ...this.gauges(),
      connections: this.#members.size,
      accepted: this.#accepted,
      refusedByCount: this.#gate.refused.byCount,
      refusedByAddress: this.#gate.refused.byAddress,
      ...(latency === undefined ? {} : { latency: latency.snapshot() }),
    };
  }

  /** What is no sum of additions: cheap to ask for. */
  gauges(): ReactorGauges {
    let [queuedBytes, waitingBytes] = [0, 0];
    for (const { sender } of this.#members.values()) {
      queuedBytes += sender.outbox.queuedBytes;
      waitingBytes += sender.waitingBytes;
    }
    return {
      queuedBytes,
      waitingBytes,
      acceptErrors: this.#acceptErrors,
      failedHandshakes: this.#failedHandshakes,
    };
  }

  peerAnnounced(connection: OwnedConnection): void | Promise<void> {
    const verdict = this.#gate.claimPeer(connection.peerId, connection.id);
    if (typeof verdict !== "boolean") return verdict.then((isFree) => this.#greetPeer(connection, isFree));
    this.#greetPeer(connection, verdict);
  }

  ready(connection: OwnedConnection): unknown {
    const member = this.#members.get(connection);
    if (member !== undefined) member.ready = true;
    const result = this.#handlers.onConnected?.(connection);
    if (connection.peerId === "" || this.#handlers.onClientConnected === undefined) return result;
    return Promise.all([result, Promise.try(this.#handlers.onClientConnected, connection.peerId)]);
  }

  drained(connection: OwnedConnection): void {
    this.#guarded(connection, () => this.#handlers.onDrain?.(connection), (error) => {
      connection.refuse(CloseCode.HandlerFailed, error);
    });
  }

  closed(connection: OwnedConnection, reason: CloseReason): void {
    const member = this.#members.get(connection);
    if (member === undefined) return;
    this.#members.delete(connection);
    if (this.#peers.get(connection.peerId) === connection) {
      this.#peers.delete(connection.peerId);
      this.#gate.releasePeer(connection.peerId);
    }
    this.#gate.leave(member.host);
    const described = describeReason(reason, member.sender.end(closedError(reason)));
    if (member.ready) this.#reportEnd(connection, described);
    else this.#failedHandshakes++;
    connection.keepStatistics();
    this.#endpoint.freeSlot(member.slot);
  }

  failed(connection: OwnedConnection, error: unknown): void {
    this.report(error, connection);
  }

  #peer(peerId: string): OwnedConnection | undefined {
    if (!this.#config.peerIds) {
      throw new MisuseError("Cannot find a peer by its id: this reactor was made without peerIds");
    }
    return this.#peers.get(peerId);
  }

  #greetPeer(connection: OwnedConnection, isFree: boolean): void {
    if (!isFree) return connection.refuse(CloseCode.DuplicatePeerId);
    if (!this.#members.has(connection)) return this.#gate.releasePeer(connection.peerId);
    this.#peers.set(connection.peerId, connection);
    connection.acceptPeer();
  }

  #reportEnd(connection: OwnedConnection, reason: DisconnectReason): void {
    this.#guarded(connection, () => this.#handlers.onDisconnected?.(connection, reason));
    if (connection.peerId === "") return;
    this.#guarded(connection, () => this.#handlers.onClientDisconnected?.(connection.peerId, reason));
  }

  async #accept(listener: StreamListener): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!listener.closed) {
      try {
        this.#asking(this.#admit(await listener.accept()));
        pauseMs = FIRST_PAUSE_MS;
        // Answers that take their time hold up nobody else, but those who ask are bounded: more wait in the kernel.
        if (this.#askingCount >= MAX_ASKING_COUNT) await new Promise<void>((resolve) => this.#answered = resolve);
      } catch (error) {
        if (listener.closed) return;
        this.#acceptErrors++;
        this.report(error);
        await this.#pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  #asking(admission: void | Promise<void>): void {
    if (admission === undefined) return;
    this.#askingCount++;
    // It never rejects.
    void admission.then(() => {
      this.#askingCount--;
      this.#answered?.();
    });
  }

  #admit(link: StreamLink): void | Promise<void> {
    if (this.#stopping !== undefined) return link.close();
    const host = addressHost(link.remote);
    const verdict = this.#gate.admit(host);
    if (typeof verdict !== "boolean") return verdict.then((isAdmitted) => this.#welcome(link, host, isAdmitted));
    this.#welcome(link, host, verdict);
  }

  #welcome(link: StreamLink, host: string, isAdmitted: boolean): void {
    if (!isAdmitted) return link.close();
    if (this.#stopping !== undefined) {
      this.#gate.leave(host);
      return link.close();
    }
    this.#accepted++;
    const endpoint = this.#endpoint;
    endpoint.scheduler.tick();
    const slot = endpoint.takeSlot();
    const sender = new Sender(endpoint.outbox(slot), endpoint);
    const id = this.#nextId;
    this.#nextId += this.#idStep;
    const connection = new StreamConnection(this.#role, id, slot, link, sender);
    this.#members.set(connection, { connection, sender, slot, host, ready: false });
    connection.start();
  }

  async #stop(code: CloseCode): Promise<void> {
    this.#config.signal?.removeEventListener("abort", this.#stopOnAbort);
    const unlistened = this.unlisten();
    if (unlistened !== undefined) await unlistened;
    await Promise.all([...this.#members.keys()].map((connection) => connection.shut(code, true)));
    await this.#accepting;
    this.#stopped.resolve();
  }

  /**
   * Stops listening.
   *
   * @returns When nobody is let in any more, so that a client that sees its end does not come back to this very reactor;
   * bounded by `closeTimeoutMs`.
   */
  unlisten(): Promise<void> | undefined {
    this.#listener?.close();
    this.#endPause?.();
    const closed = this.#listener?.whenClosed;
    return closed === undefined ? undefined : this.#soon(closed);
  }

  async #soon(closed: Promise<void>): Promise<void> {
    await Promise.race([closed, this.#pause(this.#config.stream.closeTimeoutMs)]);
    this.#endPause?.();
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { scheduler } = this.#host;
    const alarm = scheduler.alarm(resolve);
    alarm.arm(scheduler.tick() + ms);
    this.#endPause = () => {
      alarm.disarm();
      resolve();
    };
    return promise;
  }

  /** Runs a handler that must not take anything else with it. */
  #guarded(connection: OwnedConnection, run: () => unknown, failed?: (error: unknown) => void): void {
    Promise.try(run).catch((error) => {
      this.report(error, connection);
      failed?.(error);
    });
  }

  /** Hands an error to the application, or to the console where it does not listen for errors. */
  report(error: unknown, connection?: Connection): void {
    const { onError } = this.#handlers;
    // deno-lint-ignore no-console -- an error that nobody listens for must not vanish
    if (onError === undefined) return console.error("Ringwire reactor:", error);
    // deno-lint-ignore no-console -- the error handler itself failed
    const giveUp = (failure: unknown): void => console.error("Ringwire reactor: onError failed:", failure);
    Promise.try(onError, error, connection).catch(giveUp);
  }
}
