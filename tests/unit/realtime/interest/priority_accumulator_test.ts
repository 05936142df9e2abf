import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../../src/error/transport_error.ts";
import { InterestManager } from "../../../../src/realtime/interest/interest_manager.ts";
import { PriorityAccumulator } from "../../../../src/realtime/interest/priority_accumulator.ts";

type Item = readonly [id: number, gain: number, bytes: number];

function fill(accumulator: PriorityAccumulator, budgetBytes: number): number[] {
  accumulator.openDatagram(budgetBytes);
  const ids: number[] = [];
  for (let id = accumulator.pollNext(); id >= 0; id = accumulator.pollNext()) ids.push(id);
  return ids;
}

function raise(accumulator: PriorityAccumulator, items: readonly Item[]): void {
  accumulator.beginTick();
  for (const item of items) accumulator.raise(...item);
}

Deno.test("PriorityAccumulator.pollNext() takes the largest first and passes over what does not fit", () => {
  const accumulator = new PriorityAccumulator();
  raise(accumulator, [[1, 1, 40], [2, 5, 50], [3, 3, 60], [4, 2, 30]]);
  assertEquals(fill(accumulator, 100), [2, 4]);
  assertEquals(accumulator.remainingBytes, 20);
  assertEquals([1, 2, 3, 4, 5].map((id) => accumulator.priorityOf(id)), [1, 0, 3, 0, 0]);
});

Deno.test("PriorityAccumulator fills a datagram to the last byte, and none with nothing", () => {
  const accumulator = new PriorityAccumulator();
  raise(accumulator, [[1, 1, 40], [2, 2, 60]]);
  assertEquals(fill(accumulator, 0), []);
  assertEquals([fill(accumulator, 100), accumulator.remainingBytes], [[2, 1], 0]);
});

Deno.test("PriorityAccumulator lets the rest grow until it is sent", () => {
  const accumulator = new PriorityAccumulator();
  const sent: number[] = [];
  for (let tick = 0; tick < 8; tick++) {
    raise(accumulator, [[1, 3.5, 10], [2, 1, 10]]);
    sent.push(...fill(accumulator, 10));
  }
  assertEquals(sent, [1, 1, 1, 2, 1, 1, 1, 2]);
});

Deno.test("PriorityAccumulator adds up what is raised more than once in a tick; the last size counts", () => {
  const accumulator = new PriorityAccumulator();
  raise(accumulator, [[1, 1, 10], [2, 1.5, 10], [1, 1, 20]]);
  assertEquals([accumulator.priorityOf(1), accumulator.size], [2, 2]);
  assertEquals([fill(accumulator, 20), accumulator.remainingBytes], [[1], 0]);
});

Deno.test("PriorityAccumulator puts an item into one datagram of a tick, and into the next tick's again", () => {
  const accumulator = new PriorityAccumulator();
  const items: readonly Item[] = [[1, 3, 40], [2, 2, 40], [3, 1, 40]];
  raise(accumulator, items);
  assertEquals([fill(accumulator, 50), fill(accumulator, 100), fill(accumulator, 100)], [[1], [2, 3], []]);
  raise(accumulator, items);
  assertEquals(fill(accumulator, 120), [1, 2, 3]);
});

Deno.test("PriorityAccumulator sends nothing that was not raised in this tick, and forgets it after one", () => {
  const accumulator = new PriorityAccumulator();
  raise(accumulator, [[1, 9, 10], [2, 1, 10]]);
  raise(accumulator, [[2, 1, 10]]);
  assertEquals([accumulator.size, accumulator.priorityOf(1), accumulator.priorityOf(2)], [2, 9, 2]);
  assertEquals(fill(accumulator, 100), [2]);
  raise(accumulator, [[1, 1, 10]]);
  assertEquals([accumulator.size, accumulator.priorityOf(1)], [2, 1]);
  raise(accumulator, []);
  raise(accumulator, []);
  assertEquals(accumulator.size, 0);
});

Deno.test("PriorityAccumulator sends what waited maxStaleTicks before everything else, longest wait first", () => {
  const accumulator = new PriorityAccumulator({ maxStaleTicks: 4 });
  const sent: string[] = [];
  for (let tick = 0; tick < 8; tick++) {
    raise(accumulator, [[1, 1000, 10], [2, 1e-9, 10], ...tick === 0 ? [] : [[3, 1e-8, 10] as const]]);
    sent.push(fill(accumulator, 10).join());
  }
  assertEquals(sent, ["1", "1", "1", "2", "3", "1", "1", "2"]);
});

Deno.test("PriorityAccumulator lets all take turns where maxStaleTicks is 1", () => {
  const accumulator = new PriorityAccumulator({ maxStaleTicks: 1 });
  const sent: number[] = [];
  for (let tick = 0; tick < 9; tick++) {
    raise(accumulator, [[1, 1000, 10], [2, 1, 10], [3, 0, 10]]);
    sent.push(...fill(accumulator, 10));
  }
  assertEquals(new Set(sent.slice(0, 3)), new Set([1, 2, 3]));
  assertEquals(sent, [...sent.slice(0, 3), ...sent.slice(0, 3), ...sent.slice(0, 3)]);
});

Deno.test("PriorityAccumulator reports what is larger than a whole datagram, and goes on without it", () => {
  const accumulator = new PriorityAccumulator({ maxStaleTicks: 2 });
  for (let tick = 0; tick < 5; tick++) {
    raise(accumulator, [[1, 100, 101], [2, 1, 50], [3, 100, 5000]]);
    assertEquals(fill(accumulator, 100), [2]);
    assertEquals(accumulator.oversizedCount, 2);
    const oversized = [accumulator.pollOversized(), accumulator.pollOversized()];
    assertEquals(oversized.sort(), [1, 3]);
    assertEquals(accumulator.pollOversized(), -1);
  }
  assertEquals(fill(accumulator, 101), [1]);
  assertEquals([accumulator.oversizedCount, accumulator.pollOversized(), accumulator.pollOversized()], [1, 3, -1]);
  accumulator.beginTick();
  assertEquals([accumulator.oversizedCount, accumulator.pollOversized()], [0, -1]);
});

Deno.test("PriorityAccumulator.markSent() starts an item over and keeps it out of this tick's datagrams", () => {
  const accumulator = new PriorityAccumulator({ maxStaleTicks: 3 });
  raise(accumulator, [[1, 9, 500], [2, 5, 40], [3, 1, 40]]);
  accumulator.openDatagram(80);
  assertEquals(accumulator.pollOversized(), 1);
  assertEquals([accumulator.markSent(1), accumulator.markSent(2), accumulator.markSent(9)], [true, true, false]);
  assertEquals([accumulator.pollNext(), accumulator.pollNext()], [3, -1]);
  assertEquals(fill(accumulator, 1000), []);
  assertEquals([fill(accumulator, 80), accumulator.oversizedCount], [[], 0]);
  raise(accumulator, [[1, 9, 500], [2, 5, 40]]);
  assertEquals([accumulator.priorityOf(1), accumulator.priorityOf(2)], [9, 5]);
});

Deno.test("PriorityAccumulator.boost() adds to what is known, and only that", () => {
  const accumulator = new PriorityAccumulator();
  raise(accumulator, [[1, 2, 10], [2, 1, 10]]);
  assertEquals([accumulator.boost(2, 5), accumulator.boost(3, 5), accumulator.size], [true, false, 2]);
  assertEquals(fill(accumulator, 10), [2]);
  raise(accumulator, [[1, 2, 10]]);
  accumulator.boost(2, 100);
  assertEquals(fill(accumulator, 100), [1]);
});

Deno.test("PriorityAccumulator.settle() gives back what an item did not take", () => {
  const accumulator = new PriorityAccumulator();
  raise(accumulator, [[1, 3, 80], [2, 2, 40], [3, 1, 15]]);
  accumulator.openDatagram(100);
  assertEquals([accumulator.pollNext(), accumulator.settle(45), accumulator.remainingBytes], [1, true, 55]);
  assertEquals([accumulator.pollNext(), accumulator.settle(41), accumulator.remainingBytes], [2, true, 14]);
  assertEquals(accumulator.pollNext(), -1);
  assertEquals(accumulator.priorityOf(3), 1);
});

Deno.test("PriorityAccumulator.settle() puts back what turns out not to fit, with its priority and its wait", () => {
  const accumulator = new PriorityAccumulator({ maxStaleTicks: 3 });
  raise(accumulator, [[1, 3, 80], [2, 2, 20]]);
  accumulator.openDatagram(100);
  assertEquals([accumulator.pollNext(), accumulator.settle(101), accumulator.remainingBytes], [1, false, 100]);
  assertEquals([accumulator.priorityOf(1), accumulator.pollNext(), accumulator.pollNext()], [3, 2, -1]);
  for (let tick = 0; tick < 2; tick++) raise(accumulator, [[1, 0, 80], [2, 50, 20]]);
  assertEquals([accumulator.priorityOf(1), fill(accumulator, 80)], [3, [1]]);
  raise(accumulator, [[1, 1, 80]]);
  accumulator.openDatagram(100);
  assertEquals([accumulator.pollNext(), accumulator.settle(100), accumulator.remainingBytes], [1, true, 0]);
});

Deno.test("PriorityAccumulator.settle() needs an item that was polled and not settled", () => {
  const accumulator = new PriorityAccumulator();
  const message = "no item was polled";
  assertThrows(() => accumulator.settle(1), MisuseError, message);
  raise(accumulator, [[1, 1, 10]]);
  accumulator.openDatagram(10);
  accumulator.pollNext();
  for (const bytes of [-1, 1.5, NaN, 2 ** 31]) assertThrows(() => accumulator.settle(bytes), RangeError);
  accumulator.settle(5);
  assertThrows(() => accumulator.settle(5), MisuseError, message);
  accumulator.pollNext();
  assertThrows(() => accumulator.settle(5), MisuseError, message);
  fill(accumulator, 10);
  raise(accumulator, [[1, 1, 10]]);
  accumulator.openDatagram(10);
  accumulator.pollNext();
  accumulator.openDatagram(10);
  assertThrows(() => accumulator.settle(5), MisuseError, message);
});

Deno.test("PriorityAccumulator takes maxItems in a tick and counts what it refuses", () => {
  const accumulator = new PriorityAccumulator({ maxItems: 2 });
  for (let tick = 0; tick < 4; tick++) {
    accumulator.beginTick();
    const first = tick * 10;
    assertEquals([accumulator.raise(first, 1, 1), accumulator.raise(first + 1, 1, 1)], [true, true]);
    assertEquals([accumulator.raise(first + 2, 9, 1), accumulator.raise(first, 1, 1)], [false, true]);
    assertEquals(fill(accumulator, 10), [first, first + 1]);
  }
  assertEquals([accumulator.refusedCount, accumulator.size, accumulator.maxItems], [4, 4, 2]);
  const taken = accumulator.raiseAll(Uint32Array.of(30, 99, 31), new Float64Array(3), new Int32Array(3).fill(1), 3);
  assertEquals(taken, 2);
});

Deno.test("PriorityAccumulator.raiseAll() does what raise() does one by one", () => {
  const [one, many] = [new PriorityAccumulator(), new PriorityAccumulator()];
  const items: readonly Item[] = [[7, 0.5, 10], [0xffff_ffff, 2.5, 20], [7, 1, 30], [8, 0, 10]];
  raise(one, items.slice(0, 3));
  many.beginTick();
  const columns = [0, 1, 2].map((column) => items.map((item) => item[column]!)) as [number[], number[], number[]];
  const [ids, gains, bytes] = [
    Uint32Array.from(columns[0]),
    Float64Array.from(columns[1]),
    Int32Array.from(columns[2]),
  ];
  assertEquals(many.raiseAll(ids, gains, bytes, 3), 3);
  assertEquals(many.priorityOf(8), 0);
  assertEquals([many.size, many.priorityOf(7), many.priorityOf(0xffff_ffff)], [2, 1.5, 2.5]);
  assertEquals(fill(many, 45), fill(one, 45));
});

Deno.test("PriorityAccumulator refuses numbers that are out of bounds", () => {
  const accumulator = new PriorityAccumulator();
  accumulator.beginTick();
  const bad: readonly Item[] = [
    [-1, 1, 1],
    [0.5, 1, 1],
    [2 ** 32, 1, 1],
    [1, -1, 1],
    [1, NaN, 1],
    [1, Infinity, 1],
    [1, 1, 0],
    [1, 1, 1.5],
    [1, 1, NaN],
    [1, 1, 2 ** 30 + 1],
  ];
  for (const item of bad) {
    assertThrows(() => accumulator.raise(...item), RangeError, "Cannot raise", item.join());
    const [id, gain, bytes] = item;
    if (id !== 1 || !Number.isInteger(bytes)) continue;
    const [ids, gains, sizes] = [Uint32Array.of(id), Float64Array.of(gain), Int32Array.of(bytes)];
    assertThrows(() => accumulator.raiseAll(ids, gains, sizes, 1), RangeError, "Cannot raise", item.join());
  }
  for (const gain of [-1, NaN, Infinity]) assertThrows(() => accumulator.boost(1, gain), RangeError);
  for (const budget of [-1, 0.5, NaN, Infinity, 2 ** 30 + 1]) {
    assertThrows(() => accumulator.openDatagram(budget), RangeError, "a budget is an integer");
  }
  const two = new Uint32Array(2);
  assertThrows(() => accumulator.raiseAll(two, new Float64Array(2), new Int32Array(1), 2), RangeError, "shorter");
  assertThrows(() => accumulator.raiseAll(two, new Float64Array(1), new Int32Array(2), 2), RangeError, "shorter");
  assertThrows(() => accumulator.raiseAll(two, new Float64Array(3), new Int32Array(3), 3), RangeError, "shorter");
  assertThrows(() => accumulator.raiseAll(two, new Float64Array(2), new Int32Array(2), -1), RangeError, "shorter");
  assertEquals(accumulator.size, 0);
});

Deno.test("PriorityAccumulator refuses options that make no sense", () => {
  for (const options of [{ maxItems: 0 }, { maxItems: 1.5 }, { maxStaleTicks: 0 }, { maxStaleTicks: 2 ** 31 }]) {
    assertThrows(() => new PriorityAccumulator(options), RangeError, "", JSON.stringify(options));
  }
  assertThrows(() => new PriorityAccumulator({ items: 1 } as object), TypeError, "items");
  assertEquals(new PriorityAccumulator().maxItems, 1024);
});

Deno.test("PriorityAccumulator.pollNext() before any datagram is -1", () => {
  const accumulator = new PriorityAccumulator();
  assertEquals(accumulator.pollNext(), -1);
  raise(accumulator, [[1, 1, 1]]);
  assertEquals([accumulator.pollNext(), accumulator.remainingBytes], [-1, 0]);
});

Deno.test("PriorityAccumulator lets priorities grow to a bound and no further", () => {
  const accumulator = new PriorityAccumulator({ maxStaleTicks: 2 });
  raise(accumulator, [[1, 1e308, 10]]);
  raise(accumulator, [[1, 1e308, 10], [2, 1e308, 10]]);
  accumulator.boost(2, 1e308);
  assertEquals([accumulator.priorityOf(1), accumulator.priorityOf(2)], [2 ** 51, 2 ** 51]);
  assertEquals(fill(accumulator, 10), [1]);
});

Deno.test("InterestManager.prioritize() raises by weight and distance", () => {
  const interest = new InterestManager({ cellSize: 10, farGain: 0.25, entityWeight: 2, entityBytes: 7 });
  interest.addObserver(70, { radius: 90, leaveRadius: 100 });
  for (const [id, x] of [[1, 0], [2, 50], [3, 80], [4, 1000], [5, 5000]] as const) interest.addEntity(id, x, 0);
  interest.setWeight(2, 10);
  interest.setBytes(2, 9);
  interest.setAlwaysRelevant(4, true);
  interest.tick();
  interest.discardEvents();
  const accumulator = new PriorityAccumulator();
  assertEquals(interest.prioritize(70, accumulator), 4);
  assertEquals([1, 2, 4, 5].map((id) => accumulator.priorityOf(id)), [2, 6.25, 0.5, 0]);
  interest.moveEntity(1, 100, 0);
  interest.prioritize(70, accumulator);
  assertEquals([1, 2].map((id) => accumulator.priorityOf(id)), [2.5, 12.5]);
  assertEquals(fill(accumulator, 9 + 7 + 6), [2, 1]);
});

Deno.test("InterestManager.prioritize() measures distance in three dimensions", () => {
  const interest = new InterestManager({ cellSize: 10, dimensions: 3, farGain: 0.5 });
  interest.addObserver(70, { radius: 9, leaveRadius: 10, x: 1, y: 1, z: 1 });
  interest.addEntity(1, 3, 4, 7);
  interest.tick();
  interest.discardEvents();
  const accumulator = new PriorityAccumulator();
  interest.prioritize(70, accumulator);
  assertEquals(accumulator.priorityOf(1), 1 - 0.5 * 0.7);
});

Deno.test("InterestManager.prioritize() forgets what left, and passes over what was removed since the tick", () => {
  const interest = new InterestManager({ cellSize: 10 });
  interest.addObserver(70, { radius: 90 });
  for (const id of [1, 2, 3]) interest.addEntity(id, id, 0);
  interest.tick();
  interest.discardEvents();
  const accumulator = new PriorityAccumulator();
  assertEquals(interest.prioritize(70, accumulator), 3);
  interest.removeEntity(2);
  interest.addEntity(2, 0, 0);
  assertEquals(interest.prioritize(70, accumulator), 2);
  assertEquals(fill(accumulator, 1000).sort(), [1, 3]);
  interest.moveEntity(3, 1000, 0);
  interest.tick();
  interest.discardEvents();
  interest.prioritize(70, accumulator);
  interest.prioritize(70, accumulator);
  assertEquals([accumulator.size, accumulator.priorityOf(3)], [2, 0]);
});

Deno.test("InterestManager.prioritize() refuses an accumulator that could leave something out", () => {
  const interest = new InterestManager({ cellSize: 10, maxRelevant: 20 });
  interest.addObserver(70, { radius: 90 });
  assertThrows(() => interest.prioritize(70, new PriorityAccumulator({ maxItems: 19 })), RangeError, "20 may be");
  assertEquals(interest.prioritize(70, new PriorityAccumulator({ maxItems: 20 })), 0);
});
