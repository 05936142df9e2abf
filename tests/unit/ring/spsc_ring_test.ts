/**
 * The single-producer ring, one behaviour a test; `spsc_ring_model_test.ts` holds it against an array of bytes.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { createSpscRing, SpscConsumer, SpscProducer } from "../../../src/ring/spsc_ring.ts";
import { settled } from "./safety_timeout.ts";

/** A ring whose positions start at `start`, with both ends. */
function pair(capacity = 1024, start = 0): { producer: SpscProducer; consumer: SpscConsumer } {
  const shared = createSpscRing(capacity, start);
  return { producer: new SpscProducer(shared), consumer: new SpscConsumer(shared) };
}

/** Commits one claim filled with one value. */
function put(producer: SpscProducer, bytes: number, value: number): number {
  const offset = producer.claim(bytes);
  if (offset < 0) return offset;
  producer.data.fill(value, offset, offset + bytes);
  producer.commit();
  return offset;
}

/** Releases the next span and returns its bytes. */
function take(consumer: SpscConsumer): number[] {
  const bytes = consumer.peek();
  const span = [...consumer.data.subarray(consumer.spanOffset, consumer.spanOffset + bytes)];
  consumer.release(bytes);
  return span;
}

Deno.test("SpscConsumer.peek() shows committed claims as one span, and nothing of an open claim", () => {
  const { producer, consumer } = pair();
  assertEquals(consumer.peek(), 0);
  put(producer, 3, 1);
  put(producer, 2, 2);
  producer.data.fill(9, producer.claim(4), 9);
  assertEquals(take(consumer), [1, 1, 1, 2, 2]);
  assertEquals(consumer.peek(), 0);
  producer.commit();
  assertEquals(take(consumer), [9, 9, 9, 9]);
});

Deno.test("SpscProducer.view and SpscProducer.data are the same bytes", () => {
  const { producer, consumer } = pair();
  put(producer, 5, 0);
  const offset = producer.claim(4);
  producer.view.setInt32(offset, 0x04030201, true);
  producer.commit();
  assertEquals(take(consumer), [0, 0, 0, 0, 0, 1, 2, 3, 4]);
});

Deno.test("SpscProducer.claim() wraps without padding when a claim ends exactly at the end of the region", () => {
  const { producer, consumer } = pair();
  assertEquals(put(producer, 512, 1), 0);
  assertEquals(put(producer, 512, 2), 512);
  assertEquals(producer.claim(1), -1);
  assertEquals(consumer.peek(), 1024);
  consumer.release(1024);
  assertEquals(put(producer, 512, 3), 0);
  assertEquals(take(consumer), Array(512).fill(3));
});

Deno.test("SpscConsumer.peek() skips the padding when a claim did not fit at the end of the region", () => {
  const { producer, consumer } = pair();
  put(producer, 500, 1);
  put(producer, 500, 2);
  assertEquals(producer.claim(25), -1, "24 bytes are left, and the start is not free");
  assertEquals(take(consumer).length, 1000);
  assertEquals(put(producer, 25, 3), 0);
  assertEquals(put(producer, 2, 4), 25);
  assertEquals(take(consumer), [...Array(25).fill(3), 4, 4]);
});

Deno.test("SpscConsumer.peek() ends the span at the watermark when the tail is in the next lap", () => {
  const { producer, consumer } = pair();
  put(producer, 500, 1);
  put(producer, 500, 2);
  consumer.peek();
  consumer.release(500);
  assertEquals(put(producer, 100, 3), 0);
  assertEquals(take(consumer), Array(500).fill(2));
  assertEquals(take(consumer), Array(100).fill(3));
});

Deno.test("SpscConsumer.peek() ends the span at the region's end when the claim before the wrap fitted exactly", () => {
  const { producer, consumer } = pair();
  // The first lap leaves a watermark at 1000; the second ends exactly, and must not be taken to end there.
  put(producer, 500, 1);
  put(producer, 500, 1);
  take(consumer);
  put(producer, 512, 2);
  put(producer, 256, 2);
  take(consumer);
  put(producer, 256, 3);
  put(producer, 8, 4);
  assertEquals(take(consumer), Array(256).fill(3));
  assertEquals(take(consumer), Array(8).fill(4));
});

Deno.test("SpscProducer.abort() after a wrapping claim gives the end of the lap back", () => {
  const { producer, consumer } = pair();
  put(producer, 500, 1);
  put(producer, 500, 1);
  take(consumer);
  assertEquals(producer.claim(100), 0);
  producer.abort();
  assertEquals(producer.claim(24), 1000, "an exact fit");
  producer.abort();
  assertEquals(put(producer, 20, 2), 1000);
  assertEquals(put(producer, 5, 3), 0);
  assertEquals(take(consumer), Array(20).fill(2));
  assertEquals(take(consumer), Array(5).fill(3));
});

Deno.test("SpscConsumer.release() of a part of the span makes room for exactly that part", () => {
  const { producer, consumer } = pair();
  put(producer, 512, 1);
  put(producer, 512, 2);
  assertEquals(consumer.peek(), 1024);
  consumer.release(9);
  assertEquals(producer.claim(10), -1);
  assertEquals(producer.claim(9), 0);
  assertEquals(consumer.spanOffset, 9);
  consumer.release(0);
  consumer.release(1015);
  assertEquals(consumer.peek(), 0);
});

Deno.test("SpscProducer.claim() finds room for the largest claim in an empty ring, whatever the offset", () => {
  const { producer, consumer } = pair();
  assertEquals(producer.maxClaimBytes, 512);
  for (let round = 0; round < 2048; round++) {
    assert(put(producer, 512, 1) >= 0, `round ${round}`);
    assertEquals(consumer.peek(), 512);
    consumer.release(512);
    assert(put(producer, 1 + (round % 3), 2) >= 0);
    consumer.release(consumer.peek());
  }
});

Deno.test("SpscProducer.claim() refuses sizes that never fit, and leaves the ring as it was", () => {
  const { producer, consumer } = pair();
  for (const bytes of [0, -1, 513, 1.5, NaN, Infinity, 2 ** 32 + 1]) {
    assertThrows(() => producer.claim(bytes), RangeError, "takes 1 to 512");
    assertThrows(() => producer.waitForSpace(bytes), RangeError);
  }
  put(producer, 8, 1);
  assertThrows(() => producer.claim(1.5), RangeError, "takes 1 to 512");
  put(producer, 1, 2);
  assertEquals(take(consumer).length, 9);
});

Deno.test("SpscProducer and SpscConsumer refuse calls out of order", () => {
  const { producer, consumer } = pair();
  assertThrows(() => producer.commit(), MisuseError, "No claim is open");
  assertThrows(() => producer.abort(), MisuseError, "No claim is open");
  producer.claim(4);
  assertThrows(() => producer.claim(4), MisuseError, "not committed");
  producer.commit();
  assertThrows(() => consumer.release(1), RangeError, "a span of 0");
  consumer.peek();
  for (const bytes of [-1, 5, 0.5, NaN]) assertThrows(() => consumer.release(bytes), RangeError, "a span of 4");
  consumer.release(4);
  producer.close();
  assertThrows(() => producer.claim(4), MisuseError, "closed");
});

Deno.test("SpscConsumer.recordsCommitted() sums the counts of all commits, across the 32-bit wrap", () => {
  const { producer, consumer } = pair();
  put(producer, 4, 1);
  producer.claim(40);
  producer.commit(10);
  producer.claim(4);
  producer.abort();
  producer.claim(4);
  producer.commit(0);
  assertEquals(consumer.recordsCommitted(), 11);
  for (let i = 1; i <= 4; i++) {
    producer.claim(1);
    producer.commit(2 ** 31 - 1);
    assertEquals(consumer.recordsCommitted(), 11 + i * (2 ** 31 - 1));
  }
});

Deno.test("SpscConsumer.producerClosed comes at once, SpscConsumer.ended when everything committed was released", () => {
  const { producer, consumer } = pair();
  put(producer, 4, 1);
  assertEquals([consumer.producerClosed, consumer.ended], [false, false]);
  producer.claim(4);
  producer.close();
  assertEquals([consumer.producerClosed, consumer.ended], [true, false]);
  assertEquals(take(consumer), [1, 1, 1, 1]);
  assertEquals([consumer.producerClosed, consumer.ended], [true, true]);
  assertEquals(consumer.recordsCommitted(), 1);
});

Deno.test("SpscConsumer.close() is seen by the producer", () => {
  const { producer, consumer } = pair();
  assertEquals(producer.isConsumerClosed(), false);
  consumer.close();
  assertEquals(producer.isConsumerClosed(), true);
});

Deno.test("SpscProducer.waitForSpaceBlocking() tells whether the claim has room", () => {
  const { producer, consumer } = pair();
  put(producer, 512, 1);
  assertEquals(producer.waitForSpaceBlocking(512, 0), true);
  put(producer, 512, 1);
  assertEquals(producer.waitForSpaceBlocking(1, 1), false);
  consumer.release(consumer.peek());
  assertEquals(producer.waitForSpaceBlocking(512, 0), true);
  assertEquals(put(producer, 512, 1), 0);
  put(producer, 512, 1);
  consumer.close();
  assertEquals(producer.waitForSpaceBlocking(1, 60_000), false, "a closed consumer ends the wait");
});

Deno.test("SpscProducer.waitForSpace() settles when the consumer releases or closes", async () => {
  const { producer, consumer } = pair();
  assertEquals(producer.waitForSpace(512), "not-equal");
  put(producer, 512, 1);
  put(producer, 512, 1);
  const released = producer.waitForSpace(1);
  consumer.peek();
  consumer.release(1);
  assertEquals(await settled(released, "the release"), "ok");
  assertEquals(producer.waitForSpace(1), "not-equal");
  const closed = producer.waitForSpace(2);
  consumer.close();
  assertEquals(await settled(closed, "the close"), "ok");
  assertEquals(producer.waitForSpace(2), "not-equal");
});

Deno.test("createSpscRing() refuses a capacity that is no power of two from 1024 to 2^30", () => {
  for (const capacity of [0, 512, 1000, 1025, 3072, 2 ** 31, 2 ** 32 + 1024, -1024, NaN, 1024.5]) {
    assertThrows(() => createSpscRing(capacity), RangeError, "power of two");
  }
});

Deno.test("SpscProducer and SpscConsumer refuse memory that is not a ring", () => {
  const broken = (word: number, value: number): SharedArrayBuffer => {
    const shared = createSpscRing(1024);
    new Int32Array(shared)[word] = value;
    return shared;
  };
  for (const End of [SpscProducer, SpscConsumer]) {
    assertThrows(() => new End(new ArrayBuffer(1536) as unknown as SharedArrayBuffer), TypeError, "SharedArrayBuffer");
    assertThrows(() => new End(new SharedArrayBuffer(8)), RangeError, "only 8 bytes");
    assertThrows(() => new End(new SharedArrayBuffer(1536)), TypeError, "not a ring");
    assertThrows(() => new End(broken(1, 99)), TypeError, "version 99");
    assertThrows(() => new End(broken(2, 2048)), RangeError, "cannot lie");
    assertThrows(() => new End(broken(2, 1000)), RangeError, "cannot lie");
  }
});

Deno.test("SpscProducer and SpscConsumer exist once for each ring", () => {
  const shared = createSpscRing(1024);
  new SpscProducer(shared).close();
  assertThrows(() => new SpscProducer(shared), MisuseError, "had a producer");
  const consumer = new SpscConsumer(shared);
  assertThrows(() => new SpscConsumer(shared), MisuseError, "had a consumer");
  assertEquals(consumer.ended, true);
});
