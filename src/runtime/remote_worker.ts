/**
 * One worker with handlers, as the main thread sees it: its connections, its questions and its answers.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { ClosedError, type CloseOrigin, ResourceError } from "../error/transport_error.ts";
import { errorOf, type RecordHandler, RecordPort, textOf } from "../pool/record_port.ts";
import type { Doorbell } from "../ring/doorbell.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../ring/spsc_records.ts";
import { createSpscRing } from "../ring/spsc_ring.ts";
import type { StreamConfig } from "../stream/stream_options.ts";
import type { Address } from "../transport/address.ts";
import type { DisconnectReason } from "./connection.ts";
import { connectionId } from "./connection_id.ts";
import { FacadeRecord, Settlement, WorkerRecord } from "./control_record.ts";
import { PayloadParts, PendingRequests, requestOf, settlementOf } from "./pending_requests.ts";
import { RemoteConnection, type RemoteWorker as SharedWorker } from "./remote_connection.ts";
import type { ReactorConfig } from "./reactor_options.ts";
import type { ConnectionStatistics, StreamStatistics } from "./statistics.ts";
import { createStatisticsMemory, WorkerStatistics } from "./worker_statistics.ts";

const RING_BYTES = 1 << 20;

/** Whom a worker asks and tells. */
export interface RemoteWorkerOwner {
  /** Whether one more connection may come in from a host. */
  admit(host: string): boolean;
  /** A connection from a host is over. */
  leave(host: string): void;
  /** Whether a peer id is free; it is taken then. */
  claimPeer(peerId: string): boolean;
  /** A peer id is free again. */
  releasePeer(peerId: string): void;
  /** A connection is open. */
  opened(connection: RemoteConnection): void;
  /** A connection is over. */
  closed(connection: RemoteConnection, reason: DisconnectReason): void;
  /** A handler failed, or accepting did. */
  failed(error: unknown, connection: RemoteConnection | undefined): void;
  /** The connection with a number, of any worker. */
  connection(id: number): RemoteConnection | undefined;
  /** The connection with a peer id, of any worker. */
  peer(peerId: string): RemoteConnection | undefined;
  /** The worker listens. */
  handleListening(worker: RemoteWorker, address: Address): void;
  /** The worker cannot listen. */
  handleListenFailed(worker: RemoteWorker, error: ResourceError): void;
}

/** One worker with handlers. */
export class RemoteWorker implements SharedWorker, RecordHandler {
  readonly port: RecordPort;
  readonly requests = new PendingRequests();
  readonly stream: StreamConfig;
  /** Records from the worker, for its init message. */
  readonly toFacade: SharedArrayBuffer = createSpscRing(RING_BYTES);
  /** Records to the worker, for its init message. */
  readonly fromFacade: SharedArrayBuffer = createSpscRing(RING_BYTES);
  /** Where the worker counts, for its init message. */
  readonly statisticsMemory: SharedArrayBuffer;
  /** What it counted. */
  readonly counted: WorkerStatistics;
  readonly #index: number;
  readonly #owner: RemoteWorkerOwner;
  readonly #connections = new Map<number, RemoteConnection>();
  /** How many connections of a host were admitted and have not left. */
  readonly #hosts = new Map<string, number>();
  readonly #peers = new Set<string>();
  readonly #parts = new PayloadParts();
  readonly #unlistened = Promise.withResolvers<void>();
  #largestNumber = 0;
  #asked = false;

  /**
   * @param index Which worker.
   * @param workerBell Wakes it.
   * @param config The options of the reactor.
   * @param owner Whom it asks and tells.
   */
  constructor(index: number, workerBell: Doorbell, config: ReactorConfig, owner: RemoteWorkerOwner) {
    this.#index = index;
    this.stream = config.stream;
    this.statisticsMemory = createStatisticsMemory(config);
    this.counted = new WorkerStatistics(this.statisticsMemory, config);
    this.#owner = owner;
    const [out, incoming] = [new SpscRecordProducer(this.fromFacade), new SpscRecordConsumer(this.toFacade)];
    this.port = new RecordPort(out, incoming, workerBell);
  }

  /** The open connections. */
  get connections(): IterableIterator<RemoteConnection> {
    return this.#connections.values();
  }

  /** How many connections are open. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** The largest number that one of its connections had. */
  get largestNumber(): number {
    return this.#largestNumber;
  }

  /** Takes in what the worker sent, and returns how much that was. */
  drain(): number {
    return this.port.drain(this);
  }

  statistics(slot: number): StreamStatistics {
    return this.counted.of(slot);
  }

  /** Whether the worker was told to listen. */
  get isAsked(): boolean {
    return this.#asked;
  }

  /** The open connection with a number of this worker. */
  connection(own: number): RemoteConnection | undefined {
    return this.#connections.get(own);
  }

  report(error: unknown, connection: RemoteConnection): void {
    this.#owner.failed(error, connection);
  }

  /** Has the worker listen. */
  listen(port: number): void {
    this.#asked = true;
    this.port.send(FacadeRecord.Listen, 0, port);
  }

  /**
   * Has the worker stop listening.
   *
   * @returns When it does not, or is lost.
   */
  unlisten(): Promise<void> {
    this.port.send(FacadeRecord.Unlisten, 0);
    return this.#unlistened.promise;
  }

  /** Has the worker stop in order. */
  stop(code: CloseCode): void {
    this.port.send(FacadeRecord.Stop, 0, code);
  }

  /**
   * The worker is gone: its connections are over, and what it held is free.
   *
   * @param error Why.
   */
  lose(error: Error): void {
    this.port.close();
    this.#unlistened.resolve();
    const closed = new ClosedError(CloseCode.LinkLost, "link", { cause: error });
    for (const connection of [...this.#connections.values()]) {
      const unsentCount = connection.pendingCount;
      connection.end(closed);
      const { message } = closed;
      const reason = {
        code: CloseCode.LinkLost,
        origin: "link",
        message,
        unsentCount,
        isFinal: true,
        cause: error,
      } as const;
      this.#owner.closed(connection, Object.freeze(reason));
    }
    this.#connections.clear();
    this.requests.fail(closed);
    for (const [host, count] of this.#hosts) {
      for (let i = 0; i < count; i++) this.#owner.leave(host);
    }
    for (const peerId of this.#peers) this.#owner.releasePeer(peerId);
  }

  handleRecord(kind: number, link: number, a: number, b: number, bytes: Uint8Array): void {
    switch (kind) {
      case WorkerRecord.Admit:
        return this.#admit(link, textOf(bytes));
      case WorkerRecord.Leave:
        return this.#leave(textOf(bytes));
      case WorkerRecord.ClaimPeer:
        return this.#claimPeer(link, textOf(bytes));
      case WorkerRecord.ReleasePeer:
        this.#peers.delete(textOf(bytes));
        return this.#owner.releasePeer(textOf(bytes));
      case WorkerRecord.Opened:
        return this.#opened(link, a, textOf(bytes));
      case WorkerRecord.Closed:
        return this.#closed(link, a as CloseCode, b, textOf(bytes));
      case WorkerRecord.Failed:
        return this.#owner.failed(errorOf(bytes), this.#connections.get(link));
      case WorkerRecord.Settled:
        return this.requests.settle(link, a, b);
      case WorkerRecord.Forward:
        return this.#forward(b, this.#owner.connection(connectionId(link, a)), bytes);
      case WorkerRecord.ForwardToPeer:
        return this.#forward(a, this.#owner.peer(textOf(bytes.subarray(0, b))), bytes.subarray(b));
      case WorkerRecord.Listening:
        return this.#owner.handleListening(this, JSON.parse(textOf(bytes)) as Address);
      case WorkerRecord.Unlistened:
        return this.#unlistened.resolve();
      case WorkerRecord.ListenFailed:
        return this.#owner.handleListenFailed(this, resourceError(errorOf(bytes)));
    }
  }

  #admit(request: number, host: string): void {
    const isAdmitted = this.#owner.admit(host);
    if (isAdmitted) this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1);
    this.port.send(FacadeRecord.Admitted, request, isAdmitted ? 1 : 0);
  }

  #leave(host: string): void {
    const count = (this.#hosts.get(host) ?? 1) - 1;
    if (count === 0) this.#hosts.delete(host);
    else this.#hosts.set(host, count);
    this.#owner.leave(host);
  }

  #claimPeer(connection: number, peerId: string): void {
    const isFree = this.#owner.claimPeer(peerId);
    if (isFree) this.#peers.add(peerId);
    this.port.send(FacadeRecord.PeerClaimed, connection, isFree ? 1 : 0);
  }

  #opened(own: number, slot: number, text: string): void {
    const identity = JSON.parse(text) as { local: Address; remote: Address; peerId: string };
    this.#largestNumber = Math.max(this.#largestNumber, own);
    const connection = new RemoteConnection(this, { ...identity, id: connectionId(own, this.#index), slot });
    this.#connections.set(own, connection);
    this.#owner.opened(connection);
  }

  #closed(own: number, code: CloseCode, unsentCount: number, text: string): void {
    const connection = this.#connections.get(own);
    if (connection === undefined) return;
    this.#connections.delete(own);
    const { origin, message, last, cause } = JSON.parse(text) as {
      origin: CloseOrigin;
      message: string;
      last: ConnectionStatistics;
      cause?: string;
    };
    const behind = cause === undefined ? {} : { cause: errorOf(new TextEncoder().encode(cause)) };
    connection.end(new ClosedError(code, origin, behind), last);
    this.#owner.closed(connection, Object.freeze({ code, origin, message, unsentCount, isFinal: true, ...behind }));
  }

  /** Sends on what a handler sends to a connection of another worker, and answers it. */
  #forward(request: number, target: RemoteConnection | undefined, part: Uint8Array): void {
    const payload = this.#parts.take(request, part);
    if (payload === undefined) return;
    const answer = (...settlement: readonly [Settlement, number]): void =>
      this.port.send(FacadeRecord.Settled, requestOf(request), ...settlement);
    if (target === undefined) return answer(Settlement.Unknown, 0);
    target.send(payload).then(() => answer(Settlement.Done, 0), (error) => answer(...settlementOf(error)));
  }
}

function resourceError({ message, cause }: Error): ResourceError {
  return new ResourceError(message, cause === undefined ? undefined : { cause });
}
