import { assertEquals } from "@std/assert";
import { IdIndex } from "../../../src/message/id_index.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

Deno.test("slotOf() finds what was added and nothing else", () => {
  const index = new IdIndex(2);
  index.add(7, 3);
  index.add(0xffff_ffff, 4);
  assertEquals([index.slotOf(7), index.slotOf(0xffff_ffff), index.slotOf(8)], [3, 4, -1]);
});

Deno.test("remove() gives the slot once", () => {
  const index = new IdIndex(2);
  index.add(7, 3);
  assertEquals([index.remove(7), index.remove(7), index.size], [3, -1, 0]);
});

Deno.test("IdIndex behaves as a Map under random additions and removals", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const index = new IdIndex(1);
    const model = new Map<number, number>();
    // A narrow range of ids, or ids that collide in their low bits.
    const step = seed % 2 === 0 ? 1 : 4096;
    for (let i = 0; i < 2000; i++) {
      const id = 1 + Math.floor(random.visibleFraction() * 60) * step;
      if (model.has(id)) {
        assertEquals(index.remove(id), model.get(id), `seed ${seed}, step ${i}`);
        model.delete(id);
      } else {
        model.set(id, i);
        index.add(id, i);
      }
      assertEquals(index.size, model.size, `seed ${seed}, step ${i}`);
      const probe = 1 + Math.floor(random.visibleFraction() * 60) * step;
      assertEquals(index.slotOf(probe), model.get(probe) ?? -1, `seed ${seed}, step ${i}, id ${probe}`);
    }
  }
});

Deno.test("clear() forgets everything", () => {
  const index = new IdIndex(2);
  for (let id = 1; id < 50; id++) index.add(id, id);
  index.clear();
  assertEquals([index.size, index.slotOf(20)], [0, -1]);
});
