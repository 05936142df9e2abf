/**
 * The dispatchers of one bus and what they share: memory for records, counters, and the way to other nodes.
 *
 * Invariant: nothing that comes from another node throws out of here; what is no record, or not for a scope that its
 * sender is in, is counted and dropped.
 *
 * @module
 */
import { BUS_COUNTER_NAMES, BusCounter, type BusStatistics } from "../bus/dispatch/bus_counters.ts";
import { BusRecord, FailureCode, MAX_HEAD_BYTES, RecordKind } from "../bus/dispatch/bus_record.ts";
import { scopeOf } from "../bus/dispatch/bus_scope.ts";
import { RecordWriter } from "../bus/dispatch/record_writer.ts";
import { ValueCodec } from "../bus/dispatch/value_codec.ts";
import { TimeoutError } from "../error/transport_error.ts";
import { CounterTable } from "../metric/counter_table.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { BusFabric, FabricNode, FabricOwner, NodeChange } from "../transport/bus_fabric.ts";
import { busClosed } from "./bus_calls.ts";
import { BusCommands } from "./bus_commands.ts";
import { BusEvents } from "./bus_events.ts";
import { BusFabrics } from "./bus_fabrics.ts";
import type { BusContext } from "./bus_context.ts";
import type { BusNode } from "./bus_handlers.ts";
import type { DispatchConfig } from "./bus_options.ts";
import { BusService } from "./bus_service.ts";

/** Whom the core tells what no call reports. */
export interface BusCoreHooks {
  /**
   * The membership changed.
   *
   * @param change How.
   * @param node Whose.
   */
  handleNode(change: NodeChange, node: BusNode): void;
  /**
   * Something failed.
   *
   * @param error What.
   */
  handleError(error: unknown): void;
}

interface Question {
  readonly ask: () => void;
  readonly reject: (error: unknown) => void;
}

/** The dispatchers of one bus. */
export class BusCore implements BusContext {
  /** The checked limits. */
  readonly config: DispatchConfig;
  /** Time. */
  readonly scheduler: Scheduler;
  /** The ways to other nodes. */
  readonly fabrics: BusFabrics;
  /** Encodes and decodes values. */
  readonly codec: ValueCodec;
  /** Makes records. */
  readonly writer: RecordWriter;
  /** This node, as handlers and the choice among several nodes see it. */
  readonly self: FabricNode;
  /** Events. */
  readonly events: BusEvents;
  /** Commands on their way out. */
  readonly commands: BusCommands;
  /** Commands that are handled here. */
  readonly service: BusService;
  readonly #hooks: BusCoreHooks;
  readonly #counters = new CounterTable(BUS_COUNTER_NAMES, 1);
  readonly #record = new BusRecord();
  readonly #questions = new Set<Question>();
  #closed = false;

  /**
   * @param self This node.
   * @param config The checked limits.
   * @param fabrics The ways to other nodes.
   * @param scheduler Time.
   * @param hooks Whom to tell.
   */
  constructor(
    self: BusNode,
    config: DispatchConfig,
    fabrics: readonly BusFabric[],
    scheduler: Scheduler,
    hooks: BusCoreHooks,
  ) {
    this.config = config;
    this.scheduler = scheduler;
    this.fabrics = new BusFabrics(fabrics);
    this.codec = new ValueCodec(config.maxValueBytes, config.compressFromBytes);
    this.writer = new RecordWriter(this.codec, config.maxValueBytes + MAX_HEAD_BYTES);
    this.self = new SelfNode(self, () => this.service.inProgressCount);
    this.#hooks = hooks;
    this.events = new BusEvents(this);
    this.service = new BusService(this);
    this.commands = new BusCommands(this, this.service);
  }

  /** Whether it is closed, or closing. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Joins everywhere.
   *
   * @returns When this node can be found in every scope. Rejects with what stood in the way.
   */
  async open(): Promise<void> {
    await Promise.all(this.fabrics.all.map((fabric) => fabric.open(this.#ownerOf(fabric))));
  }

  /**
   * Says what this node wants, to itself and to others.
   *
   * @param kind An event pattern or a command name.
   * @param name Which.
   * @param isWanted Whether it is wanted.
   */
  setInterest(kind: "event" | "command", name: string, isWanted: boolean): void {
    for (const fabric of this.fabrics.all) fabric.setInterest(kind, name, isWanted);
    this.#handleInterest();
  }

  /**
   * Makes sure that the bus is open.
   *
   * @throws {ClosedError} When it is closed.
   */
  checkOpen(): void {
    if (this.#closed) throw busClosed();
  }

  /**
   * Counts one more.
   *
   * @param counter What.
   */
  count(counter: number): void {
    this.#counters.add(0, counter, 1);
  }

  /**
   * Sends the record that the writer holds; an answer that finds no room waits for it.
   *
   * @param node Where to.
   * @param length How long it is.
   */
  send(node: FabricNode, length: number): void {
    node.fabric?.send(node, this.writer.buffer, length)?.done.catch(() => {});
  }

  /**
   * Hands an error on that no call reports.
   *
   * @param error What.
   */
  report(error: unknown): void {
    this.#hooks.handleError(error);
  }

  /**
   * Waits until a question about other nodes has the answer yes; it is asked again whenever what they want has changed.
   *
   * @param isSo The question.
   * @param what What it asks for, for the message.
   * @param timeoutMs How long.
   * @param signal Ends the wait.
   * @returns When it is so. Rejects with `TimeoutError`, the signal's reason, or `ClosedError`.
   */
  async until(isSo: () => boolean, what: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    this.checkOpen();
    signal?.throwIfAborted();
    if (isSo()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const question: Question = { ask: () => isSo() && resolve(), reject };
    const onAbort = (): void => reject(signal!.reason);
    const alarm = this.scheduler.alarm(() => reject(new TimeoutError(`${what} after ${timeoutMs} ms`)));
    this.#questions.add(question);
    alarm.arm(this.scheduler.tick() + timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      this.#questions.delete(question);
      alarm.disarm();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** What the dispatchers counted. */
  statistics(): BusStatistics {
    return this.#counters.snapshot(0) as unknown as BusStatistics;
  }

  /**
   * Leaves everywhere: what is queued goes out, what waits for an answer ends.
   *
   * @returns When everything is closed. Never rejects.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const error = busClosed();
    for (const { reject } of this.#questions) reject(error);
    this.commands.close(error);
    this.events.close();
    await Promise.all(this.fabrics.all.map((fabric) => fabric.close()));
    this.service.close(error);
  }

  #ownerOf(fabric: BusFabric): FabricOwner {
    return {
      handleRecord: (from, buffer, start, end) => this.#handleRecord(fabric, from, buffer, start, end),
      handleLost: (node, error) => {
        this.commands.handleLost(node, error);
        this.service.handleLost(node, error);
      },
      handleNode: (change, node) => {
        if (!this.#closed) this.#hooks.handleNode(change, node.info);
      },
      handleInterest: () => this.#handleInterest(),
      handleError: (error) => this.#hooks.handleError(error),
    };
  }

  #handleRecord(fabric: BusFabric, from: FabricNode, buffer: Uint8Array, start: number, end: number): void {
    const record = this.#record;
    switch (record.read(buffer, start, end)) {
      case RecordKind.Event:
        if (!this.#isInScope(fabric, from)) return this.count(BusCounter.RecordsOutOfScope);
        return this.events.handleEvent(from, record, buffer, end);
      case RecordKind.Command:
        if (this.#isInScope(fabric, from)) return this.service.handleCommand(from, record, buffer, end);
        this.count(BusCounter.RecordsOutOfScope);
        return this.send(from, this.writer.failure(record.request, FailureCode.WrongScope));
      case RecordKind.Result:
      case RecordKind.Failure:
        return this.commands.handleAnswer(from, record, buffer, end);
      case RecordKind.Cancel:
        return this.service.handleCancel(from, record.request);
      default:
        this.count(BusCounter.RecordsMalformed);
    }
  }

  #handleInterest(): void {
    for (const { ask } of this.#questions) ask();
  }

  #isInScope(fabric: BusFabric, from: FabricNode): boolean {
    const scope = scopeOf(this.#record.code);
    return scope !== undefined && fabric.scopes.includes(scope) && fabric.isInScope(from, scope);
  }
}

/** This node as one of several that may handle a command. */
class SelfNode implements FabricNode {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly fabric = undefined;
  readonly info: BusNode;
  readonly #countBusy: () => number;

  constructor({ id, name, cluster }: BusNode, countBusy: () => number) {
    this.id = id;
    this.name = name;
    this.cluster = cluster;
    this.info = Object.freeze({ id, name, cluster });
    this.#countBusy = countBusy;
  }

  get busyCount(): number {
    return this.#countBusy();
  }

  set busyCount(_count: number) {
    // What is in progress here is counted where it is handled.
  }
}
