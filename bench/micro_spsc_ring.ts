/**
 * `deno run --allow-read bench/micro_spsc_ring.ts`: 64-byte claims and commits from one thread to another.
 *
 * The figure is the time of the producer's loop (claim, filling, commit, ring) over the records, warm-up and waits for
 * room included. The consumer only drains, and by polling the tail all the time it makes the producer as slow as it can.
 *
 * @module
 */
import { Doorbell, DOORBELL_BYTES } from "../src/ring/doorbell.ts";
import { createSpscRing, SpscConsumer } from "../src/ring/spsc_ring.ts";
import type { Filling, ProducerInit } from "./micro_spsc_ring_worker.ts";

const COUNT = 10_000_000;
const CAPACITY = 1 << 20;
const FILLINGS: readonly Filling[] = [
  "nothing",
  "a length",
  "a length and 60 bytes by set()",
  "a length and 60 bytes in a loop",
];

/** Runs one producer thread to its end and returns the time of its loop in ms. */
async function run(filling: Filling): Promise<number> {
  const shared = createSpscRing(CAPACITY);
  const bellMemory = new SharedArrayBuffer(DOORBELL_BYTES);
  const bell = new Doorbell(bellMemory);
  const consumer = new SpscConsumer(shared);
  const worker = new Worker(new URL("./micro_spsc_ring_worker.ts", import.meta.url), { type: "module" });
  const elapsed = new Promise<number>((resolve) => worker.onmessage = ({ data }) => resolve(data));
  worker.postMessage({ shared, bell: bellMemory, count: COUNT, filling } satisfies ProducerInit);
  while (!consumer.ended) {
    bell.prepareWait();
    let bytes = consumer.peek();
    if (bytes === 0 && !consumer.ended) {
      await bell.wait();
      continue;
    }
    bell.cancelWait();
    for (; bytes > 0; bytes = consumer.peek()) consumer.release(bytes);
  }
  if (consumer.recordsCommitted() !== COUNT) throw new Error(`Only ${consumer.recordsCommitted()} of ${COUNT} came`);
  const elapsedMs = await elapsed;
  worker.terminate();
  return elapsedMs;
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  for (const filling of FILLINGS) {
    const elapsedMs = await run(filling);
    const perRecordNs = (elapsedMs * 1e6 / COUNT).toFixed(1);
    const rate = (COUNT / elapsedMs / 1000).toFixed(1);
    Deno.stdout.writeSync(encoder.encode(`${filling.padEnd(32)} ${perRecordNs} ns a record, ${rate} M/s\n`));
  }
}
