/**
 * `deno run --allow-read bench/micro_rings_variants.ts`: what else was tried for the rings, one change at a time.
 *
 * The first part is the SPSC ring of records, with more and more records to one atomic store: 4 double the rate of 1,
 * 64 double it again, more do nothing. The second is a ring of fixed slots with three producers and one consumer: the
 * ways that `mpsc_ring.ts` takes, and each of them undone. To load head and tail with every claim costs a fifth;
 * producers that only spin take the time slices of those who could go on; a line for each of head and tail shows only
 * where more threads run at a time than on two cores. To claim 8 records at once is twice as fast and was not taken
 * nevertheless: a block must be filled before anybody's later records can be read, and control comes one by one.
 *
 * @module
 */
import { createSpscRing } from "../src/ring/spsc_ring.ts";
import { SpscRecordConsumer } from "../src/ring/spsc_records.ts";
import { checkRecord, GO, READY } from "./micro_rings_bare.ts";
import { type Variant, VariantRing } from "./micro_rings_variants_ring.ts";
import type { VariantInit } from "./micro_rings_variants_worker.ts";

const COUNT = 6_000_000;
const CAPACITY = 1 << 20;
const PRODUCERS = 3;
const ROUNDS = 5;
/** The shortest wait that gives the core away, in ms. */
const MOMENT_MS = 0.001;

const CHOSEN: Variant = { name: "as chosen", isCrowded: false, isCaching: true, block: 1, isYielding: true };
const VARIANTS: readonly Variant[] = [
  CHOSEN,
  { ...CHOSEN, name: "head and tail on one line", isCrowded: true },
  { ...CHOSEN, name: "head and tail loaded with every claim", isCaching: false },
  { ...CHOSEN, name: "producers that only spin", isYielding: false },
  { ...CHOSEN, name: "8 records to a claim", block: 8 },
];

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Runs producers, drains on this thread, and returns records a second. */
async function run(inits: readonly Omit<VariantInit, "start">[], drain: () => void): Promise<number> {
  const start = new Int32Array(new SharedArrayBuffer(8));
  const workers = inits.map((init) => {
    const worker = new Worker(new URL("./micro_rings_variants_worker.ts", import.meta.url), { type: "module" });
    worker.postMessage({ ...init, start: start.buffer } satisfies VariantInit);
    return worker;
  });
  while (Atomics.load(start, READY) < inits.length) await new Promise((resolve) => setTimeout(resolve, 1));
  const startedMs = performance.now();
  Atomics.store(start, GO, 1);
  Atomics.notify(start, GO);
  drain();
  const elapsedMs = performance.now() - startedMs;
  for (const worker of workers) worker.terminate();
  return COUNT / elapsedMs * 1000;
}

function runSpsc(publishEvery: number): Promise<number> {
  const shared = createSpscRing(CAPACITY);
  const consumer = new SpscRecordConsumer(shared);
  return run([{ shared, owner: 0, count: COUNT, publishEvery }], () => drain((from) => readSpsc(consumer, from)));
}

function runMpsc(variant: Variant): Promise<number> {
  const shared = new SharedArrayBuffer(512 + CAPACITY);
  const inits = Array.from({ length: PRODUCERS }, (_, owner) => {
    return { shared, owner, count: COUNT / PRODUCERS, variant, publishEvery: 1 };
  });
  const ring = new VariantRing(shared, variant);
  const numbers = new Int32Array(PRODUCERS);
  return run(inits, () => drain((from) => readMpsc(ring, from, numbers)));
}

/** Reads batches until all records were read. */
function drain(readBatch: (from: number) => number): void {
  for (let read = 0, idle = 0; read < COUNT;) {
    const batch = readBatch(read);
    read += batch;
    idle = batch === 0 ? idle + 1 : 0;
    if (idle > 100) Atomics.wait(nobody, 0, 0, MOMENT_MS);
    else if (idle > 0) Atomics.pause();
  }
}

function readSpsc(consumer: SpscRecordConsumer, from: number): number {
  let read = from;
  for (; consumer.next(); read++) checkRecord(consumer.words, consumer.offset >> 2, read);
  consumer.release();
  return read - from;
}

function readMpsc({ words, data, mask, slots, head }: VariantRing, from: number, numbers: Int32Array): number {
  let read = from;
  for (; read - from < slots >> 2; read++) {
    const slot = (read & mask) << 4;
    if (Atomics.load(data, slot) !== read + 1) break;
    checkRecord(data, slot + 1, numbers[data[slot + 14]!]!++);
  }
  Atomics.store(words, head, read);
  return read - from;
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  const show = async (name: string, measure: () => Promise<number>): Promise<void> => {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) rates.push(await measure() / 1e6);
    rates.sort((a, b) => a - b);
    const line = `${name.padEnd(46)} ${rates[ROUNDS >> 1]!.toFixed(1)} M/s (${rates[0]!.toFixed(1)}-${
      rates.at(-1)!.toFixed(1)
    })\n`;
    Deno.stdout.writeSync(encoder.encode(line));
  };
  for (const every of [1, 4, 16, 64, 256]) await show(`spsc, publish after ${every}`, () => runSpsc(every));
  for (const variant of VARIANTS) await show(`mpsc, ${variant.name}`, () => runMpsc(variant));
}
