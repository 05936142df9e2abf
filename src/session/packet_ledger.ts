/**
 * The packets that are under way and ask for an acknowledgement: when each went out, and what became of it.
 *
 * This is the place where packets are reported sent, acknowledged and lost; loss recovery and congestion control build
 * on these three. A packet is lost when one that went out three later is acknowledged (RFC 9002 section 6.1.1).
 * Invariant: every packet is settled once; of more than `TRACKED` under way the oldest are forgotten, and counted.
 *
 * @module
 */

import type { Clock } from "../time/clock.ts";

/** How many packets are tracked at a time. */
export const TRACKED = 256;

/** How many packets later one must be acknowledged for a packet to be lost. */
export const PACKET_THRESHOLD = 3;

/** The packets under way of one session; idle sessions have none. */
export class PacketLedger {
  /** How many packets the last acknowledgement settled as received. */
  acked = 0;
  /** How many it settled as lost. */
  lost = 0;
  /** When the largest acknowledged packet went out; -1 when it was not settled now. */
  largestSentAt: number = -1;
  readonly #sentAt = new Float64Array(TRACKED);
  /** The size of a packet by number; 0: settled, or never tracked. */
  readonly #bytes = new Int32Array(TRACKED);
  #base = 0;
  #next = 0;
  #forgotten = 0;
  readonly #clock: Clock;

  /**
   * Makes a ledger with nothing under way.
   *
   * @param clock When packets go out.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether nothing is under way. */
  get isEmpty(): boolean {
    return this.#base === this.#next;
  }

  /** How many packets were forgotten before they were settled. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /**
   * A packet went out.
   *
   * @param number Its number, larger than all before.
   * @param bytes Its size, at least 1.
   */
  sent(number: number, bytes: number): void {
    if (this.isEmpty) this.#base = this.#next = number;
    while (number - this.#base >= TRACKED) this.#forget();
    while (this.#next < number) this.#bytes[this.#next++ & (TRACKED - 1)] = 0;
    const at = number & (TRACKED - 1);
    this.#bytes[at] = bytes;
    this.#sentAt[at] = this.#clock.now;
    this.#next = number + 1;
  }

  /**
   * The peer acknowledged a range.
   *
   * @param smallest The smallest number of the range.
   * @param largest The largest; it was sent.
   */
  acknowledge(smallest: number, largest: number): void {
    this.acked = 0;
    this.lost = 0;
    this.largestSentAt = -1;
    const bytes = this.#bytes;
    const end = Math.min(largest + 1, this.#next);
    if (largest >= this.#base && largest < this.#next && bytes[largest & (TRACKED - 1)] !== 0) {
      this.largestSentAt = this.#sentAt[largest & (TRACKED - 1)]!;
    }
    for (let number = Math.max(smallest, this.#base); number < end; number++) {
      const at = number & (TRACKED - 1);
      if (bytes[at] !== 0) this.acked++;
      bytes[at] = 0;
    }
    this.#settleLost(Math.min(largest - PACKET_THRESHOLD + 1, this.#next));
    while (this.#base < this.#next && bytes[this.#base & (TRACKED - 1)] === 0) this.#base++;
  }

  /** Empties the ledger for another session. */
  clear(): void {
    this.#base = this.#next = 0;
    this.#forgotten = 0;
  }

  #settleLost(end: number): void {
    for (let number = this.#base; number < end; number++) {
      const at = number & (TRACKED - 1);
      if (this.#bytes[at] !== 0) this.lost++;
      this.#bytes[at] = 0;
    }
  }

  #forget(): void {
    if (this.#base < this.#next && this.#bytes[this.#base & (TRACKED - 1)] !== 0) this.#forgotten++;
    this.#base++;
    if (this.#next < this.#base) this.#next = this.#base;
  }
}
