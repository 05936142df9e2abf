import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { ConnectionIdTable } from "../../../src/session/connection_id_table.ts";

Deno.test("ConnectionIdTable behaves like a map, whatever is added and removed", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const table = new ConnectionIdTable(random.nextUint32());
    const model = new Map<string, number>();
    // Few different ids: they meet in the table again and again.
    const words = Array.from({ length: 12 }, () => random.nextUint32() | 0);
    for (let i = 0; i < 3000; i++) {
      const [high, low] = [words[random.nextInt(12)]!, words[random.nextInt(12)]!];
      const key = `${high} ${low}`;
      const draw = random.nextInt(3);
      if (draw === 0) {
        table.set(high, low, i);
        model.set(key, i);
      } else if (draw === 1) {
        table.delete(high, low);
        model.delete(key);
      }
      assertEquals(table.find(high, low), model.get(key) ?? -1, `seed ${seed} step ${i}`);
      assertEquals(table.size, model.size, `seed ${seed} step ${i}`);
    }
    for (const high of words) {
      for (const low of words) assertEquals(table.find(high, low), model.get(`${high} ${low}`) ?? -1, `seed ${seed}`);
    }
  }
});

Deno.test("ConnectionIdTable tells ids apart that differ in one half", () => {
  const table = new ConnectionIdTable(7);
  table.set(1, 2, 10);
  table.set(2, 1, 20);
  table.set(1, 1, 30);
  assertEquals([table.find(1, 2), table.find(2, 1), table.find(1, 1), table.find(2, 2)], [10, 20, 30, -1]);
});

Deno.test("ConnectionIdTable takes slot 0 and the id 0", () => {
  const table = new ConnectionIdTable(0);
  assertEquals(table.find(0, 0), -1);
  table.set(0, 0, 0);
  assertEquals([table.find(0, 0), table.size], [0, 1]);
  table.delete(0, 0);
  assertEquals([table.find(0, 0), table.size], [-1, 0]);
});

Deno.test("ConnectionIdTable grows and finds all of many ids", () => {
  const random = new SeededRandom(4);
  const table = new ConnectionIdTable(random.nextUint32());
  const ids = Array.from({ length: 20_000 }, () => [random.nextUint32() | 0, random.nextUint32() | 0] as const);
  ids.forEach(([high, low], slot) => table.set(high, low, slot));
  ids.forEach(([high, low], slot) => assertEquals(table.find(high, low), slot));
  ids.forEach(([high, low], slot) => slot % 2 === 0 ? table.delete(high, low) : undefined);
  ids.forEach(([high, low], slot) => assertEquals(table.find(high, low), slot % 2 === 0 ? -1 : slot));
});
