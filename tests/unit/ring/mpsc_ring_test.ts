import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { createMpscRing, MpscConsumer, MpscProducer } from "../../../src/ring/mpsc_ring.ts";
import { countCalls } from "./atomics_spy.ts";
import { settled } from "./safety_timeout.ts";

const CAPACITY = 1024;
const MAX_PAYLOAD = 504;

function ring(owners = 3): { shared: SharedArrayBuffer; producers: MpscProducer[]; consumer: MpscConsumer } {
  const shared = createMpscRing(CAPACITY, owners);
  const producers = Array.from({ length: owners }, (_, owner) => new MpscProducer(shared, owner));
  return { shared, producers, consumer: new MpscConsumer(shared) };
}

/** Opens a record and fills it with its kind. */
function open(producer: MpscProducer, kind: number, payloadBytes = 4): number {
  const offset = producer.claim(kind, payloadBytes);
  if (offset >= 0) producer.data.fill(kind, offset, offset + payloadBytes);
  return offset;
}

function put(producer: MpscProducer, kind: number, payloadBytes = 4): number {
  const offset = open(producer, kind, payloadBytes);
  if (offset >= 0) producer.commit();
  return offset;
}

/** Reads until nothing comes any more and releases all; the kinds, after a look at the payloads. */
function drain(consumer: MpscConsumer): number[] {
  const kinds: number[] = [];
  for (let count = -1; count !== kinds.length;) {
    count = kinds.length;
    while (consumer.next()) {
      const { kind, offset, length } = consumer;
      const payload = consumer.data.subarray(offset, offset + length);
      assertEquals(payload.findIndex((byte) => byte !== (kind & 255)), -1, `the payload of ${kind}`);
      kinds.push(kind);
    }
    consumer.release();
  }
  return kinds;
}

Deno.test("MpscConsumer.next() gives the records of all owners in the order of their claims", () => {
  const { producers: [a, b, c], consumer } = ring();
  assertEquals(consumer.next(), false);
  open(a!, 1);
  open(b!, 2);
  open(c!, 3);
  c!.commit();
  a!.commit();
  assert(consumer.next());
  assertEquals([consumer.owner, consumer.kind, consumer.length], [0, 1, 4]);
  assertEquals([consumer.next(), consumer.next()], [false, false], "the second claim is open");
  b!.commit();
  assertEquals([consumer.next(), consumer.owner, consumer.kind], [true, 1, 2]);
  assertEquals([consumer.next(), consumer.owner, consumer.kind], [true, 2, 3]);
  assertEquals(consumer.next(), false);
});

Deno.test("MpscProducer and MpscConsumer see the same bytes through data, view and words", () => {
  const { producers: [producer], consumer } = ring();
  put(producer!, 0);
  const offset = producer!.claim(-5, 16);
  assertEquals(offset % 8, 0);
  producer!.view.setInt32(offset, 1, true);
  producer!.words[(offset >> 2) + 1] = 2;
  producer!.data[offset + 8] = 3;
  producer!.commit();
  assert(consumer.next() && consumer.next());
  const word = consumer.offset >> 2;
  assertEquals([consumer.kind, consumer.length], [-5, 16]);
  assertEquals([consumer.view.getInt32(offset + 4, true), consumer.words[word], consumer.words[word + 2]], [2, 1, 3]);
});

Deno.test("MpscConsumer.next() gives empty payloads, and those of the largest owner", () => {
  const shared = createMpscRing(CAPACITY, 254);
  const producer = new MpscProducer(shared, 253);
  const consumer = new MpscConsumer(shared);
  put(producer, 1, 0);
  put(producer, 2, MAX_PAYLOAD);
  assert(consumer.next());
  assertEquals([consumer.owner, consumer.kind, consumer.length], [253, 1, 0]);
  assert(consumer.next());
  assertEquals([consumer.owner, consumer.kind, consumer.length], [253, 2, MAX_PAYLOAD]);
});

Deno.test("MpscProducer.abort() makes padding of the record", () => {
  const { producers: [a, b], consumer } = ring();
  open(a!, 1, 41);
  put(b!, 2);
  assertEquals(consumer.next(), false);
  a!.abort();
  assertEquals(drain(consumer), [2]);
  assertEquals([put(a!, 3, MAX_PAYLOAD), put(a!, 4, 376)], [80, 592], "all room came back");
});

Deno.test("MpscConsumer.next() finds the record behind any amount of padding, so that no ring looks empty", () => {
  const { producers: [a, b], consumer } = ring();
  for (let i = 0; i < 15; i++) {
    open(a!, 1, 56);
    a!.abort();
  }
  put(b!, 2, 56);
  assertEquals([consumer.next(), consumer.kind], [true, 2]);
  consumer.release();
  open(a!, 1, MAX_PAYLOAD);
  open(b!, 1, MAX_PAYLOAD);
  a!.abort();
  b!.abort();
  assertEquals([consumer.next(), consumer.isEmpty()], [false, true]);
  assertEquals(put(a!, 3, MAX_PAYLOAD), 8, "nothing is held back");
});

Deno.test("MpscProducer.claim() returns -1 when the ring is full, and counts it, until records are released", () => {
  const { producers: [a, b], consumer } = ring();
  assertEquals([put(a!, 1, MAX_PAYLOAD), put(b!, 2, MAX_PAYLOAD)], [8, 520]);
  assertEquals([put(a!, 3, 0), put(b!, 3, 0), put(b!, 3, 0)], [-1, -1, -1]);
  assertEquals(consumer.refusedCount(), 3);
  assert(consumer.next());
  assertEquals(put(a!, 3, 0), -1, "read, but not released");
  consumer.release();
  assertEquals([put(b!, 3, MAX_PAYLOAD), put(a!, 4, 0)], [8, -1]);
  assertEquals(consumer.refusedCount(), 5);
});

Deno.test("MpscProducer.claim() counts what others have claimed since its own last claim", () => {
  const { producers: [a, b], consumer } = ring();
  put(a!, 1);
  put(b!, 2, 400);
  put(b!, 3, 400);
  assertEquals(put(a!, 4, 400), -1);
  assertEquals(drain(consumer), [1, 2, 3]);
  put(b!, 5, 100);
  assertEquals(put(a!, 6, 0), 952);
});

Deno.test("MpscProducer.claim() makes one compare-exchange and loads nothing while nobody else claims", () => {
  const { producers: [a, b] } = ring();
  put(a!, 1);
  assertEquals(countCalls("compareExchange", () => put(a!, 2)), 1);
  assertEquals(countCalls("load", () => put(a!, 3)), 0);
  put(b!, 4);
  assertEquals(countCalls("compareExchange", () => put(a!, 5)), 2);
});

Deno.test("MpscProducer.claim() does not trust its copy of the head when positions went half round meanwhile", () => {
  const shared = createMpscRing(CAPACITY, 2);
  const sleeper = new MpscProducer(shared, 0);
  const control = new Int32Array(shared);
  control[32] = control[64] = -(2 ** 31) + 8 * 128; // tail and head
  const other = new MpscProducer(shared, 1);
  assertEquals([put(other, 1, MAX_PAYLOAD), put(other, 2, MAX_PAYLOAD)], [8, 520]);
  assertEquals(put(sleeper, 3, 0), -1);
});

Deno.test("MpscProducer.claim() goes to the start of the region with what does not fit before its end", () => {
  const { producers: [a, b], consumer } = ring();
  put(a!, 1, 400);
  put(b!, 2, 400);
  assertEquals(put(a!, 3, 208), -1, "208 are left, and the start is not free");
  drain(consumer);
  assertEquals(open(a!, 3, 208), 8);
  assertEquals(open(b!, 4, 8), 224);
  b!.commit();
  assertEquals(drain(consumer), [], "the padding is passed, the open claim is not");
  a!.commit();
  assertEquals(drain(consumer), [3, 4]);
});

Deno.test("MpscProducer.claim() fills the region to its last byte", () => {
  const { producers: [a, b], consumer } = ring();
  put(a!, 1, 504);
  put(b!, 2, 496);
  assertEquals(put(a!, 3, 0), 1024);
  assertEquals(drain(consumer), [1, 2, 3]);
  assertEquals(put(b!, 4, 0), 8);
});

Deno.test("MpscProducer.claim() finds room for the largest record in an empty ring, whatever the offset", () => {
  const { producers: [producer], consumer } = ring();
  assertEquals(producer!.maxPayloadBytes, MAX_PAYLOAD);
  for (let round = 0; round < 300; round++) {
    assert(put(producer!, round, MAX_PAYLOAD) >= 0, `round ${round}`);
    drain(consumer);
    assert(put(producer!, round, 8 * (round % 5)) >= 0, `round ${round}`);
    drain(consumer);
  }
});

Deno.test("MpscConsumer.next() ends a batch after a quarter of the ring, so that producers get room meanwhile", () => {
  const { producers: [producer], consumer } = ring();
  for (let kind = 0; kind < 16; kind++) put(producer!, kind, 56);
  let count = 0;
  while (consumer.next()) count++;
  assertEquals([count, consumer.next()], [4, false]);
  consumer.release();
  assertEquals(put(producer!, 16, 248), 8);
  assertEquals(drain(consumer), [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
});

Deno.test("MpscConsumer.release() leaves nothing in the ring that could look like a record", () => {
  const { producers: [a, b], consumer } = ring();
  for (let round = 0; round < 40; round++) {
    const payloadBytes = 8 + (round * 56) % 400;
    const offset = a!.claim(-1, payloadBytes);
    a!.data.fill(255, offset, offset + payloadBytes);
    a!.commit();
    assertEquals(drain(consumer), [-1]);
    open(b!, 2, 8);
    assertEquals(consumer.next(), false, `round ${round}`);
    b!.commit();
    drain(consumer);
  }
});

Deno.test("MpscConsumer.isEmpty() is false while anybody has a claim", () => {
  const { producers: [a, b], consumer } = ring();
  assertEquals(consumer.isEmpty(), true);
  open(a!, 1);
  assertEquals(consumer.isEmpty(), false);
  a!.commit();
  open(b!, 2);
  assert(consumer.next());
  assertEquals(consumer.isEmpty(), false);
  b!.abort();
  assertEquals([consumer.next(), consumer.isEmpty()], [false, true]);
});

Deno.test("MpscProducer.claim() refuses records that never fit and kinds that are no int32", () => {
  const { producers: [producer], consumer } = ring();
  for (const payloadBytes of [MAX_PAYLOAD + 1, -1, 1.5, NaN, Infinity, 2 ** 32, 2 ** 32 + 4]) {
    assertThrows(() => producer!.claim(1, payloadBytes), RangeError, "a record of this ring has 0 to 504");
    assertThrows(() => producer!.waitForSpace(payloadBytes), RangeError, "a record of this ring");
    assertThrows(() => producer!.waitForSpaceBlocking(payloadBytes, 0), RangeError, "a record of this ring");
  }
  for (const kind of [0.5, NaN, 2 ** 31, -(2 ** 31) - 1]) {
    assertThrows(() => producer!.claim(kind, 1), RangeError, "must be an int32");
  }
  put(producer!, 1, 1);
  assertEquals(drain(consumer), [1]);
  assertEquals(consumer.refusedCount(), 0);
});

Deno.test("MpscProducer refuses calls out of order", () => {
  const { producers: [producer] } = ring();
  assertThrows(() => producer!.commit(), MisuseError, "No record is open");
  assertThrows(() => producer!.abort(), MisuseError, "No record is open");
  producer!.claim(1, 4);
  assertThrows(() => producer!.claim(1, 4), MisuseError, "not committed");
  producer!.commit();
  assertThrows(() => producer!.commit(), MisuseError, "No record is open");
});

Deno.test("MpscProducer.close() makes padding of its open record and frees its number", () => {
  const { shared, producers: [a, b], consumer } = ring();
  assertThrows(() => new MpscProducer(shared, 0), MisuseError, "Owner 0 of this ring is taken");
  open(a!, 1);
  put(b!, 2);
  a!.close();
  assertEquals(consumer.isOwnerTaken(0), false);
  assertEquals(drain(consumer), [2]);
  const next = new MpscProducer(shared, 0);
  for (const call of [() => a!.claim(1, 4), () => a!.commit(), () => a!.abort()]) {
    assertThrows(call, MisuseError, "closed");
  }
  a!.close();
  assertEquals(consumer.isOwnerTaken(0), true, "closing twice does not close another's");
  put(next, 3);
  assertEquals(drain(consumer), [3]);
});

Deno.test("MpscConsumer.close() refuses all claims and lets the rest be read", () => {
  const { producers: [a, b], consumer } = ring();
  put(a!, 1);
  open(b!, 2);
  assertEquals(a!.isConsumerClosed(), false);
  consumer.close();
  assertEquals([a!.isConsumerClosed(), a!.claim(3, 4), b!.commit()], [true, -1, false]);
  assertEquals(drain(consumer), [1, 2]);
  assertEquals(consumer.refusedCount(), 0);
});

Deno.test("MpscProducer.waitForSpace() settles for all producers when the consumer releases", async () => {
  const { producers: [a, b], consumer } = ring();
  assertEquals(a!.waitForSpace(MAX_PAYLOAD), "not-equal");
  put(a!, 1, MAX_PAYLOAD);
  put(b!, 2, MAX_PAYLOAD - 16);
  assertEquals(a!.waitForSpace(8), "not-equal");
  const waiting = [a!.waitForSpace(9), b!.waitForSpace(9)];
  assert(waiting.every((one) => one instanceof Promise));
  assert(consumer.next());
  consumer.release();
  assertEquals(await settled(Promise.all(waiting), "the release"), ["ok", "ok"]);
});

Deno.test("MpscProducer.waitForSpace() settles when the consumer or a producer closes", async () => {
  const { producers: [a, b, c], consumer } = ring();
  put(a!, 1, MAX_PAYLOAD);
  put(a!, 2, MAX_PAYLOAD);
  const first = b!.waitForSpace(0);
  c!.close();
  assertEquals(await settled(first, "the producer's close"), "ok");
  const second = b!.waitForSpace(0);
  consumer.close();
  assertEquals(await settled(second, "the consumer's close"), "ok");
  assertEquals(b!.waitForSpace(0), "not-equal");
});

Deno.test("MpscProducer.waitForSpaceBlocking() tells whether a record has room", () => {
  const { producers: [a], consumer } = ring();
  assertEquals(a!.waitForSpaceBlocking(MAX_PAYLOAD, 0), true);
  put(a!, 1, MAX_PAYLOAD);
  put(a!, 2, MAX_PAYLOAD);
  assertEquals(a!.waitForSpaceBlocking(0, 1), false);
  assert(consumer.next());
  consumer.release();
  assertEquals(a!.waitForSpaceBlocking(MAX_PAYLOAD, 0), true);
  put(a!, 3, MAX_PAYLOAD);
  for (const timeoutMs of [-1, NaN, Infinity]) assertThrows(() => a!.waitForSpaceBlocking(0, timeoutMs), RangeError);
  consumer.close();
  assertEquals(a!.waitForSpaceBlocking(0, 60_000), false, "a closed consumer ends the wait");
});

Deno.test("createMpscRing() refuses capacities and owners out of bounds", () => {
  for (const capacity of [0, 512, 1000, 3072, 2 ** 25, -1024, NaN, 1024.5]) {
    assertThrows(() => createMpscRing(capacity, 1), RangeError, "power of two from 1024 to 2^24");
  }
  for (const owners of [0, 255, -1, 1.5, NaN]) {
    assertThrows(() => createMpscRing(1024, owners), RangeError, "1 to 254 owners");
  }
});

Deno.test("MpscProducer and MpscConsumer refuse memory that is not such a ring", () => {
  const broken = (word: number, value: number): SharedArrayBuffer => {
    const shared = createMpscRing(1024, 2);
    new Int32Array(shared)[word] = value;
    return shared;
  };
  const ends = [
    (shared: SharedArrayBuffer) => new MpscProducer(shared, 0),
    (shared: SharedArrayBuffer) => new MpscConsumer(shared),
  ];
  for (const attach of ends) {
    assertThrows(() => attach(new ArrayBuffer(2048) as unknown as SharedArrayBuffer), TypeError, "SharedArrayBuffer");
    assertThrows(() => attach(new SharedArrayBuffer(8)), RangeError, "only 8 bytes");
    assertThrows(() => attach(new SharedArrayBuffer(2048)), TypeError, "not an MPSC ring");
    assertThrows(() => attach(broken(1, 99)), TypeError, "version 99");
    assertThrows(() => attach(broken(2, 256)), RangeError, "cannot lie");
    assertThrows(() => attach(broken(3, 3)), RangeError, "cannot lie");
    assertThrows(() => attach(broken(3, 0)), RangeError, "cannot lie");
  }
});

Deno.test("MpscProducer and MpscConsumer refuse a side that is taken, and owners that do not exist", () => {
  const { shared, consumer } = ring();
  assertThrows(() => new MpscConsumer(shared), MisuseError, "had a consumer");
  for (const owner of [-1, 3, 0.5, NaN]) {
    assertThrows(() => new MpscProducer(shared, owner), RangeError, "this ring has 3");
    assertThrows(() => consumer.skipOwner(owner), RangeError, "this ring has 3");
    assertThrows(() => consumer.isOwnerTaken(owner), RangeError, "this ring has 3");
  }
});
