/**
 * Commands that are handled here: for this process by reference, for other nodes with a record as the answer.
 *
 * A handler that returns no promise costs neither a timer nor a table entry. Invariant: every command of another node is
 * answered once, unless its sender has given up, its time is over or it is gone; then the handler's signal fires.
 *
 * @module
 */
import { BusCounter } from "../bus/dispatch/bus_counters.ts";
import { type BusRecord, FailureCode } from "../bus/dispatch/bus_record.ts";
import { type BusScope, scopeOf } from "../bus/dispatch/bus_scope.ts";
import { asCommandError, describeFailure } from "../bus/dispatch/command_error.ts";
import type { CommandDefinition } from "../bus/dispatch/definition.ts";
import { type StandardSchema, validate } from "../bus/dispatch/standard_schema.ts";
import { CloseCode } from "../error/close_code.ts";
import { ClosedError, MisuseError, ResourceError, TimeoutError } from "../error/transport_error.ts";
import { RequestTable } from "../message/request_table.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { FabricNode } from "../transport/bus_fabric.ts";
import { type CommandOptions, noHandler } from "./bus_calls.ts";
import type { BusContext } from "./bus_context.ts";
import type { BusNode, CommandContext, CommandFunction } from "./bus_handlers.ts";
import { isThenable } from "./bus_inbox.ts";

/** How far ahead the alarm is armed: one for a deadline that was met long ago must not keep a process alive. */
const LOOK_MS = 500;

interface Registered {
  readonly handler: CommandFunction<unknown, unknown>;
  readonly schema: StandardSchema | undefined;
}

/** A command whose handler's promise is pending. */
interface InProgress {
  readonly name: string;
  readonly timeoutMs: number;
  readonly context: ServiceContext;
  /** Whose it is; `undefined` for one of this process. */
  readonly from: FabricNode | undefined;
  /** Its number at the sender. */
  readonly request: number;
  /** Tells a sender of this process that its time is over. */
  readonly reject: ((error: unknown) => void) | undefined;
}

/** Handles commands. */
export class BusService {
  readonly #core: BusContext;
  readonly #handlers = new Map<string, Registered>();
  readonly #table: RequestTable;
  readonly #inProgress: (InProgress | undefined)[] = [];
  readonly #alarm: Alarm;
  #armedAt = Infinity;

  /** @param core What the dispatchers share. */
  constructor(core: BusContext) {
    this.#core = core;
    this.#table = new RequestTable(core.config.maxCommandsInProgressCount);
    this.#alarm = core.scheduler.alarm(() => this.#handleAlarm());
  }

  /** How many handlers have not answered yet. */
  get inProgressCount(): number {
    return this.#table.size;
  }

  /** The names of the commands that are handled here. */
  names(): IterableIterator<string> {
    return this.#handlers.keys();
  }

  /**
   * Whether a command is handled here.
   *
   * @param name Its name.
   * @returns Whether it is.
   */
  handles(name: string): boolean {
    return this.#handlers.has(name);
  }

  /**
   * Registers the handler of a command.
   *
   * @param definition Which command.
   * @param handler The application's function.
   * @returns Takes the handler away; a second call does nothing.
   * @throws {MisuseError} When it has one.
   * @throws {ClosedError} When the bus is closed.
   */
  register(
    { commandName, schema }: CommandDefinition<unknown, unknown>,
    handler: CommandFunction<unknown, unknown>,
  ): () => void {
    this.#core.checkOpen();
    if (this.#handlers.has(commandName)) {
      throw new MisuseError(`Cannot handle the command ${commandName}: this bus has a handler for it`);
    }
    if (this.#handlers.size >= this.#core.config.maxSubscriptionCount) {
      throw new ResourceError(`Cannot handle the command ${commandName}: this bus handles ${this.#handlers.size}`);
    }
    const registered: Registered = { handler, schema };
    this.#handlers.set(commandName, registered);
    const end = (): void => {
      if (this.#handlers.get(commandName) !== registered) return;
      this.#handlers.delete(commandName);
      this.#core.setInterest("command", commandName, false);
    };
    try {
      this.#core.setInterest("command", commandName, true);
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  /**
   * Runs a command of this process.
   *
   * @param definition Which command.
   * @param value What was sent; by reference.
   * @param scope The scope that it was sent to.
   * @param options How it was sent.
   * @returns The answer.
   */
  runLocal(
    { commandName }: CommandDefinition<unknown, unknown>,
    value: unknown,
    scope: BusScope,
    options: CommandOptions | undefined,
  ): Promise<unknown> {
    const core = this.#core;
    const registered = this.#handlers.get(commandName);
    const wanted = options?.node;
    if (registered === undefined || wanted !== undefined && wanted !== core.self.id && wanted !== core.self.name) {
      return Promise.reject(noHandler(commandName, scope, wanted));
    }
    const context = new ServiceContext(core.self.info, scope);
    let result: unknown;
    let isPending: boolean;
    try {
      result = registered.handler(value, context);
      isPending = isThenable(result);
    } catch (error) {
      core.count(BusCounter.CommandsFailed);
      return Promise.reject(asCommandError(error));
    }
    if (isPending) return this.#awaitLocal(commandName, result, context, options);
    core.count(BusCounter.CommandsAnswered);
    return Promise.resolve(result);
  }

  /**
   * A command came from another node.
   *
   * @param from Which.
   * @param record The record, as it was read.
   * @param buffer Where it lies.
   * @param end Where it ends.
   */
  handleCommand(from: FabricNode, record: BusRecord, buffer: Uint8Array, end: number): void {
    const core = this.#core;
    const { name, request, timeoutMs } = record;
    const scope = scopeOf(record.code)!;
    core.count(BusCounter.CommandsReceived);
    const registered = this.#handlers.get(name);
    if (registered === undefined) return this.#fail(from, request, FailureCode.NoHandler);
    if (!core.codec.decode(record.encoding, buffer, record.start, end)) {
      core.count(BusCounter.ValuesRefused);
      return this.#fail(from, request, FailureCode.BadValue);
    }
    let { value } = core.codec;
    if (registered.schema !== undefined) {
      const validated = this.#validated(registered.schema, value);
      if (validated === undefined) return this.#fail(from, request, FailureCode.BadValue);
      value = validated.value;
    }
    if (!this.#table.hasRoom) {
      core.count(BusCounter.CommandsRefusedBusy);
      return this.#fail(from, request, FailureCode.Busy);
    }
    const context = new ServiceContext(from.info, scope);
    let result: unknown;
    let isPending: boolean;
    try {
      result = registered.handler(value, context);
      isPending = isThenable(result);
    } catch (error) {
      return this.#fail(from, request, FailureCode.HandlerFailed, error);
    }
    if (isPending) this.#await(name, result, context, from, request, timeoutMs);
    else this.#answer(from, request, result);
  }

  /**
   * A sender has given up.
   *
   * @param from Which node.
   * @param request The number of its request.
   */
  handleCancel(from: FabricNode, request: number): void {
    const slot = this.#inProgress.findIndex((one) => one?.from === from && one.request === request);
    if (slot < 0) return;
    this.#core.count(BusCounter.CommandsCancelled);
    this.#end(slot, new ClosedError(CloseCode.Aborted, "remote"));
  }

  /**
   * A node, or the link to it, is lost: nobody waits for the answers any more.
   *
   * @param node Which.
   * @param error What the handlers' signals say.
   */
  handleLost(node: FabricNode, error: Error): void {
    for (let slot = 0; slot < this.#inProgress.length; slot++) {
      if (this.#inProgress[slot]?.from === node) this.#end(slot, error);
    }
  }

  /**
   * Ends everything that is in progress.
   *
   * @param error What the handlers' signals say.
   */
  close(error: Error): void {
    this.#alarm.disarm();
    for (let slot = 0; slot < this.#inProgress.length; slot++) this.#end(slot, error);
  }

  #awaitLocal(
    name: string,
    result: unknown,
    context: ServiceContext,
    options: CommandOptions | undefined,
  ): Promise<unknown> {
    const core = this.#core;
    const timeoutMs = options?.timeoutMs ?? core.config.commandTimeoutMs;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const slot = this.#open(timeoutMs, { name, timeoutMs, context, from: undefined, request: 0, reject });
    if (slot < 0) return Promise.reject(new ResourceError(`Cannot send the command ${name}: too many are in progress`));
    const entry = this.#inProgress[slot];
    const signal = options?.signal;
    const onAbort = (): void => {
      if (this.#inProgress[slot] !== entry) return;
      core.count(BusCounter.CommandsCancelled);
      this.#end(slot, signal!.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (run: () => void): void => {
      signal?.removeEventListener("abort", onAbort);
      if (this.#inProgress[slot] !== entry) return;
      this.#free(slot);
      run();
    };
    Promise.resolve(result).then((value) =>
      settle(() => {
        core.count(BusCounter.CommandsAnswered);
        resolve(value);
      }), (error) =>
      settle(() => {
        core.count(BusCounter.CommandsFailed);
        reject(asCommandError(error));
      }));
    return promise;
  }

  #await(
    name: string,
    result: unknown,
    context: ServiceContext,
    from: FabricNode,
    request: number,
    timeoutMs: number,
  ): void {
    const slot = this.#open(timeoutMs, { name, timeoutMs, context, from, request, reject: undefined });
    const entry = this.#inProgress[slot];
    const isOpen = (): boolean => {
      if (this.#inProgress[slot] !== entry) return false;
      this.#free(slot);
      return true;
    };
    Promise.resolve(result).then((value) => {
      if (isOpen()) this.#answer(from, request, value);
    }, (error) => {
      if (isOpen()) this.#fail(from, request, FailureCode.HandlerFailed, error);
    });
  }

  #answer(from: FabricNode, request: number, value: unknown): void {
    const core = this.#core;
    try {
      core.send(from, core.writer.result(request, value));
      core.count(BusCounter.CommandsAnswered);
    } catch (error) {
      core.report(error);
      this.#fail(from, request, FailureCode.BadResult);
    }
  }

  #fail(from: FabricNode, request: number, code: FailureCode, thrown?: unknown): void {
    const core = this.#core;
    core.count(BusCounter.CommandsFailed);
    const failure = code === FailureCode.HandlerFailed ? describeFailure(thrown) : undefined;
    core.send(from, core.writer.failure(request, code, failure));
  }

  #validated(schema: StandardSchema, value: unknown): { readonly value: unknown } | undefined {
    try {
      const validated = validate(schema, value);
      if (validated.issue === undefined) return validated;
    } catch (error) {
      this.#core.report(error);
    }
    this.#core.count(BusCounter.ValuesInvalid);
    return undefined;
  }

  #open(timeoutMs: number, entry: InProgress): number {
    const deadline = this.#core.scheduler.tick() + timeoutMs;
    const slot = this.#table.open(deadline);
    if (slot < 0) return slot;
    this.#inProgress[slot] = entry;
    if (deadline < this.#armedAt) this.#arm();
    return slot;
  }

  #free(slot: number): void {
    this.#table.cancel(slot);
    this.#inProgress[slot] = undefined;
  }

  #end(slot: number, error: unknown): void {
    const entry = this.#inProgress[slot];
    if (entry === undefined) return;
    this.#free(slot);
    entry.reject?.(error);
    entry.context.abort(error);
  }

  #arm(): void {
    const earliest = this.#table.earliest();
    this.#armedAt = Math.min(earliest, this.#core.scheduler.tick() + LOOK_MS);
    if (earliest !== Infinity) return this.#alarm.arm(this.#armedAt);
    this.#armedAt = Infinity;
    this.#alarm.disarm();
  }

  #handleAlarm(): void {
    const now = this.#core.scheduler.tick();
    for (let slot = this.#table.popExpired(now); slot >= 0; slot = this.#table.popExpired(now)) {
      const entry = this.#inProgress[slot]!;
      this.#inProgress[slot] = undefined;
      this.#core.count(BusCounter.CommandsTimedOut);
      const { name, timeoutMs } = entry;
      const error = new TimeoutError(`The command ${name} was not handled within ${timeoutMs} ms`);
      entry.reject?.(error);
      entry.context.abort(error);
    }
    this.#arm();
  }
}

/** What a handler is told; its signal is made when somebody asks for it, which most do not. */
class ServiceContext implements CommandContext {
  readonly from: BusNode;
  readonly scope: BusScope;
  #controller: AbortController | undefined = undefined;
  #reason: { readonly error: unknown } | undefined = undefined;

  constructor(from: BusNode, scope: BusScope) {
    this.from = from;
    this.scope = scope;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason.error);
    }
    return this.#controller.signal;
  }

  abort(error: unknown): void {
    this.#reason = { error };
    this.#controller?.abort(error);
  }
}
