/**
 * What goes into datagrams: never more than the budget, and of everything relevant something, within the bound that
 * the accumulator's header states.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { InterestManager } from "../../src/realtime/interest/interest_manager.ts";
import { PriorityAccumulator } from "../../src/realtime/interest/priority_accumulator.ts";

interface Item {
  readonly id: number;
  readonly bytes: number;
  readonly gain: number;
  /** The tick in which it was sent last, or the one before it came. */
  sentTick: number;
}

/** The most ticks from one sending of an item to the next. */
function boundOf(item: Item, items: readonly Item[], budget: number, maxStaleTicks: number): number {
  const others = items.reduce((sum, one) => sum + one.bytes, 0) - item.bytes;
  return maxStaleTicks + Math.floor(others / (budget - item.bytes + 1));
}

function fill(accumulator: PriorityAccumulator, budget: number): number[] {
  accumulator.openDatagram(budget);
  const ids: number[] = [];
  for (let id = accumulator.pollNext(); id >= 0; id = accumulator.pollNext()) ids.push(id);
  return ids;
}

Deno.test("interest: every item is sent within its bound, whatever the gains and sizes", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const budget = 50 + random.nextInt(400);
    const maxStaleTicks = 1 + random.nextInt(12);
    const accumulator = new PriorityAccumulator({ maxStaleTicks });
    const items = Array.from({ length: 1 + random.nextInt(60) }, (_, id): Item => {
      const bytes = random.nextInt(4) === 0 ? budget - random.nextInt(3) : 1 + random.nextInt(budget);
      return { id, bytes, gain: random.nextInt(3) === 0 ? 0 : 10 ** (random.nextInt(12) - 6), sentTick: 0 };
    });
    for (let tick = 1; tick <= 600; tick++) {
      accumulator.beginTick();
      for (const { id, gain, bytes } of items) accumulator.raise(id, gain, bytes);
      for (const id of fill(accumulator, budget)) items[id]!.sentTick = tick;
      for (const item of items) {
        const bound = boundOf(item, items, budget, maxStaleTicks);
        // What was not sent up to now is sent in the next tick at the earliest.
        const waits = item.sentTick === tick ? 0 : tick + 1 - item.sentTick;
        assertLessOrEqual(waits, bound, `seed ${seed}, tick ${tick}, budget ${budget}, ${JSON.stringify(item)}`);
      }
    }
  }
});

Deno.test("interest: nothing relevant starves in a moving crowd, and no datagram exceeds its budget", () => {
  for (const seed of [1, 2]) {
    const random = new SeededRandom(seed);
    const interest = new InterestManager({ cellSize: 10, maxRelevant: 300 });
    const accumulator = new PriorityAccumulator({ maxItems: 300, maxStaleTicks: 20 });
    const sizes = Array.from({ length: 300 }, () => 10 + random.nextInt(90));
    sizes.forEach((bytes, id) => {
      interest.addEntity(id, random.nextInt(100), random.nextInt(100));
      interest.setBytes(id, bytes);
      interest.setWeight(id, 10 ** (random.nextInt(8) - 4));
    });
    interest.addObserver(70, { radius: 30, follow: 0 });
    const budget = 300;
    // The sum of all sizes bounds what may go before an item, whoever comes and goes.
    const bound = 20 + Math.floor(sizes.reduce((sum, bytes) => sum + bytes, 0) / (budget - 100 + 1));
    const waiting = new Map<number, number>();
    const relevant = new Uint32Array(300);
    for (let tick = 0; tick < 400; tick++) {
      for (let n = 0; n < 100; n++) interest.moveEntity(random.nextInt(300), random.nextInt(100), random.nextInt(100));
      interest.tick();
      interest.discardEvents();
      assertEquals(interest.prioritize(70, accumulator), interest.readRelevant(relevant, 70));
      const ids = relevant.subarray(0, interest.readRelevant(relevant, 70));
      for (const id of waiting.keys()) if (!ids.includes(id)) waiting.delete(id);
      for (const id of ids) waiting.set(id, (waiting.get(id) ?? 0) + 1);
      const sent = fill(accumulator, budget);
      assertLessOrEqual(sent.reduce((sum, id) => sum + sizes[id]!, 0), budget, `seed ${seed}, tick ${tick}`);
      for (const id of sent) {
        assert(waiting.delete(id), `seed ${seed}, tick ${tick}: entity ${id} was sent and is not relevant`);
      }
      for (const [id, ticks] of waiting) assertLessOrEqual(ticks, bound, `seed ${seed}, tick ${tick}, entity ${id}`);
    }
  }
});

Deno.test("interest: what is nearer or weighs more is sent more often", () => {
  const interest = new InterestManager({ cellSize: 10 });
  const accumulator = new PriorityAccumulator();
  interest.addObserver(70, { radius: 100 });
  for (const [id, x] of [[1, 5], [2, 40], [3, 80], [4, 80]] as const) interest.addEntity(id, x, 0);
  interest.setWeight(4, 0.25);
  interest.tick();
  interest.discardEvents();
  const counts = [0, 0, 0, 0, 0];
  for (let tick = 0; tick < 1000; tick++) {
    interest.prioritize(70, accumulator);
    for (const id of fill(accumulator, 32)) counts[id]!++;
  }
  assertEquals(counts.toSorted((a, b) => b - a), [counts[1], counts[2], counts[3], counts[4], 0]);
  assertEquals(new Set(counts).size, 5);
});

Deno.test("interest: no sequence of datagrams, sizes and corrections exceeds a budget", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    const accumulator = new PriorityAccumulator({ maxItems: 64, maxStaleTicks: 1 + random.nextInt(30) });
    for (let tick = 0; tick < 300; tick++) {
      accumulator.beginTick();
      for (let n = random.nextInt(60); n > 0; n--) {
        accumulator.raise(random.nextInt(64), random.visibleFraction(), 1 + random.nextInt(200));
      }
      const sent = new Set<number>();
      for (let datagram = random.nextInt(4); datagram > 0; datagram--) {
        const budget = random.nextInt(500);
        const where = `seed ${seed}, tick ${tick}, budget ${budget}`;
        let used = 0;
        let polls = 0;
        accumulator.openDatagram(budget);
        for (let id = accumulator.pollNext(); id >= 0; id = accumulator.pollNext()) {
          const left = accumulator.remainingBytes;
          const bytes = random.nextInt(300);
          if (accumulator.settle(bytes)) {
            used += bytes;
            assert(!sent.has(id), `${where}: item ${id} was sent twice`);
            sent.add(id);
          } else {
            assertLessOrEqual(left, budget - used - 1, where);
          }
          assertEquals(accumulator.remainingBytes, budget - used, where);
          assertLessOrEqual(++polls, 64, where);
        }
        assertLessOrEqual(used, budget, where);
      }
    }
  }
});
