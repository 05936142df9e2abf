/**
 * The packet numbers of one direction: each is given out once, in growing order, and never beyond a limit.
 *
 * A packet number is the nonce of its packet, so that to give one out twice under one key would break it. RFC 9001 6.6
 * sets ChaCha20-Poly1305 no limit of sealed packets below 2^62; ours is 2^53 - 1, where a number stops being exact.
 * Invariant: what is given out only grows, whatever is skipped in between.
 *
 * @module
 */

/** The highest packet number. */
export const MAX_PACKET_NUMBER: number = Number.MAX_SAFE_INTEGER;

/**
 * A sequence of packet numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NonceSequence } from "./nonce_sequence.ts";
 *
 * const sequence = new NonceSequence(7, 9);
 * assertEquals([sequence.take(), sequence.skip(1), sequence.take(), sequence.take()], [7, true, 9, -1]);
 * ```
 */
export class NonceSequence {
  readonly #last: number;
  #next: number;

  /**
   * Makes a sequence.
   *
   * @param first The number that comes first, an integer from 0. Where a key was in use before, it must be above every
   * number that was sealed with it.
   * @param last The number that comes last, an integer from `first` to 2^53 - 1.
   * @throws {RangeError} When they are no such numbers.
   */
  constructor(first: number = 0, last: number = MAX_PACKET_NUMBER) {
    if (!Number.isSafeInteger(first) || first < 0 || !Number.isSafeInteger(last) || last < first) {
      throw new RangeError(`Cannot number packets from ${first} to ${last}: 0 to ${MAX_PACKET_NUMBER} is possible`);
    }
    this.#next = first;
    this.#last = last;
  }

  /** The number that comes next; above the last one when the sequence is used up. */
  get upcoming(): number {
    return this.#next;
  }

  /**
   * Gives out the next number.
   *
   * @returns The number, or -1 when the sequence is used up: the key may seal nothing more.
   */
  take(): number {
    if (this.#next > this.#last) return -1;
    return this.#next++;
  }

  /**
   * Leaves numbers out, so that an acknowledgement of one of them shows a peer that guesses (RFC 9000 21.4).
   *
   * @param count How many, an integer from 0.
   * @returns Whether a number is left behind them; when not, none is left out.
   * @throws {RangeError} When the count is no such number.
   */
  skip(count: number): boolean {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`Cannot skip ${count} packet numbers: it is not an integer from 0`);
    }
    if (count > this.#last - this.#next) return false;
    this.#next += count;
    return true;
  }
}
