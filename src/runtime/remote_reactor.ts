/**
 * A reactor whose handlers are in workers: the main thread keeps the book of who may come in and who is there.
 *
 * Invariant: limits and peer ids hold over all workers; a worker that is lost gives back what it held, and its
 * connections are reported.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError, MisuseError, type ResourceError } from "../error/transport_error.ts";
import { Histogram } from "../metric/histogram.ts";
import type { Doorbell } from "../ring/doorbell.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { Address } from "../transport/address.ts";
import type { Connection, DisconnectReason } from "./connection.ts";
import { ownNumberOf, workerOf } from "./connection_id.ts";
import { AdmissionBook } from "./reactor_gate.ts";
import type { ReactorCore } from "./reactor_core.ts";
import type { ReactorAgentInit } from "./reactor_agent.ts";
import {
  checkReactorHandlers,
  REACTOR_HANDLER_NAMES,
  type ReactorConfig,
  type ReactorHandlers,
} from "./reactor_options.ts";
import type { RemoteConnection } from "./remote_connection.ts";
import { RemoteWorker, type RemoteWorkerOwner } from "./remote_worker.ts";
import { handled } from "./sender.ts";
import type { LinkSource } from "./socket_agent.ts";
import type { ReactorStatistics } from "./statistics.ts";
import type { RuntimeHost } from "./system_host.ts";
import { checkPortIsFree, type TeamMember, WorkerTeam } from "./worker_team.ts";

/** The handlers that the main thread may have when the others are in workers. */
const FACADE_HANDLERS: ReadonlySet<string> = new Set([
  "onConnected",
  "onDisconnected",
  "onError",
  "onClientConnected",
  "onClientDisconnected",
]);
/** Room for links that are closed here and not yet gone in a worker, or still write what they were given. */
const SPARE_LINK_COUNT = 4096;
/** What closing takes in the workers besides `closeTimeoutMs`. */
const STOP_MARGIN_MS = 2000;

/** Serves framed streams in workers that have the handlers. */
export class RemoteReactor implements ReactorCore, RemoteWorkerOwner {
  readonly #config: ReactorConfig;
  readonly #handlerUrl: string;
  readonly #book: AdmissionBook;
  readonly #scheduler: Scheduler;
  readonly #team: WorkerTeam;
  readonly #workers: (RemoteWorker | undefined)[] = [];
  readonly #peers = new Map<string, RemoteConnection>();
  readonly #firstNumbers: number[] = [];
  readonly #listening = Promise.withResolvers<void>();
  /** Workers that were told to listen and have not answered. */
  readonly #asked = new Set<RemoteWorker>();
  #handlers: Readonly<ReactorHandlers> = {};
  #address: Address | undefined = undefined;
  #started = false;
  #stopping: Promise<void> | undefined = undefined;
  #accepted = 0;
  readonly #past: Record<string, number> = {};
  #pastLatency: Histogram | undefined = undefined;
  readonly #stopOnAbort = (): void => void this.stop(CloseCode.Aborted);

  /**
   * @param config The checked options.
   * @param handlerUrl The URL of the handler module.
   * @param host Time and turns.
   */
  constructor(config: ReactorConfig, handlerUrl: string, host: RuntimeHost) {
    const { hostname, port, noDelay, keepAlive, backlogCount, dispatch, workers, stream } = config;
    this.#config = config;
    this.#handlerUrl = handlerUrl;
    this.#book = new AdmissionBook(config);
    this.#scheduler = host.scheduler;
    this.#listening.promise.catch(() => {});
    this.#team = new WorkerTeam({
      entry: new URL("../../workers/reactor.ts", import.meta.url),
      count: workers,
      dispatch,
      tcp: { hostname, port, noDelay, keepAlive, backlogCount, sharePort: dispatch === "kernel" },
      maxLinkCount: config.maxConnectionCount + SPARE_LINK_COUNT,
      lingerMs: stream.closeTimeoutMs,
      stopTimeoutMs: stream.closeTimeoutMs + STOP_MARGIN_MS,
      scheduler: host.scheduler,
      open: (index, workerBell, source) => this.#open(index, workerBell, source),
      report: (error) => this.report(error),
      exhausted: (error) => this.#giveUp(error),
    });
  }

  get address(): Address | undefined {
    return this.#address;
  }

  get connections(): Connection[] {
    return this.#workers.flatMap((worker) => worker === undefined ? [] : [...worker.connections]);
  }

  start(handlers: Readonly<ReactorHandlers>): Promise<void> {
    if (this.#stopping !== undefined) {
      throw new MisuseError("Cannot start a reactor that was stopped: make another one");
    }
    if (this.#started) throw new MisuseError("Cannot start a reactor twice");
    this.#config.signal?.throwIfAborted();
    for (const name of REACTOR_HANDLER_NAMES) {
      if (handlers[name] === undefined || FACADE_HANDLERS.has(name)) continue;
      throw new TypeError(`${name} belongs into the handler module: the main thread sees no messages then`);
    }
    checkReactorHandlers(handlers, this.#config.peerIds);
    this.#started = true;
    this.#handlers = { ...handlers };
    this.#config.signal?.addEventListener("abort", this.#stopOnAbort, { once: true });
    return this.#begin();
  }

  stop(code: CloseCode = CloseCode.GoingAway): Promise<void> {
    return this.#stopping ??= this.#stop(code);
  }

  send(peerId: string, payload: Uint8Array): Promise<void> {
    try {
      const connection = this.#peer(peerId);
      return connection?.send(payload) ?? handled(Promise.reject(new ClosedError(CloseCode.UnknownPeer, "remote")));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  trySend(peerId: string, payload: Uint8Array): SendStatus {
    return this.#peer(peerId)?.trySend(payload) ?? SendStatus.NotConnected;
  }

  statistics(): ReactorStatistics {
    const sums: Record<string, number> = { ...this.#past };
    const latency = this.#config.stream.timestamps ? new Histogram() : undefined;
    if (latency !== undefined && this.#pastLatency !== undefined) latency.merge(this.#pastLatency);
    for (const worker of this.#workers) {
      if (worker === undefined) continue;
      addUp(sums, worker.counted.totals());
      if (worker.counted.latency !== undefined) latency?.merge(worker.counted.latency);
    }
    return {
      ...sums as unknown as ReactorStatistics,
      connections: this.#workers.reduce((sum, worker) => sum + (worker?.connectionCount ?? 0), 0),
      accepted: this.#accepted,
      refusedByCount: this.#book.refused.byCount,
      refusedByAddress: this.#book.refused.byAddress,
      ...(latency === undefined ? {} : { latency: latency.snapshot() }),
    };
  }

  report(error: unknown, connection?: Connection): void {
    const { onError } = this.#handlers;
    // deno-lint-ignore no-console -- an error that nobody listens for must not vanish
    if (onError === undefined) return console.error("Ringwire reactor:", error);
    // deno-lint-ignore no-console -- the error handler itself failed
    const giveUp = (failure: unknown): void => console.error("Ringwire reactor: onError failed:", failure);
    Promise.try(onError, error, connection).catch(giveUp);
  }

  admit(host: string): boolean {
    if (this.#stopping !== undefined || !this.#book.admit(host)) return false;
    this.#accepted++;
    return true;
  }

  leave(host: string): void {
    this.#book.leave(host);
  }

  claimPeer(peerId: string): boolean {
    return this.#book.claimPeer(peerId);
  }

  releasePeer(peerId: string): void {
    this.#book.releasePeer(peerId);
  }

  opened(connection: RemoteConnection): void {
    const { peerId } = connection;
    const { onConnected, onClientConnected } = this.#handlers;
    if (peerId !== "") this.#peers.set(peerId, connection);
    this.#guarded(connection, () => onConnected?.(connection));
    if (peerId !== "") this.#guarded(connection, () => onClientConnected?.(peerId));
  }

  closed(connection: RemoteConnection, reason: DisconnectReason): void {
    const { peerId } = connection;
    const { onDisconnected, onClientDisconnected } = this.#handlers;
    if (this.#peers.get(peerId) === connection) this.#peers.delete(peerId);
    this.#guarded(connection, () => onDisconnected?.(connection, reason));
    if (peerId !== "") this.#guarded(connection, () => onClientDisconnected?.(peerId, reason));
  }

  failed(error: unknown, connection: RemoteConnection | undefined): void {
    this.report(error, connection);
  }

  connection(id: number): RemoteConnection | undefined {
    return this.#workers[workerOf(id)]?.connection(ownNumberOf(id));
  }

  /** The connection of a client, by its peer id. */
  peer(peerId: string): RemoteConnection | undefined {
    return this.#peers.get(peerId);
  }

  handleListening(worker: RemoteWorker, address: Address): void {
    this.#asked.delete(worker);
    const isFirst = this.#address === undefined;
    this.#address ??= address;
    if (isFirst) this.#listen();
    else this.#settleListening();
  }

  handleListenFailed(worker: RemoteWorker, error: ResourceError): void {
    this.#asked.delete(worker);
    if (this.#address === undefined) return this.#listening.reject(error);
    this.report(error);
    this.#settleListening();
  }

  async #begin(): Promise<void> {
    try {
      if (this.#config.dispatch === "kernel") await checkPortIsFree(this.#config);
      await this.#team.start();
      this.#listen();
      await this.#listening.promise;
    } catch (cause) {
      const { signal } = this.#config;
      const wasStopped = this.#stopping !== undefined;
      await this.stop();
      if (!wasStopped) throw cause;
      throw signal?.aborted ? signal.reason : new ClosedError(CloseCode.GoingAway, "local", { cause });
    }
  }

  #peer(peerId: string): RemoteConnection | undefined {
    if (!this.#config.peerIds) {
      throw new MisuseError("Cannot find a peer by its id: this reactor was made without peerIds");
    }
    return this.#peers.get(peerId);
  }

  /** Has those listen that do not yet: at first one alone, which finds the port when any port was asked for. */
  #listen(): void {
    const port = portOf(this.#address) ?? this.#config.port;
    for (const worker of this.#workers) {
      if (worker === undefined || worker.isAsked) continue;
      this.#asked.add(worker);
      worker.listen(port);
      if (this.#address === undefined) return;
    }
    this.#settleListening();
  }

  #settleListening(): void {
    if (this.#asked.size === 0 && this.#address !== undefined) this.#listening.resolve();
  }

  #open(index: number, workerBell: Doorbell, source: LinkSource): TeamMember {
    const worker = new RemoteWorker(index, workerBell, this.#config, this);
    this.#workers[index] = worker;
    const init: ReactorAgentInit = {
      source,
      config: { ...this.#config, signal: undefined },
      handler: this.#handlerUrl,
      count: this.#config.workers,
      firstNumber: this.#firstNumbers[index] ?? 1,
      toFacade: worker.toFacade,
      fromFacade: worker.fromFacade,
      statistics: worker.statisticsMemory,
    };
    return {
      init,
      drain: () => worker.drain(),
      // At the start all wait for the first one; a replacement listens where the others do.
      started: () => this.#address === undefined ? undefined : this.#listen(),
      lost: (error) => {
        this.#firstNumbers[index] = worker.largestNumber + 1;
        if (this.#workers[index] === worker) this.#workers[index] = undefined;
        worker.lose(error);
        this.#keep(worker);
        if (this.#asked.delete(worker)) this.#listen();
      },
    };
  }

  /** Keeps what a worker that is gone has counted; what it had queued went with it. */
  #keep({ counted }: RemoteWorker): void {
    addUp(this.#past, { ...counted.totals(), queuedBytes: 0, waitingBytes: 0 });
    if (counted.latency !== undefined) (this.#pastLatency ??= new Histogram()).merge(counted.latency);
  }

  #giveUp(error: ResourceError): void {
    this.#listening.reject(error);
    this.report(error);
    void this.stop();
  }

  async #stop(code: CloseCode): Promise<void> {
    this.#config.signal?.removeEventListener("abort", this.#stopOnAbort);
    this.#team.unlisten();
    await this.#unlistened();
    for (const worker of this.#workers) worker?.stop(code);
    await this.#team.stop();
    this.#listening.reject(new ClosedError(code, "local"));
  }

  /** Waits until no worker lets anybody in, so that a client that sees its end does not come back to this reactor. */
  async #unlistened(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const alarm = this.#scheduler.alarm(late.resolve);
    alarm.arm(this.#scheduler.tick() + this.#config.stream.closeTimeoutMs);
    await Promise.race([late.promise, Promise.all(this.#workers.map((worker) => worker?.unlisten()))]);
    alarm.disarm();
  }

  #guarded(connection: RemoteConnection, run: () => unknown): void {
    Promise.try(run).catch((error) => this.report(error, connection));
  }
}

function addUp(sums: Record<string, number>, more: object): void {
  for (const [name, value] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + value;
}

function portOf(address: Address | undefined): number | undefined {
  return address?.transport === "tcp" ? address.port : undefined;
}
