/**
 * The largest of recent samples, in two generations: the current one and the one before.
 *
 * Invariant: what is older than two generations has no say.
 *
 * @module
 */

/** A maximum that forgets. */
export class WindowedMax {
  #current = 0;
  #previous = 0;

  /** The largest sample of both generations. */
  get value(): number {
    return Math.max(this.#current, this.#previous);
  }

  /** The largest sample of the current generation. */
  get current(): number {
    return this.#current;
  }

  /**
   * Takes a sample.
   *
   * @param sample At least 0.
   */
  add(sample: number): void {
    if (sample > this.#current) this.#current = sample;
  }

  /** Starts a generation. */
  turn(): void {
    this.#previous = this.#current;
    this.#current = 0;
  }

  /**
   * Makes everything at most so large.
   *
   * @param most The bound.
   */
  limit(most: number): void {
    this.#current = Math.min(this.#current, most);
    this.#previous = Math.min(this.#previous, most);
  }

  /** Forgets everything. */
  clear(): void {
    this.#current = this.#previous = 0;
  }
}
