/**
 * `deno run --allow-read bench/micro_rings.ts`: records between threads: rates, hand-offs and wake-ups, each beside
 * the same work on bare words.
 *
 * Rates count what the consumer on the main thread has checked, from a quarter of all records on. Round trips are timed
 * one by one; half of them are warm-up. What else was tried is in `micro_rings_variants.ts`.
 *
 * @module
 */
import { Doorbell, DOORBELL_BYTES } from "../src/ring/doorbell.ts";
import { createMpscRing, MpscConsumer } from "../src/ring/mpsc_ring.ts";
import { createSpscRing } from "../src/ring/spsc_ring.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../src/ring/spsc_records.ts";
import { openWaitStrategy, resolveWaitOptions, type WaitStrategy } from "../src/ring/wait_strategy.ts";
import { ANSWERED, ASKED, BareRing, checkRecord, GO, READY } from "./micro_rings_bare.ts";
import type { MicroRingInit } from "./micro_rings_worker.ts";

/** Whose work is measured: bare words, or the rings of records. */
export type Side = "bare" | "records";

const CAPACITY = 1 << 20;
const PRODUCERS = 3;
const KIND = 7;

/** The threads of one measurement. */
class Threads {
  readonly bell = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly ownBell = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly #start = new Int32Array(new SharedArrayBuffer(8));
  readonly #workers: Worker[] = [];

  start(init: Pick<MicroRingInit, "role" | "shared" | "count"> & Partial<MicroRingInit>): void {
    const worker = new Worker(new URL("./micro_rings_worker.ts", import.meta.url), { type: "module" });
    const { bell, ownBell } = this;
    const rest = { owner: 0, answers: init.shared, start: this.#start.buffer, bell, ownBell };
    worker.postMessage({ ...rest, ...init } satisfies MicroRingInit);
    this.#workers.push(worker);
  }

  /** Lets all threads go once all are ready. */
  async go(): Promise<void> {
    while (Atomics.load(this.#start, READY) < this.#workers.length) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    Atomics.store(this.#start, GO, 1);
    Atomics.notify(this.#start, GO);
  }

  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }
}

/** Takes the time from a quarter of all records on. */
class RateMeter {
  readonly #count: number;
  #from = 0;
  #fromMs = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** Notes how many records were read; tells whether there are more. */
  note(read: number): boolean {
    if (this.#from === 0 && read >= this.#count / 4) {
      this.#from = read;
      this.#fromMs = performance.now();
    }
    return read < this.#count;
  }

  /** Records a second. */
  rate(): number {
    return (this.#count - this.#from) / (performance.now() - this.#fromMs) * 1000;
  }
}

/**
 * Measures records from one thread to another; both yield when they have waited for long.
 *
 * @param side Whose work.
 * @param count How many records.
 * @returns Records a second.
 */
export async function measureSpsc(side: Side, count: number): Promise<number> {
  using threads = new Threads();
  const shared = side === "bare" ? BareRing.create(CAPACITY) : createSpscRing(CAPACITY);
  threads.start({ role: side === "bare" ? "spscBare" : "spscRecords", shared, count });
  await threads.go();
  const waiting = yielding(threads);
  if (side === "bare") return drainBareSpsc(shared, count, waiting);
  return drainSpsc(new SpscRecordConsumer(shared), count, waiting);
}

/**
 * Measures records from three threads to one; all yield when they have waited for long.
 *
 * @param side Whose work.
 * @param count How many records in all.
 * @returns Records a second.
 */
export async function measureMpsc(side: Side, count: number): Promise<number> {
  using threads = new Threads();
  const shared = side === "bare" ? BareRing.create(CAPACITY) : createMpscRing(CAPACITY, PRODUCERS);
  const role = side === "bare" ? "mpscBare" : "mpscRecords";
  const each = Math.floor(count / PRODUCERS);
  for (let owner = 0; owner < PRODUCERS; owner++) threads.start({ role, shared, owner, count: each });
  await threads.go();
  const waiting = yielding(threads);
  if (side === "bare") return drainBareMpsc(shared, each * PRODUCERS, waiting);
  return drainMpsc(new MpscConsumer(shared), each * PRODUCERS, waiting);
}

/**
 * Measures the round trip of one word between two spinning threads.
 *
 * @param side Whose work.
 * @param count How many round trips.
 * @returns The times of the second half in µs, sorted.
 */
export async function measureHandoff(side: Side, count: number): Promise<Float64Array> {
  using threads = new Threads();
  const [shared, answers] = twoRings(side);
  threads.start({ role: side === "bare" ? "handoffBare" : "handoffRecords", shared, answers, count });
  await threads.go();
  const times = side === "bare" ? handOffBare(shared, answers, count) : handOffRecords(shared, answers, count);
  return secondHalf(times);
}

/**
 * Measures the round trip from the main thread to a blocked worker and back to the main thread's event loop.
 *
 * @param side Whose work.
 * @param count How many round trips.
 * @returns The times of the second half in µs, sorted.
 */
export async function measureWake(side: Side, count: number): Promise<Float64Array> {
  using threads = new Threads();
  const [shared, answers] = twoRings(side);
  threads.start({ role: side === "bare" ? "wakeBare" : "wakeRecords", shared, answers, count });
  await threads.go();
  const times = side === "bare"
    ? await wakeBare(shared, answers, count)
    : await wakeRecords(shared, answers, count, new Doorbell(threads.ownBell), new Doorbell(threads.bell));
  return secondHalf(times);
}

function twoRings(side: Side): [SharedArrayBuffer, SharedArrayBuffer] {
  const make = side === "bare" ? () => new SharedArrayBuffer(128) : () => createSpscRing(4096);
  return [make(), make()];
}

function secondHalf(timesMs: Float64Array): Float64Array {
  return timesMs.subarray(timesMs.length >> 1).map((ms) => ms * 1000).sort();
}

/** The main thread of a measurement may block: nothing else runs on it. */
function yielding({ bell }: Threads): WaitStrategy {
  const config = resolveWaitOptions({ wait: "yield" });
  return openWaitStrategy(config, { doorbell: new Doorbell(bell), isMainThread: false });
}

// Each batch is a call of its own, as in an agent: a loop within a loop that is entered once is compiled in pieces, and
// left at a high price at the end of each batch.

function drainSpsc(consumer: SpscRecordConsumer, count: number, waiting: WaitStrategy): number {
  const meter = new RateMeter(count);
  let read = 0;
  do {
    const batch = readSpsc(consumer, read);
    read += batch;
    waiting.idle(batch);
  } while (meter.note(read));
  return meter.rate();
}

function readSpsc(consumer: SpscRecordConsumer, from: number): number {
  const { words } = consumer;
  let read = from;
  for (; consumer.next(); read++) checkRecord(words, consumer.offset >> 2, read);
  consumer.release();
  return read - from;
}

function drainBareSpsc(shared: SharedArrayBuffer, count: number, waiting: WaitStrategy): number {
  const meter = new RateMeter(count);
  const ring = new BareRing(shared);
  let read = 0;
  do {
    const batch = readBareSpsc(ring, read);
    read += batch;
    waiting.idle(batch);
  } while (meter.note(read));
  return meter.rate();
}

function readBareSpsc({ words, data, mask }: BareRing, from: number): number {
  const tail = Atomics.load(words, BareRing.TAIL);
  let read = from;
  for (; read < tail; read++) checkRecord(data, ((read & mask) << 4) + 1, read);
  Atomics.store(words, BareRing.HEAD, read);
  return read - from;
}

function drainMpsc(consumer: MpscConsumer, count: number, waiting: WaitStrategy): number {
  const meter = new RateMeter(count);
  const numbers = new Int32Array(PRODUCERS);
  let read = 0;
  do {
    const batch = readMpsc(consumer, numbers);
    read += batch;
    waiting.idle(batch);
  } while (meter.note(read));
  return meter.rate();
}

function readMpsc(consumer: MpscConsumer, numbers: Int32Array): number {
  const { words } = consumer;
  let count = 0;
  for (; consumer.next(); count++) checkRecord(words, consumer.offset >> 2, numbers[consumer.owner]!++);
  consumer.release();
  return count;
}

function drainBareMpsc(shared: SharedArrayBuffer, count: number, waiting: WaitStrategy): number {
  const meter = new RateMeter(count);
  const ring = new BareRing(shared);
  const numbers = new Int32Array(PRODUCERS);
  let read = 0;
  do {
    const batch = readBareMpsc(ring, read, numbers);
    read += batch;
    waiting.idle(batch);
  } while (meter.note(read));
  return meter.rate();
}

function readBareMpsc({ words, data, mask, slots }: BareRing, from: number, numbers: Int32Array): number {
  let read = from;
  for (; read - from < slots >> 2; read++) {
    const slot = (read & mask) << 4;
    if (Atomics.load(data, slot) !== read + 1) break;
    checkRecord(data, slot + 1, numbers[data[slot + 14]!]!++);
  }
  Atomics.store(words, BareRing.HEAD, read);
  return read - from;
}

function handOffRecords(shared: SharedArrayBuffer, answerRing: SharedArrayBuffer, count: number): Float64Array {
  const questions = new SpscRecordProducer(shared);
  const answers = new SpscRecordConsumer(answerRing);
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const startedMs = performance.now();
    questions.words[questions.claim(KIND, 4) >> 2] = i;
    questions.commit();
    while (!answers.next());
    const number = answers.words[answers.offset >> 2];
    answers.release();
    times[i] = performance.now() - startedMs;
    if (number !== i) throw new Error(`Answer ${number} came where ${i} was due`);
  }
  return times;
}

function handOffBare(shared: SharedArrayBuffer, answerWords: SharedArrayBuffer, count: number): Float64Array {
  const questions = new Int32Array(shared);
  const answers = new Int32Array(answerWords);
  const times = new Float64Array(count);
  for (let i = 1; i <= count; i++) {
    const startedMs = performance.now();
    Atomics.store(questions, ASKED, i);
    while (Atomics.load(answers, ANSWERED) !== i);
    times[i - 1] = performance.now() - startedMs;
  }
  return times;
}

async function wakeRecords(
  shared: SharedArrayBuffer,
  answerRing: SharedArrayBuffer,
  count: number,
  workerBell: Doorbell,
  doorbell: Doorbell,
): Promise<Float64Array> {
  const questions = new SpscRecordProducer(shared);
  const answers = new SpscRecordConsumer(answerRing);
  const config = resolveWaitOptions({ wait: "event-loop", spinCount: 0 });
  const waiting = openWaitStrategy(config, { doorbell, isMainThread: true });
  const times = new Float64Array(count);
  const alive = setInterval(() => {}, 60_000);
  for (let i = 0; i < count; i++) {
    const startedMs = performance.now();
    questions.words[questions.claim(KIND, 4) >> 2] = i;
    questions.commit();
    workerBell.ring();
    for (let isDue = true; isDue;) {
      while (answers.next()) isDue = answers.words[answers.offset >> 2] !== i;
      answers.release();
      const rung = waiting.idle(isDue ? 0 : 1);
      if (rung !== undefined) await rung;
    }
    times[i] = performance.now() - startedMs;
  }
  clearInterval(alive);
  return times;
}

async function wakeBare(
  shared: SharedArrayBuffer,
  answerWords: SharedArrayBuffer,
  count: number,
): Promise<Float64Array> {
  const questions = new Int32Array(shared);
  const answers = new Int32Array(answerWords);
  const times = new Float64Array(count);
  const alive = setInterval(() => {}, 60_000);
  for (let i = 1; i <= count; i++) {
    const startedMs = performance.now();
    Atomics.store(questions, ASKED, i);
    Atomics.notify(questions, ASKED);
    while (Atomics.load(answers, ANSWERED) !== i) {
      const answered = Atomics.waitAsync(answers, ANSWERED, i - 1);
      if (answered.async) await answered.value;
    }
    times[i - 1] = performance.now() - startedMs;
  }
  clearInterval(alive);
  return times;
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  const print = (line: string): number => Deno.stdout.writeSync(encoder.encode(line + "\n"));
  for (let round = 0; round < 3; round++) {
    for (const side of ["bare", "records"] as const) {
      const spsc = await measureSpsc(side, 20_000_000);
      const mpsc = await measureMpsc(side, 12_000_000);
      const handoff = await measureHandoff(side, 400_000);
      const wake = await measureWake(side, 10_000);
      const middle = (times: Float64Array): string => `${times[times.length >> 1]!.toFixed(2)} µs`;
      print(
        `${side.padEnd(8)} spsc ${(spsc / 1e6).toFixed(1)} M/s   mpsc ${(mpsc / 1e6).toFixed(1)} M/s   ` +
          `hand-off p50 ${middle(handoff)}   wake p50 ${middle(wake)}`,
      );
    }
  }
}
