import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { PairSide, PairTable } from "../../../../src/realtime/interest/pair_table.ts";

function othersOf(table: PairTable, side: PairSide, slot: number): number[] {
  const others: number[] = [];
  for (let at = table.first(side, slot); at >= 0; at = table.next(side, at)) others.push(table.otherOf(side, at));
  return others.sort((a, b) => a - b);
}

Deno.test("PairTable lists the pairs of both sides", () => {
  const table = new PairTable(10);
  for (const [left, right] of [[1, 5], [1, 6], [2, 5]] as const) table.add(left, right);
  assertEquals(othersOf(table, PairSide.Left, 1), [5, 6]);
  assertEquals(othersOf(table, PairSide.Right, 5), [1, 2]);
  assertEquals(othersOf(table, PairSide.Left, 5), []);
  assertEquals(othersOf(table, PairSide.Right, 1_000_000), []);
});

Deno.test("PairTable.add() adds a pair once and refuses what is beyond its bound", () => {
  const table = new PairTable(2);
  assertEquals([table.add(0, 0), table.add(0, 0), table.size], [true, true, 1]);
  assertEquals([table.add(0, 1), table.add(1, 0), table.has(1, 0), table.size], [true, false, false, 2]);
  assertEquals(table.add(0, 1), true);
  table.remove(0, 0);
  assertEquals([table.add(1, 0), table.size], [true, 2]);
});

Deno.test("PairTable.remove() of a pair that is not there changes nothing", () => {
  const table = new PairTable(10);
  table.add(3, 4);
  table.remove(4, 3);
  table.remove(3, 5);
  assertEquals([table.size, table.has(3, 4), table.has(4, 3)], [1, true, false]);
});

Deno.test("PairTable.forget() takes all pairs of one slot and no others", () => {
  const table = new PairTable(100);
  for (let left = 0; left < 5; left++) for (let right = 0; right < 5; right++) table.add(left, right);
  table.forget(PairSide.Left, 2);
  table.forget(PairSide.Right, 2);
  table.forget(PairSide.Right, 99);
  assertEquals(table.size, 16);
  assertEquals(othersOf(table, PairSide.Left, 2), []);
  assertEquals(othersOf(table, PairSide.Left, 1), [0, 1, 3, 4]);
  assertEquals(othersOf(table, PairSide.Right, 4), [0, 1, 3, 4]);
});

Deno.test("PairTable agrees with a set over thousands of random operations", () => {
  for (const seed of [1, 2, 3]) {
    const random = new SeededRandom(seed);
    const table = new PairTable(400);
    const pairs = new Set<number>();
    for (let step = 0; step < 6000; step++) {
      const [left, right] = [random.nextInt(40), random.nextInt(40)];
      const pair = left * 100 + right;
      const action = random.nextInt(20);
      if (action < 11) {
        const fits = pairs.has(pair) || pairs.size < 400;
        assertEquals(table.add(left, right), fits, `seed ${seed}, step ${step}`);
        if (fits) pairs.add(pair);
      } else if (action < 19) {
        table.remove(left, right);
        pairs.delete(pair);
      } else if (random.nextInt(10) === 0) {
        table.forget(PairSide.Right, right);
        for (const one of [...pairs]) if (one % 100 === right) pairs.delete(one);
      }
      assertEquals([table.size, table.has(left, right)], [pairs.size, pairs.has(pair)], `seed ${seed}, step ${step}`);
    }
    for (let slot = 0; slot < 40; slot++) {
      const rights = [...pairs].filter((one) => Math.floor(one / 100) === slot).map((one) => one % 100);
      const lefts = [...pairs].filter((one) => one % 100 === slot).map((one) => Math.floor(one / 100));
      assertEquals(othersOf(table, PairSide.Left, slot), rights.sort((a, b) => a - b), `seed ${seed}, left ${slot}`);
      assertEquals(othersOf(table, PairSide.Right, slot), lefts.sort((a, b) => a - b), `seed ${seed}, right ${slot}`);
    }
  }
});
