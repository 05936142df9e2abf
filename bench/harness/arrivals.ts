/**
 * The receiver's book: counts what the handler got, tells the harness when the warm-up and the load are in, and looks
 * at the clock and at the heap at these two moments.
 *
 * Invariant: a figure exists only when exactly the expected messages and bytes arrived, and in order where that is
 * checked.
 *
 * @module
 */

import v8 from "node:v8";
import { report, type Settings, wallClockMs } from "./role.ts";

/** Counts the messages of one flow. */
export class Arrivals {
  readonly #warmCount: number;
  readonly #totalCount: number;
  #nextCount: number;
  #messages = 0;
  #bytes = 0;
  #allocatedBytes = 0;

  /**
   * Opens the book.
   *
   * @param settings Numbers `warmCount` and `count`.
   */
  constructor(settings: Settings) {
    this.#warmCount = settings.of("warmCount");
    this.#totalCount = this.#warmCount + settings.of("count");
    this.#nextCount = this.#warmCount;
  }

  /**
   * Enters messages that the handler has seen.
   *
   * @param messages How many.
   * @param bytes The sum of their payload lengths.
   */
  add(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
    if (this.#messages >= this.#nextCount) this.#reach();
  }

  /**
   * Closes the book once the sender is gone and reports what is in it.
   *
   * @param disorderedCount How many messages came out of order.
   */
  close(disorderedCount = 0): void {
    report("closed", { messages: this.#messages, bytes: this.#bytes, disordered: disorderedCount });
  }

  #reach(): void {
    if (this.#nextCount === this.#warmCount) {
      this.#nextCount = this.#totalCount;
      report("warm");
      this.#allocatedBytes = allocatedBytes();
    } else {
      const at = wallClockMs();
      this.#nextCount = Infinity;
      report("done", { at, allocated: allocatedBytes() - this.#allocatedBytes });
    }
  }
}

/** Checks that each producer's messages come in the order of their sequence numbers. */
export class ProducerOrder {
  /** How many messages were not the next one of their producer. */
  disorderedCount = 0;
  readonly #next: Uint32Array;

  /**
   * Expects every producer at sequence number 0.
   *
   * @param producersCount How many producers there are.
   */
  constructor(producersCount: number) {
    this.#next = new Uint32Array(producersCount);
  }

  /**
   * Checks one message.
   *
   * @param view A view over the memory that holds it.
   * @param offset Where its payload begins: the producer's index, then the sequence number.
   */
  check(view: DataView, offset: number): void {
    const producer = view.getUint32(offset, true);
    const sequence = view.getUint32(offset + 4, true);
    if (sequence !== this.#next[producer]) this.disorderedCount++;
    this.#next[producer] = sequence + 1;
  }
}

/**
 * How much the heap of this isolate has handed out since its start, collected or not.
 *
 * V8 counts whole allocation buffers: two readings without any work between them differ by some 200 KiB, which is why
 * the bare loop's growth is taken off and why the load is millions of messages.
 *
 * @returns Bytes.
 */
export function allocatedBytes(): number {
  const statistics = v8.getHeapStatistics() as unknown as { readonly total_allocated_bytes?: number };
  const bytes = statistics.total_allocated_bytes;
  if (bytes === undefined) throw new Error("This V8 does not count allocated bytes");
  return bytes;
}
