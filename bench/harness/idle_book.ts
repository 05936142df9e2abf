/**
 * The server's book of idle connections: waits until each has sent its one frame, then reads what the process holds.
 *
 * Garbage is collected before both readings: it would count in kilobytes a connection and says nothing about idleness.
 *
 * @module
 */

import { statusBytes } from "./machine.ts";
import { report, type Settings } from "./role.ts";
import { liveTimersCount } from "./timer_count.ts";

/** How long the process is left alone before its memory is read, in milliseconds. */
const SETTLE_MS = 1500;

/** Counts what idle connections send and measures the process when all are in. */
export class IdleBook {
  readonly #expectedBytes: number;
  #bytes = 0;
  #residentBefore = 0;

  /**
   * Opens the book.
   *
   * @param expectedBytes What all connections together will send.
   */
  constructor(expectedBytes: number) {
    this.#expectedBytes = expectedBytes;
  }

  /** Reads the memory of the server without connections. */
  open(): void {
    collectGarbage();
    this.#residentBefore = statusBytes("VmRSS");
  }

  /**
   * Enters received bytes.
   *
   * @param bytes How many.
   */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes === this.#expectedBytes) setTimeout(() => this.#measure(), SETTLE_MS);
  }

  #measure(): void {
    if (this.#bytes !== this.#expectedBytes) throw new Error(`Got ${this.#bytes} bytes, not ${this.#expectedBytes}`);
    collectGarbage();
    const resident = statusBytes("VmRSS") - this.#residentBefore;
    report("resident", { bytes: resident, timers: liveTimersCount() });
  }
}

/** The figures that every server of idle connections is given. */
export function expectedBytes(settings: Settings, prefixBytes: number): number {
  return settings.of("allConnections") * (settings.of("payloadBytes") + prefixBytes);
}

function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("This role runs with --v8-flags=--expose-gc");
  for (let i = 0; i < 3; i++) gc();
}
