/**
 * The fuzzer, short: always the same cases, and some that are new each time.
 *
 * @module
 */
import { StreamFuzz } from "./stream_fuzz.ts";

function run(first: number, cases: number): void {
  const fuzz = new StreamFuzz();
  for (let seed = first; seed < first + cases; seed++) {
    try {
      fuzz.run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

Deno.test("fuzz: the stream machine and its cursor keep their invariants in cases that never change", () =>
  run(1, 3000));

Deno.test("fuzz: the stream machine and its cursor keep their invariants in new cases", () => run(Date.now(), 3000));
