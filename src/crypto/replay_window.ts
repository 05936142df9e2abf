/**
 * Which packet numbers were received already: a sliding window of bits (RFC 6479, RFC 9147 4.5.1).
 *
 * Bit `n mod size` says whether number n came, for the `size` numbers up to the highest that was accepted; what is
 * below is refused, what is above is fresh. Invariant: bits above the highest are cleared when it passes them and not
 * before, so that a packet that does not open changes nothing. Differences are taken downwards from the highest, hence
 * nothing overflows; a jump clears whole words, at most the window once.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";

const WORD_BITS = 32;
const WORD_SHIFT = 5;
const MIN_SIZE = 1024;
const MAX_SIZE = 1 << 20;

/**
 * A window over the numbers of one direction's packets.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ReplayWindow } from "./replay_window.ts";
 *
 * const window = new ReplayWindow();
 * window.accept(5000);
 * assertEquals([4000, 5000, 5001, 3976].map((n) => window.isFresh(n)), [true, false, true, false]);
 * ```
 */
export class ReplayWindow {
  /** How many numbers it remembers. */
  readonly size: number;
  readonly #words: Int32Array;
  readonly #wordMask: number;
  #highest = -1;

  /**
   * Makes a window in which everything is fresh.
   *
   * @param size How many numbers it remembers: a power of two, 1024 to 2^20. A packet that is overtaken by as many
   * is refused; each number costs one bit.
   * @throws {RangeError} When it is no such number.
   */
  constructor(size: number = MIN_SIZE) {
    if (!(size >= MIN_SIZE && size <= MAX_SIZE) || (size & (size - 1)) !== 0 || !Number.isInteger(size)) {
      throw new RangeError(
        `Cannot make a replay window of ${size}: it takes a power of two, ${MIN_SIZE} to ${MAX_SIZE}`,
      );
    }
    this.size = size;
    this.#words = new Int32Array(size / WORD_BITS);
    this.#wordMask = size / WORD_BITS - 1;
  }

  /** The highest number that was accepted, -1 where there is none. */
  get highest(): number {
    return this.#highest;
  }

  /**
   * Tells whether a number may be accepted.
   *
   * @param number Any number, such as a peer may claim; what is no integer from 0 to 2^53 - 1 is not fresh.
   * @returns Whether it was not accepted before and is not below the window.
   */
  isFresh(number: number): boolean {
    if (!Number.isSafeInteger(number) || number < 0) return false;
    if (number > this.#highest) return true;
    if (this.#highest - number >= this.size) return false;
    return (this.#words[this.#wordOf(number)]! & (1 << (number & (WORD_BITS - 1)))) === 0;
  }

  /**
   * Remembers a number; call it only after its packet opened.
   *
   * @param number A fresh number.
   * @throws {MisuseError} When it is not fresh.
   */
  accept(number: number): void {
    if (!this.isFresh(number)) throw new MisuseError(`Cannot accept packet ${number}: it is not fresh`);
    if (number > this.#highest) {
      this.#clear(number);
      this.#highest = number;
    }
    this.#words[this.#wordOf(number)]! |= 1 << (number & (WORD_BITS - 1));
  }

  /** Clears the bits of the numbers above the highest, up to a number. */
  #clear(end: number): void {
    if (end - this.#highest >= this.size) {
      this.#words.fill(0);
      return;
    }
    let from = this.#highest + 1;
    while (from <= end) {
      const bit = from & (WORD_BITS - 1);
      const count = Math.min(WORD_BITS - bit, end - from + 1);
      const bits = count === WORD_BITS ? -1 : ((1 << count) - 1) << bit;
      this.#words[this.#wordOf(from)]! &= ~bits;
      from += count;
    }
  }

  /** The word of a number: its low 32 bits say it, because no window has more than 2^20. */
  #wordOf(number: number): number {
    return (number >>> WORD_SHIFT) & this.#wordMask;
  }
}
