import { AeadFuzz, FULL_ROUND } from "./aead_fuzz.ts";

const CASES = 100_000;

function run(first: number, cases: number): void {
  const fuzz = new AeadFuzz();
  for (let seed = first; seed < first + cases; seed++) {
    try {
      fuzz.run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

Deno.test("ChaCha20Poly1305 equals both libraries at every length to 2048 and every alignment", () =>
  run(0, FULL_ROUND));

Deno.test("ChaCha20Poly1305 equals both libraries in more seeded cases, 100,000 in all", () =>
  run(FULL_ROUND, CASES - FULL_ROUND));
