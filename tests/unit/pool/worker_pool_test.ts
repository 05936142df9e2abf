import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ResourceError, TimeoutError } from "../../../src/error/transport_error.ts";
import { failedNotice, readyNotice } from "../../../src/pool/worker_message.ts";
import { WorkerPool } from "../../../src/pool/worker_pool.ts";
import { WorkerBoard, WorkerCommand, WorkerLine, WorkerState } from "../../../src/ring/worker_board.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import { FakeWorker, withFakeWorkers } from "./fake_worker.ts";

/** A pool of fake workers in virtual time, whose clock shows only what was read from it. */
class Bench {
  readonly scheduler = new ManualScheduler({ lazyClock: true });
  readonly log: string[] = [];
  readonly pool: WorkerPool;

  constructor(count = 1) {
    const options = { entry: new URL("file:///worker.ts"), count, heartbeatMs: 100, restartDelayMs: 50 };
    this.pool = new WorkerPool(options, {
      init: (index, incarnation) => {
        this.log.push(`init ${index}.${incarnation}@${this.#nowMs}`);
      },
      started: (index) => this.log.push(`started ${index}@${this.#nowMs}`),
      failed: (index, { kind }) => this.log.push(`failed ${index} ${kind}@${this.#nowMs}`),
      exhausted: (index) => this.log.push(`exhausted ${index}@${this.#nowMs}`),
    }, this.scheduler);
    FakeWorker.all.length = 0;
  }

  get #nowMs(): number {
    return this.scheduler.wallNow() - new ManualScheduler().wallNow();
  }

  /** The promise in an object, since what an async function returns is awaited. */
  start(): { readonly started: Promise<void> } {
    return { started: withFakeWorkers(() => this.pool.start()) };
  }

  /** Lets time pass in steps in which every running worker beats. */
  advance(ms: number): void {
    const lines = Array.from({ length: this.pool.count }, (_, index) => new WorkerLine(this.pool.boardMemory, index));
    withFakeWorkers(() => {
      for (let passed = 0; passed < ms; passed += 10) {
        for (const line of lines) line.beat();
        this.scheduler.advance(10);
      }
    });
  }

  /** Stops the pool, whose workers do not end by themselves. */
  async stop(): Promise<void> {
    const stopped = this.pool.stop();
    this.advance(5100);
    await stopped;
  }

  /** A pool of one worker that has started, with an empty log. */
  static async running(): Promise<Bench> {
    const bench = new Bench();
    const { started } = bench.start();
    FakeWorker.last.say(readyNotice());
    await started;
    bench.log.length = 0;
    return bench;
  }
}

Deno.test("WorkerPool.start() counts its deadline from the call, however old the clock is", async () => {
  const bench = new Bench();
  bench.scheduler.advance(5000); // No alarm, so nobody reads the clock.
  const { started } = bench.start();
  bench.advance(9990);
  assertEquals(bench.scheduler.pendingAlarms, 1);
  bench.advance(10);
  await assertRejects(() => started, TimeoutError, "has not started within 10000 ms");
  assertEquals([bench.log, FakeWorker.last.terminations], [["init 0.0@5000"], 1]);
  assertEquals(bench.scheduler.pendingAlarms, 0);
});

Deno.test("WorkerPool counts the delay of a restart from the failure, however old the clock is", async () => {
  const bench = await Bench.running();
  bench.advance(70);
  FakeWorker.last.say(failedNotice("thrown", new Error("no"))); // It has not attached: this is its end.
  bench.advance(40);
  assertEquals(bench.log, ["failed 0 thrown@70"]);
  bench.advance(10);
  assertEquals(bench.log, ["failed 0 thrown@70", "init 0.1@120"]);
  await bench.stop();
});

Deno.test("WorkerPool counts the first silence from the start of the agent, however old the clock is", async () => {
  const bench = new Bench();
  const { started } = bench.start();
  bench.scheduler.advance(4050);
  FakeWorker.last.say(readyNotice());
  await started;
  bench.scheduler.advance(6000);
  assertEquals(bench.log, ["init 0.0@0", "started 0@4050", "failed 0 lateHeartbeat@9100"]);
  await bench.stop();
});

Deno.test("WorkerPool reads the heartbeats at every look", async () => {
  const bench = await Bench.running();
  bench.advance(20_000);
  assertEquals(bench.log, []);
  bench.scheduler.advance(6000);
  assertEquals(bench.log, ["failed 0 lateHeartbeat@25000"]);
  await bench.stop();
});

Deno.test("WorkerPool.stop() counts its deadline from the call, however old the clock is", async () => {
  const bench = await Bench.running();
  bench.advance(90);
  new WorkerLine(bench.pool.boardMemory, 0).enter(WorkerState.Running);
  const stopped = bench.pool.stop();
  assertEquals(new WorkerLine(bench.pool.boardMemory, 0).command(), WorkerCommand.Stop);
  bench.advance(4990);
  assertEquals(bench.log, []);
  bench.advance(20);
  assertEquals(bench.log, ["failed 0 stopTimedOut@5090"]);
  await stopped;
  assertEquals([bench.scheduler.pendingAlarms, FakeWorker.last.terminations], [0, 1]);
});

Deno.test("WorkerPool ends a worker whose heartbeat is late, and tells it by the board", async () => {
  const bench = await Bench.running();
  const line = new WorkerLine(bench.pool.boardMemory, 0);
  line.enter(WorkerState.Running);
  bench.scheduler.advance(6000);
  assertEquals([line.command(), FakeWorker.last.terminations], [WorkerCommand.End, 1]);
  await bench.stop();
});

Deno.test("WorkerPool serves all workers with one alarm", async () => {
  const bench = new Bench(16);
  const { started } = bench.start();
  for (const worker of FakeWorker.all) worker.say(readyNotice());
  await started;
  bench.advance(1000);
  assertEquals([FakeWorker.all.length, bench.scheduler.pendingAlarms], [16, 1]);
  await bench.stop();
  assertEquals(bench.scheduler.pendingAlarms, 0);
});

Deno.test("WorkerPool gives every thread a lock and a name of its own", async () => {
  const locks: string[] = [];
  for (let pools = 0; pools < 2; pools++) {
    const bench = new Bench(2);
    const { started } = bench.start();
    for (const worker of [...FakeWorker.all]) worker.say(readyNotice());
    await started;
    FakeWorker.last.say(failedNotice("thrown", new Error("no")));
    bench.advance(100);
    assertEquals(FakeWorker.all.map(({ options }) => options.name), ["ringwire 0", "ringwire 1", "ringwire 1"]);
    locks.push(...FakeWorker.all.map(({ posted }) => posted[0]!.lock));
    await bench.stop();
  }
  assertEquals(new Set(locks).size, 6);
});

Deno.test("WorkerPool makes a line ready before it makes the init value of the next incarnation", async () => {
  const bench = await Bench.running();
  new WorkerBoard(bench.pool.boardMemory).tell(0, WorkerCommand.End);
  FakeWorker.last.say(failedNotice("thrown", new Error("no")));
  bench.advance(100);
  const line = new WorkerLine(bench.pool.boardMemory, 0);
  assertEquals([line.incarnation, line.command()], [1, WorkerCommand.Run]);
  assertEquals(FakeWorker.last.posted[0]!.incarnation, 1);
  await bench.stop();
});

Deno.test("WorkerPool.start() rejects on a platform without locks", async () => {
  const bench = new Bench();
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
  try {
    await assertRejects(() => bench.start().started, ResourceError, "navigator.locks");
  } finally {
    Reflect.deleteProperty(navigator, "locks");
  }
  assertEquals(FakeWorker.all, []);
});

Deno.test("WorkerPool.doorbell() and isRunning() throw RangeError for a worker that is not there", async () => {
  const bench = new Bench(2);
  assert(bench.pool.isRunning(1) === false);
  assertThrows(() => bench.pool.isRunning(2), RangeError);
  assertThrows(() => bench.pool.doorbell(2), RangeError);
  await bench.stop();
});

Deno.test("WorkerPool refuses options that cannot work", () => {
  const entry = new URL("file:///worker.ts");
  const owner = { init: () => {}, started: () => {}, failed: () => {}, exhausted: () => {} };
  assertThrows(() => new WorkerPool({ entry, count: 0 }, owner, new ManualScheduler()), RangeError, "count");
});
