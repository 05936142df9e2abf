import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

function draws(random: SeededRandom, count: number): number[] {
  return Array.from({ length: count }, () => random.nextUint32());
}

/** From a C program that follows `sfc32::raw32` and `sfc32::seed(Uint64)` of PractRand line by line. */
const REFERENCE: readonly [seed: number, draws: readonly number[]][] = [
  [0, [1363572419, 145230303, 808754475, 4216505632, 947923937, 2491578854]],
  [1, [2012149540, 1872316204, 1707632675, 1779833415, 2026416846, 1661539736]],
  [42, [1264412219, 1947509147, 3919439299, 1251167922, 656401615, 478193053]],
  [0x1_2345_6789_abcd, [3084697334, 3599130084, 3453378840, 1348678125, 3336000178, 1111558196]],
  [2 ** 53 - 1, [3268402823, 2602357022, 3266425223, 182731693, 1903088272, 1586958750]],
];

for (const [seed, expected] of REFERENCE) {
  Deno.test(`SeededRandom with seed ${seed} draws as sfc32 of PractRand does`, () => {
    const random = new SeededRandom(seed);
    assertEquals(draws(random, expected.length), [...expected]);
    assertEquals(random.seed, seed);
  });
}

Deno.test("SeededRandom.visibleFraction() is the next 32 bits as a fraction", () => {
  const random = new SeededRandom(42);
  assertEquals(random.visibleFraction(), 1264412219 / 2 ** 32);
  assertEquals(random.visibleFraction(), 1947509147 / 2 ** 32);
});

Deno.test("SeededRandom.fillSecret() fills the whole of any length and repeats itself", () => {
  const expected = new Uint8Array(24);
  REFERENCE[2]![1].forEach((word, i) => new DataView(expected.buffer).setUint32(i * 4, word, true));
  for (let length = 0; length <= 24; length++) {
    const memory = new Uint8Array(length + 2).fill(0xee);
    new SeededRandom(42).fillSecret(memory.subarray(1, length + 1));
    assertEquals(memory.subarray(1, length + 1), expected.subarray(0, length));
    assertEquals([memory[0], memory[length + 1]], [0xee, 0xee]);
  }
  const random = new SeededRandom(42);
  const [first, second] = [new Uint8Array(8), new Uint8Array(8)];
  random.fillSecret(first);
  random.fillSecret(second);
  assertNotEquals(first, second);
});

Deno.test("SeededRandom.nextInt() draws every integer below the bound about equally often", () => {
  const seed = 11;
  const random = new SeededRandom(seed);
  for (const bound of [1, 2, 3, 7, 10]) {
    const counts = new Array<number>(bound).fill(0);
    for (let i = 0; i < 1000 * bound; i++) counts[random.nextInt(bound)]! += 1;
    assertEquals(counts.length, bound, `seed ${seed}`);
    assertEquals(counts.every((count) => count > 850 && count < 1150), true, `seed ${seed}, bound ${bound}: ${counts}`);
  }
});

Deno.test("SeededRandom.nextInt() takes bounds up to 2^32 without favouring small results", () => {
  assertEquals(new SeededRandom(42).nextInt(2 ** 32), 1264412219);
  // Without rejection, results below 2^30 would come from two of four quarters of the draws: half and not a third.
  const seed = 12;
  const random = new SeededRandom(seed);
  let low = 0;
  for (let i = 0; i < 6000; i++) if (random.nextInt(3 * 2 ** 30) < 2 ** 30) low++;
  assertEquals(low > 1800 && low < 2200, true, `seed ${seed}: ${low} of 6000`);
});

Deno.test("SeededRandom refuses seeds and bounds that are none", () => {
  for (const seed of [-1, 0.5, 2 ** 53, NaN, Infinity]) assertThrows(() => new SeededRandom(seed), RangeError);
  const random = new SeededRandom(0);
  for (const bound of [0, -1, 0.5, 2 ** 32 + 1, NaN, Infinity]) assertThrows(() => random.nextInt(bound), RangeError);
  assertEquals(random.nextUint32(), 1363572419);
});
