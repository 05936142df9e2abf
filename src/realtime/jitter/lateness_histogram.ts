/**
 * How late frames have been of late: a histogram in which the weight of a frame falls exponentially with every later
 * one.
 *
 * The shape is that of NetEq's delay manager in WebRTC (`modules/audio_coding/neteq/histogram.h`): a forgetting factor
 * in the long run, and at the start, when there are few records, their plain mean. Why new weights grow instead of all
 * old ones shrinking: a record is one addition. Invariant: `tails[i]` is the weight of all buckets from `i` on, and
 * `tails[0]` the whole.
 *
 * ```text
 * bucket i: lateness from i to i + 1 widths    the last one: everything from there on
 * ```
 *
 * @module
 */

/** Above this whole weight everything is scaled down, so that weights never overflow. */
const MAX_WEIGHT = 1e60;

/** A forgetting histogram of lateness, in buckets of one width. */
export class LatenessHistogram {
  readonly #buckets: Float64Array;
  readonly #tails: Float64Array;
  readonly #memoryFrames: number;
  #weight = 0;
  #count = 0;
  #stale = false;

  /**
   * Makes an empty histogram.
   *
   * @param bucketCount How many buckets, at least 2.
   * @param memoryFrames After how many records the weight of one has fallen to 1/e, at least 2.
   */
  constructor(bucketCount: number, memoryFrames: number) {
    this.#buckets = new Float64Array(bucketCount);
    this.#tails = new Float64Array(bucketCount + 1);
    this.#memoryFrames = memoryFrames;
  }

  /**
   * Records one frame.
   *
   * @param lateness In widths of a bucket, at least 0; what lies beyond the last bucket counts there.
   */
  record(lateness: number): void {
    const last = this.#buckets.length - 1;
    const rest = Math.min(++this.#count, this.#memoryFrames) - 1;
    const weight = rest > 0 ? this.#weight / rest : 1;
    this.#buckets[lateness < last ? Math.trunc(lateness) : last]! += weight;
    this.#weight += weight;
    this.#stale = true;
    if (this.#weight > MAX_WEIGHT) this.#scaleDown();
  }

  /**
   * The share of frames that were later than a given lateness; inside a bucket frames are taken to be spread evenly.
   *
   * @param lateness In widths of a bucket; what is negative counts as 0.
   * @returns From 0 to 1; 0 when nothing was recorded.
   */
  shareAbove(lateness: number): number {
    if (this.#stale) this.#sum();
    const tails = this.#tails;
    const whole = tails[0]!;
    const last = tails.length - 2;
    if (whole === 0 || lateness >= last + 1) return 0;
    if (lateness <= 0) return 1;
    // Nothing is known about what lies in the last bucket but that it is at least so late.
    if (lateness >= last) return tails[last]! / whole;
    const bucket = Math.trunc(lateness);
    const from = tails[bucket]!;
    return (from + (tails[bucket + 1]! - from) * (lateness - bucket)) / whole;
  }

  /**
   * Moves everything when the reference moved that lateness is measured from.
   *
   * @param by By how many buckets, an integer. Above 0 all gets later and the first buckets empty; below 0 all gets
   * earlier. What would leave the range stays in the bucket at its end.
   */
  shift(by: number): void {
    const buckets = this.#buckets;
    const end = buckets.length;
    const step = Math.max(-end, Math.min(end, by));
    if (step === 0) return;
    const edge = step > 0 ? end - 1 : 0;
    let collected = 0;
    for (let i = 0; i < end; i++) {
      const to = i + step;
      if (step > 0 ? to >= edge : to <= edge) collected += buckets[i]!;
    }
    buckets.copyWithin(Math.max(0, step), Math.max(0, -step), Math.min(end, end - step));
    if (step > 0) buckets.fill(0, 0, step);
    else buckets.fill(0, end + step);
    buckets[edge] = collected;
    this.#stale = true;
  }

  /** Sums from the end. */
  #sum(): void {
    const tails = this.#tails;
    let sum = 0;
    for (let i = this.#buckets.length - 1; i >= 0; i--) {
      sum += this.#buckets[i]!;
      tails[i] = sum;
    }
    this.#stale = false;
  }

  #scaleDown(): void {
    const scale = 1 / this.#weight;
    for (let i = 0; i < this.#buckets.length; i++) this.#buckets[i]! *= scale;
    this.#weight = 1;
  }
}
