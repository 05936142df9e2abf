/**
 * The bus's end of one attachment: does what a worker asks for, with the worker's subscriptions and handlers as its own.
 *
 * Invariant: at most `WINDOW_COUNT` events of a subscription are in the worker's hands; then the next ones wait like
 * those of any handler that is behind.
 *
 * @module
 */
import type { BusScope } from "../bus/dispatch/bus_scope.ts";
import { defineCommand, defineEvent } from "../bus/dispatch/definition.ts";
import { CloseCode } from "../error/close_code.ts";
import { ClosedError } from "../error/transport_error.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { BusBackend } from "./bus_backend.ts";
import type { CommandOptions, PresenceOptions, PublishOptions } from "./bus_calls.ts";
import { BusThreadPort } from "./bus_thread_port.ts";
import { errorOfRecord, type ErrorRecord, recordOfError, ThreadRecord } from "./bus_thread_record.ts";
import type { BusToken } from "./bus_token.ts";

const WINDOW_COUNT = 1024;

/** What a worker asks for. */
export interface ThreadCall {
  /** A topic, a pattern or a command's name. */
  readonly name: string;
  /** How far. */
  readonly scope?: BusScope;
  /** What is published or sent. */
  readonly value?: unknown;
  /** The options of the call, without its signal. */
  readonly options?: Omit<PublishOptions & CommandOptions & PresenceOptions, "signal">;
}

/** The bus's end of one attachment. */
export class BusOwnerSide {
  readonly #backend: BusBackend;
  readonly #port: BusThreadPort;
  readonly #calls = new Map<number, AbortController>();
  readonly #ends = new Map<number, () => void>();
  readonly #commands = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #windows = new Map<number, { held: number; room: PromiseWithResolvers<void> | undefined }>();
  readonly #closed: () => void;
  #nextCommand = 1;
  #isClosed = false;

  /**
   * @param token The memory.
   * @param backend The bus.
   * @param scheduler Time.
   * @param closed Called once, when it is closed from either end.
   */
  constructor(token: BusToken, backend: BusBackend, scheduler: Scheduler, closed: () => void) {
    this.#backend = backend;
    this.#closed = closed;
    this.#port = new BusThreadPort(token, false, scheduler, (...record) => this.#handle(...record));
  }

  /** Ends the attachment: its subscriptions and handlers are taken away. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.send(ThreadRecord.Close, 0);
    this.#port.close();
    const error = new ClosedError(CloseCode.GoingAway, "local");
    for (const end of this.#ends.values()) end();
    for (const call of this.#calls.values()) call.abort(error);
    for (const command of this.#commands.values()) command.reject(error);
    for (const { room } of this.#windows.values()) room?.resolve();
    this.#closed();
  }

  #handle(kind: number, number: number, mark: number, value: unknown): void {
    switch (kind) {
      case ThreadRecord.Abort:
        return this.#calls.get(number)?.abort(new ClosedError(CloseCode.Aborted, "remote"));
      case ThreadRecord.End:
        this.#ends.get(number)?.();
        this.#ends.delete(number);
        return;
      case ThreadRecord.Reply:
        this.#commands.get(number)?.resolve(value);
        return;
      case ThreadRecord.Fault:
        this.#commands.get(number)?.reject(errorOfRecord(value as ErrorRecord));
        return;
      case ThreadRecord.Handled:
        return this.#release(number, mark);
      case ThreadRecord.Close:
        return this.close();
      default:
        void this.#call(kind, number, value as ThreadCall);
    }
  }

  async #call(kind: number, number: number, call: ThreadCall): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(number, controller);
    try {
      const result = await this.#run(kind, number, call, controller.signal);
      if (!this.#isClosed) this.#port.send(ThreadRecord.Done, number, result === undefined ? undefined : [result]);
    } catch (error) {
      if (!this.#isClosed) this.#port.send(ThreadRecord.Failed, number, recordOfError(error));
    }
    this.#calls.delete(number);
  }

  #run(kind: number, number: number, call: ThreadCall, signal: AbortSignal): unknown {
    const { name, scope, value } = call;
    const options = { ...call.options, signal };
    switch (kind) {
      case ThreadRecord.Publish:
        return this.#backend.publish(defineEvent(name), value, options);
      case ThreadRecord.Send:
        return this.#backend.send(scope!, defineCommand(name), value, options);
      case ThreadRecord.Scatter:
        return this.#scatter(number, call, signal);
      case ThreadRecord.AwaitSubscribed:
        return this.#backend.whenSubscribed(name, scope, options);
      case ThreadRecord.AwaitHandled:
        return this.#backend.whenHandled(name, scope!, options);
      case ThreadRecord.Subscribe:
        return this.#subscribe(number, name);
      default:
        return this.#register(number, name);
    }
  }

  async #scatter(number: number, { name, scope, value, options }: ThreadCall, signal: AbortSignal): Promise<void> {
    const answers: Promise<void>[] = [];
    for await (
      const { node, answer } of this.#backend.scatter(scope!, defineCommand(name), value, { ...options, signal })
    ) {
      answers.push(answer.then(
        (result) => this.#port.send(ThreadRecord.Answer, number, { node, value: result }),
        (error) => this.#port.send(ThreadRecord.Answer, number, { node, error: recordOfError(error) }),
      ));
    }
    await Promise.all(answers);
  }

  #subscribe(number: number, pattern: string): void {
    const window = { held: 0, room: undefined as PromiseWithResolvers<void> | undefined };
    this.#windows.set(number, window);
    const end = this.#backend.subscribe(pattern, undefined, (value, { topic, from }) => {
      this.#port.send(ThreadRecord.Event, number, { topic, from, value });
      if (++window.held < WINDOW_COUNT) return undefined;
      window.room ??= Promise.withResolvers();
      return window.room.promise;
    });
    this.#ends.set(number, () => {
      end();
      this.#windows.delete(number);
    });
  }

  #release(number: number, count: number): void {
    const window = this.#windows.get(number);
    if (window === undefined) return;
    window.held -= count;
    if (window.held >= WINDOW_COUNT) return;
    window.room?.resolve();
    window.room = undefined;
  }

  #register(number: number, name: string): void {
    const end = this.#backend.handle(defineCommand(name), (value, { from, scope, signal }) => {
      const command = this.#nextCommand++ & 0x7fffffff;
      const pending = Promise.withResolvers<unknown>();
      this.#commands.set(command, pending);
      this.#port.send(ThreadRecord.Command, command, { from, scope, value }, number);
      const stop = (): void => this.#port.send(ThreadRecord.Stop, command);
      signal.addEventListener("abort", stop, { once: true });
      return pending.promise.finally(() => {
        this.#commands.delete(command);
        signal.removeEventListener("abort", stop);
      });
    });
    this.#ends.set(number, end);
  }
}
