/**
 * A random source that repeats itself: the same seed gives the same draws, on every machine.
 *
 * The generator is sfc32 by Chris Doty-Humphrey, seeded as in its home, PractRand 0.95 (`sfc32::seed(Uint64)`). It is
 * no cryptographic generator: {@linkcode SeededRandom.fillSecret} is deterministic and exists so that tests can run
 * what draws keys. Invariant: nothing outside of tests uses it for a secret.
 *
 * @module
 */
import type { RandomSource } from "./random_source.ts";

/** How many outputs PractRand throws away after seeding. */
const WARM_UP_DRAWS = 12;

/**
 * A deterministic random source; for tests, simulations and draws that anybody may foresee.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new SeededRandom(42).nextUint32(), new SeededRandom(42).nextUint32());
 * ```
 */
export class SeededRandom implements RandomSource {
  /** The seed that these draws follow from. */
  readonly seed: number;
  /** The three mixed words and the counter. */
  readonly #state: Uint32Array;

  /**
   * Makes a source at the start of its sequence.
   *
   * @param seed An integer, 0 to 2^53 - 1.
   * @throws {RangeError} When the seed is no such integer.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`Cannot seed with ${seed}: it is not an integer from 0 to 2^53 - 1`);
    }
    this.seed = seed;
    this.#state = Uint32Array.of(0, seed, Math.floor(seed / 0x1_0000_0000), 1);
    for (let i = 0; i < WARM_UP_DRAWS; i++) this.nextUint32();
  }

  /**
   * Draws an integer.
   *
   * @returns An integer, 0 to 2^32 - 1.
   */
  nextUint32(): number {
    const state = this.#state;
    const b = state[1]!;
    const c = state[2]!;
    const counter = state[3]!;
    const draw = (state[0]! + b + counter) >>> 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + draw;
    state[3] = counter + 1;
    return draw;
  }

  /**
   * Draws an integer below a bound, every one equally likely.
   *
   * @param boundExclusive An integer, 1 to 2^32.
   * @returns An integer of at least 0 and below the bound.
   * @throws {RangeError} When the bound is no such integer.
   */
  nextInt(boundExclusive: number): number {
    if (!Number.isInteger(boundExclusive) || boundExclusive < 1 || boundExclusive > 0x1_0000_0000) {
      throw new RangeError(`Cannot draw below ${boundExclusive}: it is not an integer from 1 to 2^32`);
    }
    // Draws from the incomplete last round of the bound would favour small results.
    const fairEnd = 0x1_0000_0000 - (0x1_0000_0000 % boundExclusive);
    let draw = this.nextUint32();
    while (draw >= fairEnd) draw = this.nextUint32();
    return draw % boundExclusive;
  }

  /**
   * Draws a fraction.
   *
   * @returns A number of at least 0 and below 1, with 32 bits of randomness.
   */
  visibleFraction(): number {
    return this.nextUint32() / 0x1_0000_0000;
  }

  /**
   * Fills memory with bytes that follow from the seed: deterministic, hence no secret outside of a test.
   *
   * @param into Overwritten as a whole.
   */
  fillSecret(into: Uint8Array): void {
    let draw = 0;
    for (let i = 0; i < into.length; i++) {
      draw = (i & 3) === 0 ? this.nextUint32() : draw >>> 8;
      into[i] = draw;
    }
  }
}
