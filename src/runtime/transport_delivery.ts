/**
 * How events and messages reach the application of a transport server or client: by handlers, by a queue for `for await`,
 * or by both.
 *
 * Invariants: nothing is dropped but messages that come while nobody listens, which are counted; while the queue is full
 * the connections that fill it are not read from; a request that a handler got is answered by what the handler returns,
 * or refused when it fails.
 *
 * @module
 */
import { ClosedError, MisuseError, TimeoutError } from "../error/transport_error.ts";
import { RequestErrorCode } from "../message/message_event.ts";
import { isPromise } from "./deliver_messages.ts";
import type { TransportConnection } from "./transport_connection.ts";
import { type EventLimits, TransportEventQueue } from "./transport_event_queue.ts";
import type { ReceivedMessage } from "./transport_message.ts";

/** What answers a request that nobody handles: nothing, a refusal that foreign peers do not see, or a payload. */
export type UnhandledRequest = "silence" | "refuse" | Uint8Array;

/** Answers requests: with what it returns, or by itself with `respond`. */
export type RequestHandler = (
  message: ReceivedMessage,
) => Uint8Array | undefined | void | PromiseLike<Uint8Array | undefined | void>;

/** An event of any kind. */
interface AnyEvent {
  readonly type: string;
}

/** What events of sent messages have in common. */
interface SentEvent extends AnyEvent {
  readonly type: "messageSent";
  readonly sessionId?: number;
  readonly messageId: number;
  readonly count: number;
}

/** What a delivery is made of. */
export interface DeliverySetup<E extends AnyEvent> {
  /** The handlers by kind of event; `request` is that of requests. */
  readonly handlers: Readonly<Record<string, unknown>>;
  /** What answers a request that nobody handles. */
  readonly unhandledRequest: UnhandledRequest;
  /** How much may wait in the queue. */
  readonly limits: EventLimits;
  /** Makes the event of a message. */
  readonly messageEvent: (connection: TransportConnection, message: ReceivedMessage) => E;
  /** Makes the event of an error; its own handlers may not make another one. */
  readonly errorEvent: (connection: TransportConnection | undefined, error: unknown) => E;
}

/** Delivers to one application. */
export class TransportDelivery<E extends AnyEvent> {
  /** Messages that came while nobody listened. */
  unhandledCount = 0;
  readonly #setup: DeliverySetup<E>;
  readonly #held = new Set<TransportConnection>();
  #queue: TransportEventQueue<E> | undefined = undefined;
  #room: PromiseWithResolvers<void> | undefined = undefined;
  #hasEnded = false;

  /** @param setup What it is made of. */
  constructor(setup: DeliverySetup<E>) {
    this.#setup = setup;
  }

  /** Whether messages are kept for longer than a handler runs. */
  get keepsMessages(): boolean {
    return this.#queue !== undefined;
  }

  /** Settles when the queue has room again; `undefined` while it has. */
  get whenRoom(): Promise<void> | undefined {
    if (this.#queue?.isFull !== true) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Begins to take events by `for await`; one reader at a time. */
  events(): TransportEventQueue<E> {
    if (this.#queue !== undefined) throw new MisuseError("Cannot take events twice: another reader takes them already");
    const queue = new TransportEventQueue<E>(
      this.#setup.limits,
      () => this.#releaseAll(),
      () => this.#queue = undefined,
    );
    if (this.#hasEnded) queue.end();
    else this.#queue = queue;
    return queue;
  }

  /** There will be no event any more. */
  end(): void {
    this.#hasEnded = true;
    this.#queue?.end();
    this.#queue = undefined;
  }

  /** Tells an event that is no message. */
  tell(event: E, connection?: TransportConnection): void {
    this.#call(event, connection);
    this.#queue?.push(event);
  }

  /** Tells an error. */
  report(connection: TransportConnection | undefined, error: unknown): void {
    this.tell(this.#setup.errorEvent(connection, error), connection);
  }

  /** Tells what was sent; while the queue is full in the one event of that session that waits. */
  tellSent(event: E & SentEvent, connection: TransportConnection): void {
    this.#call(event, connection);
    const queue = this.#queue;
    if (queue === undefined) return;
    const joined = (waiting: E | undefined): E | undefined => {
      if (waiting?.type !== "messageSent") return undefined;
      const earlier = waiting as E & SentEvent;
      return earlier.sessionId === event.sessionId ? { ...event, count: earlier.count + event.count } : undefined;
    };
    const newest = joined(queue.newest);
    if (newest !== undefined) queue.replaceNewest(newest);
    else if (!queue.isFull || !queue.merge(joined)) queue.push(event);
  }

  /**
   * Hands a message on.
   *
   * @param connection By which it came.
   * @param message The message.
   * @returns Nothing, or a promise that holds up the reading of the connection.
   */
  deliver(connection: TransportConnection, message: ReceivedMessage): PromiseLike<unknown> | void {
    const { handlers } = this.#setup;
    const queue = this.#queue;
    if (message.isRequest && handlers["request"] !== undefined) {
      return this.#handleRequest(connection, message, handlers["request"] as RequestHandler, true);
    }
    const handler = handlers["messageReceived"] as ((event: E) => unknown) | undefined;
    if (handler === undefined && queue === undefined) return this.#unhandle(connection, message);
    const event = this.#setup.messageEvent(connection, message);
    if (queue !== undefined) {
      queue.push(event, message.data.length);
      if (queue.isFull && !this.#held.has(connection)) {
        this.#held.add(connection);
        connection.hold();
      }
    }
    if (handler === undefined) return;
    if (message.isRequest) return this.#handleRequest(connection, message, () => handler(event));
    try {
      const result = handler(event);
      if (!isPromise(result)) return;
      return result.then(undefined, (error) => this.#handlerFailed(connection, message, error));
    } catch (error) {
      this.#handlerFailed(connection, message, error);
    }
  }

  /** A connection is over: it is not held up any more. */
  forget(connection: TransportConnection): void {
    if (this.#held.delete(connection)) connection.release();
  }

  /** Calls a handler of requests, and answers with what it returns. Requests are handled side by side. */
  #handleRequest(
    connection: TransportConnection,
    message: ReceivedMessage,
    handler: (message: ReceivedMessage) => unknown,
    isAnswering = false,
  ): void {
    try {
      const result = handler(message);
      if (!isPromise(result)) return this.#take(connection, message, result, isAnswering);
      connection.handlingBegins(message);
      result.then(
        (value) => this.#take(connection, message, value, isAnswering),
        (error) => this.#handlerFailed(connection, message, error),
      ).then(() => connection.handlingEnds(message));
    } catch (error) {
      this.#handlerFailed(connection, message, error);
    }
  }

  /** Takes what a handler returned; one that answers by itself returns nothing, and one of events anything. */
  #take(connection: TransportConnection, message: ReceivedMessage, value: unknown, isAnswering: boolean): void {
    if (value instanceof Uint8Array) this.#answer(connection, message, value);
    else if (isAnswering && value !== undefined && value !== null) {
      const error = new TypeError(`A request handler must return a Uint8Array or nothing: got ${typeof value}`);
      this.#handlerFailed(connection, message, error);
    }
  }

  /** Answers; a connection that ended meanwhile, or a requester that gave up, is no error of the handler. */
  #answer(connection: TransportConnection, message: ReceivedMessage, payload: Uint8Array): void {
    message.respond(payload).catch((error) => {
      if (error instanceof ClosedError || error instanceof TimeoutError) return;
      this.report(connection, error);
    });
  }

  #handlerFailed(connection: TransportConnection, message: ReceivedMessage, error: unknown): void {
    this.report(connection, error);
    if (!message.isRequest || message.isAnswered) return;
    message.refuse(RequestErrorCode.HandlerFailed, error instanceof Error ? error.name : "").catch(() => {});
  }

  #unhandle(connection: TransportConnection, message: ReceivedMessage): void {
    this.unhandledCount++;
    if (!message.isRequest) return;
    const { unhandledRequest } = this.#setup;
    if (unhandledRequest === "silence") connection.forget(message);
    else if (unhandledRequest === "refuse") message.refuse(RequestErrorCode.NoHandler).catch(() => {});
    else this.#answer(connection, message, unhandledRequest);
  }

  #call(event: E, connection: TransportConnection | undefined): void {
    const handler = this.#setup.handlers[event.type] as ((event: E) => unknown) | undefined;
    if (handler === undefined) return;
    const failed = (error: unknown): void => {
      const told = this.#setup.errorEvent(connection, error);
      // A handler of errors that fails has nobody to tell.
      if (told.type !== event.type) this.tell(told, connection);
    };
    try {
      const result = handler(event);
      if (isPromise(result)) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }

  #releaseAll(): void {
    this.#room?.resolve();
    this.#room = undefined;
    const held = [...this.#held];
    this.#held.clear();
    for (const connection of held) connection.release();
  }
}

/**
 * Takes the handlers out of some options.
 *
 * @param options What the caller gave.
 * @param names What handlers are called.
 * @returns The handlers alone.
 * @throws {TypeError} When one is no function.
 */
export function checkHandlers<T extends object>(options: T, names: readonly (keyof T & string)[]): Partial<T> {
  const handlers: Partial<T> = {};
  for (const name of names) {
    const handler = options[name];
    if (handler === undefined) continue;
    if (typeof handler !== "function") throw new TypeError(`The handler ${name} must be a function`);
    handlers[name] = handler;
  }
  return Object.freeze(handlers);
}

/**
 * Checks the option `unhandledRequest`.
 *
 * @param value What the caller gave.
 * @returns The value, or the default; a payload is copied.
 * @throws {TypeError} When it is neither of the words nor bytes.
 */
export function checkUnhandled(value: UnhandledRequest = "refuse"): UnhandledRequest {
  if (value === "silence" || value === "refuse") return value;
  if (value instanceof Uint8Array) return value.slice();
  throw new TypeError('The option unhandledRequest must be "silence", "refuse" or a Uint8Array');
}
