import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { createSpscRing, SpscConsumer, SpscProducer } from "../../../src/ring/spsc_ring.ts";
import { countCalls } from "./atomics_spy.ts";
import { settled } from "./safety_timeout.ts";

function pair(): { producer: SpscProducer; consumer: SpscConsumer } {
  const shared = createSpscRing(1024);
  return { producer: new SpscProducer(shared), consumer: new SpscConsumer(shared) };
}

function stage(producer: SpscProducer, bytes: number, records = 1): number {
  const offset = producer.claim(bytes);
  if (offset >= 0) producer.stage(records);
  return offset;
}

Deno.test("SpscProducer.stage() shows nothing before publish(), which shows all", () => {
  const { producer, consumer } = pair();
  stage(producer, 100, 2);
  stage(producer, 200, 3);
  assertEquals([consumer.peek(), consumer.recordsCommitted()], [0, 0]);
  assertEquals(producer.publish(), true);
  assertEquals([consumer.peek(), consumer.recordsCommitted()], [300, 5]);
});

Deno.test("SpscProducer.publish() leaves an open claim open and invisible", () => {
  const { producer, consumer } = pair();
  stage(producer, 100);
  producer.claim(50);
  producer.publish();
  assertEquals(consumer.peek(), 100);
  producer.commit();
  consumer.release(100);
  assertEquals([consumer.peek(), consumer.recordsCommitted()], [50, 2]);
});

Deno.test("SpscProducer.publish() without anything staged changes nothing", () => {
  const { producer, consumer } = pair();
  assertEquals(producer.publish(), true);
  stage(producer, 8);
  producer.publish();
  producer.publish();
  assertEquals([consumer.peek(), consumer.recordsCommitted()], [8, 1]);
});

Deno.test("SpscProducer.publish() makes one atomic store for all that was staged, and none when nothing was", () => {
  const { producer } = pair();
  const stores = countCalls("store", () => {
    for (let i = 0; i < 10; i++) stage(producer, 8);
    producer.publish();
    producer.publish();
  });
  assertEquals(stores, 1);
});

Deno.test("SpscProducer.commit() publishes what was staged before it", () => {
  const { producer, consumer } = pair();
  stage(producer, 100);
  producer.claim(20);
  producer.commit();
  assertEquals([consumer.peek(), consumer.recordsCommitted()], [120, 2]);
});

Deno.test("SpscProducer.abort() keeps what was staged", () => {
  const { producer, consumer } = pair();
  stage(producer, 100);
  producer.claim(20);
  producer.abort();
  assertEquals(stage(producer, 30), 100);
  producer.publish();
  assertEquals(consumer.peek(), 130);
});

Deno.test("SpscProducer.claim() publishes what was staged when it finds no room", () => {
  const { producer, consumer } = pair();
  stage(producer, 512);
  stage(producer, 500);
  assertEquals(consumer.peek(), 0);
  assertEquals(producer.claim(13), -1);
  assertEquals(consumer.peek(), 1012);
});

Deno.test("SpscProducer.stage() across the end of the region shows both laps with one publish()", () => {
  const { producer, consumer } = pair();
  stage(producer, 500);
  producer.publish();
  consumer.peek();
  consumer.release(500);
  assertEquals([stage(producer, 500), stage(producer, 100)], [500, 0]);
  producer.publish();
  assertEquals([consumer.peek(), consumer.spanOffset], [500, 500]);
  consumer.release(500);
  assertEquals([consumer.peek(), consumer.spanOffset], [100, 0]);
});

Deno.test("SpscProducer.close() publishes what was staged, and loses the open claim", () => {
  const { producer, consumer } = pair();
  stage(producer, 100);
  producer.claim(20);
  producer.close();
  assertEquals([consumer.producerClosed, consumer.ended, consumer.peek()], [true, false, 100]);
});

Deno.test("SpscProducer.waitForSpace() and waitForSpaceBlocking() publish first: nobody waits for what is hidden", async () => {
  const { producer, consumer } = pair();
  stage(producer, 512);
  stage(producer, 512);
  const waiting = producer.waitForSpace(1);
  assertEquals(consumer.peek(), 1024);
  consumer.release(1024);
  assertEquals(await settled(waiting, "the release"), "ok");
  stage(producer, 512);
  stage(producer, 512);
  assertEquals(producer.waitForSpaceBlocking(1, 0), false);
  assertEquals(consumer.peek(), 1024);
});

Deno.test("SpscProducer.publish() tells whether the consumer closed", () => {
  const { producer, consumer } = pair();
  stage(producer, 8);
  consumer.close();
  assertEquals(producer.publish(), false);
});

Deno.test("SpscProducer.stage() needs an open claim", () => {
  const { producer } = pair();
  assertThrows(() => producer.stage(), MisuseError, "No claim is open");
  stage(producer, 8);
  assertThrows(() => producer.stage(), MisuseError, "No claim is open");
});
