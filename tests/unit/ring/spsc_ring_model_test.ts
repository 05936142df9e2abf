/**
 * The single-producer ring against an array of bytes and positions that never wrap, over seeded lists of operations.
 *
 * The model knows exactly when a claim must fit, where it must lie and what the consumer must see.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createSpscRing, SpscConsumer, SpscProducer } from "../../../src/ring/spsc_ring.ts";

const CAPACITY = 1024;
const RUNS = 150;
const OPERATIONS = 150;

/** A pseudo-random whole number below `bound` (xorshift32). */
function seeded(seed: number): (bound: number) => number {
  let state = seed | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

/** What the ring must do, with positions as plain numbers and the unread bytes in an array. */
class RingModel {
  tail: number;
  head: number;
  records = 0;
  readonly unread: number[] = [];
  /** For each lap with padding: where its data ends and where the next lap starts. */
  readonly paddings: { from: number; to: number }[] = [];
  /** The positions at which claims end; a span must end at one of them. */
  readonly claimEnds = new Set<number>();

  constructor(start: number) {
    this.tail = this.head = start;
  }

  /** Where the claim must lie (as a position), or -1. */
  claim(bytes: number): number {
    const room = CAPACITY - (this.tail % CAPACITY);
    const start = bytes <= room ? this.tail : this.tail + room;
    return start + bytes - this.head <= CAPACITY ? start : -1;
  }

  commit(start: number, content: readonly number[], records: number): void {
    if (start !== this.tail) this.paddings.push({ from: this.tail, to: start });
    this.tail = start + content.length;
    this.claimEnds.add(this.tail);
    this.unread.push(...content);
    this.records += records;
  }

  /** Where the next unread byte lies. */
  get next(): number {
    return this.paddings[0]?.from === this.head ? this.paddings[0].to : this.head;
  }

  release(bytes: number): void {
    if (bytes === 0 && this.unread.length === 0) return;
    const next = this.next;
    if (next !== this.head) this.paddings.shift();
    this.head = next + bytes;
    this.unread.splice(0, bytes);
  }
}

/** Sizes that reach every edge: small, the largest, the exact rest of the region, and one more or less than it. */
function pickSize(random: (bound: number) => number, model: RingModel): number {
  const rest = CAPACITY - (model.tail % CAPACITY);
  const free = CAPACITY - (model.tail - model.head);
  const sizes = [1 + random(16), 1 + random(200), 1 + random(512), 512, rest, rest + 1, rest - 1, free, free + 1];
  return Math.min(Math.max(sizes[random(sizes.length)]!, 1), 512);
}

function producerStep(random: (bound: number) => number, producer: SpscProducer, model: RingModel): void {
  const bytes = pickSize(random, model);
  const start = model.claim(bytes);
  const offset = producer.claim(bytes);
  assertEquals(offset, start < 0 ? -1 : start % CAPACITY, `claim of ${bytes}`);
  if (offset < 0) return;
  const content = Array.from({ length: bytes }, () => random(256));
  producer.data.set(content, offset);
  if (random(5) === 0) return producer.abort();
  const records = random(4);
  producer.commit(records);
  model.commit(start, content, records);
}

function consumerStep(random: (bound: number) => number, consumer: SpscConsumer, model: RingModel): void {
  const bytes = consumer.peek();
  assertEquals(bytes > 0, model.unread.length > 0, "a span whenever something is unread");
  assertEquals(consumer.recordsCommitted(), model.records);
  if (bytes === 0) return;
  assertEquals(consumer.spanOffset, model.next % CAPACITY);
  assert(model.claimEnds.has(model.next + bytes), "a span ends with a claim");
  const span = consumer.data.subarray(consumer.spanOffset, consumer.spanOffset + bytes);
  assertEquals(span.findIndex((value, i) => value !== model.unread[i]), -1, "the first wrong byte");
  const released = [0, 1, random(bytes + 1), bytes, bytes][random(5)]!;
  consumer.release(released);
  model.release(released);
}

/** One run: its turns go to the producer with a chance of their own, so that some rings are full and some empty. */
function run(seed: number, start: number): void {
  const random = seeded(seed);
  const shared = createSpscRing(CAPACITY, start);
  const producer = new SpscProducer(shared);
  const consumer = new SpscConsumer(shared);
  const model = new RingModel(start);
  const eagerness = 3 + random(5);
  for (let i = 0; i < OPERATIONS; i++) {
    if (random(10) < eagerness) producerStep(random, producer, model);
    else consumerStep(random, consumer, model);
  }
  assert(model.tail > start + 2 * CAPACITY, "the run crossed what it started before");
}

for (
  const { name, before } of [
    { name: "from all offsets", before: 2 * CAPACITY },
    { name: "across 2^31", before: 2 ** 31 },
    { name: "across 2^32", before: 2 ** 32 },
  ]
) {
  Deno.test(`SpscProducer and SpscConsumer do what the model does ${name}`, () => {
    for (let i = 0; i < RUNS; i++) {
      const seed = 1 + Math.trunc(Math.random() * 2 ** 31);
      const start = before - (seed % (2 * CAPACITY));
      try {
        run(seed, start);
      } catch (cause) {
        throw new Error(`seed ${seed}, start ${start}`, { cause });
      }
    }
  });
}
