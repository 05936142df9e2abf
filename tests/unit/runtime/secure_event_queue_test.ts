import { assert, assertEquals, assertNotStrictEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import type { SecureEvent } from "../../../src/runtime/secure_event.ts";
import { SecureEventQueue } from "../../../src/runtime/secure_event_queue.ts";

const memory = Uint8Array.from({ length: 40_000 }, (_, i) => i);

function ticket(n: number): SecureEvent {
  return { type: "ticket", peerId: n, ticket: new Uint8Array(0) };
}

function idsOf(queue: SecureEventQueue): number[] {
  const ids: number[] = [];
  for (let event = queue.poll(); event !== undefined; event = queue.poll()) ids.push(event.peerId);
  return ids;
}

function queueOf(maxCount = 1000, maxBytes = 1 << 20): SecureEventQueue {
  return new SecureEventQueue({ maxCount, maxBytes });
}

Deno.test("poll() gives events in order and undefined when there is none", () => {
  const queue = queueOf();
  assertEquals(queue.poll(), undefined);
  for (let n = 1; n <= 200; n++) queue.push(ticket(n));
  assertEquals(queue.count, 200);
  assertEquals(idsOf(queue), Array.from({ length: 200 }, (_, i) => i + 1));
  assertEquals([queue.poll(), queue.count], [undefined, 0]);
});

Deno.test("the queue keeps its order while it grows in the middle of its ring", () => {
  const queue = queueOf();
  const expected: number[] = [];
  let next = 1;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 7; i++) {
      queue.push(ticket(next));
      expected.push(next++);
    }
    for (let i = 0; i < 3; i++) assertEquals(queue.poll()?.peerId, expected.shift());
  }
  assertEquals(idsOf(queue), expected);
});

Deno.test("pushData() copies: what happens to the memory afterwards does not show", () => {
  const queue = queueOf();
  const buffer = memory.slice();
  for (const [offset, length] of [[3, 5], [0, 0], [100, 1200], [7, 20_000]] as const) {
    assert(queue.pushData(9, 1, buffer, offset, length, true));
  }
  buffer.fill(0);
  const seen = [queue.poll(), queue.poll(), queue.poll(), queue.poll()];
  assertEquals(seen.map((event) => event?.type === "data" && event.data), [
    memory.slice(3, 8),
    new Uint8Array(0),
    memory.slice(100, 1300),
    memory.slice(7, 20_007),
  ]);
  assertEquals(seen[0], { type: "data", peerId: 9, channel: 1, data: memory.slice(3, 8), isEarly: true });
});

Deno.test("messages that were taken do not change when others follow, over many pieces of memory", () => {
  const queue = queueOf(100_000, 1 << 30);
  const taken: Uint8Array[] = [];
  for (let n = 0; n < 500; n++) {
    queue.pushData(1, 1, memory, n, 700, false);
    const event = queue.poll();
    if (event?.type === "data") taken.push(event.data);
  }
  for (const [n, data] of taken.entries()) assertEquals(data, memory.slice(n, n + 700));
});

Deno.test("an application that transfers the memory of a message away does not stop the next ones", () => {
  const queue = queueOf();
  for (const length of [10, 0]) {
    queue.pushData(1, 1, memory, 5, length, false);
    const event = queue.poll();
    if (event?.type === "data") structuredClone(event.data, { transfer: [event.data.buffer] });
    for (const next of [0, 3]) {
      queue.pushData(1, 1, memory, 5, next, false);
      const after = queue.poll();
      assertEquals(after?.type === "data" && after.data, memory.slice(5, 5 + next));
    }
  }
});

Deno.test("pushData() refuses what is beyond the limits, and has room again when something was taken", () => {
  const queue = queueOf(3, 100);
  assert(queue.pushData(1, 1, memory, 0, 60, false));
  assertEquals(queue.pushData(1, 1, memory, 0, 41, false), false);
  assert(queue.pushData(1, 1, memory, 0, 40, false));
  assertEquals([queue.count, queue.bytes], [2, 100]);
  queue.poll();
  assertEquals(queue.bytes, 40);
  assert(queue.pushData(1, 1, memory, 0, 1, false));
  assertEquals(queue.hasRoom, true);
  assert(queue.pushData(1, 1, memory, 0, 1, false));
  assertEquals([queue.hasRoom, queue.pushData(1, 1, memory, 0, 0, false)], [false, false]);
});

Deno.test("push() takes the events that have to be told, full or not", () => {
  const queue = queueOf(1);
  queue.push(ticket(1));
  assertEquals(queue.hasRoom, false);
  queue.push(ticket(2));
  assertEquals(idsOf(queue), [1, 2]);
});

Deno.test("next() gives what waits, then waits, then gives what comes", async () => {
  const queue = queueOf(1, 10);
  queue.push(ticket(1));
  assertEquals((await queue.next()).value?.peerId, 1);
  const waiting = queue.next();
  queue.push(ticket(2));
  assertEquals((await waiting).value?.peerId, 2);
  const full = queue.next();
  assert(queue.pushData(3, 1, memory, 0, 11, false), "a reader that waits needs no room");
  assertEquals((await full).value?.peerId, 3);
  assertEquals([queue.count, queue.bytes], [0, 0]);
});

Deno.test("next() refuses a second reader that waits", async () => {
  const queue = queueOf();
  const first = queue.next();
  await assertRejects(() => queue.next(), MisuseError);
  queue.push(ticket(1));
  assertEquals((await first).value?.peerId, 1);
});

Deno.test("end() leaves what waits to be taken, and takes nothing more", async () => {
  const queue = queueOf();
  queue.push(ticket(1));
  queue.end();
  queue.push(ticket(2));
  assertEquals(queue.pushData(1, 1, memory, 0, 1, false), false);
  assertEquals((await queue.next()).value?.peerId, 1);
  assertEquals(await queue.next(), { done: true, value: undefined });
  assertEquals(await queue.next(), { done: true, value: undefined });
});

Deno.test("end() wakes the reader that waits", async () => {
  const queue = queueOf();
  const waiting = queue.next();
  queue.end();
  queue.end(new Error("too late"));
  assertEquals(await waiting, { done: true, value: undefined });
  assertEquals(await queue.next(), { done: true, value: undefined });
});

Deno.test("end() with an error tells it to the reader, once, after what waits", async () => {
  const broken = new Error("broken");
  const queue = queueOf();
  queue.push(ticket(1));
  queue.end(broken);
  assertEquals((await queue.next()).value?.peerId, 1);
  assertStrictEquals(await assertRejects(() => queue.next()), broken);
  assertEquals((await queue.next()).done, true);
  const other = queueOf();
  const waiting = other.next();
  other.end(broken);
  assertStrictEquals(await assertRejects(() => waiting), broken);
  assertEquals((await other.next()).done, true);
});

Deno.test("messages that fill a piece of memory are not cut, and large ones get memory of their own", () => {
  const queue = queueOf();
  const parts: Uint8Array[] = [];
  for (const length of [8192, 8192, 8192, 8191, 1, 1, 8193]) {
    queue.pushData(1, 1, memory, 0, length, false);
    const event = queue.poll();
    if (event?.type === "data") parts.push(event.data);
  }
  assertEquals(parts.map(({ length }) => length), [8192, 8192, 8192, 8191, 1, 1, 8193]);
  assertStrictEquals(parts[4]!.buffer, parts[0]!.buffer);
  assertNotStrictEquals(parts[5]!.buffer, parts[0]!.buffer);
  assertEquals(parts[6]!.buffer.byteLength, 8193);
});

Deno.test("poll() and next() tell the source of credit that was taken, in order, over a growing ring", async () => {
  const taken: string[] = [];
  const source = {
    handleTaken: (peerId: number, channel: number, credit: number) => taken.push(`${peerId} ${channel} ${credit}`),
  };
  const queue = new SecureEventQueue({ maxCount: 10, maxBytes: 50 }, source);
  for (let n = 0; n < 100; n++) {
    assert(queue.pushData(n, n % 4, memory, 0, 10, false, 74 + n), "credit has room always");
  }
  assertEquals(queue.pushData(1, 1, memory, 0, 1, false), false);
  assertEquals(taken, []);
  for (let n = 0; n < 50; n++) queue.poll();
  for (let n = 50; n < 100; n++) await queue.next();
  queue.pushData(7, 1, memory, 0, 10, false);
  queue.poll();
  const waiting = queue.next();
  assert(queue.isAwaited);
  queue.pushData(8, 2, memory, 0, 10, false, 5);
  await waiting;
  assertEquals(queue.isAwaited, false);
  assertEquals(taken, [...Array.from({ length: 100 }, (_, n) => `${n} ${n % 4} ${74 + n}`), "8 2 5"]);
});

Deno.test("pushDrained() tells of each channel once while that waits", async () => {
  const queue = queueOf(1);
  for (const [peerId, channel] of [[1, 0], [1, 0], [1, 254], [2, 0], [1, 254]] as const) {
    queue.pushDrained(peerId, channel);
  }
  const seen = [queue.poll(), queue.poll(), queue.poll(), queue.poll()];
  assertEquals(seen.map((event) => event?.type === "drained" ? [event.peerId, event.channel] : []), [
    [1, 0],
    [1, 254],
    [2, 0],
    [],
  ]);
  queue.pushDrained(1, 0);
  assertEquals(queue.poll()?.type, "drained");
  const waiting = queue.next();
  queue.pushDrained(1, 0);
  assertEquals((await waiting).value?.type, "drained");
  queue.pushDrained(1, 0);
  assertEquals(queue.count, 1, "one that went straight to the reader waits no more");
});
