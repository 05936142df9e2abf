/**
 * Randomness as machines see it. Secret draws and draws that anybody may see are different methods, so that a seeded
 * generator in a test and a cheap one in production never touch a key.
 *
 * @module
 */

/** A source of random numbers. */
export interface RandomSource {
  /**
   * A draw that may show on the wire or in timing: jitter, backoff, skipped packet numbers.
   *
   * @returns A number of at least 0 and below 1, with 32 bits of randomness.
   */
  visibleFraction(): number;

  /**
   * Fills memory with bytes fit for keys and secrets.
   *
   * @param into Overwritten as a whole.
   */
  fillSecret(into: Uint8Array): void;
}
