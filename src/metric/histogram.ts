/**
 * Distributions of non-negative numbers, such as latencies, at a fixed cost in memory and time.
 *
 * The idea is HdrHistogram's (Gil Tene, hdrhistogram.org): 64 equal buckets for every power of two, so that a bucket is
 * at most 1/64 (1.6 %) of its values wide. A bucket's number is read off the bits of the double: its exponent and the
 * six highest bits of its mantissa. Everything lies in one array of doubles of which all zeros means empty, so that it
 * may be shared memory: one thread records, any thread reads with a histogram of its own over the same cells.
 *
 * What a reader sees is some records late, and its figures are not of one moment: the count is written last, so that
 * the buckets hold at least as many as it says, but for a reset in between. Each cell is right by itself, since
 * a double is stored and loaded in one piece on every machine that Deno runs on.
 *
 * ```text
 * cells: | count | rejected | min | max | sum | bucket 0: [0, 1) | 64 buckets each of [1, 2), [2, 4), … | [2^40, ∞)
 * ```
 *
 * @module
 */

const COUNT = 0;
const REJECTED = 1;
const MIN = 2;
const MAX = 3;
const SUM = 4;
const FIRST_BUCKET = 5;

const SUB_BUCKET_BITS = 6;
const RANGE_BITS = 40;
const BUCKET_COUNT = 1 + (RANGE_BITS << SUB_BUCKET_BITS) + 1;

/** How many doubles a {@linkcode Histogram} takes. */
export const HISTOGRAM_CELLS: number = FIRST_BUCKET + BUCKET_COUNT;

/** The bits of 1, shifted like those of every value: the number of the first bucket after [0, 1), less one. */
const BITS_OF_ONE = 1023 << SUB_BUCKET_BITS;

/** What is left of the high word of a double when only exponent and sub-bucket remain. */
const HIGH_WORD_SHIFT = 20 - SUB_BUCKET_BITS;

/** The main figures of a distribution, in the unit of what was recorded; all 0 when nothing was. */
export interface HistogramSnapshot {
  /** How many values were recorded. */
  readonly count: number;
  /** The smallest value, exact. */
  readonly min: number;
  /** The largest value, exact. */
  readonly max: number;
  /** The arithmetic mean, exact but for rounding. */
  readonly mean: number;
  /** The median. */
  readonly p50: number;
  /** What 90 % of the values do not exceed. */
  readonly p90: number;
  /** What 99 % of the values do not exceed. */
  readonly p99: number;
  /** What 99.9 % of the values do not exceed. */
  readonly p999: number;
}

/**
 * A histogram from 1 to 2^40 with a relative error of at most 1.6 %; below 1 the error is less than 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const latencyUs = new Histogram();
 * for (const us of [10, 20, 30]) latencyUs.record(us);
 * assertEquals(latencyUs.count, 3);
 * assertEquals(latencyUs.max, 30);
 * assertEquals(Math.round(latencyUs.percentile(50)), 20);
 * ```
 */
export class Histogram {
  readonly #cells: Float64Array;
  readonly #scratch = new DataView(new ArrayBuffer(8));

  /**
   * Makes a histogram in given memory or in memory of its own.
   *
   * @param cells Where the histogram lives, {@linkcode HISTOGRAM_CELLS} long; what it holds from before counts, all
   * zeros is empty. Without it, memory is allocated.
   * @throws {RangeError} When the length is another.
   */
  constructor(cells: Float64Array = new Float64Array(HISTOGRAM_CELLS)) {
    if (cells.length !== HISTOGRAM_CELLS) {
      throw new RangeError(`Cannot keep a histogram in ${cells.length} cells: it takes ${HISTOGRAM_CELLS}`);
    }
    this.#cells = cells;
  }

  /** How many values were recorded. */
  get count(): number {
    return this.#cells[COUNT]!;
  }

  /** How many values were refused because they are negative, infinite or NaN. */
  get rejected(): number {
    return this.#cells[REJECTED]!;
  }

  /** The smallest recorded value, exact; 0 when nothing was recorded. */
  get min(): number {
    return this.#cells[MIN]!;
  }

  /** The largest recorded value, exact; 0 when nothing was recorded. */
  get max(): number {
    return this.#cells[MAX]!;
  }

  /** The mean of the recorded values; 0 when nothing was recorded. */
  get mean(): number {
    return this.count === 0 ? 0 : this.#cells[SUM]! / this.count;
  }

  /**
   * Records one value.
   *
   * @param value In the caller's unit. Above the range it counts as 2^40, though `max` and `mean` stay exact; negative
   * and non-finite ones only count as rejected.
   */
  record(value: number): void {
    const cells = this.#cells;
    if (!(value >= 0 && value < Infinity)) {
      cells[REJECTED]! += 1;
      return;
    }
    cells[FIRST_BUCKET + this.#bucketOf(value)]! += 1;
    cells[SUM]! += value;
    if (value > cells[MAX]!) cells[MAX] = value;
    if (value < cells[MIN]! || cells[COUNT] === 0) cells[MIN] = value;
    cells[COUNT]! += 1;
  }

  /**
   * The value that a given share of all values does not exceed (nearest rank).
   *
   * @param p The share in per cent, 0 to 100.
   * @returns A value within the bucket's error; the exact smallest or largest one at either end; 0 when empty.
   * @throws {RangeError} When `p` is out of range.
   */
  percentile(p: number): number {
    if (!(p >= 0 && p <= 100)) throw new RangeError(`Cannot take percentile ${p}: it is not from 0 to 100`);
    const { count, min, max } = this;
    // A little less than the product, because 99.9 % of 1000 must not become the 1000th by rounding.
    const rank = Math.ceil(((p * count) / 100) * (1 - 2 ** -50));
    if (rank <= 1) return min;
    if (rank >= count) return max;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      seen += this.#cells[FIRST_BUCKET + bucket]!;
      if (seen >= rank) return Math.min(max, Math.max(min, bucketMiddle(bucket)));
    }
    return max;
  }

  /** Forgets everything, the rejected count too. */
  reset(): void {
    this.#cells.fill(0);
  }

  /**
   * Adds what another histogram holds.
   *
   * @param other Only read.
   */
  merge(other: Histogram): void {
    const into = this.#cells;
    const from = other.#cells;
    if (from[COUNT]! > 0) {
      into[MIN] = into[COUNT] === 0 ? from[MIN]! : Math.min(into[MIN]!, from[MIN]!);
      into[MAX] = Math.max(into[MAX]!, from[MAX]!);
    }
    into[REJECTED]! += from[REJECTED]!;
    into[SUM]! += from[SUM]!;
    for (let i = FIRST_BUCKET; i < HISTOGRAM_CELLS; i++) into[i]! += from[i]!;
    into[COUNT]! += from[COUNT]!;
  }

  /**
   * The main figures at this moment.
   *
   * @returns A new object.
   */
  snapshot(): HistogramSnapshot {
    return {
      count: this.count,
      min: this.min,
      max: this.max,
      mean: this.mean,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
    };
  }

  #bucketOf(value: number): number {
    if (value < 1) return 0;
    this.#scratch.setFloat64(0, value, true);
    const bucket = (this.#scratch.getUint32(4, true) >>> HIGH_WORD_SHIFT) - BITS_OF_ONE + 1;
    return bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT - 1;
  }
}

/** The middle of a bucket: at most half a bucket away from every value in it. */
function bucketMiddle(bucket: number): number {
  if (bucket === 0) return 0.5;
  const power = 2 ** ((bucket - 1) >> SUB_BUCKET_BITS);
  const sub = (bucket - 1) & ((1 << SUB_BUCKET_BITS) - 1);
  return power * (1 + (sub + 0.5) / (1 << SUB_BUCKET_BITS));
}
