import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { SlotQueue } from "../../../src/session/slot_queue.ts";

Deno.test("SlotQueue keeps the order and each slot once", () => {
  const queue = new SlotQueue();
  assertEquals([queue.first(), queue.size], [-1, 0]);
  for (const slot of [5, 3, 5, 9, 3]) queue.add(slot);
  const order: number[] = [];
  for (let slot = queue.first(); slot >= 0; slot = queue.first()) {
    order.push(slot);
    queue.shift();
  }
  assertEquals([order, queue.size], [[5, 3, 9], 0]);
  queue.shift();
  queue.add(5);
  assertEquals(queue.first(), 5);
});

Deno.test("SlotQueue behaves like a list without repetition, whatever its size", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    const queue = new SlotQueue();
    const model: number[] = [];
    for (let i = 0; i < 3000; i++) {
      if (random.nextInt(5) < 3) {
        const slot = random.nextInt(i < 1500 ? 60 : 700);
        queue.add(slot);
        if (!model.includes(slot)) model.push(slot);
      } else {
        queue.shift();
        model.shift();
      }
      assertEquals([queue.first(), queue.size], [model[0] ?? -1, model.length], `seed ${seed} step ${i}`);
    }
  }
});
