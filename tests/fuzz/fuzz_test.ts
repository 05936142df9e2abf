/**
 * The fuzzers, short: always the same cases, and some that are new each time.
 *
 * @module
 */
import { allFuzzers, type Fuzzer } from "./fuzzers.ts";

function run(fuzzer: Fuzzer, first: number): void {
  for (let seed = first; seed < first + fuzzer.shortCount; seed++) {
    try {
      fuzzer.run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

for (const fuzzer of allFuzzers()) {
  Deno.test(`fuzz: ${fuzzer.name} in cases that never change`, () => run(fuzzer, 1));

  Deno.test(`fuzz: ${fuzzer.name} in new cases`, () => run(fuzzer, Date.now()));
}
