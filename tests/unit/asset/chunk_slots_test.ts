import { assertEquals, assertThrows } from "@std/assert";
import { ChunkSlots } from "../../../src/asset/chunk_slots.ts";
import { LeafRow } from "../../../src/asset/leaf_row.ts";
import { PlainHasher } from "../../../src/asset/plain_hasher.ts";
import { treeOf } from "./tree_hash.ts";

Deno.test("take() gives slots in a circle, as many as there are", () => {
  const slots = new ChunkSlots(3, new PlainHasher());
  assertEquals([slots.take(), slots.take(), slots.take(), slots.take()], [0, 1, 2, -1]);
  slots.release(1);
  assertEquals([slots.free, slots.take(), slots.free], [1, 1, 0]);
});

Deno.test("release() refuses a slot that is not taken", () => {
  const slots = new ChunkSlots(1, new PlainHasher());
  assertThrows(() => slots.release(0), RangeError);
});

Deno.test("LeafRow.add() takes leaves in order only, and check() starts over where the root is another one", () => {
  const bytes = new Uint8Array(3 * 65_536);
  const tree = treeOf(bytes, new PlainHasher());
  const leaves = new Uint8Array(96);
  tree.writeLeaves(0, 3, leaves, 0);
  const row = new LeafRow(bytes.length, new PlainHasher());
  assertEquals(row.add(1, leaves, 32), false);
  assertEquals(row.add(0, leaves.subarray(0, 32), 0), true);
  assertEquals(row.add(0, leaves.subarray(0, 32), 0), false);
  assertEquals(row.add(1, Uint8Array.of(...leaves, ...leaves), 32), false);
  assertEquals(row.add(1, leaves, 32), true);
  assertEquals(row.full, true);
  assertEquals(row.check(new Uint8Array(32)), false);
  assertEquals(row.filled, 0);
  row.add(0, leaves, 0);
  assertEquals(row.check(tree.root), true);
});
