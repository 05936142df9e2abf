/**
 * The face of events.
 *
 * @module
 */
import { checkDefinition, type EventDefinition, type EventMessage } from "../bus/dispatch/definition.ts";
import type { BusScope } from "../bus/dispatch/bus_scope.ts";
import { isPattern } from "../bus/dispatch/topic.ts";
import type { BusBackend } from "../runtime/bus_backend.ts";
import {
  checkPresenceOptions,
  checkPublishOptions,
  type PresenceOptions,
  type PublishOptions,
} from "../runtime/bus_calls.ts";
import { type EventFunction, type EventHandler, handlerFunction } from "../runtime/bus_handlers.ts";

/** Ends a subscription, or takes a handler away; a second call does nothing. */
export type Unsubscribe = (() => void) & Disposable;

/**
 * Events: from one to all who subscribe, and nobody answers.
 *
 * Every handler gets the events of one node in the order in which that published them, each at most once.
 */
export class EventDispatcher {
  readonly #backend: BusBackend;

  /**
   * Applications find it at `bus.eventDispatcher`.
   *
   * @param backend The bus.
   */
  constructor(backend: BusBackend) {
    this.#backend = backend;
  }

  /**
   * Publishes an event.
   *
   * @param message What the definition made of a value: `UserCreated({ userId: "1" })`.
   * @param options How far, and how long to wait for room.
   * @returns When it is in the queue of every node that wants it; that is no acknowledgement. Rejects with
   * `TimeoutError` when a queue had no room in time (the other nodes get it), with `ResourceError` when too many wait
   * for room, with `MisuseError` for a scope that this bus has not, with `TypeError` for a value that is not valid or
   * cannot be carried, with `RangeError` for one that is too long, with `ClosedError`.
   */
  publish<T>(message: EventMessage<T>, options?: PublishOptions): Promise<void>;
  /**
   * Publishes an event.
   *
   * @param definition Which event.
   * @param value Its value; handlers of this process get it by reference.
   * @param options How far, and how long to wait for room.
   * @returns As above.
   */
  publish<T>(definition: EventDefinition<T>, value: T, options?: PublishOptions): Promise<void>;
  publish<T>(
    first: EventDefinition<T> | EventMessage<T>,
    second?: T | PublishOptions,
    third?: PublishOptions,
  ): Promise<void> {
    try {
      const isMessage = typeof first !== "function";
      const event = (isMessage ? first?.definition : first) as EventDefinition<unknown>;
      checkDefinition("publish()", "event", event ?? first);
      const options = isMessage ? second as PublishOptions | undefined : third;
      if (options !== undefined) checkPublishOptions(options);
      return this.#backend.publish(event, isMessage ? first.value : second, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Waits until nodes are known to subscribe an event: for programs that start together.
   *
   * @param event The event.
   * @param options How many, how long, and how far to look.
   * @returns When they do. Rejects with `TimeoutError`, with the signal's reason, with `ClosedError`.
   */
  whenSubscribed<T>(
    event: EventDefinition<T>,
    options: PresenceOptions & { readonly scope?: BusScope } = {},
  ): Promise<void> {
    try {
      checkDefinition("whenSubscribed()", "event", event);
      checkPresenceOptions("whenSubscribed()", options);
      return this.#backend.whenSubscribed(event.topic, options.scope, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Subscribes to an event, or to every event whose topic matches a pattern.
   *
   * @param event The event, or a pattern: a topic, `user.*` for all topics that begin with `user.`, or `*`.
   * @param handler A function, or an object with `handle`. Where it returns a promise, the next event waits for that.
   * @returns Ends the subscription.
   * @throws {TypeError} When the handler, or the event, is none.
   * @throws {RangeError} When the pattern is none.
   * @throws {ClosedError} When the bus is closed.
   * @throws {ResourceError} When there are `maxSubscriptionCount`.
   */
  subscribe<T>(event: EventDefinition<T>, handler: EventFunction<T> | EventHandler<T>): Unsubscribe;
  /**
   * Subscribes to a pattern, whose values may be of any type.
   *
   * @param pattern The pattern.
   * @param handler As above.
   * @returns Ends the subscription.
   */
  subscribe(pattern: string, handler: EventFunction<unknown> | EventHandler<unknown>): Unsubscribe;
  subscribe<T>(event: EventDefinition<T> | string, handler: EventFunction<T> | EventHandler<T>): Unsubscribe {
    if (typeof event !== "string") checkDefinition("subscribe()", "event", event);
    const pattern = typeof event === "string" ? event : event.topic;
    if (!isPattern(pattern)) {
      throw new RangeError(`A pattern must be a topic, a topic and .* behind it, or *: got "${pattern}"`);
    }
    const schema = typeof event === "string" ? undefined : event.schema;
    return unsubscribe(
      this.#backend.subscribe(pattern, schema, handlerFunction(handler) as EventFunction<unknown>),
    );
  }
}

/**
 * Makes a function that `using` takes, too.
 *
 * @param end What ends the subscription.
 * @returns The same, disposable.
 */
export function unsubscribe(end: () => void): Unsubscribe {
  return Object.assign(() => end(), { [Symbol.dispose]: () => end() });
}
