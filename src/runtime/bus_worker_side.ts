/**
 * The worker's end of one attachment: the face of the bus works on it as on the bus itself.
 *
 * Values cross as records, not by reference, also to handlers in the same worker. Invariant: every call settles once: by
 * its answer, by its signal, or by the end of the attachment.
 *
 * @module
 */
import type { BusScope } from "../bus/dispatch/bus_scope.ts";
import type { CommandDefinition, EventDefinition } from "../bus/dispatch/definition.ts";
import { checkValue, type StandardSchema, validate } from "../bus/dispatch/standard_schema.ts";
import { CloseCode } from "../error/close_code.ts";
import { ClosedError, MisuseError, ResourceError } from "../error/transport_error.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import type { Asked, BusBackend } from "./bus_backend.ts";
import type { CommandOptions, PresenceOptions, PublishOptions } from "./bus_calls.ts";
import type { BusNode, CommandFunction, EventContext, EventFunction } from "./bus_handlers.ts";
import { isThenable } from "./bus_inbox.ts";
import type { ThreadCall } from "./bus_owner_side.ts";
import { BusThreadPort, type ThreadHandler } from "./bus_thread_port.ts";
import { errorOfRecord, type ErrorRecord, recordOfError, ThreadRecord } from "./bus_thread_record.ts";
import type { BusToken } from "./bus_token.ts";
import type { RuntimeHost } from "./system_host.ts";

const MAX_CALL_COUNT = 65_536;
/** After so many handled events the bus is told. */
const HANDLED_COUNT = 256;
const ALIVE_MS = 60_000;

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly answered: ((asked: Asked) => void) | undefined;
}

interface Subscription {
  readonly handler: EventFunction<unknown>;
  readonly schema: StandardSchema | undefined;
  handledCount: number;
}

/** The worker's end of one attachment. */
export class BusWorkerSide implements BusBackend {
  readonly #port: BusThreadPort;
  readonly #calls = new Map<number, Call>();
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #handlers = new Map<number, CommandFunction<unknown, unknown>>();
  readonly #running = new Map<number, AbortController>();
  readonly #alive: Alarm;
  readonly #closed = Promise.withResolvers<void>();
  readonly #report: (error: unknown) => void;
  #next = 1;
  #isClosed = false;

  /**
   * @param token What `token()` returned, posted to this thread.
   * @param host Time.
   * @param report Takes what no call reports.
   */
  constructor(token: BusToken, host: RuntimeHost, report: (error: unknown) => void) {
    const { scheduler } = host;
    this.#report = report;
    this.#port = openPort(token, scheduler, (...record) => this.#handle(...record));
    this.#alive = scheduler.alarm(() => this.#alive.arm(scheduler.tick() + ALIVE_MS));
    this.#alive.arm(scheduler.tick() + ALIVE_MS);
  }

  /** Settles when the attachment has ended. */
  get whenClosed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Ends the attachment. */
  close(): void {
    if (this.#isClosed) return;
    this.#port.send(ThreadRecord.Close, 0);
    this.#end();
  }

  publish({ topic, schema }: EventDefinition<unknown>, value: unknown, options?: PublishOptions): Promise<void> {
    if (schema !== undefined) checkValue(schema, value, `the event ${topic}`);
    return this.#call(ThreadRecord.Publish, { name: topic, value, ...plain(options) }, options?.signal) as Promise<
      void
    >;
  }

  send(
    scope: BusScope,
    { commandName: name, schema }: CommandDefinition<unknown, unknown>,
    value: unknown,
    options?: CommandOptions,
  ): Promise<unknown> {
    if (schema !== undefined) checkValue(schema, value, `the command ${name}`);
    return this.#call(ThreadRecord.Send, { name, scope, value, ...plain(options) }, options?.signal);
  }

  async *scatter(
    scope: BusScope,
    { commandName: name, schema }: CommandDefinition<unknown, unknown>,
    value: unknown,
    options?: CommandOptions,
  ): AsyncGenerator<Asked, void> {
    if (schema !== undefined) checkValue(schema, value, `the command ${name}`);
    const ready: Asked[] = [];
    let wake = (): void => {};
    let isDone = false;
    const answered = (asked: Asked): void => {
      ready.push(asked);
      wake();
    };
    const done = this.#call(ThreadRecord.Scatter, { name, scope, value, ...plain(options) }, options?.signal, answered)
      .finally(() => {
        isDone = true;
        wake();
      });
    done.catch(() => {});
    while (ready.length > 0 || !isDone) {
      if (ready.length === 0) await new Promise<void>((resolve) => wake = resolve);
      else yield ready.shift()!;
    }
    await done;
  }

  async whenSubscribed(name: string, scope: BusScope | undefined, options: PresenceOptions): Promise<void> {
    const call = scope === undefined ? { name } : { name, scope };
    await this.#call(ThreadRecord.AwaitSubscribed, { ...call, ...plain(options) }, options.signal);
  }

  async whenHandled(name: string, scope: BusScope, options: PresenceOptions): Promise<void> {
    await this.#call(ThreadRecord.AwaitHandled, { name, scope, ...plain(options) }, options.signal);
  }

  subscribe(pattern: string, schema: StandardSchema | undefined, handler: EventFunction<unknown>): () => void {
    const number = this.#open(ThreadRecord.Subscribe, pattern);
    this.#subscriptions.set(number, { handler, schema, handledCount: 0 });
    return () => this.#withdraw(number);
  }

  handle({ commandName }: CommandDefinition<unknown, unknown>, handler: CommandFunction<unknown, unknown>): () => void {
    const number = this.#open(ThreadRecord.Handle, commandName);
    this.#handlers.set(number, handler);
    return () => this.#withdraw(number);
  }

  /** A subscription or a handler whose refusal nobody awaits. */
  #open(kind: ThreadRecord, name: string): number {
    const number = this.#next;
    this.#call(kind, { name }, undefined).catch(this.#report);
    return number;
  }

  #withdraw(number: number): void {
    if (!this.#subscriptions.delete(number) && !this.#handlers.delete(number) || this.#isClosed) return;
    this.#port.send(ThreadRecord.End, number);
  }

  #call(
    kind: ThreadRecord,
    call: ThreadCall,
    signal: AbortSignal | undefined,
    answered?: (asked: Asked) => void,
  ): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new ClosedError(CloseCode.Normal, "local"));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#calls.size >= MAX_CALL_COUNT) {
      return Promise.reject(new ResourceError(`Cannot call the bus: ${MAX_CALL_COUNT} calls wait already`));
    }
    const number = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#port.send(kind, number, call);
    this.#calls.set(number, { resolve, reject, answered });
    if (signal === undefined) return promise;
    const onAbort = (): void => {
      if (!this.#calls.delete(number)) return;
      this.#port.send(ThreadRecord.Abort, number);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  #handle(kind: number, number: number, mark: number, value: unknown): void {
    switch (kind) {
      case ThreadRecord.Done:
        return this.#take(number)?.resolve((value as [unknown] | undefined)?.[0]);
      case ThreadRecord.Failed:
        return this.#take(number)?.reject(errorOfRecord(value as ErrorRecord));
      case ThreadRecord.Answer:
        return this.#answer(number, value as { node: BusNode; value?: unknown; error?: ErrorRecord });
      case ThreadRecord.Event:
        return this.#deliver(number, value as EventContext & { value: unknown });
      case ThreadRecord.Command:
        return this.#run(number, mark, value as { from: BusNode; scope: BusScope; value: unknown });
      case ThreadRecord.Stop:
        return this.#running.get(number)?.abort(new ClosedError(CloseCode.Aborted, "remote"));
      case ThreadRecord.Close:
        return this.#end();
    }
  }

  #take(number: number): Call | undefined {
    const call = this.#calls.get(number);
    this.#calls.delete(number);
    return call;
  }

  #answer(number: number, { node, value, error }: { node: BusNode; value?: unknown; error?: ErrorRecord }): void {
    const answer = error === undefined ? Promise.resolve(value) : Promise.reject(errorOfRecord(error));
    answer.catch(() => {});
    this.#calls.get(number)?.answered?.({ node, answer });
  }

  #deliver(number: number, { topic, from, value }: EventContext & { value: unknown }): void {
    const subscription = this.#subscriptions.get(number);
    if (subscription === undefined) return;
    const done = (): void => {
      if (++subscription.handledCount % HANDLED_COUNT !== 0 || this.#isClosed) return;
      this.#port.send(ThreadRecord.Handled, number, undefined, HANDLED_COUNT);
    };
    try {
      const { schema, handler } = subscription;
      const validated = schema === undefined ? { value, issue: undefined } : validate(schema, value);
      if (validated.issue !== undefined) throw new TypeError(`An event ${topic} of ${from.name} is not valid`);
      const result = handler(validated.value, { topic, from });
      if (isThenable(result)) {
        return void Promise.resolve(result).then(done, (error) => {
          this.#report(error);
          done();
        });
      }
    } catch (error) {
      this.#report(error);
    }
    done();
  }

  #run(
    command: number,
    number: number,
    { from, scope, value }: { from: BusNode; scope: BusScope; value: unknown },
  ): void {
    const controller = new AbortController();
    this.#running.set(command, controller);
    const handler = this.#handlers.get(number);
    Promise.try(() => handler!(value, { from, scope, signal: controller.signal })).then(
      (result) => this.#reply(ThreadRecord.Reply, command, result),
      (error) => this.#reply(ThreadRecord.Fault, command, recordOfError(error)),
    ).catch((error) => this.#reply(ThreadRecord.Fault, command, recordOfError(error)));
  }

  #reply(kind: ThreadRecord, command: number, value: unknown): void {
    this.#running.delete(command);
    if (!this.#isClosed) this.#port.send(kind, command, value);
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#alive.disarm();
    this.#port.close();
    const error = new ClosedError(CloseCode.GoingAway, "remote");
    for (const { reject } of this.#calls.values()) reject(error);
    for (const controller of this.#running.values()) controller.abort(error);
    this.#calls.clear();
    this.#closed.resolve();
  }
}

/** Why the error is another one: a token that was used before is all that can be wrong with a fresh ring. */
function openPort(token: BusToken, scheduler: Scheduler, handler: ThreadHandler): BusThreadPort {
  try {
    return new BusThreadPort(token, true, scheduler, handler);
  } catch (cause) {
    if (!(cause instanceof MisuseError)) throw cause;
    throw new MisuseError("Cannot attach to the bus: this token was used before; each worker takes one of its own", {
      cause,
    });
  }
}

/** The options of a call as they cross: without the signal, and without what is not there. */
function plain(options: PublishOptions & CommandOptions & PresenceOptions | undefined): Pick<ThreadCall, "options"> {
  if (options === undefined) return {};
  const { signal: _signal, ...rest } = options;
  return { options: rest };
}
