/**
 * A gate between threads: many waiters, and opening it costs one load while nobody waits.
 *
 * ```text
 * word 0  sequence  +1 each time that the gate opens for somebody; openers add, waiters sleep on it
 * word 1  waiting   1: somebody may be asleep; waiters set it, openers clear it
 *
 * waiter:  s = sequence · waiting = 1 · look again · sleep while sequence is s
 * opener:  publish · if waiting is not 0: waiting = 0 · sequence += 1 · notify all
 * ```
 *
 * No wake-up is lost. All steps are sequentially consistent. Either the opener sees the flag, or its work was published
 * before the waiter looked again. Whoever clears a flag moves the sequence after it and notifies then, and the flag's
 * waiter has read the sequence before, so that it does not fall asleep or is woken. A waiter that gives up or dies
 * leaves the flag set, which costs one needless notice. The doorbell (`doorbell.ts`) is for one waiter, who can take
 * its announcement back.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";

/** How many bytes of shared memory a gate takes; all zero is its initial state. */
export const GATE_BYTES = 8;

const SEQUENCE = 0;
const WAITING = 1;

/** One side's handle on a gate in shared memory: every thread makes its own over the same bytes. */
export class Gate {
  readonly #words: Int32Array<SharedArrayBuffer>;
  #sequence = 0;
  #isPrepared = false;

  /**
   * Opens the gate that lies in shared memory.
   *
   * @param shared The memory that all threads share.
   * @param byteOffset Where the gate's {@linkcode GATE_BYTES} lie; a multiple of 4.
   * @throws {RangeError} When the offset is not a multiple of 4 or the gate does not fit.
   */
  constructor(shared: SharedArrayBuffer, byteOffset: number) {
    this.#words = new Int32Array(shared, byteOffset, GATE_BYTES / 4);
  }

  /** Wakes all who wait; call it after the reason was published with an atomic store. */
  open(): void {
    if (Atomics.load(this.#words, WAITING) !== 0) this.#wakeAll();
  }

  /** Announces that this thread is about to wait; look again after this and before the wait. */
  prepareWait(): void {
    this.#sequence = Atomics.load(this.#words, SEQUENCE);
    Atomics.store(this.#words, WAITING, 1);
    this.#isPrepared = true;
  }

  /**
   * Waits on the event loop until the gate opens; it does not keep the process alive.
   *
   * @returns What `Atomics.waitAsync` gives: a promise, or `"not-equal"` when it has opened already.
   * @throws {MisuseError} When the wait was not prepared.
   */
  wait(): Promise<"ok" | "timed-out"> | "not-equal" {
    this.#takeTurn();
    const result = Atomics.waitAsync(this.#words, SEQUENCE, this.#sequence);
    return result.async ? result.value : "not-equal";
  }

  /**
   * Blocks this thread until the gate opens; never for the main thread.
   *
   * @param timeoutMs The longest time to block, in milliseconds.
   * @returns Whether it opened in time.
   * @throws {MisuseError} When the wait was not prepared.
   * @throws {RangeError} When the time is negative or not finite.
   */
  waitBlocking(timeoutMs: number): boolean {
    if (!(timeoutMs >= 0 && timeoutMs < Infinity)) {
      throw new RangeError(`Cannot block for ${timeoutMs} ms: a bounded time is needed`);
    }
    this.#takeTurn();
    return Atomics.wait(this.#words, SEQUENCE, this.#sequence, timeoutMs) !== "timed-out";
  }

  #takeTurn(): void {
    if (!this.#isPrepared) throw new MisuseError("Cannot wait at a gate before prepareWait()");
    this.#isPrepared = false;
  }

  #wakeAll(): void {
    Atomics.store(this.#words, WAITING, 0);
    Atomics.add(this.#words, SEQUENCE, 1);
    Atomics.notify(this.#words, SEQUENCE);
  }
}
