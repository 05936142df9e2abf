/**
 * Commands on their way out: which node gets them, and what becomes of them.
 *
 * A command has exactly one end: the result, what the handler threw, no handler, a timeout, the sender's own signal, or
 * the loss of the node, which is told at once. It is sent at most once: nothing is repeated at another node, because
 * nobody knows how far the lost one came. Invariant: an answer counts only from the node that was asked.
 *
 * @module
 */
import { BusCounter } from "../bus/dispatch/bus_counters.ts";
import { type BusRecord, FailureCode, RecordKind } from "../bus/dispatch/bus_record.ts";
import { type BusScope, type RemoteScope, SCOPE_CODES } from "../bus/dispatch/bus_scope.ts";
import { CommandError, NoHandlerError, restoreFailure } from "../bus/dispatch/command_error.ts";
import type { CommandDefinition } from "../bus/dispatch/definition.ts";
import { checkValue } from "../bus/dispatch/standard_schema.ts";
import { chooseByKey, chooseInTurn, chooseLeastBusy } from "../bus/dispatch/node_choice.ts";
import { ResourceError, TimeoutError } from "../error/transport_error.ts";
import { RequestTable } from "../message/request_table.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { BusFabric, FabricNode, RoomWait } from "../transport/bus_fabric.ts";
import { type CommandOptions, noHandler } from "./bus_calls.ts";
import type { BusContext } from "./bus_context.ts";
import type { BusService } from "./bus_service.ts";

/** How far ahead the alarm is armed: one for a deadline that was met long ago must not keep a process alive. */
const LOOK_MS = 500;

/** A command that waits for its answer. */
interface Waiting {
  readonly fabric: BusFabric;
  readonly node: FabricNode;
  readonly name: string;
  readonly timeoutMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
}

/** Sends commands. */
export class BusCommands {
  readonly #core: BusContext;
  readonly #service: BusService;
  readonly #table: RequestTable;
  readonly #waiting: (Waiting | undefined)[] = [];
  readonly #alarm: Alarm;
  #armedAt = Infinity;
  #turn = 0;

  /**
   * @param core What the dispatchers share.
   * @param service The commands that are handled here.
   */
  constructor(core: BusContext, service: BusService) {
    this.#core = core;
    this.#service = service;
    this.#table = new RequestTable(core.config.maxPendingCommandCount);
    this.#alarm = core.scheduler.alarm(() => this.#handleAlarm());
  }

  /** How many wait for their answer. */
  get pendingCount(): number {
    return this.#table.size;
  }

  /**
   * Sends a command to one handler.
   *
   * @param scope Where to look for it.
   * @param definition Which command.
   * @param value What is sent.
   * @param options How.
   * @returns The answer.
   */
  send(
    scope: BusScope,
    definition: CommandDefinition<unknown, unknown>,
    value: unknown,
    options: CommandOptions | undefined,
  ): Promise<unknown> {
    const core = this.#core;
    core.checkOpen();
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { schema, commandName } = definition;
    if (schema !== undefined) checkValue(schema, value, `the command ${commandName}`);
    core.count(BusCounter.CommandsSent);
    if (scope === "local") return this.#service.runLocal(definition, value, scope, options);
    const fabric = core.fabrics.of(scope);
    const node = this.#choose(fabric, scope, commandName, options);
    if (node === undefined) return Promise.reject(noHandler(commandName, scope, options?.node));
    if (node === core.self) return this.#service.runLocal(definition, value, scope, options);
    return this.#sendTo(fabric, node, scope, commandName, value, options);
  }

  /**
   * Sends a command to every node that handles it.
   *
   * @param scope Where to look for them.
   * @param definition Which command.
   * @param value What is sent.
   * @param options How; `node`, `key` and `choice` are of no account.
   * @returns The nodes and their answers.
   */
  scatter(
    scope: BusScope,
    definition: CommandDefinition<unknown, unknown>,
    value: unknown,
    options: CommandOptions | undefined,
  ): [node: FabricNode, answer: Promise<unknown>][] {
    const core = this.#core;
    core.checkOpen();
    const { schema, commandName } = definition;
    if (schema !== undefined) checkValue(schema, value, `the command ${commandName}`);
    const asked: [FabricNode, Promise<unknown>][] = [];
    if (scope !== "local") {
      const fabric = core.fabrics.of(scope);
      for (const node of fabric.handlersOf(commandName, scope)) {
        core.count(BusCounter.CommandsSent);
        asked.push([node, this.#sendTo(fabric, node, scope, commandName, value, options)]);
      }
    }
    if (this.#service.handles(commandName)) {
      core.count(BusCounter.CommandsSent);
      asked.push([core.self, this.#service.runLocal(definition, value, scope, options)]);
    }
    return asked;
  }

  /**
   * How many nodes handle a command, this one included.
   *
   * @param name The command's name.
   * @param scope Where to look.
   * @returns How many are known.
   */
  handlerCount(name: string, scope: BusScope): number {
    const own = this.#service.handles(name) ? 1 : 0;
    return own + (scope === "local" ? 0 : this.#core.fabrics.of(scope).handlersOf(name, scope).length);
  }

  /**
   * An answer came.
   *
   * @param from Which node sent it.
   * @param record The record, as it was read.
   * @param buffer Where it lies.
   * @param end Where it ends.
   */
  handleAnswer(from: FabricNode, record: BusRecord, buffer: Uint8Array, end: number): void {
    const core = this.#core;
    const slot = this.#table.slotOf(record.request);
    const waiting = slot < 0 ? undefined : this.#waiting[slot];
    if (waiting === undefined || waiting.node !== from) {
      if (waiting === undefined) this.#table.answer(record.request);
      return core.count(BusCounter.AnswersLate);
    }
    this.#table.answer(record.request);
    this.#release(slot, waiting);
    if (!core.codec.decode(record.encoding, buffer, record.start, end)) {
      core.count(BusCounter.ValuesRefused);
      return waiting.reject(new CommandError("BadResult", `The answer to ${waiting.name} could not be decoded`));
    }
    const { value } = core.codec;
    if (record.kind === RecordKind.Result) waiting.resolve(value);
    else waiting.reject(failureOf(record.code, value, waiting));
  }

  /**
   * A node, or the link to it, is lost: what waits for it ends now.
   *
   * @param node Which.
   * @param error What the senders are told.
   */
  handleLost(node: FabricNode, error: Error): void {
    for (let slot = 0; slot < this.#waiting.length; slot++) {
      const waiting = this.#waiting[slot];
      if (waiting?.node !== node) continue;
      this.#table.cancel(slot);
      this.#core.count(BusCounter.CommandsLost);
      this.#release(slot, waiting);
      waiting.reject(error);
    }
  }

  /**
   * Ends everything that waits.
   *
   * @param error What the senders are told.
   */
  close(error: Error): void {
    this.#alarm.disarm();
    for (let slot = this.#table.popAny(); slot >= 0; slot = this.#table.popAny()) {
      const waiting = this.#waiting[slot]!;
      this.#release(slot, waiting);
      waiting.reject(error);
    }
  }

  #choose(
    fabric: BusFabric,
    scope: RemoteScope,
    name: string,
    options: CommandOptions | undefined,
  ): FabricNode | undefined {
    let nodes = fabric.handlersOf(name, scope);
    if (this.#service.handles(name)) nodes = nodes.concat(this.#core.self);
    const wanted = options?.node;
    if (wanted !== undefined) nodes = nodes.filter((node) => node.id === wanted || node.name === wanted);
    if (nodes.length <= 1) return nodes[0];
    if (options?.key !== undefined) return nodes[chooseByKey(nodes, options.key)];
    const turn = this.#turn = this.#turn + 1 & 0x3fffffff;
    return nodes[options?.choice === "leastBusy" ? chooseLeastBusy(nodes, turn) : chooseInTurn(nodes, turn)];
  }

  #sendTo(
    fabric: BusFabric,
    node: FabricNode,
    scope: RemoteScope,
    name: string,
    value: unknown,
    options: CommandOptions | undefined,
  ): Promise<unknown> {
    const core = this.#core;
    const timeoutMs = options?.timeoutMs ?? core.config.commandTimeoutMs;
    const deadline = core.scheduler.tick() + timeoutMs;
    const slot = this.#table.open(deadline);
    if (slot < 0) {
      const count = this.#table.size;
      return Promise.reject(new ResourceError(`Cannot send the command ${name}: ${count} wait for their answer`));
    }
    const request = this.#table.idOf(slot);
    let wait: RoomWait | undefined;
    try {
      const length = core.writer.command(SCOPE_CODES[scope], name, value, request, timeoutMs);
      wait = fabric.send(node, core.writer.buffer, length);
    } catch (error) {
      this.#table.withdraw(slot);
      return Promise.reject(error);
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const signal = options?.signal;
    const waiting: Waiting = { fabric, node, name, timeoutMs, resolve, reject, signal, onAbort: undefined };
    this.#waiting[slot] = waiting;
    node.busyCount++;
    if (signal !== undefined) this.#watch(slot, waiting, signal);
    // The command's own deadline and its signal end the wait; what is settled needs no room any more.
    if (wait !== undefined) {
      wait.done.catch(() => {});
      promise.then(() => wait.cancel(undefined), (error) => wait.cancel(error));
    }
    if (deadline < this.#armedAt) this.#arm();
    return promise;
  }

  #watch(slot: number, waiting: Waiting, signal: AbortSignal): void {
    waiting.onAbort = () => {
      this.#core.count(BusCounter.CommandsCancelled);
      this.#tellCancelled(waiting, this.#table.cancel(slot));
      this.#release(slot, waiting);
      waiting.reject(signal.reason);
    };
    signal.addEventListener("abort", waiting.onAbort, { once: true });
  }

  #tellCancelled({ fabric, node }: Waiting, request: number): void {
    const { writer } = this.#core;
    fabric.send(node, writer.buffer, writer.cancel(request))?.done.catch(() => {});
  }

  #release(slot: number, waiting: Waiting): void {
    this.#waiting[slot] = undefined;
    waiting.node.busyCount--;
    if (waiting.onAbort !== undefined) waiting.signal!.removeEventListener("abort", waiting.onAbort);
  }

  #arm(): void {
    const earliest = this.#table.earliest();
    this.#armedAt = Math.min(earliest, this.#core.scheduler.tick() + LOOK_MS);
    if (earliest !== Infinity) return this.#alarm.arm(this.#armedAt);
    this.#armedAt = Infinity;
    this.#alarm.disarm();
  }

  /** Why it does not disarm before: a deadline that was met leaves the alarm as it is, and most are met. */
  #handleAlarm(): void {
    const now = this.#core.scheduler.tick();
    for (let slot = this.#table.popExpired(now); slot >= 0; slot = this.#table.popExpired(now)) {
      const waiting = this.#waiting[slot]!;
      this.#core.count(BusCounter.CommandsTimedOut);
      this.#tellCancelled(waiting, this.#table.takenId);
      this.#release(slot, waiting);
      const { name, node, timeoutMs } = waiting;
      waiting.reject(new TimeoutError(`No answer to the command ${name} from ${node.name} within ${timeoutMs} ms`));
    }
    this.#arm();
  }
}

function failureOf(code: number, value: unknown, { name, node }: Waiting): Error {
  switch (code) {
    case FailureCode.HandlerFailed:
      return restoreFailure(value);
    case FailureCode.NoHandler:
      return new NoHandlerError(`The node ${node.name} does not handle the command ${name} any more`);
    case FailureCode.Busy:
      return new ResourceError(`The node ${node.name} has too many commands in progress for ${name}`);
    case FailureCode.BadValue:
      return new CommandError("BadValue", `The node ${node.name} refused the value of the command ${name}`);
    case FailureCode.WrongScope:
      return new CommandError("WrongScope", `The node ${node.name} does not take the command ${name} in that scope`);
    default:
      return new CommandError("BadResult", `The result of the command ${name} at ${node.name} cannot be sent`);
  }
}
