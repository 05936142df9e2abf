/**
 * Which packet numbers a receiver has got, as ranges from the newest down (RFC 9000 section 13.2.3).
 *
 * Invariants: ranges are disjoint, in falling order and never touch; of more than the maximum the smallest is forgotten,
 * so that the newest are told of under any pattern of loss and memory stays bounded. A number that was forgotten counts
 * as new again: whether a packet is a copy is the replay window's business.
 *
 * @module
 */

/** What a packet number was to {@linkcode AckRanges.add}. */
export const AckNews = {
  /** It was among the ranges, or is below all of them where there is room for no more. */
  Known: 0,
  /** It follows the largest so far, or is the first. */
  Next: 1,
  /** It is larger than the largest so far and leaves a gap. */
  Ahead: 2,
  /** It is smaller than the largest so far. */
  Behind: 3,
} as const;

/** One of the values of {@linkcode AckNews}. */
export type AckNews = (typeof AckNews)[keyof typeof AckNews];

const FIRST_RANGES = 4;

/**
 * A bounded set of packet numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const ranges = new AckRanges(32);
 * for (const number of [0, 1, 4]) ranges.add(number);
 * assertEquals([ranges.count, ranges.largestAt(0), ranges.smallestAt(1), ranges.largestAt(1)], [2, 4, 0, 1]);
 * ```
 */
export class AckRanges {
  readonly #maxRanges: number;
  /** Pairs of smallest and largest, the newest range last. */
  #ends: Float64Array<ArrayBuffer> = new Float64Array(2 * FIRST_RANGES);
  #count = 0;

  /**
   * Makes an empty set.
   *
   * @param maxRanges How many ranges it holds at most, at least 1.
   */
  constructor(maxRanges: number) {
    this.#maxRanges = maxRanges;
  }

  /** How many ranges there are. */
  get count(): number {
    return this.#count;
  }

  /** The largest number; -1 when there is none. */
  get largest(): number {
    return this.#count === 0 ? -1 : this.#ends[2 * this.#count - 1]!;
  }

  /**
   * The largest number of a range.
   *
   * @param range 0 (the newest) to `count` - 1.
   * @returns The packet number.
   */
  largestAt(range: number): number {
    return this.#ends[2 * (this.#count - range) - 1]!;
  }

  /**
   * The smallest number of a range.
   *
   * @param range 0 (the newest) to `count` - 1.
   * @returns The packet number.
   */
  smallestAt(range: number): number {
    return this.#ends[2 * (this.#count - range) - 2]!;
  }

  /**
   * Whether a number is in the set.
   *
   * @param number A packet number.
   * @returns Whether it was added and not forgotten.
   */
  has(number: number): boolean {
    const at = this.#rangeBelow(number);
    return at >= 0 && this.#ends[2 * at + 1]! >= number;
  }

  /**
   * Adds a number.
   *
   * @param number A packet number.
   * @returns What it is to the set.
   */
  add(number: number): AckNews {
    const count = this.#count;
    const ends = this.#ends;
    const largest = this.largest;
    if (count > 0 && number === largest + 1) {
      ends[2 * count - 1] = number;
      return AckNews.Next;
    }
    if (number > largest) {
      this.#insert(count, number);
      return count === 0 ? AckNews.Next : AckNews.Ahead;
    }
    const below = this.#rangeBelow(number);
    if (below >= 0 && ends[2 * below + 1]! >= number) return AckNews.Known;
    return this.#addBetween(below, number);
  }

  /**
   * Forgets numbers that the peer knows to be received; the newest range stays.
   *
   * @param number The largest of them.
   */
  forgetTo(number: number): void {
    let gone = 0;
    while (gone < this.#count - 1 && this.#ends[2 * gone + 1]! <= number) gone++;
    if (gone === 0) return;
    this.#ends.copyWithin(0, 2 * gone, 2 * this.#count);
    this.#count -= gone;
  }

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
  }

  #addBetween(below: number, number: number): AckNews {
    const ends = this.#ends;
    const joinsBelow = below >= 0 && ends[2 * below + 1] === number - 1;
    const joinsAbove = ends[2 * below + 2] === number + 1;
    if (joinsBelow && joinsAbove) {
      ends[2 * below + 1] = ends[2 * below + 3]!;
      ends.copyWithin(2 * below + 2, 2 * below + 4, 2 * this.#count);
      this.#count--;
    } else if (joinsBelow) ends[2 * below + 1] = number;
    else if (joinsAbove) ends[2 * below + 2] = number;
    else if (below < 0 && this.#count === this.#maxRanges) return AckNews.Known;
    else this.#insert(below + 1, number);
    return AckNews.Behind;
  }

  /** The place from the oldest on of the newest range that starts at or below a number; -1: none. */
  #rangeBelow(number: number): number {
    let at = this.#count - 1;
    while (at >= 0 && this.#ends[2 * at]! > number) at--;
    return at;
  }

  /** Makes a range of one number at a place, and forgets the oldest when there is no room. */
  #insert(place: number, number: number): void {
    let at = place;
    if (this.#count === this.#maxRanges) {
      this.#ends.copyWithin(0, 2, 2 * at);
      at--;
    } else {
      if (2 * this.#count === this.#ends.length) this.#grow();
      this.#ends.copyWithin(2 * at + 2, 2 * at, 2 * this.#count);
      this.#count++;
    }
    this.#ends[2 * at] = this.#ends[2 * at + 1] = number;
  }

  #grow(): void {
    const longer = new Float64Array(Math.min(2 * this.#ends.length, 2 * this.#maxRanges));
    longer.set(this.#ends);
    this.#ends = longer;
  }
}
