import { assertEquals, assertThrows } from "@std/assert";
import { AssetCode, assetCodeName, wireCode } from "../../../src/asset/asset_code.ts";
import {
  AssetMessage,
  AssetMessageType,
  AssetWriter,
  chunkHeadBytes,
  MAX_CHUNK_HEAD_BYTES,
  MAX_TRANSFER_ID,
} from "../../../src/asset/asset_wire.ts";

const root = new Uint8Array(32).fill(9);
const writer = new AssetWriter();
const into = new Uint8Array(2048);

function decoded(length: number): AssetMessage {
  const message = new AssetMessage();
  assertEquals(message.decode(into.subarray(0, length)), true);
  for (let cut = 0; cut < length; cut++) {
    const isCut = message.decode(into.subarray(0, cut));
    // A chunk may end anywhere behind its head: what follows is proof and data.
    if (isCut) assertEquals(message.type === AssetMessageType.Chunk && cut >= length - 64, true, `${cut} of ${length}`);
  }
  message.decode(into.subarray(0, length));
  return message;
}

Deno.test("Open keeps id, name and root, and is refused when it is cut anywhere", () => {
  const message = decoded(writer.open(into, 300, "a/é", root));
  assertEquals([message.type, message.id, message.name, message.flag], [1, 300, "a/é", true]);
  assertEquals(into.slice(message.at, message.at + 32), root);
  assertEquals(decoded(writer.open(into, 1, "x", undefined)).flag, false);
});

Deno.test("Opened keeps kind, length and root", () => {
  const message = decoded(writer.opened(into, MAX_TRANSFER_ID, 1, 2 ** 53 - 1, root));
  assertEquals([message.id, message.kind, message.length], [MAX_TRANSFER_ID, 1, 2 ** 53 - 1]);
});

Deno.test("Offer keeps name, length and root", () => {
  const message = decoded(writer.offer(into, 5, "name", 77, root));
  assertEquals([message.name, message.length, into[message.at]], ["name", 77, 9]);
});

Deno.test("Want, WantLeaves, Refused and Close keep their fields", () => {
  const want = decoded(writer.want(into, 5, 1000, 16, true));
  assertEquals([want.first, want.count, want.flag], [1000, 16, true]);
  const leaves = decoded(writer.wantLeaves(into, 5, 2, 3));
  assertEquals([leaves.first, leaves.count], [2, 3]);
  assertEquals(decoded(writer.end(into, AssetMessageType.Refused, 1, AssetCode.Busy)).code, AssetCode.Busy);
  assertEquals(decoded(writer.end(into, AssetMessageType.Close, 1, 200)).code, 200);
});

Deno.test("Chunk and Leaves tell where their values start", () => {
  const head = writer.chunk(into, 70, 99, true);
  assertEquals(head, chunkHeadBytes(70, 99, 1));
  const chunk = decoded(head + 64);
  assertEquals([chunk.first, chunk.flag, chunk.at], [99, true, head]);
  const at = writer.leaves(into, 70, 4);
  const message = new AssetMessage();
  assertEquals(message.decode(into.subarray(0, at + 96)), true);
  assertEquals([message.first, message.count, message.at], [4, 3, at]);
  assertEquals(message.decode(into.subarray(0, at + 95)), false);
  assertEquals(message.decode(into.subarray(0, at)), false);
});

Deno.test("decode() refuses other versions, flags, kinds and types", () => {
  const message = new AssetMessage();
  const length = writer.open(into, 1, "a", undefined);
  const open = into.slice(0, length);
  assertEquals(message.decode(open), true);
  assertEquals(message.decode(open.with(2, 2)), false);
  assertEquals(message.decode(open.with(3, 2)), false);
  assertEquals(message.decode(open.with(5, 0xff)), false);
  for (const type of [0, 10, 255]) assertEquals(message.decode(open.with(0, type)), false);
  assertEquals(message.type, 0);
  const opened = into.slice(0, writer.opened(into, 1, 0, 5, root));
  assertEquals(message.decode(opened.with(2, 2)), false);
  const want = into.slice(0, writer.want(into, 1, 0, 1, false));
  assertEquals(message.decode(want.with(3, 0)), false);
});

Deno.test("a head is never longer than what is kept free for it", () => {
  assertEquals(chunkHeadBytes(MAX_TRANSFER_ID, 2 ** 37 - 1, 2 ** 37) <= MAX_CHUNK_HEAD_BYTES, true);
  assertThrows(() => writer.open(new Uint8Array(3), 1, "abc", undefined), RangeError);
});

Deno.test("wireCode() takes no code that is local, and assetCodeName() names all", () => {
  assertEquals(wireCode(AssetCode.Corrupt), AssetCode.Malformed);
  assertEquals(wireCode(AssetCode.Changed), AssetCode.Changed);
  assertEquals(assetCodeName(AssetCode.NoSource), "NoSource");
  assertEquals(assetCodeName(250), "Malformed");
});

Deno.test("decode() refuses more leaves than one message may have", () => {
  const message = new AssetMessage();
  const bytes = new Uint8Array(40_000);
  const at = writer.leaves(bytes, 1, 0);
  assertEquals(message.decode(bytes.subarray(0, at + 1024 * 32)), true);
  assertEquals(message.decode(bytes.subarray(0, at + 1025 * 32)), false);
});
