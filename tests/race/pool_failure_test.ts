/**
 * Workers that fail in every way that can be survived: what the owner is told, who replaces whom, and what is left.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ResourceError, TimeoutError } from "../../src/error/transport_error.ts";
import { PoolBench } from "./pool_bench.ts";
import { type Behaviour, Word } from "./pool_test_agent.ts";

for (
  const [behaviour, kind] of [
    ["throw in doWork", "thrown"],
    ["throw in a callback", "thrown"],
    ["call fail", "thrown"],
    ["reject unhandled", "rejected"],
    ["close itself", "exited"],
    ["exit", "exited"],
    ["fail without a notice", "exited"],
  ] as [Behaviour, string][]
) {
  for (const mode of ["event-loop", "block"] as const) {
    Deno.test(`A worker is reported and replaced, and the other goes on: ${behaviour}, ${mode}`, async () => {
      await using bench = new PoolBench({ mode, behaviours: [behaviour, "well"] });
      await bench.start();
      bench.take();
      bench.onFailed = (index) => bench.calm(index);
      bench.go(0);
      await bench.untilLogged("started 0");
      assertEquals(bench.take(), [`failed 0.0 ${kind}`, "init 0.1", "started 0"]);
      const [failure] = bench.failures;
      if (kind === "exited") assert(failure!.error instanceof ResourceError);
      else assertEquals([failure!.error.name, failure!.error.message], ["CustomError", "went wrong"]);
      assertEquals([bench.words(Word.Built), bench.words(Word.Closed)], [[2, 1], [0, 0]]);
      for (const index of [0, 1]) bench.store(index, Word.Work, 100);
      await bench.until("the end of the work", () => bench.words(Word.Work).every((left) => left === 0));
      await bench.pool.stop();
      assertEquals([bench.words(Word.Closed), bench.failures.length], [[1, 1], 1]);
    });
  }
}

Deno.test("A worker may fail again and again, and the others at the same time", async () => {
  await using bench = new PoolBench({
    count: 4,
    behaviours: ["throw in doWork"],
    maxCrashCount: 100,
    crashWindowMs: 4000,
  });
  await bench.start();
  for (let index = 0; index < 4; index++) bench.go(index);
  await bench.until("many failures", () => bench.failures.length >= 40);
  for (let index = 0; index < 4; index++) bench.calm(index);
  await bench.until("calm", () => [0, 1, 2, 3].every((index) => bench.pool.isRunning(index)));
  const kinds = bench.failures.map(({ kind, error }) => `${kind}: ${error.message}`);
  assertEquals([...new Set(kinds)], ["thrown: went wrong"], "no notice is lost");
  for (let index = 0; index < 4; index++) {
    const own = bench.log.filter((entry) => entry.split(" ")[1]!.startsWith(`${index}`));
    const expected = own.map((_, i) => {
      const incarnation = Math.floor(i / 3);
      return [`init ${index}.${incarnation}`, `started ${index}`, `failed ${index}.${incarnation} thrown`][i % 3]!;
    });
    assertEquals(own, expected, "each incarnation: init, started, failed once");
  }
});

Deno.test("A worker in a loop is reported and not replaced until its thread has ended", async () => {
  await using bench = new PoolBench({ behaviours: ["loop while told to", "well"], heartbeatTimeoutMs: 500 });
  await bench.start();
  bench.take();
  bench.go(0);
  await bench.until("the report", () => bench.failures.length === 1);
  assert(bench.failures[0]!.error instanceof TimeoutError);
  const timers = bench.word(1, Word.Timers);
  await bench.until("time in which nothing happens", () => bench.word(1, Word.Timers) > timers + 50);
  assertEquals(bench.take(), ["failed 0.0 lateHeartbeat for good"]);
  assertEquals([bench.pool.isRunning(0), bench.pool.isRunning(1)], [false, true]);
  bench.calm(0);
  await bench.untilLogged("started 0");
  assertEquals(bench.take(), ["ended 0", "init 0.1", "started 0"]);
  assertEquals([bench.words(Word.Built), bench.words(Word.Closed)], [[2, 1], [0, 0]]);
});

for (const mode of ["spin", "yield", "block"] as const) {
  Deno.test(`A loop of an agent that polls is late, too: ${mode}`, async () => {
    await using bench = new PoolBench({ mode, count: 1, behaviours: ["loop while told to"], heartbeatTimeoutMs: 500 });
    await bench.start();
    bench.go(0);
    await bench.untilLogged("failed 0.0 lateHeartbeat for good");
    bench.calm(0);
    await bench.untilLogged("init 0.1");
    await bench.until("the restart", () => bench.pool.isRunning(0));
  });
}

Deno.test("A pool stops in bounded time while a worker is in a loop", async () => {
  const behaviours = ["loop while told to", "well"] as const;
  const bench = new PoolBench({ behaviours, heartbeatTimeoutMs: 5000, stopTimeoutMs: 1000 });
  await bench.start();
  bench.go(0);
  await bench.until("the loop", () => bench.word(0, Word.Went) > 0);
  try {
    await bench.pool.stop();
    assertEquals([bench.failures.map(({ kind }) => kind), bench.words(Word.Closed)], [["stopTimedOut"], [0, 1]]);
    assert(bench.failures[0]!.error instanceof TimeoutError);
  } finally {
    bench.calm(0);
  }
});

Deno.test("A crash loop ends with an error that names the last failure, and the others go on", async () => {
  await using bench = new PoolBench({ behaviours: ["throw in doWork", "well"], maxCrashCount: 2 });
  await bench.start();
  bench.take();
  bench.go(0);
  await bench.untilLogged("exhausted 0, 1 left");
  assertEquals(bench.take(), [
    "failed 0.0 thrown",
    "init 0.1",
    "started 0",
    "failed 0.1 thrown",
    "init 0.2",
    "started 0",
    "failed 0.2 thrown for good",
    "exhausted 0, 1 left",
  ]);
  const [error] = bench.exhaustions;
  assert(error instanceof ResourceError);
  assertStrictEquals(error.cause, bench.failures[2]!.error);
  bench.store(1, Word.Work, 100);
  await bench.until("the end of the work", () => bench.word(1, Word.Work) === 0);
  await bench.pool.stop();
  assertEquals([bench.take(), bench.words(Word.Closed)], [[], [0, 1]]);
});

Deno.test("A replacement whose init value cannot be made has failed", async () => {
  const shared = new SharedArrayBuffer(64);
  const init = (_index: number, incarnation: number): unknown => {
    if (incarnation === 1) throw new RangeError("nothing left");
    return incarnation === 2 ? { uncloneable: () => {} } : { shared, behaviour: "throw in doWork" };
  };
  await using bench = new PoolBench({ count: 1, init });
  await bench.start();
  bench.onFailed = () => Atomics.store(new Int32Array(shared), Word.Go, 0);
  Atomics.store(new Int32Array(shared), Word.Go, 1);
  bench.pool.doorbell(0).ring();
  await bench.until("the restart", () => bench.failures.length === 3 && bench.pool.isRunning(0));
  assertEquals(bench.take(), [
    "init 0.0",
    "started 0",
    "failed 0.0 thrown",
    "init 0.1",
    "failed 0.1 thrown",
    "init 0.2",
    "failed 0.2 thrown",
    "init 0.3",
    "started 0",
  ]);
  assertEquals(bench.failures[1]!.error.message, "nothing left");
  assertEquals(bench.failures[2]!.error.name, "DataCloneError");
});

Deno.test("A replacement that loads for too long is told to end when it comes, and replaced", async () => {
  const gate = await Deno.makeTempFile();
  await Deno.remove(gate);
  const entry = new URL("./pool_slow_worker.ts", import.meta.url);
  await using bench = new PoolBench({
    entry,
    name: gate,
    behaviours: ["throw in doWork", "well"],
    startTimeoutMs: 800,
    maxCrashCount: 100,
  });
  try {
    await bench.start();
    bench.take();
    bench.onFailed = (index) => bench.calm(index);
    await Deno.writeTextFile(gate, "");
    bench.go(0);
    await bench.untilLogged("failed 0.1 startTimedOut for good");
    const timers = bench.word(1, Word.Timers);
    await bench.until("time in which nothing happens", () => bench.word(1, Word.Timers) > timers + 20);
    assertEquals(bench.take().at(-1), "failed 0.1 startTimedOut for good");
  } finally {
    await Deno.remove(gate);
  }
  await bench.untilLogged("init 0.2");
  await bench.until("the restart", () => bench.pool.isRunning(0));
  assertEquals(bench.log.slice(0, 2), ["ended 0", "init 0.2"]);
  assertEquals(bench.word(0, Word.Built), 1 + bench.log.filter((entry) => entry === "started 0").length);
});

for (
  const [behaviour, message] of [
    ["throw in build", "not built"],
    ["reject in build", "not built"],
    ["throw in onStart", "not started"],
    ["reject in onStart", "not started"],
  ] as [Behaviour, string][]
) {
  Deno.test(`WorkerPool.start() rejects and leaves nothing behind: ${behaviour}`, async () => {
    const bench = new PoolBench({ count: 3, behaviours: ["well", behaviour, "well"] });
    const error = await assertRejects(() => bench.start(), ResourceError, `Cannot start worker 1: ${message}`);
    const cause = error.cause as Error;
    assertEquals([cause.name, cause.message], ["CustomError", message]);
    if (behaviour === "throw in build") assertEquals((cause.cause as Error).message, "no bricks");
    assertEquals([bench.failures, bench.exhaustions], [[], []]);
    assertEquals(bench.word(1, Word.Closed), 0);
    await bench.pool.stop();
  });
}

for (
  const [what, file, message] of [
    ["there is no module", "./no_such_worker.ts", "Module not found"],
    ["the module throws", "./pool_broken_worker.ts", "broken module"],
  ] as const
) {
  Deno.test(`WorkerPool.start() rejects and leaves nothing behind: ${what}`, async () => {
    const bench = new PoolBench({ entry: new URL(file, import.meta.url) });
    const error = await assertRejects(() => bench.start(), ResourceError, message);
    assert(error.cause instanceof Error);
    await bench.pool.stop();
  });
}

for (
  const [what, options] of [
    ["onStart hangs", { behaviours: ["well", "hang in onStart"] }],
    ["nobody listens", { entry: new URL("./pool_silent_worker.ts", import.meta.url) }],
  ] as const
) {
  Deno.test(`WorkerPool.start() rejects when ${what}, and leaves nothing behind`, async () => {
    const bench = new PoolBench({ ...options, startTimeoutMs: 200, stopTimeoutMs: 1e9 });
    await assertRejects(() => bench.start(), TimeoutError, "has not started within 200 ms");
    await bench.pool.stop();
    assertEquals(bench.failures, []);
  });
}

Deno.test("WorkerPool.start() rejects only when a thread that is in a loop has ended, or was given up", async () => {
  const behaviours = ["loop in onStart while told to", "well"] as const;
  const bench = new PoolBench({ behaviours, startTimeoutMs: 500, stopTimeoutMs: 1e9 });
  bench.go(0);
  let isRejected = false;
  const started = assertRejects(() => bench.start(), TimeoutError, "Worker 0").finally(() => isRejected = true);
  await bench.until("the stop of the other worker", () => bench.word(1, Word.Closed) === 1);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve));
  assertEquals(isRejected, false);
  bench.calm(0);
  await started;
});

Deno.test("WorkerPool.start() rejects when the init value cannot be made or cloned", async () => {
  const unmade = new PoolBench({
    init: () => {
      throw new RangeError("nothing left");
    },
  });
  await assertRejects(() => unmade.start(), ResourceError, "nothing left");
  const uncloneable = new PoolBench({ init: () => ({ uncloneable: () => {} }) });
  const error = await assertRejects(() => uncloneable.start(), ResourceError, "could not be cloned");
  assertEquals((error.cause as Error).name, "DataCloneError");
});

Deno.test("A worker refuses an init message of another version", async () => {
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, message: object): void {
    Reflect.apply(post, this, [{ ...message, version: 99 }]);
  };
  try {
    const error = await assertRejects(() => new PoolBench().start(), ResourceError, "its pool speaks version 99");
    assertEquals((error.cause as Error).name, "TypeError");
  } finally {
    Worker.prototype.postMessage = post;
  }
});

for (const [behaviour, kind] of [["throw in onClose", "thrown"], ["reject in onClose", "rejected"]] as const) {
  Deno.test(`A worker that fails while it stops is reported: ${behaviour}`, async () => {
    const bench = new PoolBench({ behaviours: [behaviour, "well"] });
    await bench.start();
    bench.take();
    await bench.pool.stop();
    assertEquals(bench.take(), [`failed 0.0 ${kind} for good`]);
    assertEquals([bench.failures[0]!.error.message, bench.words(Word.Closed)], ["not closed", [1, 1]]);
  });
}

Deno.test("A worker whose onClose hangs is given up in bounded time", async () => {
  const bench = new PoolBench({ behaviours: ["hang in onClose", "well"], stopTimeoutMs: 500 });
  await bench.start();
  bench.take();
  await bench.pool.stop();
  assertEquals([bench.take(), bench.words(Word.Closed)], [["failed 0.0 stopTimedOut for good"], [1, 1]]);
});

Deno.test("An owner may stop the pool from inside a report, and is told the next thing after it has returned", async () => {
  const bench = new PoolBench({ behaviours: ["throw in doWork", "well"], maxCrashCount: 0 });
  await bench.start();
  bench.take();
  let stopped: Promise<void> | undefined;
  bench.onFailed = () => {
    stopped = bench.pool.stop();
    bench.log.push("returned");
  };
  bench.go(0);
  await bench.until("the stop", () => stopped !== undefined);
  await stopped;
  assertEquals(bench.take(), ["failed 0.0 thrown for good", "returned", "exhausted 0, 1 left"]);
  assertEquals(bench.words(Word.Closed), [0, 1]);
});
