import { assertEquals, assertThrows } from "@std/assert";
import { MAX_REQUEST_ID, RequestTable, StrayAnswer } from "../../../src/message/request_table.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

Deno.test("open() gives ids from 1 upwards", () => {
  const table = new RequestTable(4);
  assertEquals([table.open(1), table.open(1)].map((slot) => table.idOf(slot)), [1, 2]);
});

Deno.test("takeId() shares the counter with requests", () => {
  const table = new RequestTable(4);
  assertEquals([table.takeId(), table.idOf(table.open(1)), table.takeId()], [1, 2, 3]);
});

Deno.test("ids wrap from 2^32 - 1 to 1", () => {
  const table = new RequestTable(4, MAX_REQUEST_ID);
  assertEquals([table.takeId(), table.takeId()], [MAX_REQUEST_ID, 1]);
});

Deno.test("an id that is in use is skipped at the wrap", () => {
  const table = new RequestTable(4, 1);
  const waiting = [table.open(Infinity), table.open(Infinity)];
  table.restart(MAX_REQUEST_ID);
  assertEquals([table.takeId(), table.takeId(), table.idOf(table.open(1))], [MAX_REQUEST_ID, 3, 4]);
  assertEquals(waiting.map((slot) => table.idOf(slot)), [1, 2]);
});

Deno.test("open() refuses and counts what is beyond the most", () => {
  const table = new RequestTable(2);
  assertEquals([table.open(1) >= 0, table.hasRoom, table.open(1) >= 0, table.hasRoom], [true, true, true, false]);
  assertEquals([table.open(1), table.counts.refused, table.counts.opened], [-1, 1, 2]);
});

Deno.test("answer() settles a request once and counts the second answer as a duplicate", () => {
  const table = new RequestTable(4);
  const slot = table.open(Infinity);
  assertEquals([table.answer(1), table.answer(1), table.size], [slot, -1, 0]);
  assertEquals([table.counts.answered, table.counts.duplicate, table.counts.late], [1, 1, 0]);
});

Deno.test("an answer after the deadline is late", () => {
  const table = new RequestTable(4);
  const slot = table.open(10);
  assertEquals([table.popExpired(9), table.popExpired(10), table.takenId, table.popExpired(10)], [-1, slot, 1, -1]);
  assertEquals([table.answer(1), table.counts.late, table.counts.expired, table.stray], [-1, 1, 1, 1]);
});

Deno.test("an answer after a cancel is late", () => {
  const table = new RequestTable(4);
  assertEquals([table.cancel(table.open(10)), table.answer(1)], [1, -1]);
  assertEquals([table.counts.cancelled, table.counts.late, table.earliest()], [1, 1, Infinity]);
});

Deno.test("an answer to an id that was never given out is unknown", () => {
  const table = new RequestTable(4);
  assertEquals([table.answer(5), table.answer(0), table.counts.unknown], [-1, -1, 2]);
  assertEquals(table.stray, StrayAnswer.Unknown);
});

Deno.test("withdraw() leaves no trace of a request that was not sent", () => {
  const table = new RequestTable(1);
  table.withdraw(table.open(10));
  assertEquals([table.size, table.counts.opened, table.earliest(), table.hasRoom], [0, 0, Infinity, true]);
  assertEquals(table.takeId(), 1);
  assertEquals([table.answer(1), table.counts.unknown], [-1, 1]);
});

Deno.test("popAny() takes out every request", () => {
  const table = new RequestTable(100);
  const slots = new Set(Array.from({ length: 20 }, () => table.open(5)));
  table.answer(3);
  slots.delete(2);
  const taken = new Set<number>();
  for (let slot = table.popAny(); slot >= 0; slot = table.popAny()) taken.add(slot);
  assertEquals([taken, table.size, table.earliest(), table.counts.abandoned], [slots, 0, Infinity, 19]);
});

Deno.test("restart() begins with id 1 and forgets what was settled", () => {
  const table = new RequestTable(4);
  table.answer(table.idOf(table.open(1)));
  table.restart();
  assertEquals([table.answer(1), table.counts.unknown, table.idOf(table.open(1))], [-1, 1, 1]);
});

Deno.test("growing keeps what waits and what is remembered", () => {
  const table = new RequestTable(1000);
  table.answer(table.idOf(table.open(Infinity)));
  table.cancel(table.open(Infinity));
  const slots = Array.from({ length: 500 }, (_, i) => table.open(1000 + i));
  assertEquals(new Set(slots).size, 500);
  assertEquals(slots.map((slot) => table.idOf(slot)), Array.from({ length: 500 }, (_, i) => i + 3));
  assertEquals([table.answer(1), table.answer(2), table.counts.duplicate, table.counts.late], [-1, -1, 1, 1]);
});

Deno.test("growing keeps the memory of an id whose place is the first", () => {
  const table = new RequestTable(1000, 64);
  table.answer(table.idOf(table.open(Infinity)));
  for (let i = 0; i < 20; i++) table.open(Infinity);
  assertEquals([table.answer(64), table.stray], [-1, StrayAnswer.Duplicate]);
});

Deno.test("every request ends exactly once, whatever the order", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    const table = new RequestTable(40, MAX_REQUEST_ID - 50);
    const waiting = new Map<number, number>();
    for (let now = 0; now < 2000; now++) {
      const where = `seed ${seed}, step ${now}`;
      const dice = random.visibleFraction();
      if (dice < 0.5) {
        const slot = table.open(now + 20);
        assertEquals(slot < 0, waiting.size >= 40, where);
        if (slot >= 0) {
          assertEquals([...waiting.values()].includes(slot), false, where);
          assertEquals(waiting.has(table.idOf(slot)), false, where);
          waiting.set(table.idOf(slot), slot);
        }
      } else if (dice < 0.8) {
        const id = [...waiting.keys()][Math.floor(random.visibleFraction() * waiting.size)];
        if (id !== undefined) assertEquals(table.answer(id), waiting.get(id), where);
        if (id !== undefined) waiting.delete(id);
      } else {
        const id = [...waiting.keys()][0];
        if (id !== undefined) assertEquals(table.cancel(waiting.get(id)!), id, where);
        if (id !== undefined) waiting.delete(id);
      }
      for (let slot = table.popExpired(now); slot >= 0; slot = table.popExpired(now)) {
        assertEquals(waiting.get(table.takenId), slot, where);
        waiting.delete(table.takenId);
      }
      assertEquals(table.size, waiting.size, where);
    }
    const { opened, answered, cancelled, expired } = table.counts;
    assertEquals(opened, answered + cancelled + expired + waiting.size, `seed ${seed}`);
  }
});

Deno.test("RequestTable() refuses bounds that make no sense", () => {
  assertThrows(() => new RequestTable(0), RangeError);
  assertThrows(() => new RequestTable(1, 0), RangeError);
  assertThrows(() => new RequestTable(1, MAX_REQUEST_ID + 1), RangeError);
});
