import { assertEquals } from "@std/assert";
import { ChunkPlan } from "../../../src/asset/chunk_plan.ts";

Deno.test("nextMissing() gives the last chunk, then all in order, and each of them once", () => {
  const plan = new ChunkPlan(4, 0, 4);
  const order: number[] = [];
  for (let index = plan.nextMissing(); index >= 0; index = plan.nextMissing()) {
    plan.ask(index);
    order.push(index);
  }
  assertEquals(order, [3, 0, 1, 2]);
  assertEquals(plan.missingCount, 0);
});

Deno.test("markStored() counts a chunk once, and nothing outside of what is wanted", () => {
  const plan = new ChunkPlan(4, 1, 3);
  for (const index of [1, 1, 0, 3, 9, 1]) plan.markStored(index);
  assertEquals([plan.storedCount, plan.complete], [1, false]);
  plan.markStored(2);
  assertEquals([plan.storedCount, plan.missingCount, plan.complete], [2, 0, true]);
});

Deno.test("giveBack() makes a chunk missing again, and counts only retries", () => {
  const plan = new ChunkPlan(3, 0, 3);
  for (const index of [2, 0, 1]) plan.ask(index);
  assertEquals(plan.giveBack(0, false), 0);
  assertEquals(plan.giveBack(1, true), 1);
  plan.ask(1);
  assertEquals(plan.giveBack(1, true), 2);
  assertEquals([plan.retriesOf(0), plan.retriesOf(1), plan.retriesOf(9)], [0, 2, 0]);
  assertEquals([plan.nextMissing(), plan.missingCount], [0, 2]);
});

Deno.test("giveBack() leaves what is stored", () => {
  const plan = new ChunkPlan(1, 0, 1);
  plan.markStored(0);
  plan.giveBack(0, true);
  assertEquals(plan.complete, true);
});

Deno.test("store() takes a chunk that nobody was asked for out of what is missing", () => {
  const plan = new ChunkPlan(2, 0, 2);
  plan.store(1);
  assertEquals([plan.isOpen(1), plan.isMissing(1), plan.missingCount, plan.nextMissing()], [false, false, 1, 0]);
});
