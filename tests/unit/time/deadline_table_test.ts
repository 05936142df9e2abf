import { assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { DeadlineTable } from "../../../src/time/deadline_table.ts";

function popAll(table: DeadlineTable, nowMs: number): number[] {
  const slots: number[] = [];
  for (let slot = table.popExpired(nowMs); slot >= 0; slot = table.popExpired(nowMs)) slots.push(slot);
  return slots;
}

Deno.test("DeadlineTable starts empty", () => {
  const table = new DeadlineTable();
  assertEquals([table.size, table.earliest(), table.at(0), table.at(1_000_000)], [0, Infinity, Infinity, Infinity]);
  assertEquals(table.popExpired(Infinity), -1);
});

Deno.test("DeadlineTable.popExpired() returns slots in order of time", () => {
  const table = new DeadlineTable();
  [50, 10, 40, 20, 30, 60].forEach((deadline, slot) => table.set(slot, deadline));
  assertEquals(table.earliest(), 10);
  assertEquals(popAll(table, 40), [1, 3, 4, 2]);
  assertEquals([table.size, table.earliest()], [2, 50]);
  assertEquals(popAll(table, 49.9), []);
  assertEquals(popAll(table, Infinity), [0, 5]);
  assertEquals(table.size, 0);
});

Deno.test("DeadlineTable.popExpired() takes a deadline that is exactly now", () => {
  const table = new DeadlineTable();
  table.set(0, 10.25);
  assertEquals(table.popExpired(10.249), -1);
  assertEquals(table.popExpired(10.25), 0);
  assertEquals(table.popExpired(10.25), -1);
});

Deno.test("DeadlineTable.popExpired() takes nothing at a time that is no number", () => {
  const table = new DeadlineTable();
  table.set(0, -Infinity);
  assertEquals(table.popExpired(NaN), -1);
  assertEquals(table.popExpired(0), 0);
});

Deno.test("DeadlineTable.set() moves a deadline both ways and keeps one a slot", () => {
  const table = new DeadlineTable();
  for (let slot = 0; slot < 5; slot++) table.set(slot, slot * 10);
  table.set(4, -1);
  assertEquals(table.earliest(), -1);
  table.set(0, 100);
  table.set(2, 20);
  assertEquals([table.size, table.at(0), table.at(4)], [5, 100, -1]);
  assertEquals(popAll(table, 1000), [4, 1, 2, 3, 0]);
});

Deno.test("DeadlineTable clears by clear() and by Infinity", () => {
  const table = new DeadlineTable();
  for (let slot = 0; slot < 4; slot++) table.set(slot, slot);
  table.clear(0);
  table.set(2, Infinity);
  table.set(3, Infinity);
  assertEquals([table.size, table.at(0), table.at(2), table.earliest()], [1, Infinity, Infinity, 1]);
  assertEquals(popAll(table, 100), [1]);
});

Deno.test("DeadlineTable.clear() of a slot without a deadline changes nothing", () => {
  const table = new DeadlineTable();
  table.set(1, 5);
  for (const slot of [0, 2, 1_000_000, -1]) table.clear(slot);
  table.set(500, Infinity);
  assertEquals([table.size, table.earliest()], [1, 5]);
});

Deno.test("DeadlineTable.clear() lets the last entry rise when it lands in another branch", () => {
  // The entry that fills the hole is earlier than the parent of the hole.
  const table = new DeadlineTable();
  [1, 50, 10, 60, 70, 20, 15].forEach((deadline, slot) => table.set(slot, deadline));
  table.clear(3);
  assertEquals(popAll(table, 100), [0, 2, 6, 5, 1, 4]);
});

Deno.test("DeadlineTable grows to any slot and keeps what it holds", () => {
  const table = new DeadlineTable(1);
  table.set(0, 3);
  table.set(1, 2);
  table.set(1000, 1);
  for (let slot = 2; slot < 1000; slot++) table.set(slot, 1000 - slot + 3);
  assertEquals(table.size, 1001);
  const order = popAll(table, 2000);
  assertEquals(order.slice(0, 4), [1000, 1, 0, 999]);
  assertEquals(order.length, 1001);
});

Deno.test("DeadlineTable refuses slots and times that are none", () => {
  const table = new DeadlineTable();
  for (const slot of [-1, 1.5, NaN, Infinity]) assertThrows(() => table.set(slot, 1), RangeError);
  assertThrows(() => table.set(0, NaN), RangeError);
  for (const slots of [0, -1, 1.5, NaN]) assertThrows(() => new DeadlineTable(slots), RangeError);
  assertEquals(table.size, 0);
});

/** The simple form that the table is held equal to. */
class NaiveTable {
  readonly deadlines = new Map<number, number>();

  earliest(): number {
    return Math.min(Infinity, ...this.deadlines.values());
  }
}

Deno.test("DeadlineTable agrees with a plain map over thousands of random operations", () => {
  for (const seed of [1, 2, 3]) {
    const random = new SeededRandom(seed);
    const table = new DeadlineTable(2);
    const naive = new NaiveTable();
    let now = 0;
    for (let step = 0; step < 5000; step++) {
      const where = `seed ${seed}, step ${step}`;
      const slot = random.nextInt(80);
      const action = random.nextInt(10);
      if (action < 6) {
        // Few different times, so that equal ones are frequent.
        const deadline = now + random.nextInt(40) - 5;
        table.set(slot, deadline);
        naive.deadlines.set(slot, deadline);
      } else if (action < 8) {
        if (action === 6) table.clear(slot);
        else table.set(slot, Infinity);
        naive.deadlines.delete(slot);
      } else {
        now += random.nextInt(3);
        const popped = table.popExpired(now);
        const expected = naive.earliest() <= now ? naive.earliest() : undefined;
        assertEquals(popped >= 0 ? naive.deadlines.get(popped) : undefined, expected, where);
        naive.deadlines.delete(popped);
      }
      assertEquals(table.size, naive.deadlines.size, where);
      assertEquals(table.earliest(), naive.earliest(), where);
      assertEquals(table.at(slot), naive.deadlines.get(slot) ?? Infinity, where);
    }
    const rest = popAll(table, Infinity);
    const sorted = [...naive.deadlines.values()].sort((a, b) => a - b);
    assertEquals(rest.map((slot) => naive.deadlines.get(slot)), sorted, `seed ${seed}`);
    assertEquals(new Set(rest).size, rest.length, `seed ${seed}`);
  }
});
