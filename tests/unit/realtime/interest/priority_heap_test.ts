import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { PriorityHeap } from "../../../../src/realtime/interest/priority_heap.ts";

Deno.test("PriorityHeap.pop() of an empty heap is -1", () => {
  const heap = new PriorityHeap(1);
  heap.build();
  assertEquals([heap.pop(), heap.pop(), heap.size], [-1, -1, 0]);
});

Deno.test("PriorityHeap agrees with sorting, for any number of slots and equal keys", () => {
  for (const seed of [1, 2]) {
    const random = new SeededRandom(seed);
    const heap = new PriorityHeap(1);
    for (let count = 0; count < 70; count++) {
      heap.reset(count);
      const keys = Array.from({ length: count }, () => random.nextInt(30));
      keys.forEach((key, slot) => heap.put(slot, key));
      heap.build();
      assertEquals(heap.size, count);
      const popped: number[] = [];
      for (let slot = heap.pop(); slot >= 0; slot = heap.pop()) popped.push(slot);
      assertEquals(popped.map((slot) => keys[slot]!), keys.toSorted((a, b) => b - a), `seed ${seed}, ${count} slots`);
      assertEquals(new Set(popped).size, count, `seed ${seed}, ${count} slots`);
    }
  }
});

Deno.test("PriorityHeap.reset() forgets what was left", () => {
  const heap = new PriorityHeap(4);
  heap.put(3, 1);
  heap.reset(2);
  heap.put(1, 0.5);
  heap.build();
  assertEquals([heap.pop(), heap.pop()], [1, -1]);
});
