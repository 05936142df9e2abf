/**
 * The rings of records under real threads: order, wholeness, back-pressure, waits, and threads that die.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { CounterTable, counterTableCells } from "../../src/metric/counter_table.ts";
import { Histogram, HISTOGRAM_CELLS } from "../../src/metric/histogram.ts";
import { createBroadcastRing } from "../../src/ring/broadcast_ring.ts";
import { Doorbell, DOORBELL_BYTES } from "../../src/ring/doorbell.ts";
import { createMpscRing, MpscConsumer, MpscProducer } from "../../src/ring/mpsc_ring.ts";
import { createSpscRing } from "../../src/ring/spsc_ring.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../../src/ring/spsc_records.ts";
import type { WaitKind } from "../../src/ring/wait_strategy.ts";
import { BroadcastReader, type BroadcastTally } from "./broadcast_reader.ts";
import { checkNumbered, NUMBERED, payloadBytes, writeNumbered } from "./numbered_words.ts";
import { RingThreads } from "./ring_threads.ts";

/** Reads and checks a batch of an MPSC ring; `numbers` holds the next number of each owner. */
function readMpsc(consumer: MpscConsumer, numbers: Int32Array): number {
  let count = 0;
  for (; consumer.next(); count++) {
    const { owner, offset, length, kind } = consumer;
    if (kind !== NUMBERED) throw new Error(`A record of kind ${kind}`);
    checkNumbered(consumer.words, offset, length, owner, numbers[owner]!++);
  }
  consumer.release();
  return count;
}

for (
  const { count, capacity, batch } of [
    { count: 5_000_000, capacity: 1 << 16, batch: 64 },
    { count: 300_000, capacity: 1 << 10, batch: 1 },
  ]
) {
  Deno.test(`SpscRecordConsumer gets ${count} records whole and in order through ${capacity} bytes`, async () => {
    using threads = new RingThreads();
    const shared = createSpscRing(capacity);
    const consumer = new SpscRecordConsumer(shared);
    const producer = threads.start({ role: "spscProducer", shared, count, batch, writer: 1 });
    let number = 0;
    await threads.work(() => {
      const before = number;
      while (consumer.next()) checkNumbered(consumer.words, consumer.offset, consumer.length, 1, number++);
      consumer.release();
      return number - before;
    }, () => consumer.ended);
    await producer.says("spscProducer");
    assertEquals([number, consumer.recordsCommitted()], [count, count]);
  });
}

for (
  const { counts, capacity, waits } of [
    { counts: [1_500_000, 1_500_000, 1_500_000], capacity: 1 << 16, waits: ["block", "yield", "block"] },
    { counts: [60_000, 60_000, 20_000], capacity: 1 << 10, waits: ["block", "yield", "event-loop"] },
  ] satisfies { counts: number[]; capacity: number; waits: WaitKind[] }[]
) {
  const name = `${counts.join(" + ")} records of three threads through ${capacity} bytes`;
  Deno.test(`MpscConsumer gets ${name}, whole and each thread's in order`, async () => {
    using threads = new RingThreads();
    const shared = createMpscRing(capacity, counts.length);
    const consumer = new MpscConsumer(shared);
    const producers = counts.map((count, writer) =>
      threads.start({ role: "mpscProducer", shared, count, writer, wait: waits[writer]! })
    );
    const numbers = new Int32Array(counts.length);
    const isClosed = (): boolean => counts.every((_, owner) => !consumer.isOwnerTaken(owner));
    await threads.work(
      () => readMpsc(consumer, numbers),
      () => numbers[0]! + numbers[1]! + numbers[2]! === counts.reduce((sum, count) => sum + count) && isClosed(),
    );
    for (const producer of producers) await producer.says("mpscProducer");
    assertEquals([...numbers], counts);
    assertEquals([consumer.next(), consumer.isEmpty(), consumer.skippedCount], [false, true, 0]);
  });
}

Deno.test("SpscRecordConsumer gets what was published before its producer died with a claim open", async () => {
  using threads = new RingThreads();
  const shared = createSpscRing(1 << 12);
  const consumer = new SpscRecordConsumer(shared);
  const producer = threads.start({ role: "spscHolder", shared, writer: 3, count: 10 });
  await producer.says("claimed");
  producer.terminate();
  let number = 0;
  while (consumer.next()) checkNumbered(consumer.words, consumer.offset, consumer.length, 3, number++);
  consumer.release();
  assertEquals([number, consumer.next(), consumer.recordsCommitted(), consumer.ended], [10, false, 10, false]);
});

Deno.test("MpscConsumer goes on when threads die with a claim open and while the ring is full", async () => {
  using threads = new RingThreads();
  const shared = createMpscRing(1 << 10, 3);
  const consumer = new MpscConsumer(shared);
  const own = new MpscProducer(shared, 0);
  const put = (number: number): boolean => {
    const bytes = payloadBytes(0, number);
    const offset = own.claim(NUMBERED, bytes);
    if (offset >= 0) {
      writeNumbered(own.words, offset, bytes, 0, number);
      own.commit();
    }
    return offset >= 0;
  };
  const numbers = new Int32Array(3);
  for (let round = 0; round < 3; round++) {
    const holder = threads.start({ role: "mpscHolder", shared, writer: 1, count: 64 });
    await holder.says("claimed");
    let number = numbers[0]!;
    while (put(number)) number++;
    const waiter = threads.start({ role: "mpscHolder", shared, writer: 2, count: 504 });
    await waiter.says("full");
    assertEquals(readMpsc(consumer, numbers), 0, "everything is behind the open claim");
    holder.terminate();
    waiter.terminate();
    consumer.skipOwner(1);
    consumer.skipOwner(2);
    while (readMpsc(consumer, numbers) > 0);
    assertEquals([numbers[0], consumer.skippedCount, consumer.isEmpty()], [number, round + 1, true]);
    assertEquals([consumer.isOwnerTaken(1), consumer.isOwnerTaken(2)], [false, false]);
  }
});

Deno.test("BroadcastConsumer gets whole records in order in every thread, and counts what it missed", async () => {
  using threads = new RingThreads();
  const count = 1_000_000;
  const shared = createBroadcastRing(1 << 14);
  const bells = [0, 1].map(() => new SharedArrayBuffer(DOORBELL_BYTES));
  const consumers = bells.map((ownBell, i) =>
    threads.start({ role: "broadcastConsumer", shared, writer: 9, ownBell, wait: i === 0 ? "yield" : "block" })
  );
  for (const consumer of consumers) await consumer.says("ready");
  const reader = new BroadcastReader(shared, 9);
  const producer = threads.start({ role: "broadcastProducer", shared, writer: 9, count, batch: 20_000 });
  await threads.work(() => reader.read(), () => reader.consumer.ended);
  await producer.says("broadcastProducer");
  const tallies = [reader.tally()];
  for (const consumer of consumers) tallies.push(await consumer.says("broadcastConsumer") as BroadcastTally);
  for (const { read, missed, lapped, last } of tallies) {
    assertEquals(last, count - 1);
    assert(read + missed <= count && (lapped > 0 || read === count), `${read} read, ${missed} missed, ${lapped} laps`);
  }
});

Deno.test("BroadcastConsumer gets what was committed before its producer died with a claim open", async () => {
  using threads = new RingThreads();
  const shared = createBroadcastRing(1 << 12);
  const reader = new BroadcastReader(shared, 4);
  const producer = threads.start({ role: "broadcastHolder", shared, writer: 4, count: 10 });
  await producer.says("claimed");
  producer.terminate();
  assertEquals([reader.read(), reader.read()], [10, 0]);
  assertEquals([reader.tally().last, reader.consumer.lappedCount, reader.consumer.ended], [9, 0, false]);
});

for (const wait of ["block", "yield", "spin"] as const) {
  const rounds = wait === "block" ? 20_000 : 2000;
  Deno.test(`idle() of ${wait} and of event-loop sleep through no ring in ${rounds} questions and answers`, async () => {
    using threads = new RingThreads();
    const [shared, answers] = [createSpscRing(1024), createSpscRing(1024)];
    const ownBell = new SharedArrayBuffer(DOORBELL_BYTES);
    const bell = new Doorbell(ownBell);
    const producer = new SpscRecordProducer(shared);
    const consumer = new SpscRecordConsumer(answers);
    // One ring that is slept through takes longer than the test may.
    const answering = threads.start({ role: "answering", shared, answers, ownBell, wait, maxBlockMs: 60_000 });
    await answering.says("ready");
    let number = 0;
    const ask = (): void => {
      producer.words[producer.claim(NUMBERED, 4) >> 2] = ++number;
      producer.commit();
      bell.ring();
    };
    ask();
    await threads.work(() => {
      if (!consumer.next()) return 0;
      assertEquals(consumer.words[consumer.offset >> 2], number);
      assertEquals(consumer.next(), false, "one answer to one question");
      consumer.release();
      for (let i = (number * 7919) % 256; i > 0; i--) Atomics.pause();
      if (number < rounds) ask();
      else number++;
      return 1;
    }, () => number > rounds);
    threads.tellToStop();
    bell.ring();
    assertEquals(await answering.says("answering"), rounds);
  });
}

Deno.test("Threads that block for work or for room stop when they are told, though nobody rings", async () => {
  using threads = new RingThreads();
  const [spsc, mpsc] = [createSpscRing(1024), createMpscRing(1024, 1)];
  const idle = (["block", "yield"] as const).map((wait) =>
    threads.start({ role: "answering", shared: createSpscRing(1024), answers: createSpscRing(1024), wait })
  );
  const full = [spsc, mpsc].map((shared, writer) => threads.start({ role: "waitingForRoom", shared, writer }));
  for (const thread of idle) await thread.says("ready");
  for (const thread of full) await thread.says("full");
  threads.tellToStop();
  for (const thread of idle) assertEquals(await thread.says("answering"), 0);
  for (const thread of full) assertEquals(await thread.says("waitingForRoom"), 0);
});

Deno.test("A thread that blocks for room goes on with every release", async () => {
  using threads = new RingThreads();
  const rings = [createSpscRing(1024), createMpscRing(1024, 1)];
  const consumers = [new SpscRecordConsumer(rings[0]!), new MpscConsumer(rings[1]!)];
  const full = rings.map((shared, writer) =>
    threads.start({ role: "waitingForRoom", shared, writer, maxBlockMs: 60_000 })
  );
  for (let round = 0; round < 200; round++) {
    for (const [i, thread] of full.entries()) {
      await thread.says("full");
      const consumer = consumers[i]!;
      assert(consumer.next());
      while (consumer.next());
      consumer.release();
    }
  }
  for (const thread of full) await thread.says("full");
  threads.tellToStop();
  for (const consumer of consumers) consumer.close();
  for (const thread of full) await thread.says("waitingForRoom");
});

Deno.test("CounterTable and Histogram are read in one thread while another counts and retires slots", async () => {
  using threads = new RingThreads();
  const count = 2_000_000;
  const shared = new SharedArrayBuffer(8 * counterTableCells(2, 16));
  const answers = new SharedArrayBuffer(8 * HISTOGRAM_CELLS);
  const table = new CounterTable(["events", "bytes"], 16, new Float64Array(shared));
  const histogram = new Histogram(new Float64Array(answers));
  const writer = threads.start({ role: "countingAndRetiring", shared, answers, count });
  let isDone = false;
  const done = writer.says("countingAndRetiring").then(() => isDone = true);
  let [events, bytes, records, looks] = [0, 0, 0, 0];
  while (!isDone) {
    for (let i = 0; i < 2000; i++) {
      const now = { events: table.sum(0), bytes: table.sum(1), records: histogram.count };
      if (now.events < events || now.bytes < bytes || now.records < records) {
        throw new Error(`Counts went back: ${JSON.stringify(now)} after ${events}, ${bytes}, ${records}`);
      }
      if (now.events > count) throw new Error(`${now.events} of ${count} events: a row was counted twice`);
      ({ events, bytes, records } = now);
      looks++;
    }
    assert(histogram.percentile(99) <= 999);
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
  await done;
  assert(looks > 0);
  assertEquals(table.totals(), { events: count, bytes: count * 2 ** 30 });
  assertEquals([histogram.count, histogram.max], [count, 999]);
});
