import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { CACHED_VIEWS, ViewCache } from "../../../src/crypto/view_cache.ts";

Deno.test("ViewCache.viewOf() covers a buffer and nothing else of its memory", () => {
  const memory = new ArrayBuffer(100);
  const view = new ViewCache().viewOf(new Uint8Array(memory, 30, 20));
  assertEquals([view.buffer, view.byteOffset, view.byteLength], [memory, 30, 20]);
});

Deno.test("ViewCache.viewOf() gives the same view as long as its buffers take turns", () => {
  const cache = new ViewCache();
  const buffers = Array.from({ length: CACHED_VIEWS }, () => new Uint8Array(9));
  const views = buffers.map((buffer) => cache.viewOf(buffer));
  for (let turn = 0; turn < 3; turn++) {
    buffers.forEach((buffer, i) => assertStrictEquals(cache.viewOf(buffer), views[i]));
  }
});

Deno.test("ViewCache.viewOf() gives way to newer buffers, the oldest first, and never mixes two up", () => {
  const cache = new ViewCache();
  const buffers = Array.from({ length: CACHED_VIEWS + 1 }, (_, i) => new Uint8Array(9).fill(i));
  const views = buffers.map((buffer) => cache.viewOf(buffer));
  for (let i = 1; i < buffers.length; i++) assertStrictEquals(cache.viewOf(buffers[i]!), views[i]);
  assertNotStrictEquals(cache.viewOf(buffers[0]!), views[0]);
  for (let turn = 0; turn < 5; turn++) {
    buffers.forEach((buffer, i) => assertEquals(cache.viewOf(buffer).getUint8(8), i));
  }
});

Deno.test("ViewCache.viewOf() follows a buffer whose memory grows and shrinks", () => {
  const cache = new ViewCache();
  const memory = new ArrayBuffer(10, { maxByteLength: 50 });
  const buffer = new Uint8Array(memory);
  for (const length of [10, 40, 20, 50]) {
    memory.resize(length);
    assertEquals(cache.viewOf(buffer).byteLength, length);
  }
});
