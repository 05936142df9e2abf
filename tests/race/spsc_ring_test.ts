/**
 * The single-producer ring and the doorbell under real threads: order, wholeness, death of a producer, wake-ups.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Doorbell, DOORBELL_BYTES } from "../../src/ring/doorbell.ts";
import { createSpscRing, SpscConsumer } from "../../src/ring/spsc_ring.ts";
import { settled } from "../unit/ring/safety_timeout.ts";
import { RecordReader } from "./numbered_record.ts";
import type { ProducerInit } from "./spsc_producer_worker.ts";

/** One producer thread with its ring and its reader. */
interface Stream {
  readonly worker: Worker;
  readonly consumer: SpscConsumer;
  readonly reader: RecordReader;
  /** Rejects when the worker fails. */
  readonly failed: Promise<never>;
}

function startProducer(capacity: number, bell: SharedArrayBuffer, how: Omit<ProducerInit, "shared" | "bell">): Stream {
  const shared = createSpscRing(capacity);
  const consumer = new SpscConsumer(shared);
  const worker = new Worker(new URL("./spsc_producer_worker.ts", import.meta.url), { type: "module" });
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
  failed.catch(() => {});
  worker.postMessage({ shared, bell, ...how } satisfies ProducerInit);
  return { worker, consumer, reader: new RecordReader(consumer, how.seed), failed };
}

/** Drains all streams to their ends, asleep on the doorbell whenever all are empty. */
async function drainAll(streams: readonly Stream[], bell: Doorbell): Promise<void> {
  const failed = Promise.race(streams.map((stream) => stream.failed));
  while (!streams.every(({ consumer }) => consumer.ended)) {
    bell.prepareWait();
    let found = false;
    for (const { reader } of streams) found = reader.drain() || found;
    if (found || streams.every(({ consumer }) => consumer.ended)) bell.cancelWait();
    else await settled(Promise.race([bell.wait(), failed]), "a ring at the consumer's doorbell");
  }
}

function stop(streams: readonly Stream[]): void {
  for (const { worker } of streams) worker.terminate();
}

for (
  const { producers, capacity, count, wait } of [
    { producers: 1, capacity: 1 << 16, count: 1_000_000, wait: "blocking" },
    { producers: 4, capacity: 1 << 16, count: 500_000, wait: "blocking" },
    { producers: 2, capacity: 1 << 10, count: 25_000, wait: "blocking" },
    { producers: 2, capacity: 1 << 10, count: 25_000, wait: "event-loop" },
  ] as const
) {
  const name = `${producers} x ${count} records, rings of ${capacity} bytes, ${wait} producers`;
  Deno.test(`SpscRing hands on every record whole and in order: ${name}`, async () => {
    const memory = new SharedArrayBuffer(DOORBELL_BYTES);
    const streams = Array.from(
      { length: producers },
      (_, i) => startProducer(capacity, memory, { count, seed: i * 1000, wait, end: "close" }),
    );
    try {
      await drainAll(streams, new Doorbell(memory));
      for (const { consumer, reader } of streams) {
        assertEquals(reader.count, count);
        assertEquals(consumer.recordsCommitted(), count);
      }
    } finally {
      stop(streams);
    }
  });
}

Deno.test("A producer that is terminated with a claim open loses only that claim", async () => {
  const memory = new SharedArrayBuffer(DOORBELL_BYTES);
  const count = 300;
  const stream = startProducer(1 << 16, memory, { count, seed: 5, wait: "blocking", end: "open-claim" });
  try {
    const told = new Promise<string>((resolve) => stream.worker.onmessage = ({ data }) => resolve(data));
    assertEquals(await settled(Promise.race([told, stream.failed]), "the producer's open claim"), "claim open");
  } finally {
    stream.worker.terminate();
  }
  stream.reader.drain();
  assertEquals(stream.reader.count, count);
  assertEquals(stream.consumer.recordsCommitted(), count);
  assertEquals(stream.consumer.producerClosed, false);
});

Deno.test("A consumer asleep on the doorbell is woken by every ring: the producer sends no more before an answer", async () => {
  const rounds = 20_000;
  const bellMemory = new SharedArrayBuffer(DOORBELL_BYTES);
  const answerMemory = new SharedArrayBuffer(DOORBELL_BYTES + 4);
  const answers = new Int32Array(answerMemory, DOORBELL_BYTES);
  const answerBell = new Doorbell(answerMemory);
  const bell = new Doorbell(bellMemory);
  const shared = createSpscRing(1024);
  const consumer = new SpscConsumer(shared);
  const worker = new Worker(new URL("./lock_step_worker.ts", import.meta.url), { type: "module" });
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
  try {
    worker.postMessage({ shared, bellMemory, answerMemory, rounds });
    for (let round = 0; round < rounds;) {
      bell.prepareWait();
      const bytes = consumer.peek();
      if (bytes === 0) {
        const rung = bell.wait();
        if (rung !== "not-equal") await settled(Promise.race([rung, failed]), `the ring of round ${round}`);
        continue;
      }
      bell.cancelWait();
      assertEquals(bytes, 4, "one record, since the producer waits for the answer");
      consumer.release(bytes);
      Atomics.store(answers, 0, ++round);
      answerBell.ring();
    }
  } finally {
    worker.terminate();
  }
});
