/**
 * The threads of the race tests of rings of records, one function a role.
 *
 * A role says what it has done by messages; one that loops ends when the stop word is set, without being rung for it.
 *
 * @module
 */
import { CounterTable } from "../../src/metric/counter_table.ts";
import { Histogram } from "../../src/metric/histogram.ts";
import { BroadcastProducer } from "../../src/ring/broadcast_ring.ts";
import { Doorbell } from "../../src/ring/doorbell.ts";
import { MpscProducer } from "../../src/ring/mpsc_ring.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../../src/ring/spsc_records.ts";
import {
  openWaitStrategy,
  resolveWaitOptions,
  type WaitKind,
  type WaitStrategy,
} from "../../src/ring/wait_strategy.ts";
import { BroadcastReader, type BroadcastTally } from "./broadcast_reader.ts";
import { NUMBERED, payloadBytes, writeNumbered } from "./numbered_words.ts";

/** What such a worker is started with; a role uses what it needs. */
export interface RingWorkerInit {
  /** What it does. */
  readonly role: keyof typeof ROLES;
  /** The ring that it writes or reads. */
  readonly shared: SharedArrayBuffer;
  /** The ring for its answers. */
  readonly answers?: SharedArrayBuffer;
  /** The doorbell that it rings. */
  readonly bell: SharedArrayBuffer;
  /** The doorbell that it waits on. */
  readonly ownBell: SharedArrayBuffer;
  /** A word that tells it to stop. */
  readonly stop: SharedArrayBuffer;
  /** Its number. */
  readonly writer: number;
  /** How many records it writes, or how many bytes it claims. */
  readonly count: number;
  /** How many records it publishes at once. */
  readonly batch: number;
  /** How it waits. */
  readonly wait: WaitKind;
  /** The longest time that it blocks, in ms. */
  readonly maxBlockMs: number;
}

interface WorkerScope {
  onmessage: (event: MessageEvent<RingWorkerInit>) => void;
  postMessage(message: unknown): void;
}

const scope = self as unknown as WorkerScope;

const ROLES = {
  spscProducer,
  spscHolder,
  mpscProducer,
  mpscHolder,
  broadcastProducer,
  broadcastHolder,
  broadcastConsumer,
  answering,
  waitingForRoom,
  countingAndRetiring,
};

scope.onmessage = async ({ data: init }): Promise<void> => {
  const waiting = openWaitStrategy(resolveWaitOptions({ wait: init.wait, maxBlockMs: init.maxBlockMs }), {
    doorbell: new Doorbell(init.ownBell),
    isMainThread: false,
  });
  const result = await ROLES[init.role](init, waiting);
  scope.postMessage({ done: init.role, result });
};

function isStopped(init: RingWorkerInit): boolean {
  return Atomics.load(new Int32Array(init.stop), 0) !== 0;
}

/** Writes records through an SPSC ring, in batches of varying size. */
function spscProducer(init: RingWorkerInit): void {
  const producer = new SpscRecordProducer(init.shared);
  const bell = new Doorbell(init.bell);
  let staged = 0;
  for (let number = 0; number < init.count; number++) {
    const bytes = payloadBytes(init.writer, number);
    let offset = producer.claim(NUMBERED, bytes);
    while (offset < 0) {
      staged = 0;
      bell.ring();
      if (!producer.waitForSpaceBlocking(bytes, 20_000)) throw new Error(`No room for record ${number}`);
      offset = producer.claim(NUMBERED, bytes);
    }
    writeNumbered(producer.words, offset, bytes, init.writer, number);
    producer.stage();
    if (++staged <= number % init.batch) continue;
    staged = 0;
    producer.publish();
    bell.ring();
  }
  producer.close();
  bell.ring();
}

/** Writes records through an MPSC ring, and waits for room in the way that it was told. */
async function mpscProducer(init: RingWorkerInit, waiting: WaitStrategy): Promise<void> {
  const producer = new MpscProducer(init.shared, init.writer);
  const bell = new Doorbell(init.bell);
  let aborted = -1;
  for (let number = 0; number < init.count; number++) {
    const bytes = payloadBytes(init.writer, number);
    let offset = producer.claim(NUMBERED, bytes);
    while (offset < 0) {
      if (init.wait === "event-loop") await producer.waitForSpace(bytes);
      else if (init.wait === "block") producer.waitForSpaceBlocking(bytes, 20_000);
      else waiting.idle(0);
      offset = producer.claim(NUMBERED, bytes);
    }
    waiting.idle(1);
    writeNumbered(producer.words, offset, bytes, init.writer, number);
    // Now and then a record that nobody shall see.
    if (number % 1000 === 999 && aborted !== number) {
      producer.abort();
      bell.ring();
      aborted = number--;
      continue;
    }
    producer.commit();
    bell.ring();
  }
  producer.close();
  bell.ring();
}

/** Publishes `count` records, stages one more, writes a part of the next, says so, and does no more. */
async function spscHolder(init: RingWorkerInit): Promise<void> {
  const producer = new SpscRecordProducer(init.shared);
  for (let number = 0; number < init.count + 2; number++) {
    const bytes = payloadBytes(init.writer, number);
    writeNumbered(producer.words, producer.claim(NUMBERED, bytes), bytes, init.writer, number);
    if (number < init.count) producer.commit();
    else if (number === init.count) producer.stage();
  }
  scope.postMessage("claimed");
  await new Promise(() => {});
}

/**
 * Claims `count` bytes, writes a part, says so, and never commits; with a full ring it says so and waits for room for
 * ever.
 */
async function mpscHolder(init: RingWorkerInit): Promise<void> {
  const producer = new MpscProducer(init.shared, init.writer);
  const bytes = init.count;
  const offset = producer.claim(NUMBERED, bytes);
  if (offset >= 0) {
    producer.words.fill(-1, offset >> 2, (offset + bytes) >> 3);
    scope.postMessage("claimed");
  } else {
    scope.postMessage("full");
    while (!isStopped(init)) await producer.waitForSpace(bytes);
  }
  await new Promise(() => {});
}

/** Writes records into a broadcast ring as fast as it can, with a break now and then. */
async function broadcastProducer(init: RingWorkerInit): Promise<void> {
  const producer = new BroadcastProducer(init.shared);
  const bell = new Doorbell(init.bell);
  for (let number = 0; number < init.count; number++) {
    const bytes = payloadBytes(init.writer, number);
    writeNumbered(producer.words, producer.claim(NUMBERED, bytes), bytes, init.writer, number);
    producer.commit();
    bell.ring();
    if (number % init.batch === 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
  producer.close();
  bell.ring();
}

/** Commits one record, spoils what a claim covers, says so, and never commits. */
async function broadcastHolder(init: RingWorkerInit): Promise<void> {
  const producer = new BroadcastProducer(init.shared);
  for (let number = 0; number < init.count; number++) {
    const bytes = payloadBytes(init.writer, number);
    writeNumbered(producer.words, producer.claim(NUMBERED, bytes), bytes, init.writer, number);
    producer.commit();
  }
  const offset = producer.claim(NUMBERED, producer.maxPayloadBytes);
  producer.data.fill(0xee, offset, offset + producer.maxPayloadBytes);
  scope.postMessage("claimed");
  await new Promise(() => {});
}

/** Reads a broadcast ring to its end. */
function broadcastConsumer(init: RingWorkerInit, waiting: WaitStrategy): BroadcastTally {
  const reader = new BroadcastReader(init.shared, init.writer);
  scope.postMessage("ready");
  while (!reader.consumer.ended) waiting.idle(reader.read());
  return reader.tally();
}

/** Answers every record with its own number, asleep in between, until it is told to stop. */
function answering(init: RingWorkerInit, waiting: WaitStrategy): number {
  const requests = new SpscRecordConsumer(init.shared);
  const answers = new SpscRecordProducer(init.answers!);
  const bell = new Doorbell(init.bell);
  let answered = 0;
  scope.postMessage("ready");
  while (!isStopped(init)) {
    let count = 0;
    for (; requests.next(); count++) {
      const number = requests.words[requests.offset >> 2]!;
      // Pauses of varying length, so that the answer meets the other side's falling asleep in every order.
      for (let i = (number * 37) % 512; i > 0; i--) Atomics.pause();
      answers.words[answers.claim(NUMBERED, 4) >> 2] = number;
      answers.commit();
      bell.ring();
    }
    requests.release();
    answered += count;
    waiting.idle(count);
  }
  return answered;
}

/** Fills a ring that nobody drains, then blocks for room again and again until it is told to stop. */
function waitingForRoom(init: RingWorkerInit): number {
  const producer = init.writer === 0 ? new SpscRecordProducer(init.shared) : new MpscProducer(init.shared, 0);
  let count = 0;
  while (!isStopped(init)) {
    if (producer.claim(NUMBERED, 100) >= 0) {
      producer.commit();
      count++;
    } else {
      if (count > 0) scope.postMessage("full");
      count = 0;
      producer.waitForSpaceBlocking(100, init.maxBlockMs);
    }
  }
  return count;
}

/** Counts in a table and a histogram of shared memory, and retires slots all the time. */
function countingAndRetiring(init: RingWorkerInit): void {
  const slots = 16;
  const table = new CounterTable(["events", "bytes"], slots, new Float64Array(init.shared));
  const histogram = new Histogram(new Float64Array(init.answers!));
  for (let i = 0; i < init.count; i++) {
    table.add(i % slots, 0, 1);
    table.add(i % slots, 1, 2 ** 30);
    if (i % 7 === 0) table.retire((i * 3) % slots);
    histogram.record(i % 1000);
  }
}
