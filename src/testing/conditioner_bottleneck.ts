/**
 * The narrow place of a path: a rate, and a queue before it that drops what does not fit (drop tail).
 *
 * Only arithmetic, no timer: it tells when a datagram has passed, at the moment when it comes. Invariants: datagrams pass
 * in the order in which they come; never more than the queue holds is waiting; an empty place takes any datagram.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";

/** The result of {@linkcode Bottleneck.admit} for a datagram that the queue has no room for. */
export const QUEUE_FULL: number = -1;

/**
 * One narrow place, which any number of senders share.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClockCell } from "../time/clock.ts";
 *
 * const bottleneck = new Bottleneck(new ClockCell(), 1_250_000, 2500);
 * assertEquals([1250, 1250, 1250].map((bytes) => bottleneck.admit(bytes)), [1, 2, QUEUE_FULL]);
 * ```
 */
export class Bottleneck {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  readonly #queueBytes: number;
  #freeAt = 0;

  /**
   * Makes an empty place.
   *
   * @param clock The time.
   * @param bytesPerSecond The rate; `Infinity`: nothing waits.
   * @param queueBytes How many bytes may wait, the datagram that is passing included.
   */
  constructor(clock: Clock, bytesPerSecond: number, queueBytes: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#queueBytes = queueBytes;
  }

  /** How many bytes are waiting or passing. */
  get waitingBytes(): number {
    return this.#bytesPerMs === Infinity ? 0 : Math.max(0, this.#freeAt - this.#clock.now) * this.#bytesPerMs;
  }

  /**
   * A datagram comes.
   *
   * @param bytes Its size.
   * @returns When it has passed, in ms; {@linkcode QUEUE_FULL}: it is dropped.
   */
  admit(bytes: number): number {
    const waiting = this.waitingBytes;
    if (waiting > 0 && waiting + bytes > this.#queueBytes) return QUEUE_FULL;
    this.#freeAt = Math.max(this.#freeAt, this.#clock.now) + bytes / this.#bytesPerMs;
    return this.#freeAt;
  }
}
