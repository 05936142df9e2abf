/**
 * A pool of real workers from start to stop: work, sleep, wake-ups, turns of the event loop, and how little is posted.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { MisuseError } from "../../src/error/transport_error.ts";
import type { InitMessage } from "../../src/pool/worker_message.ts";
import { PoolBench } from "./pool_bench.ts";
import { Word } from "./pool_test_agent.ts";

const MODES = ["event-loop", "spin", "yield", "block"] as const;

/** Runs something while all that is posted to workers is noted. */
async function watchPosts(run: () => Promise<void>): Promise<InitMessage[]> {
  const post = Worker.prototype.postMessage;
  const posted: InitMessage[] = [];
  Worker.prototype.postMessage = function (this: Worker, ...args: unknown[]): void {
    posted.push(args[0] as InitMessage);
    Reflect.apply(post, this, args);
  };
  try {
    await run();
  } finally {
    Worker.prototype.postMessage = post;
  }
  return posted;
}

for (const mode of MODES) {
  Deno.test(`A pool starts its agents, has them work and closes them: ${mode}`, async () => {
    const bench = new PoolBench({ mode, count: 3 });
    await bench.start();
    assertEquals(bench.words(Word.Started), [1, 1, 1]);
    assertEquals(bench.log.slice(0, 3), ["init 0.0", "init 1.0", "init 2.0"]);
    assertEquals(bench.log.slice(3).sort(), ["started 0", "started 1", "started 2"]);
    assertEquals([0, 1, 2].map((index) => bench.pool.isRunning(index)), [true, true, true]);
    for (let index = 0; index < 3; index++) bench.store(index, Word.Work, 1000);
    await bench.until("the end of the work", () => bench.words(Word.Work).every((left) => left === 0));
    assertEquals(bench.words(Word.Closed), [0, 0, 0]);
    await bench.pool.stop();
    assertEquals([bench.words(Word.Built), bench.words(Word.Closed)], [[1, 1, 1], [1, 1, 1]]);
    assertEquals(bench.log.slice(6), [], "nothing went wrong");
    assertEquals(bench.pool.isRunning(0), false);
  });

  Deno.test(`The timers of a worker go on while it works and while it has nothing to do: ${mode}`, async () => {
    await using bench = new PoolBench({ mode, count: 1 });
    await bench.start();
    const idleFrom = bench.word(0, Word.Timers);
    await bench.until("timers without work", () => bench.word(0, Word.Timers) > idleFrom + 3);
    bench.store(0, Word.Work, 2 ** 31 - 1);
    const busyFrom = bench.word(0, Word.Timers);
    await bench.until("timers under work", () => bench.word(0, Word.Timers) > busyFrom + 3);
    assert(bench.word(0, Word.Work) > 0, "it was busy all the time");
    assertEquals(bench.failures, []);
  });

  Deno.test(`Work drains while an agent closes: ${mode}`, async () => {
    const bench = new PoolBench({ mode, count: 1, behaviours: ["need work to close"] });
    await bench.start();
    bench.store(0, Word.Work, 500);
    await bench.pool.stop();
    assertEquals([bench.word(0, Word.Work), bench.word(0, Word.Closed), bench.failures], [0, 1, []]);
  });
}

Deno.test("An agent on the event loop sleeps until its doorbell rings", async () => {
  await using bench = new PoolBench({ count: 2 });
  await bench.start();
  await bench.until("the first sleep", () => bench.words(Word.Worked).every((works) => works === 2));
  for (let rings = 1; rings <= 5; rings++) {
    const timers = bench.word(1, Word.Timers);
    await bench.until("time without a ring", () => bench.word(1, Word.Timers) > timers + 3);
    assertEquals(bench.words(Word.Worked), [2, 2 * rings], "it does not poll");
    bench.pool.doorbell(1).ring();
    await bench.until("the wake-up", () => bench.word(1, Word.Worked) === 2 * rings + 2);
  }
});

Deno.test("A worker wakes another through the memory of the board", async () => {
  await using bench = new PoolBench({ count: 2, behaviours: ["ring the next", "well"] });
  await bench.start();
  await bench.until("the first sleep", () => bench.words(Word.Worked).every((works) => works === 2));
  bench.go(0);
  await bench.until("the wake-up", () => bench.word(1, Word.Worked) === 4);
});

Deno.test("One frozen message crosses to a worker and two notices back, whatever it works", async () => {
  const bench = new PoolBench({ count: 2, mode: "block" });
  const posted = await watchPosts(async () => {
    await bench.start();
    for (let round = 0; round < 50; round++) {
      for (const index of [0, 1]) bench.store(index, Word.Work, 100);
      await bench.until("the end of the work", () => bench.words(Word.Work).every((left) => left === 0));
    }
    await bench.pool.stop();
  });
  assertEquals(posted.map(({ kind, index }) => `${kind} ${index}`), ["ringwire.init 0", "ringwire.init 1"]);
  assert(posted.every((message) => Object.isFrozen(message)));
  assertEquals(bench.words(Word.Got), [1, 1]);
  assertEquals(bench.words(Word.Posted), [2, 2]);
});

Deno.test("What an agent posts for itself is no notice", async () => {
  const bench = new PoolBench({ count: 1, behaviours: ["post nonsense"] });
  await bench.start();
  bench.go(0);
  await bench.until("the nonsense", () => bench.word(0, Word.Posted) === 5);
  await bench.pool.stop();
  assertEquals([bench.word(0, Word.Posted), bench.failures], [6, []]);
});

Deno.test("A pool starts and stops 50 times and leaves nothing behind", async () => {
  for (let round = 0; round < 50; round++) {
    const bench = new PoolBench({ mode: MODES[round % MODES.length]! });
    await bench.start();
    await bench.pool.stop();
    assertEquals([bench.words(Word.Closed), bench.failures], [[1, 1], []]);
  }
});

Deno.test("WorkerPool.stop() is one stop, however often it is called, and start() is not possible after it", async () => {
  const bench = new PoolBench();
  await bench.start();
  const stopped = bench.pool.stop();
  assertStrictEquals(bench.pool.stop(), stopped);
  await stopped;
  await bench.pool.stop();
  assertEquals(bench.words(Word.Closed), [1, 1]);
  await assertRejects(() => bench.start(), MisuseError);
});

Deno.test("WorkerPool.stop() before the start makes no worker", async () => {
  const bench = new PoolBench();
  await bench.pool.stop();
  await assertRejects(() => bench.start(), MisuseError);
  assertEquals(bench.log, []);
});

Deno.test("WorkerPool.start() rejects when it is called twice, and the first call goes on", async () => {
  await using bench = new PoolBench();
  const started = bench.start();
  await assertRejects(() => bench.start(), MisuseError);
  await started;
  assertEquals(bench.words(Word.Started), [1, 1]);
});

Deno.test("WorkerPool.stop() during the start has it reject, and leaves no worker", async () => {
  const bench = new PoolBench({ behaviours: ["well", "hang in onStart"] });
  const started = assertRejects(() => bench.start(), MisuseError, "stopped while it started");
  await bench.until("the call of onStart", () => bench.word(1, Word.Started) === 1);
  await bench.pool.stop();
  await started;
  assertEquals(bench.failures, []);
});

Deno.test("WorkerPool.stop() right after the call of start() leaves no worker", async () => {
  const bench = new PoolBench();
  const started = assertRejects(() => bench.start(), MisuseError);
  await bench.pool.stop();
  await started;
  assertEquals([bench.failures, bench.log], [[], ["init 0.0", "init 1.0"]]);
});

Deno.test("A pool stops when it goes out of scope", async () => {
  const bench = new PoolBench();
  {
    await using pool = bench.pool;
    await pool.start();
  }
  assertEquals(bench.words(Word.Closed), [1, 1]);
});
