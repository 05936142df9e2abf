import { assertEquals } from "@std/assert";
import { BlockQueue } from "../../../src/asset/block_queue.ts";
import { ChunkSlots } from "../../../src/asset/chunk_slots.ts";
import { PlainHasher } from "../../../src/asset/plain_hasher.ts";

/** A queue with chunks that lie in slots one after another. */
function queueOf(...indices: number[]): { queue: BlockQueue; slots: ChunkSlots } {
  const slots = new ChunkSlots(8, new PlainHasher());
  const queue = new BlockQueue(slots);
  for (const index of indices) queue.push(slots.take(), index);
  return { queue, slots };
}

Deno.test("poll() gives runs of chunks that follow one another, no longer than asked for", () => {
  const { queue } = queueOf(9, 0, 1, 2);
  const runs = [];
  while (queue.poll(2)) runs.push({ ...queue.block });
  assertEquals(runs, [{ slot: 0, index: 9, count: 1 }, { slot: 1, index: 0, count: 2 }, {
    slot: 3,
    index: 2,
    count: 1,
  }]);
});

Deno.test("takeBack() frees the slots of a block", () => {
  const { queue, slots } = queueOf(0, 1);
  queue.poll(16);
  assertEquals([queue.length, queue.busy, slots.free], [0, true, 6]);
  assertEquals(queue.takeBack(0, 2), true);
  assertEquals([queue.busy, slots.free], [false, 8]);
});

Deno.test("drop() frees what waits, and what is out counts for nothing when it comes back", () => {
  const { queue, slots } = queueOf(0, 5);
  queue.poll(1);
  queue.drop();
  assertEquals([queue.length, slots.free], [0, 7]);
  queue.push(slots.take(), 3);
  queue.poll(1);
  assertEquals(queue.takeBack(0, 1), false);
  assertEquals(queue.takeBack(queue.block.slot, 1), true);
  assertEquals([queue.busy, slots.free], [false, 8]);
});
