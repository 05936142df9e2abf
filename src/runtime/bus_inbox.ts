/**
 * The events of one subscription, one after the other: while a handler's promise is pending the next ones wait.
 *
 * Invariant: at most `maxCount` wait. What is beyond is dropped and counted when it came from another node; publishers of
 * this process may wait instead with `maxCount` more, and are refused beyond that. A handler that throws is reported and loses that event alone.
 *
 * @module
 */
import { ResourceError } from "../error/transport_error.ts";
import type { RoomWait } from "../transport/bus_fabric.ts";
import type { EventContext, EventFunction } from "./bus_handlers.ts";

/** Whom an inbox tells. */
export interface InboxOwner {
  /** A handler was called. */
  handled(): void;
  /**
   * A handler threw, or rejected.
   *
   * @param error What.
   */
  failed(error: unknown): void;
}

interface Waiter {
  readonly value: unknown;
  readonly context: EventContext;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** One subscription. */
export class BusInbox {
  readonly #handler: EventFunction<unknown>;
  readonly #owner: InboxOwner;
  readonly #maxCount: number;
  readonly #waiting: [value: unknown, context: EventContext][] = [];
  /** Events of publishers of this process that found no room, in order. */
  readonly #line: Waiter[] = [];
  #isBusy = false;
  #isClosed = false;

  /**
   * @param handler The application's function.
   * @param maxCount How many events may wait.
   * @param owner Whom to tell.
   */
  constructor(handler: EventFunction<unknown>, maxCount: number, owner: InboxOwner) {
    this.#handler = handler;
    this.#maxCount = maxCount;
    this.#owner = owner;
  }

  /**
   * Brings an event.
   *
   * @param value Its value.
   * @param context Where it came from.
   * @returns Whether it was handled or waits; false when too many wait.
   */
  offer(value: unknown, context: EventContext): boolean {
    if (this.#isClosed) return true;
    if (!this.#isBusy) {
      this.#run(value, context);
      return true;
    }
    if (this.#waiting.length >= this.#maxCount) return false;
    this.#waiting.push([value, context]);
    return true;
  }

  /**
   * Brings an event of a publisher who may wait. While any waits there is no room, so that none is overtaken.
   *
   * @param value Its value.
   * @param context Where it came from.
   * @returns `undefined` when it was handled or is queued, otherwise the wait for room.
   */
  offerOrWait(value: unknown, context: EventContext): RoomWait | undefined {
    if (this.offer(value, context)) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#line.length >= this.#maxCount) {
      const text = `${this.#maxCount} events wait for a handler, and as many publishers`;
      reject(new ResourceError(`Cannot wait for room: ${text}; await what publish() returns`));
      return { done: promise, cancel: () => {} };
    }
    const waiter: Waiter = { value, context, resolve, reject };
    this.#line.push(waiter);
    return { done: promise, cancel: (reason) => this.#cancel(waiter, reason) };
  }

  /** Nothing is handled any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    for (const { resolve } of this.#line.splice(0)) resolve();
  }

  #cancel(waiter: Waiter, reason: unknown): void {
    const at = this.#line.indexOf(waiter);
    if (at >= 0) this.#line.splice(at, 1);
    waiter.reject(reason);
  }

  #run(value: unknown, context: EventContext): void {
    let result: unknown;
    try {
      this.#owner.handled();
      result = this.#handler(value, context);
      if (!isThenable(result)) return;
    } catch (error) {
      return this.#owner.failed(error);
    }
    this.#isBusy = true;
    // What is no promise of the language may throw from its `then`, or call back twice.
    Promise.resolve(result).then(() => this.#next(), (error) => {
      this.#owner.failed(error);
      this.#next();
    });
  }

  #next(): void {
    this.#isBusy = false;
    while (!this.#isBusy && this.#waiting.length > 0) {
      const [value, context] = this.#waiting.shift()!;
      this.#run(value, context);
    }
    while (this.#line.length > 0 && this.offer(this.#line[0]!.value, this.#line[0]!.context)) {
      this.#line.shift()!.resolve();
    }
  }
}

/**
 * Whether a value is a promise, or works like one.
 *
 * @param value Any value.
 * @returns Whether it has a `then`.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
