import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { createSpscRing } from "../../../src/ring/spsc_ring.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../../../src/ring/spsc_records.ts";
import { countCalls } from "./atomics_spy.ts";
import { settled } from "./safety_timeout.ts";

const CAPACITY = 1024;
const MAX_PAYLOAD = 504;

function pair(start = 0): { producer: SpscRecordProducer; consumer: SpscRecordConsumer } {
  const shared = createSpscRing(CAPACITY, start);
  return { producer: new SpscRecordProducer(shared), consumer: new SpscRecordConsumer(shared) };
}

/** Opens a record and fills it with one value. */
function open(producer: SpscRecordProducer, kind: number, payloadBytes: number, value: number): number {
  const offset = producer.claim(kind, payloadBytes);
  if (offset >= 0) producer.data.fill(value, offset, offset + payloadBytes);
  return offset;
}

function put(producer: SpscRecordProducer, kind: number, payloadBytes: number, value = 0): number {
  const offset = open(producer, kind, payloadBytes, value);
  if (offset >= 0) producer.commit();
  return offset;
}

/** What the current record holds: kind and payload. */
function current(consumer: SpscRecordConsumer): { kind: number; payload: number[] } {
  const { kind, offset, length } = consumer;
  return { kind, payload: [...consumer.data.subarray(offset, offset + length)] };
}

/** Reads until the ring is empty and releases all. */
function drain(consumer: SpscRecordConsumer): { kind: number; payload: number[] }[] {
  const records = [];
  for (let count = -1; count !== records.length;) {
    count = records.length;
    while (consumer.next()) records.push(current(consumer));
    consumer.release();
  }
  return records;
}

Deno.test("SpscRecordConsumer.next() gives kind and payload of every record in order", () => {
  const { producer, consumer } = pair();
  assertEquals(consumer.next(), false);
  put(producer, 7, 3, 1);
  put(producer, -1, 0);
  put(producer, 2 ** 31 - 1, 8, 2);
  put(producer, -(2 ** 31), 1, 3);
  assertEquals(drain(consumer), [
    { kind: 7, payload: [1, 1, 1] },
    { kind: -1, payload: [] },
    { kind: 2 ** 31 - 1, payload: Array(8).fill(2) },
    { kind: -(2 ** 31), payload: [3] },
  ]);
});

Deno.test("SpscRecordProducer and SpscRecordConsumer see the same bytes through data, view and words", () => {
  const { producer, consumer } = pair();
  put(producer, 0, 4);
  const offset = producer.claim(1, 16);
  assertEquals(offset % 8, 0);
  producer.view.setInt32(offset, 1, true);
  producer.words[(offset >> 2) + 1] = 2;
  producer.data[offset + 8] = 3;
  producer.commit();
  assert(consumer.next() && consumer.next());
  const word = consumer.offset >> 2;
  assertEquals([consumer.view.getInt32(offset + 4, true), consumer.words[word], consumer.words[word + 2]], [2, 1, 3]);
});

Deno.test("SpscRecordProducer.claim() leaves payloads on multiples of 8 and takes 8 bytes besides", () => {
  const { producer } = pair();
  const sizes = [0, 1, 7, 8, 9, 16, 17];
  const offsets = sizes.map((payloadBytes) => put(producer, 1, payloadBytes));
  assertEquals(offsets, [8, 16, 32, 48, 64, 88, 112]);
});

Deno.test("SpscRecordProducer.stage() shows records only with publish() or commit()", () => {
  const { producer, consumer } = pair();
  for (const kind of [1, 2]) {
    open(producer, kind, 4, kind);
    producer.stage();
  }
  assertEquals(drain(consumer), []);
  assertEquals(producer.publish(), true);
  assertEquals(drain(consumer).map(({ kind }) => kind), [1, 2]);
  open(producer, 3, 4, 3);
  producer.stage();
  put(producer, 4, 4);
  assertEquals(drain(consumer).map(({ kind }) => kind), [3, 4]);
  assertEquals(consumer.recordsCommitted(), 4);
});

Deno.test("SpscRecordProducer.abort() leaves no trace of the record", () => {
  const { producer, consumer } = pair();
  open(producer, 1, 40, 9);
  producer.abort();
  assertEquals(put(producer, 2, 4, 5), 8);
  assertEquals(drain(consumer), [{ kind: 2, payload: [5, 5, 5, 5] }]);
});

Deno.test("SpscRecordProducer.claim() returns -1 when the ring is full, until records are released", () => {
  const { producer, consumer } = pair();
  assertEquals([put(producer, 1, MAX_PAYLOAD), put(producer, 2, MAX_PAYLOAD), put(producer, 3, 0)], [8, 520, -1]);
  assert(consumer.next());
  assertEquals(put(producer, 3, 0), -1, "read, but not released");
  consumer.release();
  assertEquals([put(producer, 3, MAX_PAYLOAD), put(producer, 4, 0)], [8, -1]);
});

Deno.test("SpscRecordConsumer.release() in the middle of a batch gives back what was read", () => {
  const { producer, consumer } = pair();
  for (let kind = 0; kind < 4; kind++) put(producer, kind, 248);
  assert(consumer.next() && consumer.next());
  consumer.release();
  consumer.release();
  assertEquals([put(producer, 4, 248), put(producer, 5, 248), put(producer, 6, 248)], [8, 264, -1]);
  assertEquals(current(consumer).kind, 1, "the current record's fields stay");
  assertEquals(drain(consumer).map(({ kind }) => kind), [2, 3, 4, 5]);
});

Deno.test("SpscRecordConsumer.release() makes one atomic store for all that was read, and none when nothing was", () => {
  const { producer, consumer } = pair();
  for (let kind = 0; kind < 10; kind++) put(producer, kind, 8);
  const stores = countCalls("store", () => {
    consumer.release();
    while (consumer.next());
    consumer.release();
    consumer.release();
  });
  assertEquals(stores, 1);
});

Deno.test("SpscRecordConsumer.next() looks at the tail once a batch", () => {
  const { producer, consumer } = pair();
  for (let kind = 0; kind < 10; kind++) put(producer, kind, 8);
  assert(consumer.next());
  assertEquals(countCalls("load", () => assert(consumer.next() && consumer.next())), 0);
});

Deno.test("SpscRecordConsumer.next() ends the batch at its end, whatever came behind it, until release()", () => {
  const { producer, consumer } = pair();
  put(producer, 1, 4);
  assert(consumer.next());
  put(producer, 2, 4);
  assertEquals([consumer.next(), consumer.next()], [false, false]);
  consumer.release();
  assertEquals([consumer.next(), consumer.kind], [true, 2]);
});

Deno.test("SpscRecordConsumer.next() goes on at the start of the region after a record that did not fit", () => {
  const { producer, consumer } = pair();
  put(producer, 1, 400);
  put(producer, 2, 400);
  assert(consumer.next());
  consumer.release();
  assertEquals(put(producer, 3, 208, 3), 8);
  assertEquals(drain(consumer).map(({ kind }) => kind), [2, 3]);
});

Deno.test("SpscRecordProducer.claim() refuses records that never fit and kinds that are no int32", () => {
  const { producer, consumer } = pair();
  assertEquals(producer.maxPayloadBytes, MAX_PAYLOAD);
  for (const payloadBytes of [MAX_PAYLOAD + 1, -1, 1.5, NaN, Infinity, 2 ** 32, 2 ** 32 + 4]) {
    assertThrows(() => producer.claim(1, payloadBytes), RangeError, "a record of this ring has 0 to 504");
    assertThrows(() => producer.waitForSpace(payloadBytes), RangeError, "a record of this ring");
    assertThrows(() => producer.waitForSpaceBlocking(payloadBytes, 0), RangeError, "a record of this ring");
  }
  for (const kind of [0.5, NaN, 2 ** 31, -(2 ** 31) - 1]) {
    assertThrows(() => producer.claim(kind, 1), RangeError, "must be an int32");
  }
  put(producer, 1, MAX_PAYLOAD);
  assertEquals(drain(consumer).length, 1);
});

Deno.test("SpscRecordProducer refuses calls out of order", () => {
  const { producer } = pair();
  assertThrows(() => producer.commit(), MisuseError, "No claim is open");
  assertThrows(() => producer.stage(), MisuseError, "No claim is open");
  assertThrows(() => producer.abort(), MisuseError, "No claim is open");
  producer.claim(1, 4);
  assertThrows(() => producer.claim(1, 4), MisuseError, "not committed");
  producer.close();
  assertThrows(() => producer.claim(1, 4), MisuseError, "closed");
});

Deno.test("SpscRecordProducer.close() publishes what was staged, and the consumer sees the end behind it", () => {
  const { producer, consumer } = pair();
  open(producer, 1, 4, 0);
  producer.stage();
  open(producer, 2, 4, 0);
  producer.close();
  assertEquals([consumer.producerClosed, consumer.ended], [true, false]);
  assertEquals(drain(consumer).map(({ kind }) => kind), [1]);
  assertEquals(consumer.ended, true);
});

Deno.test("SpscRecordConsumer.close() refuses all claims and ends waits for room", async () => {
  const { producer, consumer } = pair();
  put(producer, 1, MAX_PAYLOAD);
  put(producer, 1, MAX_PAYLOAD);
  const waiting = producer.waitForSpace(0);
  assertEquals(producer.isConsumerClosed(), false);
  consumer.close();
  assertEquals(await settled(waiting, "the close"), "ok");
  assertEquals(producer.isConsumerClosed(), true);
  assertEquals([producer.claim(1, 4), producer.waitForSpaceBlocking(4, 60_000)], [-1, false]);
});

Deno.test("SpscRecordProducer.waitForSpace() and waitForSpaceBlocking() count the header", async () => {
  const { producer, consumer } = pair();
  put(producer, 1, MAX_PAYLOAD);
  put(producer, 2, MAX_PAYLOAD - 16);
  assertEquals(producer.waitForSpaceBlocking(8, 0), true);
  assertEquals(producer.waitForSpaceBlocking(9, 0), false);
  assertEquals(producer.waitForSpace(8), "not-equal");
  const waiting = producer.waitForSpace(9);
  assert(consumer.next());
  consumer.release();
  assertEquals(await settled(waiting, "the release"), "ok");
});

/**
 * One run against an array: what was published comes out once, whole and in order, and all room comes back. Returns how
 * many records were written.
 */
function run(random: SeededRandom, start: number): number {
  const { producer, consumer } = pair(start);
  const staged: { kind: number; payload: number[] }[] = [];
  const published: { kind: number; payload: number[] }[] = [];
  const eagerness = 2 + random.nextInt(7);
  let readSinceRelease = 0;
  let written = 0;
  for (let step = 0; step < 200; step++) {
    if (random.nextInt(10) < eagerness) {
      const kind = random.nextUint32() | 0;
      const payload = Array.from({ length: pickLength(random) }, () => random.nextInt(256));
      const offset = producer.claim(kind, payload.length);
      if (offset < 0) {
        assert(published.length + staged.length + readSinceRelease > 0, "an empty ring has room");
        published.push(...staged.splice(0));
        continue;
      }
      written++;
      producer.data.set(payload, offset);
      const end = random.nextInt(4);
      if (end === 0) producer.abort();
      else staged.push({ kind, payload });
      if (end === 1) producer.stage();
      if (end > 1) producer.commit();
      if (end > 1) published.push(...staged.splice(0));
    } else if (random.nextInt(8) === 0) {
      producer.publish();
      published.push(...staged.splice(0));
    } else if (random.nextInt(3) === 0) {
      consumer.release();
      readSinceRelease = 0;
    } else if (consumer.next()) {
      assertEquals(current(consumer), published.shift());
      readSinceRelease++;
    } else {
      assert(readSinceRelease > 0 || published.length === 0, "a batch begins whenever something is published");
      consumer.release();
      readSinceRelease = 0;
    }
  }
  consumer.release();
  producer.publish();
  assertEquals(drain(consumer), [...published, ...staged]);
  assert(put(producer, 1, MAX_PAYLOAD) >= 0, "all room came back");
  return written;
}

function pickLength(random: SeededRandom): number {
  return [random.nextInt(16), random.nextInt(100), random.nextInt(MAX_PAYLOAD + 1), MAX_PAYLOAD][random.nextInt(4)]!;
}

for (const before of [2 * CAPACITY, 2 ** 31, 2 ** 32]) {
  Deno.test(`SpscRecordProducer and SpscRecordConsumer agree with an array across position ${before}`, () => {
    let written = 0;
    for (let i = 0; i < 60; i++) {
      const seed = Math.trunc(Math.random() * 2 ** 31);
      try {
        written += run(new SeededRandom(seed), before - (seed % (2 * CAPACITY) & -8));
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause });
      }
    }
    assert(written > 1200, `only ${written} records were written`);
  });
}
