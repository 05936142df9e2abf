import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { BroadcastConsumer, BroadcastProducer, createBroadcastRing } from "../../../src/ring/broadcast_ring.ts";

const CAPACITY = 1024;
const MAX_PAYLOAD = 112;
const HEADER_BYTES = 16;

function ring(consumers = 1, start = 0): { producer: BroadcastProducer; consumers: BroadcastConsumer[] } {
  const shared = createBroadcastRing(CAPACITY, start);
  const producer = new BroadcastProducer(shared);
  return { producer, consumers: Array.from({ length: consumers }, () => new BroadcastConsumer(shared)) };
}

/** Opens a record and fills it with its kind. */
function open(producer: BroadcastProducer, kind: number, payloadBytes = 4): number {
  const offset = producer.claim(kind, payloadBytes);
  producer.data.fill(kind, offset, offset + payloadBytes);
  return offset;
}

function put(producer: BroadcastProducer, kind: number, payloadBytes = 4): number {
  const offset = open(producer, kind, payloadBytes);
  producer.commit();
  return offset;
}

/** The kinds of all records that are there, after a look at the payloads. */
function drain(consumer: BroadcastConsumer): number[] {
  const kinds: number[] = [];
  while (consumer.next()) {
    const { kind, length, data } = consumer;
    assertEquals(data.subarray(0, length).findIndex((byte) => byte !== (kind & 255)), -1, `the payload of ${kind}`);
    kinds.push(kind);
  }
  return kinds;
}

/** Does something when the consumer has copied a record and not yet looked whether it is whole. */
function interruptNextCopy(during: () => void, run: () => void): void {
  const store = Atomics.store;
  Atomics.store = ((words: Int32Array, index: number, value: number) => {
    Atomics.store = store;
    during();
    return store(words, index, value);
  }) as typeof store;
  try {
    run();
  } finally {
    Atomics.store = store;
  }
}

Deno.test("BroadcastConsumer.next() gives every record to every consumer", () => {
  const { producer, consumers: [a, b] } = ring(2);
  assertEquals(a!.next(), false);
  put(producer, 1, 0);
  put(producer, -2, 5);
  assertEquals(drain(a!), [1, -2]);
  put(producer, 3, MAX_PAYLOAD);
  assertEquals([drain(a!), drain(b!)], [[3], [1, -2, 3]]);
  assertEquals([a!.lappedCount, a!.missedCount, b!.lappedCount], [0, 0, 0]);
});

Deno.test("BroadcastConsumer sees what is committed after it was made, and nothing of an open claim", () => {
  const shared = createBroadcastRing(CAPACITY);
  const producer = new BroadcastProducer(shared);
  put(producer, 1);
  const consumer = new BroadcastConsumer(shared);
  open(producer, 2);
  assertEquals(drain(consumer), []);
  producer.commit();
  assertEquals(drain(consumer), [2]);
});

Deno.test("BroadcastConsumer.data and view are unshared copies that the producer does not change", () => {
  const { producer, consumers: [consumer] } = ring();
  const offset = producer.claim(1, 12);
  assertEquals(offset % 8, 0);
  producer.view.setInt32(offset, 1, true);
  producer.words[(offset >> 2) + 1] = 2;
  producer.data[offset + 8] = 3;
  producer.commit();
  assert(consumer!.next());
  for (let kind = 0; kind < 30; kind++) put(producer, 255, 12);
  const { view, data, length } = consumer!;
  assertEquals([view.getInt32(0, true), view.getInt32(4, true), data[8], length], [1, 2, 3, 12]);
  assert(data.buffer instanceof ArrayBuffer);
});

Deno.test("BroadcastProducer.abort() leaves no trace of the record", () => {
  const { producer, consumers: [consumer] } = ring();
  const offset = open(producer, 1, 40);
  producer.abort();
  assertEquals(put(producer, 2, 8), offset);
  assertEquals([drain(consumer!), consumer!.missedCount], [[2], 0]);
});

Deno.test("BroadcastConsumer.next() goes on with the newest record when it was lapped, and counts", () => {
  const { producer, consumers: [slow] } = ring();
  put(producer, 0, 48);
  assertEquals(drain(slow!), [0]);
  for (let kind = 1; kind <= 40; kind++) put(producer, kind, 48);
  assertEquals([drain(slow!), slow!.lappedCount, slow!.missedCount], [[40], 1, 39]);
  put(producer, 41, 48);
  assertEquals([drain(slow!), slow!.lappedCount, slow!.missedCount], [[41], 1, 39]);
});

Deno.test("BroadcastConsumer.next() is lapped by the first byte too many, and not before", () => {
  for (const extra of [0, 1]) {
    const { producer, consumers: [slow] } = ring();
    for (let kind = 0; kind < 16; kind++) put(producer, kind, 48);
    if (extra === 1) open(producer, 99, 0);
    const all = Array.from({ length: 16 }, (_, kind) => kind);
    assertEquals(drain(slow!), extra === 0 ? all : [15]);
    assertEquals(slow!.lappedCount, extra);
  }
});

Deno.test("BroadcastConsumer.next() drops the copy of a record that was written over meanwhile", () => {
  const { producer, consumers: [slow] } = ring();
  for (let kind = 1; kind <= 16; kind++) put(producer, kind, 48);
  const kinds: number[] = [];
  interruptNextCopy(() => put(producer, 17, 48), () => kinds.push(...drain(slow!)));
  assertEquals([kinds, slow!.lappedCount], [[17], 1]);
});

Deno.test("BroadcastConsumer.next() survives whatever stands where a lapped record was", () => {
  for (const garbage of [-1, -2, 2 ** 31 - 1, -(2 ** 31), 113, 2 ** 30]) {
    const { producer, consumers: [slow] } = ring();
    for (let kind = 0; kind < 40; kind++) {
      const offset = producer.claim(kind, 100);
      producer.words.fill(garbage, offset >> 2, (offset >> 2) + 25);
      producer.commit();
    }
    const offset = put(producer, 41, 8);
    producer.claim(42, 0);
    producer.words.fill(garbage, 0, (offset - HEADER_BYTES) >> 2);
    producer.abort();
    assertEquals([drain(slow!), slow!.lappedCount], [[41], 1], `${garbage}`);
  }
});

Deno.test("BroadcastProducer.abort() does not give spoilt records back", () => {
  const { producer, consumers: [slow] } = ring();
  for (let kind = 0; kind < 16; kind++) put(producer, kind, 48);
  open(producer, 99, 100);
  producer.abort();
  assertEquals(producer.claim(16, 0), HEADER_BYTES, "a claim that would leave the second record alone");
  producer.abort();
  assertEquals([drain(slow!), slow!.lappedCount], [[15], 1]);
});

Deno.test("BroadcastProducer.claim() puts what does not fit before the region's end at its start", () => {
  const { producer, consumers: [consumer] } = ring();
  const offsets: number[] = [];
  const kinds: number[] = [];
  for (let kind = 0; kind < 9; kind++) {
    offsets.push(put(producer, kind, 100));
    kinds.push(...drain(consumer!));
  }
  assertEquals(offsets, [16, 136, 256, 376, 496, 616, 736, 856, 16]);
  assertEquals(kinds, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("BroadcastProducer.claim() refuses records that never fit and kinds that are no int32", () => {
  const { producer, consumers: [consumer] } = ring();
  assertEquals(producer.maxPayloadBytes, MAX_PAYLOAD);
  for (const payloadBytes of [MAX_PAYLOAD + 1, -1, 1.5, NaN, Infinity, 2 ** 32]) {
    assertThrows(() => producer.claim(1, payloadBytes), RangeError, "a record of this ring has 0 to 112");
  }
  for (const kind of [0.5, NaN, 2 ** 31]) assertThrows(() => producer.claim(kind, 1), RangeError, "must be an int32");
  put(producer, 1, MAX_PAYLOAD);
  assertEquals(drain(consumer!), [1]);
});

Deno.test("BroadcastProducer refuses calls out of order", () => {
  const { producer } = ring();
  assertThrows(() => producer.commit(), MisuseError, "No record is open");
  assertThrows(() => producer.abort(), MisuseError, "No record is open");
  producer.claim(1, 4);
  assertThrows(() => producer.claim(1, 4), MisuseError, "not committed");
  producer.close();
  assertThrows(() => producer.commit(), MisuseError, "No record is open");
  assertThrows(() => producer.claim(1, 4), MisuseError, "closed");
});

Deno.test("BroadcastConsumer.ended comes when the producer is closed and everything was read", () => {
  const { producer, consumers: [consumer] } = ring();
  put(producer, 1);
  open(producer, 2);
  assertEquals(consumer!.ended, false);
  producer.close();
  assertEquals(consumer!.ended, false);
  assertEquals([drain(consumer!), consumer!.ended], [[1], true]);
});

Deno.test("createBroadcastRing() refuses a capacity that is no power of two from 1024 to 2^30", () => {
  for (const capacity of [0, 512, 1000, 2 ** 31, NaN]) {
    assertThrows(() => createBroadcastRing(capacity), RangeError, "power of two");
  }
});

Deno.test("BroadcastProducer and BroadcastConsumer refuse memory that is not such a ring", () => {
  const broken = (word: number, value: number): SharedArrayBuffer => {
    const shared = createBroadcastRing(1024);
    new Int32Array(shared)[word] = value;
    return shared;
  };
  for (const End of [BroadcastProducer, BroadcastConsumer]) {
    assertThrows(() => new End(new ArrayBuffer(2048) as unknown as SharedArrayBuffer), TypeError, "SharedArrayBuffer");
    assertThrows(() => new End(new SharedArrayBuffer(8)), RangeError, "only 8 bytes");
    assertThrows(() => new End(new SharedArrayBuffer(2048)), TypeError, "not a broadcast ring");
    assertThrows(() => new End(broken(1, 99)), TypeError, "version 99");
    assertThrows(() => new End(broken(2, 2048)), RangeError, "cannot lie");
  }
  const shared = createBroadcastRing(1024);
  new BroadcastProducer(shared).close();
  assertThrows(() => new BroadcastProducer(shared), MisuseError, "had a producer");
});

/** What one consumer must see: the records and paddings that it has not passed yet. */
interface Reader {
  readonly consumer: BroadcastConsumer;
  position: number;
  lapped: number;
  missed: number;
  next: number;
}

interface Entry {
  readonly start: number;
  readonly end: number;
  /** Undefined for padding. */
  readonly record?: { readonly kind: number; readonly number: number; readonly payload: readonly number[] };
}

/** One run against a list of everything that was ever committed. */
function run(random: SeededRandom, start: number): void {
  const { producer, consumers } = ring(3, start);
  const units = CAPACITY / 8;
  const entries = new Map<number, Entry>();
  const readers: Reader[] = consumers.map((consumer) => ({
    consumer,
    position: start,
    lapped: 0,
    missed: 0,
    next: -1,
  }));
  let [tail, intent, latest, number] = [start, start, start, 0];
  for (let step = 0; step < 300; step++) {
    if (random.nextInt(3) > 0) {
      const payload = Array.from({ length: random.nextInt(MAX_PAYLOAD + 1) }, () => random.nextInt(256));
      const room = units - (tail % units);
      const size = Math.ceil((payload.length + HEADER_BYTES) / 8);
      const at = size <= room ? tail : tail + room;
      const offset = producer.claim(step, payload.length);
      assertEquals(offset, (at % units) * 8 + HEADER_BYTES);
      producer.data.set(payload, offset);
      intent = Math.max(intent, at + size);
      if (random.nextInt(6) === 0) {
        producer.abort();
        continue;
      }
      producer.commit();
      if (at !== tail) entries.set(tail, { start: tail, end: at });
      entries.set(at, { start: at, end: at + size, record: { kind: step, number: number++, payload } });
      tail = at + size;
      latest = at;
      continue;
    }
    const reader = readers[random.nextInt(readers.length)]!;
    for (let looks = random.nextInt(12); looks > 0; looks--) {
      const expected = expectNext(reader, entries, { tail, intent, latest });
      assertEquals(reader.consumer.next(), expected !== undefined);
      assertEquals([reader.consumer.lappedCount, reader.consumer.missedCount], [reader.lapped, reader.missed]);
      if (expected === undefined) break;
      const { kind, length, data } = reader.consumer;
      assertEquals([kind, ...data.subarray(0, length)], [expected.kind, ...expected.payload]);
    }
  }
}

function expectNext(
  reader: Reader,
  entries: ReadonlyMap<number, Entry>,
  ring: { tail: number; intent: number; latest: number },
): Entry["record"] {
  while (reader.position !== ring.tail) {
    if (ring.intent - reader.position > CAPACITY / 8) {
      reader.position = ring.latest;
      reader.lapped++;
    }
    const { end, record } = entries.get(reader.position)!;
    reader.position = end;
    if (record === undefined) continue;
    if (reader.next >= 0) reader.missed += record.number - reader.next;
    reader.next = record.number + 1;
    return record;
  }
  return undefined;
}

for (const before of [256, 2 ** 31, 2 ** 32]) {
  Deno.test(`BroadcastProducer and BroadcastConsumer do what a list does across position ${before}`, () => {
    for (let i = 0; i < 40; i++) {
      const seed = Math.trunc(Math.random() * 2 ** 31);
      try {
        run(new SeededRandom(seed), before - (seed % 256));
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause });
      }
    }
  });
}
