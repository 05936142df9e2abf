import { assertEquals } from "@std/assert";
import { TransmitSpan } from "../../../src/machine/transmit_span.ts";
import { Conflation } from "../../../src/stream/conflation.ts";
import { INT32_FRAMING } from "../../../src/stream/framing.ts";
import { SendQueue } from "../../../src/stream/send_queue.ts";
import { frameOf, joined } from "./int32_stream.ts";
import { spyingPool } from "./spying_pool.ts";

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

function written(conflation: Conflation): { buffers: Uint8Array[]; all: Uint8Array } {
  const queue = new SendQueue(INT32_FRAMING, spyingPool([64, 8192]).pool, 1 << 20);
  const span = new TransmitSpan();
  const parts: Uint8Array[] = [];
  const buffers: Uint8Array[] = [];
  conflation.moveTo(queue);
  while (queue.lend(span) > 0) {
    parts.push(span.bytes().slice());
    buffers.push(span.buffer);
    queue.confirm(span.length);
  }
  return { buffers, all: joined(parts) };
}

Deno.test("Conflation keeps the newest message per key in the oldest one's place in line", () => {
  const conflation = new Conflation(INT32_FRAMING, 10_000);
  assertEquals(conflation.offer(bytes(3, 1), "a", 0), 0);
  assertEquals(conflation.offer(bytes(4, 2), "b", 0), 0);
  assertEquals(conflation.offer(bytes(5, 3), 7, 0), 0);
  assertEquals(conflation.offer(bytes(2, 4), "a", 0), 1);
  assertEquals(conflation.offer(bytes(50, 5), 7, 0), 1);
  assertEquals([conflation.count, conflation.bytes], [3, 6 + 8 + 54]);
  const expected = [bytes(2, 4), bytes(4, 2), bytes(50, 5)].map((payload) => frameOf(payload));
  assertEquals(written(conflation).all, joined(expected));
  assertEquals([conflation.count, conflation.bytes], [0, 0]);
});

Deno.test('Conflation replaces nothing without a key, and tells the key 1 from the key "1"', () => {
  const conflation = new Conflation(INT32_FRAMING, 10_000);
  for (const key of [undefined, undefined, 1, "1"]) assertEquals(conflation.offer(bytes(1, 0), key, 0), 0);
  assertEquals(conflation.count, 4);
});

Deno.test("Conflation keeps its bound, the send queue's bytes included", () => {
  const conflation = new Conflation(INT32_FRAMING, 100);
  assertEquals(conflation.offer(bytes(200, 0), "large", 0), 0);
  assertEquals(conflation.offer(bytes(0, 0), "b", 0), -1);
  assertEquals(conflation.offer(bytes(36, 0), "large", 60), 1);
  assertEquals(conflation.offer(bytes(37, 0), "large", 60), -1);
  assertEquals(conflation.bytes, 40);
  assertEquals(conflation.offer(bytes(0, 0), "b", 56), 0);
  assertEquals(conflation.offer(bytes(0, 0), "c", 56), -1);
});

Deno.test("Conflation.offer() leaves the older message in place when the newer one has no room", () => {
  const conflation = new Conflation(INT32_FRAMING, 100);
  conflation.offer(bytes(10, 1), "a", 0);
  assertEquals(conflation.offer(bytes(90, 2), "a", 50), -1);
  assertEquals(written(conflation).all, frameOf(bytes(10, 1)));
});

Deno.test("Conflation.offer() copies the payload", () => {
  const conflation = new Conflation(INT32_FRAMING, 10_000);
  for (const length of [10, 5000]) {
    const payload = bytes(length, 1);
    conflation.offer(payload, "a", 0);
    payload.fill(2);
    assertEquals(written(conflation).all, frameOf(bytes(length, 1)));
  }
});

Deno.test("Conflation.moveTo() gives large frames away and copies small and shrunken ones", () => {
  const conflation = new Conflation(INT32_FRAMING, 1 << 20);
  conflation.offer(bytes(5000, 1), "large", 0);
  conflation.offer(bytes(100, 2), "small", 0);
  conflation.offer(bytes(9000, 3), "shrunken", 0);
  conflation.offer(bytes(8000, 4), "shrunken", 0);
  const { buffers, all } = written(conflation);
  assertEquals(all, joined([bytes(5000, 1), bytes(100, 2), bytes(8000, 4)].map((payload) => frameOf(payload))));
  assertEquals(buffers[0]!.length, 5004);
  assertEquals(buffers.length, 2);
});

Deno.test("Conflation.moveTo() moves one write's worth at a time, oldest first", () => {
  const conflation = new Conflation(INT32_FRAMING, 1 << 20);
  for (let i = 0; i < 4; i++) conflation.offer(bytes(100_000, i), i, 0);
  const { all } = written(conflation);
  assertEquals(all, joined([0, 1].map((i) => frameOf(bytes(100_000, i)))));
  assertEquals([conflation.count, conflation.bytes], [2, 200_008]);
});

Deno.test("Conflation stamps messages where it was given a clock", () => {
  const conflation = new Conflation(INT32_FRAMING, 1000, { wallNow: () => 0.002 });
  conflation.offer(bytes(1, 9), "a", 0);
  assertEquals([...written(conflation).all], [9, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9]);
});

Deno.test("Conflation.clear() drops everything and says how much that was", () => {
  const conflation = new Conflation(INT32_FRAMING, 1000);
  conflation.offer(bytes(1, 9), "a", 0);
  conflation.offer(bytes(1, 9), "b", 0);
  assertEquals([conflation.clear(), conflation.bytes, conflation.count], [2, 0, 0]);
  assertEquals(written(conflation).all.length, 0);
});
