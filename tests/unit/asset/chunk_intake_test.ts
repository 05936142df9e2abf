import { assertEquals } from "@std/assert";
import { lz4CompressBlock } from "../../../src/codec/lz4_block.ts";
import { Lz4Table } from "../../../src/codec/lz4_table.ts";
import { AssetMessage, AssetWriter } from "../../../src/asset/asset_wire.ts";
import { ChunkIntake } from "../../../src/asset/chunk_intake.ts";
import { ChunkSlots } from "../../../src/asset/chunk_slots.ts";
import { PlainHasher } from "../../../src/asset/plain_hasher.ts";
import { treeOf } from "./tree_hash.ts";

const hasher = new PlainHasher();
const content = new Uint8Array(1000).fill(65);
const { root } = treeOf(content, hasher);

/** What becomes of a message with some data; the slot after it must stay as it is. */
function taken(data: Uint8Array, isCompressed: boolean): boolean {
  const bytes = new Uint8Array(10 + data.length);
  const at = new AssetWriter().chunk(bytes, 1, 0, isCompressed);
  bytes.set(data, at);
  const message = new AssetMessage();
  const whole = bytes.subarray(0, at + data.length);
  assertEquals(message.decode(whole), true);
  const slots = new ChunkSlots(2, hasher);
  const result = new ChunkIntake(hasher, slots).take(message, whole, 0, root, content.length);
  assertEquals(slots.bytes.subarray(1000).some((byte) => byte !== 0), false);
  return result;
}

function packed(bytes: Uint8Array): Uint8Array {
  const into = new Uint8Array(2000);
  return into.subarray(0, lz4CompressBlock(bytes, 0, bytes.length, into, 0, 2000, new Lz4Table()));
}

Deno.test("take() takes the chunk as it is, and compressed", () => {
  assertEquals(taken(content, false), true);
  assertEquals(taken(packed(content), true), true);
});

Deno.test("take() refuses a chunk that is longer or shorter, without a byte beyond its length", () => {
  for (const length of [0, 999, 1001, 1500]) {
    const data = new Uint8Array(length).fill(65);
    assertEquals(taken(data, false), false, `${length} bytes`);
    assertEquals(taken(packed(data), true), false, `${length} bytes compressed`);
  }
});

Deno.test("take() refuses a block that is not shorter than its chunk", () => {
  // One run of 1000 literals: 15, three times 255, 220.
  assertEquals(taken(Uint8Array.of(0xf0, 255, 255, 255, 220, ...content), true), false);
});

Deno.test("take() refuses a message that ends within its proof", () => {
  const message = new AssetMessage();
  const bytes = new Uint8Array(20);
  const length = new AssetWriter().chunk(bytes, 1, 0, false);
  message.decode(bytes.subarray(0, length + 5));
  const slots = new ChunkSlots(1, hasher);
  assertEquals(new ChunkIntake(hasher, slots).take(message, bytes.subarray(0, length + 5), 0, root, 65_537), false);
});
