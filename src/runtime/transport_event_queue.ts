/**
 * Events between the connections and an application that takes them by `for await`.
 *
 * Nothing is dropped: while as many wait as may, no connection is read from, so that what still comes is what the
 * connections themselves tell (they open, they close), and what was sent is told in one event a session. Invariants:
 * events come in order; one reader at a time.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";

/** An event with what the queue has to know of it. */
interface Queued<E> {
  readonly event: E;
  readonly bytes: number;
}

/** How many events and how many bytes of messages may wait before reading stops. */
export interface EventLimits {
  /** How many events. */
  readonly maxEventCount: number;
  /** How many bytes of messages. */
  readonly maxEventBytes: number;
}

/** A queue of events with one reader. */
export class TransportEventQueue<E> implements AsyncIterableIterator<E, undefined> {
  readonly #limits: EventLimits;
  readonly #onRoom: () => void;
  readonly #onReturn: () => void;
  #events: Queued<E>[] = [];
  #taken = 0;
  #bytes = 0;
  #waiting: PromiseWithResolvers<IteratorResult<E, undefined>> | undefined = undefined;
  #hasEnded = false;
  #wasFull = false;

  /**
   * @param limits How much may wait.
   * @param onRoom Called when the queue was full and is half empty.
   * @param onReturn Called when the reader wants no more.
   */
  constructor(limits: EventLimits, onRoom: () => void, onReturn: () => void) {
    this.#limits = limits;
    this.#onRoom = onRoom;
    this.#onReturn = onReturn;
  }

  /** How many events wait. */
  get count(): number {
    return this.#events.length - this.#taken;
  }

  /** Whether reading has to stop. */
  get isFull(): boolean {
    const isFull = this.count >= this.#limits.maxEventCount || this.#bytes >= this.#limits.maxEventBytes;
    this.#wasFull ||= isFull;
    return isFull;
  }

  /** The newest event that waits. */
  get newest(): E | undefined {
    return this.count === 0 ? undefined : this.#events.at(-1)!.event;
  }

  /**
   * Puts another event in the place of the newest one that waits.
   *
   * @param event The event; of as many bytes as that one.
   */
  replaceNewest(event: E): void {
    const { bytes } = this.#events.at(-1)!;
    this.#events[this.#events.length - 1] = { event, bytes };
  }

  /**
   * Puts another event in the place of one that waits.
   *
   * @param change Gives the event to put there, or `undefined` for one that stays; asked from the newest on.
   * @returns Whether there was one.
   */
  merge(change: (event: E) => E | undefined): boolean {
    for (let i = this.#events.length - 1; i >= this.#taken; i--) {
      const { event, bytes } = this.#events[i]!;
      const changed = change(event);
      if (changed === undefined) continue;
      this.#events[i] = { event: changed, bytes };
      return true;
    }
    return false;
  }

  /**
   * Adds an event.
   *
   * @param event The event.
   * @param bytes How many bytes of messages it holds.
   */
  push(event: E, bytes = 0): void {
    if (this.#hasEnded) return;
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      return waiting.resolve({ done: false, value: event });
    }
    this.#events.push({ event, bytes });
    this.#bytes += bytes;
  }

  /**
   * Waits for the next event.
   *
   * @returns It; done when there will be none. Rejects with `MisuseError` while another call waits.
   */
  next(): Promise<IteratorResult<E, undefined>> {
    if (this.count > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined });
    if (this.#waiting !== undefined) {
      return Promise.reject(new MisuseError("Cannot wait for an event: another reader waits already"));
    }
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  /**
   * Ends the reading; what waits is dropped.
   *
   * @returns Done.
   */
  return(): Promise<IteratorResult<E, undefined>> {
    this.#events = [];
    this.#taken = this.#bytes = 0;
    this.end();
    this.#onReturn();
    this.#makeRoom();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** No event will come any more; what waits can still be taken. */
  end(): void {
    this.#hasEnded = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): E {
    const { event, bytes } = this.#events[this.#taken]!;
    this.#taken++;
    this.#bytes -= bytes;
    // Why not shift(): it moves everything that waits.
    if (this.#taken >= 64 && this.#taken * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#taken);
      this.#taken = 0;
    }
    const { maxEventCount, maxEventBytes } = this.#limits;
    if (this.#wasFull && this.count * 2 <= maxEventCount && this.#bytes * 2 <= maxEventBytes) this.#makeRoom();
    return event;
  }

  #makeRoom(): void {
    if (!this.#wasFull) return;
    this.#wasFull = false;
    this.#onRoom();
  }
}
