/**
 * Every knob of the stream conditioner, in virtual time.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { ClosedError, MisuseError } from "../../../src/error/transport_error.ts";
import { memoryPair } from "../../../src/io/memory/memory_link.ts";
import { MemoryNetwork } from "../../../src/io/memory/memory_network.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import type { StreamConditionerOptions } from "../../../src/testing/conditioner_options.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import { conditionFabric, conditionLink } from "../../../src/testing/stream_conditioner.ts";
import type { StreamLink } from "../../../src/transport/stream_link.ts";

type Knobs = Omit<StreamConditionerOptions, "scheduler" | "random">;

interface Bench {
  readonly scheduler: ManualScheduler;
  /** The conditioned end. */
  readonly near: StreamLink;
  /** The other end, as it is. */
  readonly far: StreamLink;
}

function benchWith(knobs: Knobs, seed = 1, bufferBytes = 1_048_576): Bench {
  const scheduler = new ManualScheduler();
  const [inner, far] = memoryPair({ bufferBytes });
  const near = conditionLink(inner, { scheduler, random: new SeededRandom(seed), ...knobs });
  return { scheduler, near, far };
}

async function readBytes(link: StreamLink, most = 64): Promise<number[] | null> {
  const into = new Uint8Array(most);
  const count = await link.read(into);
  return count === null ? null : [...into.subarray(0, count)];
}

/** Notes what a call came to, and when. */
function watch<T>(scheduler: ManualScheduler, call: Promise<T>): { outcome?: T | Error; atMs?: number } {
  const seen: { outcome?: T | Error; atMs?: number } = {};
  const note = (outcome: T | Error): void => {
    seen.outcome = outcome;
    seen.atMs = scheduler.clock.now;
  };
  call.then(note, note);
  return seen;
}

/** Reads until the stream ends or fails; notes when how much arrived. */
function watchAll(scheduler: ManualScheduler, link: StreamLink): { arrivals: [number, number][]; bytes: number[] } {
  const seen = { arrivals: [] as [number, number][], bytes: [] as number[] };
  const loop = async (): Promise<void> => {
    for (let bytes = await readBytes(link, 4_096); bytes !== null; bytes = await readBytes(link, 4_096)) {
      seen.arrivals.push([scheduler.clock.now, bytes.length]);
      seen.bytes.push(...bytes);
    }
  };
  loop().catch(() => {});
  return seen;
}

async function assertCut(call: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => call, ClosedError);
  assertEquals([error.closeCode, error.origin], [CloseCode.LinkLost, "link"]);
}

Deno.test("conditionLink() without a knob changes nothing", async () => {
  const { near, far } = benchWith({});
  assertEquals(near.local, far.remote);
  assertEquals(near.remote, far.local);
  assertEquals(await near.write(Uint8Array.of(1, 2, 3)), 3);
  assertEquals(await readBytes(far), [1, 2, 3]);
  await far.write(Uint8Array.of(4, 5));
  assertEquals(await readBytes(near), [4, 5]);
  await near.closeWrite();
  assertEquals(await readBytes(far), null);
  await far.closeWrite();
  assertEquals(await readBytes(near), null);
});

Deno.test("conditionLink() refuses knobs that are out of range", () => {
  const counts = ["maxReadBytes", "maxWriteBytes"] as const;
  for (const name of counts) assertThrows(() => benchWith({ [name]: 0 }), RangeError, name);
  const limits = [
    "cutAfterReadBytes",
    "cutAfterWrittenBytes",
    "stallAfterReadBytes",
    "stallAfterWrittenBytes",
  ] as const;
  for (const name of [...counts, ...limits]) {
    for (const value of [-1, 1.5, NaN]) assertThrows(() => benchWith({ [name]: value }), RangeError, name);
  }
  for (const name of ["delayMs", "jitterMs"] as const) {
    for (const value of [-1, NaN, Infinity]) assertThrows(() => benchWith({ [name]: value }), RangeError, name);
  }
  for (const value of [0, -1, NaN]) assertThrows(() => benchWith({ bytesPerSecond: value }), RangeError);
});

Deno.test("maxReadBytes delivers in small pieces, writes untouched", async () => {
  const { near, far } = benchWith({ maxReadBytes: 1 });
  await far.write(Uint8Array.of(1, 2, 3));
  assertEquals([await readBytes(near), await readBytes(near), await readBytes(near)], [[1], [2], [3]]);
  assertEquals(await near.write(new Uint8Array(9)), 9);
});

Deno.test("maxWriteBytes takes small pieces, reads untouched", async () => {
  const { near, far } = benchWith({ maxWriteBytes: 2 });
  assertEquals(await near.write(Uint8Array.of(1, 2, 3)), 2);
  assertEquals(await readBytes(far), [1, 2]);
  await far.write(Uint8Array.of(4, 5, 6));
  assertEquals(await readBytes(near), [4, 5, 6]);
});

Deno.test("delayMs delivers bytes and the end late, counted from their arrival", async () => {
  const { scheduler, near, far } = benchWith({ delayMs: 50 });
  const seen = watchAll(scheduler, near);
  await far.write(Uint8Array.of(1));
  await scheduler.settle(20);
  await far.write(Uint8Array.of(2, 3));
  await scheduler.settle(29);
  assertEquals(seen.arrivals, []);
  await scheduler.settle(1);
  assertEquals(seen.arrivals, [[50, 1]]);
  await scheduler.settle(1_000);
  assertEquals(seen.arrivals, [[50, 1], [70, 2]]);
  await far.closeWrite();
  await scheduler.settle();
  // The loop above has the pending read.
  await assertRejects(() => near.read(new Uint8Array(1)), MisuseError);
  assertEquals(scheduler.pendingAlarms, 1);
  await scheduler.settle(50);
  assertEquals(scheduler.pendingAlarms, 0);
  assertEquals(await readBytes(near), null);
  assertEquals(seen.bytes, [1, 2, 3]);
});

Deno.test("delayMs delivers at once what has been on the line long enough", async () => {
  const { scheduler, near, far } = benchWith({ delayMs: 50 });
  await far.write(Uint8Array.of(1, 2));
  await scheduler.settle(500);
  assertEquals(scheduler.pendingAlarms, 0);
  assertEquals(await readBytes(near, 1), [1]);
  assertEquals(await readBytes(near), [2]);
});

Deno.test("delayMs lets the error of a broken link through after the bytes before it", async () => {
  const scheduler = new ManualScheduler();
  const [inner, far] = memoryPair();
  const near = conditionLink(inner, { scheduler, random: new SeededRandom(1), delayMs: 10 });
  await far.write(Uint8Array.of(1));
  far.reset();
  const first = watch(scheduler, readBytes(near));
  await scheduler.settle(10);
  assertEquals(first, { outcome: [1], atMs: 10 });
  await assertCut(near.read(new Uint8Array(1)));
});

Deno.test("delayMs holds a bounded number of bytes: the writer feels it", async () => {
  const { scheduler, near, far } = benchWith({ delayMs: 50 }, 1, 1_000);
  let written = 0;
  const writing = (async (): Promise<void> => {
    while (written < 600_000) written += await far.write(new Uint8Array(1_000));
    await far.closeWrite();
  })();
  for (let i = 0; i < 100; i++) await scheduler.settle();
  assert(written >= 262_144 && written <= 262_144 + 2_000, `${written} bytes were taken`);
  const seen = watchAll(scheduler, near);
  for (let i = 0; i < 100; i++) await scheduler.settle(10);
  await writing;
  assertEquals(seen.bytes.length, written);
});

Deno.test("delayMs leaves the link alone while the line is full", async () => {
  const [inner, far] = memoryPair({ bufferBytes: 1_048_576 });
  let reads = 0;
  const counting: StreamLink = {
    local: inner.local,
    remote: inner.remote,
    read: (into) => (reads++, inner.read(into)),
    write: (from) => inner.write(from),
    closeWrite: () => inner.closeWrite(),
    close: () => inner.close(),
  };
  const scheduler = new ManualScheduler();
  const near = conditionLink(counting, { scheduler, random: new SeededRandom(1), delayMs: 5 });
  await far.write(new Uint8Array(1_000_000));
  for (let i = 0; i < 20; i++) await scheduler.settle(5);
  const readsUntilFull = reads;
  for (let i = 0; i < 20; i++) await scheduler.settle(5);
  assertEquals(reads, readsUntilFull);
  assertEquals(await near.read(new Uint8Array(100)), 100);
  await scheduler.settle();
  assertEquals(reads, readsUntilFull + 1);
  near.close();
});

Deno.test("jitterMs spreads deliveries and keeps the order; a seed repeats itself", async () => {
  const run = async (seed: number): Promise<[number, number][]> => {
    const { scheduler, near, far } = benchWith({ delayMs: 10, jitterMs: 40 }, seed);
    const seen = watchAll(scheduler, near);
    for (let i = 0; i < 50; i++) {
      await far.write(Uint8Array.of(i));
      await scheduler.settle(30);
    }
    await scheduler.settle(100);
    assertEquals(seen.bytes, Array.from({ length: 50 }, (_, i) => i), `seed ${seed}`);
    return seen.arrivals;
  };
  const seed = Math.floor(Math.random() * 2 ** 32);
  const first = await run(seed);
  assertEquals(await run(seed), first, `seed ${seed}`);
  const lateBy = first.slice(0, 20).map(([atMs], i) => atMs - i * 30);
  assert(new Set(lateBy).size > 5, `seed ${seed}: no spread in ${lateBy}`);
  assert(lateBy.every((ms) => ms >= 10), `seed ${seed}: early in ${lateBy}`);
});

Deno.test("bytesPerSecond spaces deliveries", async () => {
  const { scheduler, near, far } = benchWith({ bytesPerSecond: 1_000 });
  const seen = watchAll(scheduler, near);
  await far.write(new Uint8Array(100));
  await scheduler.settle();
  await far.write(new Uint8Array(200));
  await scheduler.settle(10_000);
  assertEquals(seen.arrivals, [[100, 100], [300, 200]]);
  await far.write(new Uint8Array(50));
  await scheduler.settle(10_000);
  assertEquals(seen.arrivals.at(-1), [10_050, 50]);
});

Deno.test("bytesPerSecond cuts a large write into packets and adds the delay once", async () => {
  const { scheduler, near, far } = benchWith({ bytesPerSecond: 1_460_000, delayMs: 5 });
  const seen = watchAll(scheduler, near);
  await far.write(new Uint8Array(14_600));
  await scheduler.settle(1_000);
  assertEquals(seen.arrivals, Array.from({ length: 10 }, (_, i) => [6 + i, 1_460]));
});

Deno.test("cutAfterReadBytes breaks the link after the last byte", async () => {
  const { near, far } = benchWith({ cutAfterReadBytes: 3 });
  await far.write(Uint8Array.of(1, 2, 3, 4, 5));
  await near.write(Uint8Array.of(9));
  const write = near.write(new Uint8Array(1_048_576)).then(() => near.write(new Uint8Array(1)));
  assertEquals(await readBytes(near), [1, 2, 3]);
  await assertCut(write);
  await assertCut(near.read(new Uint8Array(1)));
  await assertCut(near.closeWrite());
  assertEquals(await readBytes(far, 1), [9]);
  await far.read(new Uint8Array(2_000_000));
  await assertCut(far.read(new Uint8Array(1)));
});

Deno.test("cutAfterReadBytes of 0 breaks the link at the first read", async () => {
  const { near, far } = benchWith({ cutAfterReadBytes: 0 });
  assertEquals(await near.write(Uint8Array.of(1)), 1);
  await assertCut(near.read(new Uint8Array(1)));
  assertEquals(await readBytes(far), [1]);
  await assertCut(far.read(new Uint8Array(1)));
});

Deno.test("cutAfterReadBytes works behind a delay and disarms it", async () => {
  const { scheduler, near, far } = benchWith({ cutAfterReadBytes: 2, delayMs: 10 });
  await far.write(Uint8Array.of(1, 2, 3));
  const first = watch(scheduler, readBytes(near));
  await scheduler.settle(10);
  assertEquals(first, { outcome: [1, 2], atMs: 10 });
  await assertCut(near.read(new Uint8Array(1)));
  assertEquals(scheduler.pendingAlarms, 0);
});

Deno.test("cutAfterWrittenBytes breaks the link, also under a pending read", async () => {
  const { near, far } = benchWith({ cutAfterWrittenBytes: 4 });
  const read = near.read(new Uint8Array(1));
  assertEquals(await near.write(Uint8Array.of(1, 2, 3)), 3);
  assertEquals(await near.write(Uint8Array.of(4, 5, 6)), 1);
  await assertCut(read);
  await assertCut(near.write(Uint8Array.of(5)));
  assertEquals(await readBytes(far), [1, 2, 3, 4]);
  await assertCut(far.read(new Uint8Array(1)));
});

Deno.test("a cut closes a link that cannot be reset", async () => {
  const [inner, far] = memoryPair();
  const plain: StreamLink = {
    local: inner.local,
    remote: inner.remote,
    read: (into) => inner.read(into),
    write: (from) => inner.write(from),
    closeWrite: () => inner.closeWrite(),
    close: () => inner.close(),
  };
  const options = { scheduler: new ManualScheduler(), random: new SeededRandom(1), cutAfterWrittenBytes: 1 };
  assertEquals(await conditionLink(plain, options).write(Uint8Array.of(1, 2)), 1);
  assertEquals(await readBytes(far), [1]);
  assertEquals(await readBytes(far), null);
});

Deno.test("stallAfterReadBytes delivers nothing more, not even the end, until the close", async () => {
  const { scheduler, near, far } = benchWith({ stallAfterReadBytes: 2 });
  await far.write(Uint8Array.of(1, 2, 3));
  await far.closeWrite();
  assertEquals(await readBytes(near), [1, 2]);
  const stalled = watch(scheduler, near.read(new Uint8Array(1)));
  await scheduler.settle(1_000_000);
  assertEquals(stalled, {});
  assertEquals(await near.write(Uint8Array.of(7)), 1);
  near.close();
  await scheduler.settle();
  assert(stalled.outcome instanceof ClosedError && stalled.outcome.origin === "local");
});

Deno.test("stallAfterWrittenBytes takes nothing more, not even the end, until the close", async () => {
  const { scheduler, near, far } = benchWith({ stallAfterWrittenBytes: 2 });
  assertEquals(await near.write(Uint8Array.of(1, 2, 3)), 2);
  const write = watch(scheduler, near.write(Uint8Array.of(3)));
  const end = watch(scheduler, near.closeWrite());
  assertEquals(await readBytes(far), [1, 2]);
  const read = watch(scheduler, readBytes(far));
  await scheduler.settle(1_000_000);
  assertEquals([write, end, read], [{}, {}, {}]);
  near.close();
  await scheduler.settle();
  assert(write.outcome instanceof ClosedError && end.outcome instanceof ClosedError);
  assertEquals(read.outcome, null);
});

Deno.test("close() settles a delayed read, disarms the alarm and reaches the other end", async () => {
  const { scheduler, near, far } = benchWith({ delayMs: 10 });
  await far.write(Uint8Array.of(1));
  const read = watch(scheduler, near.read(new Uint8Array(1)));
  await scheduler.settle(5);
  assertEquals(scheduler.pendingAlarms, 1);
  near.close();
  near.close();
  await scheduler.settle();
  assert(read.outcome instanceof ClosedError && read.outcome.closeCode === CloseCode.Normal);
  assertEquals(scheduler.pendingAlarms, 0);
  await assertRejects(() => near.read(new Uint8Array(1)), ClosedError);
  await assertRejects(() => near.write(new Uint8Array(1)), ClosedError);
  assertEquals(await readBytes(far), null);
});

Deno.test("conditionFabric() conditions accepted and connected links, each with its own counts", async () => {
  const scheduler = new ManualScheduler();
  const options = { scheduler, random: new SeededRandom(1), maxReadBytes: 1, cutAfterReadBytes: 2 };
  const fabric = conditionFabric(new MemoryNetwork().fabric("a"), options);
  assertEquals(fabric.target, { transport: "memory", name: "a" });
  const listener = fabric.listen();
  assertEquals(listener.address, fabric.target);
  for (let i = 0; i < 2; i++) {
    const client = await fabric.connect(new AbortController().signal);
    const server = await listener.accept();
    await client.write(Uint8Array.of(1, 2, 3));
    await server.write(Uint8Array.of(4, 5, 6));
    assertEquals([await readBytes(server), await readBytes(client)], [[1], [4]]);
    assertEquals(await readBytes(server), [2]);
    await assertCut(server.read(new Uint8Array(1)));
  }
  assertEquals(listener.closed, false);
  listener.close();
  assertEquals(listener.closed, true);
  await assertRejects(() => listener.accept(), ClosedError);
});
