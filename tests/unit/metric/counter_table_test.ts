import { assertEquals, assertThrows } from "@std/assert";
import { CounterTable, counterTableCells } from "../../../src/metric/counter_table.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

Deno.test("CounterTable counts each counter of each slot by itself", () => {
  const table = new CounterTable(["in", "out"], 2);
  table.add(0, 1, 5);
  table.add(1, 0, 7);
  table.add(1, 0, 1);
  assertEquals([table.at(0, 0), table.at(0, 1), table.at(1, 0), table.at(1, 1)], [0, 5, 8, 0]);
  assertEquals(table.snapshot(0), { in: 0, out: 5 });
  assertEquals(table.snapshot(1), { in: 8, out: 0 });
  assertEquals([table.sum(0), table.sum(1)], [8, 5]);
  assertEquals(table.totals(), { in: 8, out: 5 });
});

Deno.test("CounterTable grows to any slot and keeps its counts", () => {
  const table = new CounterTable(["a", "b", "c"], 1);
  table.add(0, 2, 1);
  table.add(1, 0, 2);
  table.add(1000, 1, 3);
  assertEquals([table.at(0, 2), table.at(1, 0), table.at(1000, 1), table.at(999, 2)], [1, 2, 3, 0]);
  assertEquals(table.at(1_000_000, 0), 0);
  assertEquals(table.totals(), { a: 2, b: 3, c: 1 });
});

Deno.test("CounterTable.retire() keeps the counts of a slot in the totals", () => {
  const table = new CounterTable(["a", "b"], 4);
  table.add(2, 0, 10);
  table.add(2, 1, 20);
  table.add(3, 1, 1);
  table.retire(2);
  assertEquals(table.snapshot(2), { a: 0, b: 0 });
  assertEquals(table.totals(), { a: 10, b: 21 });
  table.add(2, 0, 5);
  table.retire(2);
  table.retire(2);
  table.retire(1_000_000);
  assertEquals(table.totals(), { a: 15, b: 21 });
});

Deno.test("CounterTable.reset() forgets the counts of one slot only", () => {
  const table = new CounterTable(["a", "b"], 3);
  for (let slot = 0; slot < 3; slot++) {
    table.add(slot, 0, 1);
    table.add(slot, 1, 2);
  }
  table.reset(1);
  table.reset(1_000_000);
  assertEquals([0, 1, 2].map((slot) => table.snapshot(slot)), [{ a: 1, b: 2 }, { a: 0, b: 0 }, { a: 1, b: 2 }]);
  assertEquals(table.totals(), { a: 2, b: 4 });
});

Deno.test("CounterTable is exact up to 2^53", () => {
  const table = new CounterTable(["bytes"], 1);
  table.add(0, 0, 2 ** 53 - 2);
  table.add(0, 0, 1);
  assertEquals(table.at(0, 0), 2 ** 53 - 1);
});

Deno.test("CounterTable refuses slots and counters that do not exist", () => {
  const table = new CounterTable(["a", "b"], 2);
  for (const slot of [-1, -2, NaN]) {
    if (slot < 0) assertThrows(() => table.add(slot, 0, 1), RangeError);
    assertThrows(() => table.at(slot, 0), RangeError);
    assertThrows(() => table.reset(slot), RangeError);
    assertThrows(() => table.retire(slot), RangeError);
    assertThrows(() => table.snapshot(slot), RangeError);
  }
  for (const counter of [-1, 2]) {
    assertThrows(() => table.add(0, counter, 1), RangeError, `Cannot use counter ${counter}`);
    assertThrows(() => table.at(0, counter), RangeError);
    assertThrows(() => table.sum(counter), RangeError);
  }
  assertEquals(table.totals(), { a: 0, b: 0 });
});

Deno.test("CounterTable refuses names and sizes that are none", () => {
  assertThrows(() => new CounterTable([], 1), RangeError);
  assertThrows(() => new CounterTable(["a", "a"], 1), RangeError);
  for (const slots of [0, -1, 0.5, NaN]) assertThrows(() => new CounterTable(["a"], slots), RangeError);
});

Deno.test("CounterTable makes plain properties of any names", () => {
  const table = new CounterTable(["__proto__", "constructor"], 1);
  table.add(0, 0, 1);
  assertEquals(Object.entries(table.snapshot(0)), [["__proto__", 1], ["constructor", 0]]);
});

Deno.test("CounterTable agrees with plain maps over random operations", () => {
  const seed = 77;
  const random = new SeededRandom(seed);
  const table = new CounterTable(["a", "b", "c"], 1);
  const live = new Map<number, number[]>();
  const totals = [0, 0, 0];
  for (let step = 0; step < 3000; step++) {
    const slot = random.nextInt(50);
    const row = live.get(slot) ?? [0, 0, 0];
    const action = random.nextInt(20);
    if (action === 0) {
      table.retire(slot);
      live.delete(slot);
    } else if (action === 1) {
      table.reset(slot);
      row.forEach((count, i) => totals[i]! -= count);
      live.delete(slot);
    } else {
      const [counter, n] = [random.nextInt(3), random.nextInt(1000)];
      table.add(slot, counter, n);
      row[counter]! += n;
      totals[counter]! += n;
      live.set(slot, row);
    }
    const [a, b, c] = live.get(slot) ?? [0, 0, 0];
    assertEquals(table.snapshot(slot), { a: a!, b: b!, c: c! }, `seed ${seed}, step ${step}`);
  }
  assertEquals([table.sum(0), table.sum(1), table.sum(2)], totals, `seed ${seed}`);
});

Deno.test("CounterTable lives in the memory that it is given, where another table reads it", () => {
  const cells = new Float64Array(new SharedArrayBuffer(8 * counterTableCells(2, 3)));
  const writer = new CounterTable(["a", "b"], 3, cells);
  const reader = new CounterTable(["a", "b"], 3, cells);
  writer.add(0, 1, 5);
  writer.add(2, 0, 2 ** 40);
  writer.add(2, 0, 1);
  assertEquals([reader.at(0, 1), reader.at(2, 0)], [5, 2 ** 40 + 1]);
  writer.retire(2);
  writer.reset(0);
  writer.add(1, 1, 7);
  assertEquals([reader.snapshot(0), reader.snapshot(1), reader.snapshot(2)], [
    { a: 0, b: 0 },
    { a: 0, b: 7 },
    { a: 0, b: 0 },
  ]);
  assertEquals(reader.totals(), { a: 2 ** 40 + 1, b: 7 });
  assertEquals(new CounterTable(["a", "b"], 3, cells).totals(), reader.totals(), "what it holds from before counts");
});

Deno.test("CounterTable does not grow in memory that it is given", () => {
  const cells = new Float64Array(counterTableCells(2, 3));
  const table = new CounterTable(["a", "b"], 3, cells);
  assertThrows(() => table.add(3, 0, 1), RangeError, "this table has 3 slots");
  table.add(2, 1, 1);
  assertEquals([table.at(3, 0), table.totals()], [0, { a: 0, b: 1 }]);
  for (const length of [0, 11, 13]) {
    assertThrows(() => new CounterTable(["a", "b"], 3, new Float64Array(length)), RangeError, "it takes 12");
  }
});

Deno.test("CounterTable.at() counts from where the last connection of the slot ended", () => {
  const cells = new Float64Array(new SharedArrayBuffer(8 * counterTableCells(1, 2)));
  const table = new CounterTable(["a"], 2, cells);
  table.add(1, 0, 3);
  table.retire(1);
  assertEquals([...cells], [0, 3, 0, 3]);
  table.add(1, 0, 2);
  assertEquals([table.at(1, 0), table.sum(0)], [2, 5]);
  table.reset(1);
  assertEquals([table.at(1, 0), table.sum(0), ...cells], [0, 3, 0, 3, 0, 3]);
});

Deno.test("CounterTable.retire() and reset() work before and after the table has grown", () => {
  const table = new CounterTable(["a"], 1);
  table.add(0, 0, 1);
  table.retire(0);
  table.add(9, 0, 10);
  table.reset(0);
  table.add(5, 0, 100);
  table.reset(5);
  table.retire(9);
  table.retire(100);
  table.reset(100);
  table.add(9, 0, 1000);
  assertEquals([table.at(0, 0), table.at(5, 0), table.at(9, 0), table.sum(0)], [0, 0, 1000, 1011]);
});
