import { assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { IdTable } from "../../../../src/realtime/interest/id_table.ts";

Deno.test("IdTable gives slots from 0, and freed ones again", () => {
  const table = new IdTable(100);
  assertEquals([table.add(7), table.add(0), table.add(0xffff_ffff)], [0, 1, 2]);
  table.detach(1);
  assertEquals(table.add(8), 3);
  table.free(1);
  assertEquals([table.add(9), table.highSlot, table.size], [1, 4, 4]);
});

Deno.test("IdTable.slotOf() knows no number that is no id", () => {
  const table = new IdTable(10);
  table.add(0);
  table.add(0xffff_ffff);
  for (const id of [-1, 0.5, NaN, Infinity, 2 ** 32, 2 ** 53, 1]) assertEquals(table.slotOf(id), -1, String(id));
  assertEquals([table.slotOf(0), table.slotOf(0xffff_ffff)], [0, 1]);
});

Deno.test("IdTable.detach() leaves the id of the slot readable and the slot taken", () => {
  const table = new IdTable(2);
  table.add(5);
  table.detach(0);
  assertEquals([table.slotOf(5), table.ids[0], table.size], [-1, 5, 0]);
  assertEquals([table.add(5), table.add(6)], [1, -1]);
  table.free(0);
  assertEquals([table.add(6), table.slotOf(5)], [0, 1]);
});

Deno.test("IdTable.add() refuses what is beyond its slots", () => {
  const table = new IdTable(40);
  for (let id = 0; id < 40; id++) assertEquals(table.add(id * 1000), id);
  assertEquals(table.add(1), -1);
  assertEquals([table.size, table.slotOf(1), table.capacity], [40, -1, 64]);
});

Deno.test("IdTable refuses sizes that are none", () => {
  for (const slots of [0, -1, 1.5, NaN, 2 ** 28 + 1]) assertThrows(() => new IdTable(slots), RangeError);
});

// Ids in a row, ids that differ in high bits only, and any ids: long runs of full cells, at their end and around it.
const families: readonly (readonly [string, (n: number) => number])[] = [
  ["in a row", (n) => n],
  ["far apart", (n) => (n << 24) >>> 0],
  ["of any kind", (n) => Math.imul(n, 0x0123_4567) >>> 0],
  ["in blocks of eight that collide", (n) => ((n & 7) + (n >>> 3) * 0x1000_0000 * 8) >>> 0],
];

for (const [name, idOf] of families) {
  Deno.test(`IdTable agrees with a map for ids ${name}`, () => {
    for (const seed of [1, 2]) {
      const random = new SeededRandom(seed);
      const table = new IdTable(300);
      const map = new Map<number, number>();
      for (let step = 0; step < 4000; step++) {
        const id = idOf(random.nextInt(256));
        const known = map.get(id);
        assertEquals(table.slotOf(id), known ?? -1, `seed ${seed}, step ${step}, id ${id}`);
        if (known === undefined) {
          map.set(id, table.add(id));
          assertEquals(table.ids[map.get(id)!], id, `seed ${seed}, step ${step}`);
        } else if (random.nextInt(3) > 0) {
          table.detach(known);
          table.free(known);
          map.delete(id);
        }
        assertEquals(table.size, map.size);
      }
      assertEquals(new Set(map.values()).size, map.size, `seed ${seed}: two ids share a slot`);
      for (const [id, slot] of map) assertEquals(table.slotOf(id), slot, `seed ${seed}, id ${id}`);
    }
  });
}
