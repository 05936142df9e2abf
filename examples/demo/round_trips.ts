/**
 * Round trip times as counts in logarithmic buckets, so that those of several processes can be put together.
 *
 * A bucket is 1 % wide: enough for a table. (`timestamps` and its histogram in the package measure one way.)
 *
 * @module
 */

/** Pairs of bucket and count, as they travel between processes. */
export type RoundTripBuckets = readonly (readonly [bucket: number, count: number])[];

const BUCKETS_PER_E = 100;

/** A distribution of round trips in microseconds. */
export class RoundTrips {
  readonly #counts = new Map<number, number>();
  #count = 0;

  /**
   * Records one.
   *
   * @param us How long it took in microseconds.
   */
  record(us: number): void {
    this.#enter(Math.round(Math.log(Math.max(us, 0.01)) * BUCKETS_PER_E), 1);
  }

  /**
   * Adds those of another process.
   *
   * @param buckets What `buckets` returned there.
   */
  add(buckets: RoundTripBuckets): void {
    for (const [bucket, count] of buckets) this.#enter(bucket, count);
  }

  /**
   * The counts for another process.
   *
   * @returns A copy.
   */
  buckets(): RoundTripBuckets {
    return [...this.#counts];
  }

  /**
   * The time that a share of all round trips does not exceed.
   *
   * @param share From 0 to 1.
   * @returns Microseconds; `undefined` when nothing was recorded.
   */
  quantile(share: number): number | undefined {
    let left = Math.ceil(this.#count * share);
    for (const bucket of [...this.#counts.keys()].sort((a, b) => a - b)) {
      left -= this.#counts.get(bucket)!;
      if (left <= 0) return Math.exp(bucket / BUCKETS_PER_E);
    }
    return undefined;
  }

  #enter(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#count += count;
  }
}
