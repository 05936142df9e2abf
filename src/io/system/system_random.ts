/**
 * Real randomness: the platform's cryptographic generator for secrets, its fast one for what shows anyway.
 *
 * @module
 */
import type { RandomSource } from "../../random/random_source.ts";

/** The most that one call of the platform's generator fills (Web Cryptography, `getRandomValues`). */
const MAX_FILL_BYTES = 65_536;

/**
 * The random source of the platform; it holds no state of its own.
 *
 * @example
 * ```ts
 * import { SystemRandom } from "./system_random.ts";
 *
 * const key = new Uint8Array(32);
 * new SystemRandom().fillSecret(key);
 * ```
 */
export class SystemRandom implements RandomSource {
  /**
   * A draw that may show on the wire or in timing; it must not become a secret.
   *
   * @returns A number of at least 0 and below 1.
   */
  visibleFraction(): number {
    return Math.random();
  }

  /**
   * Fills memory of any length with bytes fit for keys and secrets.
   *
   * @param into Overwritten as a whole.
   */
  fillSecret(into: Uint8Array): void {
    for (let start = 0; start < into.length; start += MAX_FILL_BYTES) {
      crypto.getRandomValues(into.subarray(start, start + MAX_FILL_BYTES));
    }
  }
}
