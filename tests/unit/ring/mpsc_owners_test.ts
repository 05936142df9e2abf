/**
 * Owners of an MPSC ring that die at every moment of a claim, and what the consumer makes of it.
 *
 * A death between two instructions is an error thrown there: the producer is never used again.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { createMpscRing, MpscConsumer, MpscProducer } from "../../../src/ring/mpsc_ring.ts";
import { countCalls } from "./atomics_spy.ts";

const CAPACITY = 1024;
const MAX_PAYLOAD = 504;

class Death extends Error {}

/** Runs `during` and dies before or after the next call of one method of Atomics. */
function dieAt(method: "compareExchange" | "store", when: "before" | "after", during: () => void): void {
  const whole = Atomics[method] as (...args: unknown[]) => number;
  (Atomics as unknown as Record<string, unknown>)[method] = (...args: unknown[]) => {
    if (when === "after") whole.apply(Atomics, args);
    throw new Death();
  };
  try {
    assertThrows(during, Death);
  } finally {
    (Atomics as unknown as Record<string, unknown>)[method] = whole;
  }
}

function ring(owners = 3): { shared: SharedArrayBuffer; producers: MpscProducer[]; consumer: MpscConsumer } {
  const shared = createMpscRing(CAPACITY, owners);
  const producers = Array.from({ length: owners }, (_, owner) => new MpscProducer(shared, owner));
  return { shared, producers, consumer: new MpscConsumer(shared) };
}

function put(producer: MpscProducer, kind: number, payloadBytes = 4): number {
  const offset = producer.claim(kind, payloadBytes);
  if (offset >= 0) producer.commit();
  return offset;
}

function drain(consumer: MpscConsumer): number[] {
  const kinds: number[] = [];
  while (consumer.next()) kinds.push(consumer.kind);
  consumer.release();
  return kinds;
}

/** Proves that the ring is whole: all its room can be claimed, in two records, and be read. */
function checkWhole(producer: MpscProducer, consumer: MpscConsumer): void {
  const offset = put(producer, 100, 0);
  assert(offset >= 0, "an empty ring has room");
  assertEquals(drain(consumer), [100]);
  for (let room = CAPACITY - (offset % CAPACITY); room > 0;) {
    const bytes = Math.min(room, 256);
    assert(put(producer, 101, bytes - 8) >= 0);
    room -= bytes;
    drain(consumer);
  }
  assertEquals([put(producer, 102, MAX_PAYLOAD), put(producer, 103, MAX_PAYLOAD)], [8, 520]);
  assertEquals([...drain(consumer), ...drain(consumer)], [102, 103]);
  assertEquals(consumer.isEmpty(), true);
}

Deno.test("MpscConsumer.skipOwner() passes over the open claim of that owner", () => {
  const { producers: [a, b], consumer } = ring();
  put(a!, 1);
  const offset = a!.claim(2, 100);
  a!.data.fill(255, offset, offset + 100);
  put(b!, 3);
  assertEquals(drain(consumer), [1]);
  consumer.skipOwner(0);
  assertEquals(drain(consumer), [3]);
  assertEquals(consumer.skippedCount, 1);
  checkWhole(b!, consumer);
});

Deno.test("MpscConsumer.next() waits for an owner that is only slow, whoever else is gone", () => {
  const { producers: [a, b, c], consumer } = ring();
  a!.claim(1, 4);
  b!.claim(2, 4);
  put(c!, 3);
  consumer.skipOwner(1);
  consumer.skipOwner(2);
  assertEquals([drain(consumer), drain(consumer)], [[], []]);
  a!.commit();
  assertEquals(drain(consumer), [1, 3]);
  assertEquals(consumer.skippedCount, 1);
});

Deno.test("MpscConsumer.skipOwner() leaves committed records of that owner alone", () => {
  const { producers: [a, b], consumer } = ring();
  put(a!, 1);
  put(a!, 2);
  consumer.skipOwner(0);
  put(b!, 3);
  assertEquals([drain(consumer), consumer.skippedCount], [[1, 2, 3], 0]);
});

Deno.test("MpscConsumer.skipOwner() passes over a claim with padding, padding written or not", () => {
  for (const how of ["claim", "before", "after"] as const) {
    const { producers: [a, b], consumer } = ring();
    put(b!, 1, 400);
    put(b!, 2, 400);
    assertEquals([...drain(consumer), ...drain(consumer)], [1, 2]);
    if (how === "claim") a!.claim(3, 300);
    else dieAt("store", how, () => a!.claim(3, 300));
    put(b!, 4);
    assertEquals(drain(consumer), [], how);
    consumer.skipOwner(0);
    assertEquals([drain(consumer), consumer.skippedCount], [[4], 1], how);
    checkWhole(b!, consumer);
  }
});

Deno.test("MpscConsumer.skipOwner() knows a claim that was made and not yet noted by its owner", () => {
  const { producers: [a, b], consumer } = ring();
  dieAt("compareExchange", "after", () => a!.claim(1, 40));
  put(b!, 2);
  assertEquals(drain(consumer), []);
  consumer.skipOwner(0);
  assertEquals([drain(consumer), consumer.skippedCount], [[2], 1]);
  checkWhole(b!, consumer);
});

Deno.test("MpscConsumer.skipOwner() makes nothing of a claim that was only announced", () => {
  const { producers: [a, b], consumer } = ring();
  put(b!, 1);
  // Its copy of the tail is old: it announces the place of b's record, fails, and dies.
  dieAt("compareExchange", "after", () => a!.claim(2, 40));
  put(b!, 3);
  consumer.skipOwner(0);
  assertEquals([drain(consumer), consumer.skippedCount], [[1, 3], 0]);
  assertEquals(consumer.isOwnerTaken(0), false);
  checkWhole(b!, consumer);
});

Deno.test("MpscConsumer.skipOwner() makes nothing of a claim that was announced at the end of the ring", () => {
  const { producers: [a, b], consumer } = ring();
  put(b!, 1);
  put(a!, 2);
  dieAt("compareExchange", "before", () => a!.claim(3, 40));
  consumer.skipOwner(0);
  assertEquals([consumer.isOwnerTaken(0), drain(consumer), consumer.skippedCount], [true, [1, 2], 0]);
  assertEquals([consumer.isOwnerTaken(0), consumer.isEmpty()], [false, true]);
  checkWhole(b!, consumer);
});

Deno.test("MpscConsumer.skipOwner() frees at once the number of one that announced a claim in an empty ring", () => {
  const { producers: [a], consumer } = ring();
  dieAt("compareExchange", "before", () => a!.claim(1, 40));
  consumer.skipOwner(0);
  assertEquals(consumer.isOwnerTaken(0), false);
});

Deno.test("MpscConsumer.skipOwner() knows a claim that was not noted though others have claims elsewhere", () => {
  const { producers: [a, b, c], consumer } = ring();
  dieAt("compareExchange", "after", () => a!.claim(1, 40));
  put(b!, 2);
  c!.claim(3, 4);
  consumer.skipOwner(0);
  assertEquals([drain(consumer), consumer.skippedCount], [[2], 1]);
  c!.commit();
  assertEquals(drain(consumer), [3]);
});

Deno.test("MpscConsumer.next() does not skip a claim whose owner is slow to note it, when another is gone", () => {
  const { producers: [a, b, c], consumer } = ring();
  dieAt("compareExchange", "after", () => a!.claim(1, 40));
  b!.claim(2, 4);
  put(c!, 3);
  consumer.skipOwner(1);
  assertEquals([drain(consumer), drain(consumer), consumer.skippedCount], [[], [], 0]);
});

Deno.test("MpscConsumer.next() skips in one go behind a record whose owner died right after its commit", () => {
  const { producers: [a, b, c], consumer } = ring();
  a!.claim(1, 4);
  dieAt("store", "after", () => a!.commit());
  b!.claim(2, 4);
  put(c!, 3);
  consumer.skipOwner(0);
  consumer.skipOwner(1);
  assertEquals([drain(consumer), consumer.skippedCount], [[1, 3], 1]);
});

Deno.test("MpscConsumer.next() loads one word of an empty ring, before and after an owner was gone", () => {
  const { shared, producers: [a, b], consumer } = ring();
  assertEquals(countCalls("load", () => assertEquals(consumer.next(), false)), 1);
  a!.claim(1, 4);
  put(b!, 2);
  consumer.skipOwner(0);
  assertEquals([consumer.next(), consumer.kind, consumer.isOwnerTaken(0)], [true, 2, false]);
  assertEquals(countCalls("load", () => assertEquals(consumer.next(), false)), 1);
  const claimLength = new Int32Array(shared)[512 / 4 + 2];
  assertEquals(claimLength, 0, "the next producer of that number inherits no claim");
});

Deno.test("MpscConsumer.skipOwner() does not take another's claim for one that was only announced there", () => {
  const { producers: [a, b, c], consumer } = ring();
  dieAt("compareExchange", "before", () => a!.claim(1, 200));
  b!.claim(2, 4);
  put(c!, 3);
  consumer.skipOwner(0);
  assertEquals([drain(consumer), consumer.isOwnerTaken(0)], [[], true], "b is slow");
  b!.commit();
  assertEquals([drain(consumer), consumer.skippedCount], [[2, 3], 0]);
  drain(consumer);
  assertEquals(consumer.isOwnerTaken(0), false);
  checkWhole(b!, consumer);
});

Deno.test("MpscConsumer.skipOwner() is not misled by a claim of another that was announced there and refused", () => {
  const { producers: [a, b, c], consumer } = ring();
  dieAt("compareExchange", "after", () => a!.claim(1, MAX_PAYLOAD));
  put(b!, 2, MAX_PAYLOAD);
  // It announces the place of a's claim, fails, and finds the ring full.
  assertEquals(put(c!, 3), -1);
  consumer.skipOwner(0);
  assertEquals([drain(consumer), consumer.skippedCount], [[2], 1]);
});

Deno.test("MpscConsumer.skipOwner() takes the claim that was made when two that are gone announced its place", () => {
  for (const order of [[0, 1], [1, 0]]) {
    const { producers, consumer } = ring();
    dieAt("compareExchange", "before", () => producers[order[0]!]!.claim(1, 200));
    producers[order[1]!]!.claim(2, 4);
    put(producers[2]!, 3);
    for (const owner of order) consumer.skipOwner(owner);
    assertEquals([drain(consumer), consumer.skippedCount], [[3], 1], `${order}`);
    drain(consumer);
    assertEquals([consumer.isOwnerTaken(0), consumer.isOwnerTaken(1)], [false, false]);
    checkWhole(producers[2]!, consumer);
  }
});

Deno.test("MpscConsumer.skipOwner() leaves a ring blocked rather than guess between two that died in the same place", () => {
  const { producers: [a, b, c], consumer } = ring();
  dieAt("compareExchange", "before", () => a!.claim(1, 200));
  dieAt("compareExchange", "after", () => b!.claim(2, 4));
  put(c!, 3);
  consumer.skipOwner(0);
  consumer.skipOwner(1);
  assertEquals([drain(consumer), consumer.skippedCount], [[], 0]);
});

Deno.test("MpscConsumer.skipOwner() reads a record whose owner died right after its commit", () => {
  const { producers: [a, b], consumer } = ring();
  put(b!, 1);
  a!.claim(2, 4);
  dieAt("store", "after", () => a!.commit());
  put(b!, 3);
  consumer.skipOwner(0);
  assertEquals(consumer.isOwnerTaken(0), true, "its record is not read yet");
  assertEquals([drain(consumer), consumer.skippedCount], [[1, 2, 3], 0]);
  assertEquals([drain(consumer), consumer.isOwnerTaken(0)], [[], false]);
});

Deno.test("MpscConsumer.next() passes over a ring full of claims whose owners are gone", () => {
  const { producers: [a, b, c], consumer } = ring();
  a!.claim(1, MAX_PAYLOAD);
  b!.claim(2, MAX_PAYLOAD);
  consumer.skipOwner(0);
  consumer.skipOwner(1);
  assertEquals([drain(consumer), consumer.skippedCount], [[], 2]);
  checkWhole(c!, consumer);
});

Deno.test("MpscConsumer.skipOwner() frees the number once the claim is passed, for a producer that starts anew", () => {
  const { shared, producers: [a, b], consumer } = ring();
  b!.claim(1, 4);
  a!.claim(2, 4);
  consumer.skipOwner(0);
  assertEquals([drain(consumer), consumer.isOwnerTaken(0)], [[], true]);
  assertThrows(() => new MpscProducer(shared, 0), MisuseError, "taken");
  b!.commit();
  assertEquals([drain(consumer), consumer.isOwnerTaken(0)], [[1], false]);
  const next = new MpscProducer(shared, 0);
  put(next, 3);
  assertEquals(drain(consumer), [3]);
  next.claim(4, 4);
  put(b!, 5);
  assertEquals([drain(consumer), drain(consumer)], [[], []], "the new one is not gone");
  next.commit();
  assertEquals(drain(consumer), [4, 5]);
});

Deno.test("MpscConsumer.skipOwner() frees the number at once when there is no claim", () => {
  const { producers: [a], consumer } = ring();
  put(a!, 1);
  consumer.skipOwner(0);
  assertEquals(consumer.isOwnerTaken(0), false);
  consumer.skipOwner(0);
  assertEquals([consumer.isOwnerTaken(0), drain(consumer), consumer.skippedCount], [false, [1], 0]);
});

Deno.test("MpscProducer refuses to go on when it was declared gone, and writes nothing", () => {
  const { shared, producers: [a, b], consumer } = ring();
  b!.claim(1, 4);
  a!.claim(2, 4);
  consumer.skipOwner(0);
  const before = [...new Uint8Array(shared)];
  for (const call of [() => a!.claim(3, 4), () => a!.commit(), () => a!.abort()]) {
    assertThrows(call, MisuseError, "declared gone");
  }
  a!.close();
  assertEquals([...new Uint8Array(shared)], before);
  b!.commit();
  drain(consumer);
  new MpscProducer(shared, 0);
  for (const call of [() => a!.claim(3, 4), () => a!.commit()]) assertThrows(call, MisuseError, "closed");
});

Deno.test("MpscConsumer.refusedCount() keeps what owners that are gone counted", () => {
  const { producers: [a, b], consumer } = ring();
  put(a!, 1, MAX_PAYLOAD);
  put(a!, 2, MAX_PAYLOAD);
  put(a!, 3);
  put(b!, 4);
  consumer.skipOwner(0);
  assertEquals(consumer.refusedCount(), 2);
});
