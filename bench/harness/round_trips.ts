/**
 * The client's book of a ping-pong: times every round trip after the warm-up and checks that each reply is the request.
 *
 * @module
 */

import { report, type Settings } from "./role.ts";
import { median } from "./scenario.ts";

/** Times round trips. */
export class RoundTrips {
  readonly #warmCount: number;
  readonly #timesUs: Float64Array;
  #serial = 0;
  #startedMs = 0;

  /**
   * Opens the book.
   *
   * @param settings Numbers `warmCount` and `count`.
   */
  constructor(settings: Settings) {
    this.#warmCount = settings.of("warmCount");
    this.#timesUs = new Float64Array(settings.of("count"));
  }

  /**
   * Stamps the next request and starts its clock.
   *
   * @param payload The request; its first four bytes are overwritten.
   * @returns `false` when all round trips are done.
   */
  start(payload: Uint8Array): boolean {
    if (this.#serial === this.#warmCount + this.#timesUs.length) return false;
    stamp(payload, this.#serial);
    this.#startedMs = performance.now();
    return true;
  }

  /**
   * Stops the clock of the request that was started last.
   *
   * @param reply What came back.
   * @throws {Error} When it is not what was sent.
   */
  finish(reply: Uint8Array): void {
    const endedMs = performance.now();
    if (stampOf(reply) !== this.#serial) throw new Error(`Reply ${stampOf(reply)} came where ${this.#serial} was due`);
    const index = this.#serial++ - this.#warmCount;
    if (index >= 0) this.#timesUs[index] = (endedMs - this.#startedMs) * 1000;
  }

  /** Reports the median and the 99th percentile. */
  close(): void {
    const sorted = this.#timesUs.toSorted();
    report("measured", { p50: median(sorted), p99: sorted[Math.floor(sorted.length * 0.99)]!, count: sorted.length });
  }
}

function stamp(payload: Uint8Array, serial: number): void {
  for (let i = 0; i < 4; i++) payload[i] = serial >>> (8 * i);
}

function stampOf(payload: Uint8Array): number {
  return payload[0]! + payload[1]! * 256 + payload[2]! * 65536 + payload[3]! * 16777216;
}
