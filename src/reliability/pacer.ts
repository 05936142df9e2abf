/**
 * Spreads packets over time (RFC 9002 section 7.7) with timers that are no finer than a millisecond.
 *
 * A bucket of bytes fills at the controller's rate; what is in it goes out as one small burst, and the next is due when a
 * whole datagram has gathered, at least a millisecond later. Invariants: the bucket never holds more than a burst, so
 * that no silence is caught up on; what must go out at once is charged and leaves a debt.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";

/** How many datagrams may leave in one burst. */
export const BURST_DATAGRAMS = 10;

/** For how many ms of the rate a burst may stand in for, so that a late timer costs nothing. */
const BURST_MS = 5;

const TICK_MS = 1;

/** The pacer of one connection. */
export class Pacer {
  readonly #clock: Clock;
  /** Bytes in the bucket and when that was so. */
  readonly #cells: Float64Array<ArrayBuffer> = new Float64Array(2);

  /**
   * Makes a pacer that lets a first burst through.
   *
   * @param clock The time.
   * @param datagramBytes The size of a datagram.
   */
  constructor(clock: Clock, datagramBytes: number) {
    this.#clock = clock;
    this.reset(datagramBytes);
  }

  /**
   * How many bytes may leave now; a datagram may leave when this is above 0.
   *
   * @param rate The rate in bytes per ms.
   * @param datagramBytes The size of a datagram.
   * @returns The bytes in the bucket, 0 when they make no datagram.
   */
  allowance(rate: number, datagramBytes: number): number {
    const cells = this.#cells;
    const now = this.#clock.now;
    const most = Math.max(BURST_DATAGRAMS * datagramBytes, rate * BURST_MS);
    cells[BYTES] = Math.min(cells[BYTES]! + (now - cells[AT]!) * rate, most);
    cells[AT] = now;
    // A byte less is no less: sums of fractions end a little below what was waited for.
    return cells[BYTES]! + 1 > datagramBytes ? cells[BYTES]! : 0;
  }

  /**
   * When the next datagram may leave, after {@linkcode Pacer.allowance} has said that none may now.
   *
   * @param rate The rate in bytes per ms.
   * @param datagramBytes The size of a datagram.
   * @returns The time in ms.
   */
  nextAt(rate: number, datagramBytes: number): number {
    return this.#cells[AT]! + Math.max((datagramBytes - this.#cells[BYTES]!) / rate, TICK_MS);
  }

  /**
   * A packet goes out.
   *
   * @param bytes Its size.
   */
  handleSent(bytes: number): void {
    this.#cells[BYTES]! -= bytes;
  }

  /**
   * Starts anew with a full bucket.
   *
   * @param datagramBytes The size of a datagram.
   */
  reset(datagramBytes: number): void {
    this.#cells[BYTES] = BURST_DATAGRAMS * datagramBytes;
    this.#cells[AT] = this.#clock.now;
  }
}

const BYTES = 0;
const AT = 1;
