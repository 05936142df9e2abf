/**
 * A doorbell between threads: many ringers, one waiter, and a ring costs one load while nobody sleeps.
 *
 * ```text
 * word 0  sequence  even, +2 per waking ring; any ringer adds, the waiter sleeps on it
 * word 1  sleeping  0: awake; else sequence + 1 as the waiter read it (its ticket); the waiter
 *                   stores it, a ringer clears it, but only by compare-exchange from the ticket it saw
 *
 * waiter:  s = sequence · sleeping = s + 1 · look for work again · sleep while sequence is s
 * ringer:  publish the work · t = sleeping · if t is not 0: sequence += 2 · notify · sleeping: t -> 0
 * ```
 *
 * No wake-up is lost. All steps are sequentially consistent, so either the ringer sees the ticket, or its work was
 * published before the waiter looked again. A ringer that sees a ticket moves the sequence before it notifies, so a
 * waiter that is not asleep yet does not fall asleep. A ticket is cleared only after the sequence has left it and the
 * notice went out, so a slow ringer cannot clear a later ticket, and one that dies half-way leaves the ticket for the
 * next ringer. What can happen is a needless wake-up: the waiter looks for work in a loop.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";

/** How many bytes of shared memory a doorbell takes; all zero is its initial state. */
export const DOORBELL_BYTES = 8;

const SEQUENCE = 0;
const SLEEPING = 1;

/**
 * One side's handle on a doorbell in shared memory: every thread makes its own over the same bytes.
 *
 * @example A worker that waits until another thread has work for it
 * ```ts
 * import { Doorbell, DOORBELL_BYTES } from "./doorbell.ts";
 *
 * const bell = new Doorbell(new SharedArrayBuffer(DOORBELL_BYTES));
 * const hasWork = (): boolean => true; // reads what the ringers publish
 * bell.prepareWait();
 * if (hasWork()) bell.cancelWait();
 * else bell.waitBlocking(100);
 * ```
 */
export class Doorbell {
  readonly #words: Int32Array<SharedArrayBuffer>;
  #ticket = 0;

  /**
   * Opens the doorbell that lies in shared memory.
   *
   * @param shared The memory that all threads share.
   * @param byteOffset Where the doorbell's {@linkcode DOORBELL_BYTES} lie; a multiple of 4.
   * @throws {TypeError} When `shared` is not a `SharedArrayBuffer`.
   * @throws {RangeError} When the offset is not a multiple of 4 or the doorbell does not fit.
   */
  constructor(shared: SharedArrayBuffer, byteOffset = 0) {
    if (!(shared instanceof SharedArrayBuffer)) throw new TypeError("A doorbell needs a SharedArrayBuffer");
    this.#words = new Int32Array(shared, byteOffset, DOORBELL_BYTES / 4);
  }

  /** Wakes the waiter if it sleeps or is about to; call it after the work was published with an atomic store. */
  ring(): void {
    if (Atomics.load(this.#words, SLEEPING) !== 0) this.#wake();
  }

  /** Announces that the waiter is about to sleep; look for work after this and before {@linkcode Doorbell.wait}. */
  prepareWait(): void {
    this.#ticket = Atomics.load(this.#words, SEQUENCE) + 1;
    Atomics.store(this.#words, SLEEPING, this.#ticket);
  }

  /** Takes {@linkcode Doorbell.prepareWait} back, because there was work after all. */
  cancelWait(): void {
    this.#ticket = 0;
    Atomics.store(this.#words, SLEEPING, 0);
  }

  /**
   * Waits on the event loop for the next ring since {@linkcode Doorbell.prepareWait}.
   *
   * A pending wait does not keep the process alive, and only a ring ends it: whoever gives up waiting rings its own
   * doorbell.
   *
   * @returns What `Atomics.waitAsync` gives: a promise, or `"not-equal"` when it rang already.
   * @throws {MisuseError} When the wait was not prepared.
   */
  wait(): Promise<"ok" | "timed-out"> | "not-equal" {
    const result = Atomics.waitAsync(this.#words, SEQUENCE, this.#takeTicket() - 1);
    if (result.async) return result.value;
    this.cancelWait();
    return "not-equal";
  }

  /**
   * Blocks this thread until the next ring since {@linkcode Doorbell.prepareWait}; never for the main thread.
   *
   * @param timeoutMs The longest time to block, in milliseconds; 0 only asks.
   * @returns `"ok"` when woken, `"not-equal"` when it rang already, `"timed-out"` when it did not ring.
   * @throws {MisuseError} When the wait was not prepared.
   * @throws {RangeError} When the time is negative or not finite.
   */
  waitBlocking(timeoutMs: number): "ok" | "not-equal" | "timed-out" {
    if (!(timeoutMs >= 0 && timeoutMs < Infinity)) {
      throw new RangeError(`Cannot block for ${timeoutMs} ms: a bounded time is needed`);
    }
    const result = Atomics.wait(this.#words, SEQUENCE, this.#takeTicket() - 1, timeoutMs);
    this.cancelWait();
    return result;
  }

  #takeTicket(): number {
    const ticket = this.#ticket;
    if (ticket === 0) throw new MisuseError("Cannot wait on a doorbell before prepareWait()");
    this.#ticket = 0;
    return ticket;
  }

  #wake(): void {
    const words = this.#words;
    const ticket = Atomics.load(words, SLEEPING);
    if (ticket === 0) return;
    Atomics.add(words, SEQUENCE, 2);
    Atomics.notify(words, SEQUENCE);
    Atomics.compareExchange(words, SLEEPING, ticket, 0);
  }
}
