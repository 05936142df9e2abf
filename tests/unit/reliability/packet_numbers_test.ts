import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { isOptimistic, NUMBER_CELLS, startNumbers, takeNumber } from "../../../src/reliability/packet_numbers.ts";

const AT = 1;

function setup(seed: number) {
  const random = new SeededRandom(seed);
  const cells = new Float64Array(NUMBER_CELLS + 2);
  startNumbers(cells, AT, random);
  return { random, cells };
}

Deno.test("takeNumber() starts at 0, grows, and leaves one out now and then", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { random, cells } = setup(seed);
    const numbers = Array.from({ length: 20_000 }, (_, i) => takeNumber(cells, AT, random, i));
    assertEquals(numbers[0], 0);
    const steps = numbers.slice(1).map((number, i) => number - numbers[i]!);
    assert(steps.every((step) => step === 1 || step === 2), `seed ${seed}`);
    const skips = steps.filter((step) => step === 2).length;
    assert(skips > 20 && skips < 20_000 / 16, `seed ${seed}: ${skips} were left out`);
    assertEquals([cells[0], cells[NUMBER_CELLS + 1]], [0, 0]);
  }
});

Deno.test("takeNumber() leaves no second number out before a later one was acknowledged", () => {
  const { random, cells } = setup(3);
  const numbers = Array.from({ length: 5000 }, () => takeNumber(cells, AT, random, -1));
  assertEquals(numbers.at(-1), 5000);
});

Deno.test("isOptimistic() finds acknowledgements of what was left out or is still to come", () => {
  const { random, cells } = setup(4);
  let last = takeNumber(cells, AT, random, -1);
  assertEquals([isOptimistic(cells, AT, 0, 0), isOptimistic(cells, AT, 0, 1)], [false, true]);
  let skipped = -1;
  while (skipped < 0) {
    const next = takeNumber(cells, AT, random, -1);
    if (next === last + 2) skipped = last + 1;
    last = next;
  }
  const lies = [[skipped, skipped], [0, skipped], [skipped, last], [0, last], [last, last + 1]] as const;
  for (const [smallest, largest] of lies) assertEquals(isOptimistic(cells, AT, smallest, largest), true);
  const truths = [[0, skipped - 1], [skipped + 1, last]] as const;
  for (const [smallest, largest] of truths) assertEquals(isOptimistic(cells, AT, smallest, largest), false);
});
