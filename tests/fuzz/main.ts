/**
 * `deno task fuzz [--seed N] [--cases N]`: fuzzes every decoder and machine with a million seeded cases.
 *
 * Case i runs in every fuzzer with the seed N + i, so that the seed that a failure prints repeats it alone: `--seed THAT --cases 1`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { allFuzzers } from "./fuzzers.ts";

const PROGRESS_MS = 5000;

function natural(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} takes an integer from 0: got ${text}`);
  Deno.exit(2);
}

function main(): number {
  const { values } = parseArgs({
    options: { seed: { type: "string", default: `${Date.now()}` }, cases: { type: "string", default: "1000000" } },
  });
  const first = natural("seed", values.seed);
  const cases = natural("cases", values.cases);
  const fuzzers = allFuzzers();
  const start = performance.now();
  let shown = start;
  console.log(`seed ${first}, ${cases} cases`);
  for (let i = 0; i < cases; i++) {
    for (const fuzzer of fuzzers) {
      try {
        fuzzer.run(first + i);
      } catch (error) {
        console.error(`\nfailed in ${fuzzer.name}: --seed ${first + i} --cases 1`, error);
        return 1;
      }
    }
    const now = performance.now();
    if (now - shown < PROGRESS_MS) continue;
    shown = now;
    console.log(`${i + 1} of ${cases} cases, ${Math.round((i + 1) / (now - start) * 1000)} a second`);
  }
  console.log(`${cases} cases, no failure, ${Math.round((performance.now() - start) / 1000)} s`);
  return 0;
}

Deno.exit(main());
