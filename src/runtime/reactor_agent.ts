/**
 * What a worker does that has the application's handlers: it runs a reactor of its own over its share of the links.
 *
 * Limits and peer ids hold over all workers, so the façade keeps the book and this asks it. Messages do not leave the
 * thread, but for those that handlers send to connections of other workers, which go by way of the façade.
 *
 * @module
 */
import { concat } from "@std/bytes";
import type { CloseCode } from "../error/close_code.ts";
import { MisuseError } from "../error/transport_error.ts";
import type { Agent, WorkerControl } from "../pool/agent.ts";
import { describeError, type RecordHandler, RecordPort } from "../pool/record_port.ts";
import { Doorbell } from "../ring/doorbell.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../ring/spsc_records.ts";
import { MAX_BOARD_WORKERS } from "../ring/worker_board.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { Connection, DisconnectReason } from "./connection.ts";
import { connectionId, ownNumberOf, workerOf } from "./connection_id.ts";
import { FacadeRecord, Settlement, WorkerRecord } from "./control_record.ts";
import { type HandlerModule, loadHandlerModule, type WorkerContext } from "./handler_module.ts";
import { PayloadParts, PendingRequests, requestOf, sendInParts, settlementOf } from "./pending_requests.ts";
import type { ReactorGate, RefusedCounts } from "./reactor_gate.ts";
import { checkReactorHandlers, type ReactorConfig, type ReactorHandlers } from "./reactor_options.ts";
import { ReactorRuntime } from "./reactor_runtime.ts";
import { type LinkSource, openLinkSource, type OpenSource } from "./socket_agent.ts";
import type { OwnedConnection } from "./stream_role.ts";
import type { RuntimeHost } from "./system_host.ts";
import { PUBLISH_MS, WorkerStatistics } from "./worker_statistics.ts";

/** How much of a reason is told the façade; what a record takes is bounded. */
const MAX_MESSAGE_LENGTH = 1000;

/** What a worker with handlers is told; posted once. */
export interface ReactorAgentInit {
  /** Where its links come from. */
  readonly source: LinkSource;
  /** The reactor's options. */
  readonly config: ReactorConfig;
  /** The URL of the handler module. */
  readonly handler: string;
  /** How many workers there are. */
  readonly count: number;
  /** The worker's number for its first connection: larger than any that an earlier incarnation used. */
  readonly firstNumber: number;
  /** Records to the façade. */
  readonly toFacade: SharedArrayBuffer;
  /** Records from the façade. */
  readonly fromFacade: SharedArrayBuffer;
  /** Where it counts. */
  readonly statistics: SharedArrayBuffer;
}

/**
 * Builds the agent of a worker with handlers.
 *
 * @param init What it was told.
 * @param control Which worker it is.
 * @param host Time, turns and randomness of its thread.
 * @returns The agent.
 */
export async function reactorAgent(init: ReactorAgentInit, control: WorkerControl, host: RuntimeHost): Promise<Agent> {
  const module = await loadHandlerModule(init.handler);
  checkReactorHandlers(module, init.config.peerIds);
  return new ReactorAgent(init, control, host, module);
}

class ReactorAgent implements Agent, ReactorGate, RecordHandler {
  // The façade counts whom it turns away.
  readonly refused: RefusedCounts = { byCount: 0, byAddress: 0 };
  readonly #init: ReactorAgentInit;
  readonly #index: number;
  readonly #module: HandlerModule;
  readonly #host: RuntimeHost;
  readonly #links: OpenSource;
  readonly #port: RecordPort;
  readonly #statistics: WorkerStatistics;
  readonly #publishing: Alarm;
  readonly #connections = new Map<number, Connection>();
  readonly #admissions = new Map<number, (isAdmitted: boolean) => void>();
  readonly #claims = new Map<number, (isFree: boolean) => void>();
  readonly #forwards = new PendingRequests();
  readonly #parts = new PayloadParts();
  readonly #encoder = new TextEncoder();
  #runtime: ReactorRuntime | undefined = undefined;
  #nextAdmission = 1;

  constructor(init: ReactorAgentInit, control: WorkerControl, host: RuntimeHost, module: HandlerModule) {
    const { source, toFacade, fromFacade } = init;
    this.#init = init;
    this.#index = control.index;
    this.#module = module;
    this.#host = host;
    this.#links = openLinkSource(source);
    this.#statistics = new WorkerStatistics(init.statistics, init.config);
    this.#publishing = host.scheduler.alarm(() => this.#publish());
    this.#port = new RecordPort(
      new SpscRecordProducer(toFacade),
      new SpscRecordConsumer(fromFacade),
      new Doorbell(source.facadeBell),
    );
  }

  async onStart(): Promise<void> {
    this.#publish();
    await this.#module.onStart?.(this.#context());
  }

  doWork(): number {
    return this.#links.drain() + this.#port.drain(this);
  }

  async onClose(): Promise<void> {
    await this.#runtime?.stop();
    this.#publish();
    this.#publishing.disarm();
  }

  admit(host: string): Promise<boolean> {
    const request = this.#nextAdmission;
    this.#nextAdmission = (request + 1) & 0x3fffffff;
    return new Promise((resolve) => {
      this.#admissions.set(request, resolve);
      this.#port.sendText(WorkerRecord.Admit, request, host);
    });
  }

  leave(host: string): void {
    this.#port.sendText(WorkerRecord.Leave, 0, host);
  }

  claimPeer(peerId: string, connection: number): Promise<boolean> {
    const own = ownNumberOf(connection);
    return new Promise((resolve) => {
      this.#claims.set(own, resolve);
      this.#port.sendText(WorkerRecord.ClaimPeer, own, peerId);
    });
  }

  releasePeer(peerId: string): void {
    this.#port.sendText(WorkerRecord.ReleasePeer, 0, peerId);
  }

  handleRecord(kind: number, link: number, a: number, b: number, bytes: Uint8Array): void {
    switch (kind) {
      case FacadeRecord.Admitted:
        return this.#answer(this.#admissions, link, a === 1);
      case FacadeRecord.PeerClaimed:
        return this.#answer(this.#claims, link, a === 1);
      case FacadeRecord.Send:
        return this.#deliver(link, a, bytes);
      case FacadeRecord.Flush:
        return void this.#settle(a, this.#connections.get(link)?.flush());
      case FacadeRecord.Close:
        return this.#close(link, a === 1);
      case FacadeRecord.Settled:
        return this.#forwards.settle(link, a, b);
      case FacadeRecord.Listen:
        return void this.#listen(a);
      case FacadeRecord.Unlisten:
        return void this.#unlisten();
      case FacadeRecord.Stop:
        return void this.#runtime?.stop(a as CloseCode);
    }
  }

  async #listen(port: number): Promise<void> {
    const { config, firstNumber } = this.#init;
    const firstId = connectionId(firstNumber, this.#index);
    const fabric = this.#links.fabric(port);
    const share = { gate: this, firstId, idStep: MAX_BOARD_WORKERS, metrics: this.#statistics };
    const runtime = this.#runtime = new ReactorRuntime(config, fabric, this.#host, share);
    try {
      runtime.start(this.#handlers());
      await runtime.listening;
      this.#port.sendText(WorkerRecord.Listening, 0, JSON.stringify(runtime.address));
    } catch (error) {
      this.#port.sendText(WorkerRecord.ListenFailed, 0, describeError(error));
    }
  }

  async #unlisten(): Promise<void> {
    await this.#runtime?.unlisten();
    this.#port.send(WorkerRecord.Unlistened, 0);
  }

  /** The module's handlers, and beside them what the façade is told. */
  #handlers(): ReactorHandlers {
    const { onStart: _onStart, ...handlers } = this.#module;
    const { onConnected, onDisconnected, onError } = handlers;
    return {
      ...handlers,
      onConnected: (connection) => {
        this.#opened(connection);
        return onConnected?.(connection);
      },
      onDisconnected: (connection, reason) => {
        this.#closed(connection, reason);
        return onDisconnected?.(connection, reason);
      },
      onError: onError ?? ((error, connection) => {
        const own = connection === undefined ? 0 : ownNumberOf(connection.id);
        this.#port.sendText(WorkerRecord.Failed, own, describeError(error));
      }),
    };
  }

  #context(): WorkerContext {
    // deno-lint-ignore no-this-alias -- the getter of an object literal has a `this` of its own
    const agent = this;
    return {
      index: this.#index,
      count: this.#init.count,
      get connections() {
        return agent.#runtime?.connections ?? [];
      },
      send: (id, payload) => this.#sendTo(id, payload),
      sendToPeer: (peerId, payload) => this.#sendToPeer(peerId, payload),
    };
  }

  #sendTo(id: number, payload: Uint8Array): Promise<void> {
    const own = ownNumberOf(id);
    if (workerOf(id) === this.#index) {
      const connection = this.#connections.get(own);
      if (connection !== undefined) return connection.send(payload);
    }
    return this.#forwards.open((request) => {
      sendInParts(payload, request, this.#port, (number, part) => {
        this.#port.send(WorkerRecord.Forward, own, workerOf(id), number, part);
      });
    }, payload.length);
  }

  #sendToPeer(peerId: string, payload: Uint8Array): Promise<void> {
    if (!this.#init.config.peerIds) {
      return Promise.reject(new MisuseError("Cannot find a peer by its id: this reactor was made without peerIds"));
    }
    const local = this.#runtime?.peer(peerId);
    if (local !== undefined) return local.send(payload);
    const id = this.#encoder.encode(peerId);
    return this.#forwards.open((request) => {
      sendInParts(payload, request, this.#port, (number, part) => {
        this.#port.send(WorkerRecord.ForwardToPeer, 0, number, id.length, concat([id, part]));
      });
    }, payload.length);
  }

  #publish(): void {
    if (this.#runtime !== undefined) this.#statistics.publish(this.#runtime.gauges());
    this.#publishing.arm(this.#host.scheduler.tick() + PUBLISH_MS);
  }

  #opened(connection: Connection): void {
    const own = ownNumberOf(connection.id);
    this.#connections.set(own, connection);
    const { local, remote, peerId, slot } = connection as OwnedConnection;
    this.#port.sendText(WorkerRecord.Opened, own, JSON.stringify({ local, remote, peerId }), slot);
  }

  #closed(connection: Connection, reason: DisconnectReason): void {
    const own = ownNumberOf(connection.id);
    this.#connections.delete(own);
    const { code, unsentCount, origin } = reason;
    const message = reason.message.slice(0, MAX_MESSAGE_LENGTH);
    // By the time that the façade reads it, the slot may be another connection's.
    const last = connection.statistics();
    const cause = reason.cause === undefined ? undefined : describeError(reason.cause);
    this.#port.sendText(WorkerRecord.Closed, own, JSON.stringify({ origin, message, last, cause }), code, unsentCount);
  }

  #answer(waiting: Map<number, (answer: boolean) => void>, number: number, answer: boolean): void {
    waiting.get(number)?.(answer);
    waiting.delete(number);
  }

  #deliver(own: number, request: number, part: Uint8Array): void {
    const payload = this.#parts.take(request, part);
    if (payload !== undefined) void this.#settle(requestOf(request), this.#connections.get(own)?.send(payload));
  }

  /** Answers a request when it is done; an operation that is none is one on a connection that is not there. */
  async #settle(request: number, operation: Promise<void> | undefined): Promise<void> {
    if (operation === undefined) return this.#port.send(WorkerRecord.Settled, request, Settlement.Unknown);
    try {
      await operation;
      this.#port.send(WorkerRecord.Settled, request, Settlement.Done);
    } catch (error) {
      this.#port.send(WorkerRecord.Settled, request, ...settlementOf(error));
    }
  }

  #close(own: number, isAbort: boolean): void {
    const connection = this.#connections.get(own);
    if (isAbort) connection?.abort();
    else void connection?.close();
  }
}
