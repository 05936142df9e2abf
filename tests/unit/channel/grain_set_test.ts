import { assertEquals } from "@std/assert";
import { GrainSet, grainsOf } from "../../../src/channel/grain_set.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

Deno.test("grainsOf() counts a short last grain", () => {
  assertEquals([0, 1, 16, 17, 32].map(grainsOf), [0, 1, 1, 2, 2]);
});

Deno.test("a GrainSet equals a set of numbers", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const size = 1 + random.nextInt(700);
    const [grains, plain] = [new GrainSet(), new Set<number>()];
    grains.clear(size);
    for (let step = 0; step < 60; step++) {
      const first = random.nextInt(size);
      const count = 1 + random.nextInt(size - first);
      const range = Array.from({ length: count }, (_, i) => first + i);
      const isIn = random.nextInt(2) === 0;
      const expected = range.filter((grain) => plain.has(grain) !== isIn).length;
      range.forEach((grain) => isIn ? plain.add(grain) : plain.delete(grain));
      assertEquals(isIn ? grains.add(first, count) : grains.remove(first, count), expected, `seed ${seed}`);
      for (const look of [true, false]) {
        const end = first + count;
        const found = Array.from({ length: size }, (_, i) => i).find((i) =>
          i >= first && i < end && plain.has(i) === look
        );
        assertEquals(grains.find(look, first, end), found ?? end, `seed ${seed}`);
      }
    }
  }
});

Deno.test("shrink() gives back what only a large message needs", () => {
  const grains = new GrainSet();
  grains.clear(65_536);
  assertEquals(grains.heldBytes, 8192);
  grains.shrink();
  assertEquals(grains.heldBytes, 32);
  grains.clear(300);
  grains.add(0, 300);
  grains.clear(40);
  assertEquals(grains.find(true, 0, 40), 40);
});
