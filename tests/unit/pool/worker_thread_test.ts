import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { ThreadEnd } from "../../../src/pool/supervision_event.ts";
import { failedNotice, type InitMessage, readyNotice, stoppedNotice } from "../../../src/pool/worker_message.ts";
import { WorkerThread } from "../../../src/pool/worker_thread.ts";
import { createWorkerBoard, WorkerBoard, WorkerLine, WorkerState } from "../../../src/ring/worker_board.ts";
import { settled } from "../ring/safety_timeout.ts";
import { FakeWorker, holdLock, withFakeWorkers } from "./fake_worker.ts";

const ENTRY = new URL("file:///worker.ts");
let count = 0;

/** A handle on a thread that the test plays, with its lock. */
class Bench {
  readonly boardMemory = createWorkerBoard(2);
  readonly line = new WorkerLine(this.boardMemory, 1);
  readonly lock = `worker_thread_test.${++count}`;
  readonly worker: FakeWorker;
  readonly thread: WorkerThread;
  readonly ends: ThreadEnd[] = [];
  readys = 0;
  #release: () => Promise<void> = () => Promise.resolve();

  constructor(init?: unknown) {
    const message: InitMessage = {
      kind: "ringwire.init",
      version: 1,
      index: 1,
      incarnation: 0,
      board: this.boardMemory,
      lock: this.lock,
      mode: "event-loop",
      heartbeatMs: 100,
      init,
    };
    this.thread = withFakeWorkers(() =>
      new WorkerThread(ENTRY, "bench 1", message, new WorkerBoard(this.boardMemory), {
        handleReady: () => this.readys++,
        handleThreadEnd: (end) => this.ends.push(end),
      })
    );
    this.worker = FakeWorker.last;
  }

  /** The thread takes its lock and then shows it on the board. */
  async attach(state: WorkerState): Promise<void> {
    const held = await holdLock(this.lock);
    this.#release = held.release;
    this.line.enter(state);
  }

  /** The thread ends: its lock is free, and whoever waited for it knows. */
  async end(): Promise<void> {
    await settled(this.#release(), "the release of the lock");
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve));
  }
}

Deno.test("WorkerThread starts a module worker and posts its one message", () => {
  const bench = new Bench("init");
  assertEquals([bench.worker.entry, bench.worker.options], [ENTRY, { type: "module", name: "bench 1" }]);
  assertEquals(bench.worker.posted.map((message) => message.init), ["init"]);
});

Deno.test("WorkerThread ends a worker whose message cannot be cloned, and throws what was thrown", () => {
  FakeWorker.uncloneable = { some: "thing" };
  assertThrows(() => new Bench(FakeWorker.uncloneable), TypeError, "uncloneable");
  assertEquals(FakeWorker.last.terminations, 1);
});

Deno.test("WorkerThread passes on that the agent has started", async () => {
  const bench = new Bench();
  await bench.attach(WorkerState.Running);
  bench.worker.say(readyNotice());
  assertEquals([bench.readys, bench.ends], [1, []]);
  await bench.end();
  assertEquals(bench.ends, [{ kind: "exited" }], "it was watched from then on, without a look");
});

Deno.test("WorkerThread passes over messages that are no notices", () => {
  const bench = new Bench();
  for (const data of [null, "ready", { kind: "ringwire.ready" }]) bench.worker.say(data);
  assertEquals([bench.readys, bench.ends], [0, []]);
});

Deno.test("WorkerThread takes a failure of a thread that has not attached for its end", () => {
  const noticed = new Bench();
  noticed.worker.say(failedNotice("rejected", new RangeError("no")));
  const [end] = noticed.ends;
  assert(end?.kind === "rejected");
  assertEquals([end.error.name, end.error.message], ["RangeError", "no"]);
  const raised = new Bench();
  assertEquals(raised.worker.fail("Module not found"), true, "it does not end the process");
  const [raise] = raised.ends;
  assert(raise?.kind === "thrown");
  assertEquals(raise.error.message, "Module not found (file:///worker.ts:3:5)");
});

Deno.test("WorkerThread waits for the end of a thread that has failed and had attached", async () => {
  for (const how of ["a notice", "an event"]) {
    const bench = new Bench();
    await bench.attach(WorkerState.Failed);
    if (how === "a notice") bench.worker.say(failedNotice("thrown", new RangeError("no")));
    else bench.worker.fail("no");
    bench.thread.look();
    assertEquals(bench.ends, [], `after ${how}`);
    await bench.end();
    assertEquals(bench.ends.map(({ kind }) => kind), ["thrown"]);
  }
});

Deno.test("WorkerThread waits for the notices that the board announces when the thread is over before they come", async () => {
  for (
    const [state, notice] of [[WorkerState.Stopped, stoppedNotice()], [
      WorkerState.Failed,
      failedNotice("rejected", 1),
    ]] as const
  ) {
    const bench = new Bench();
    await bench.attach(state);
    bench.thread.look();
    await bench.end();
    bench.thread.look();
    bench.thread.look();
    assertEquals(bench.ends, []);
    bench.worker.say(readyNotice());
    assertEquals([bench.readys, bench.ends], [1, []]);
    bench.worker.say(notice);
    assertEquals(bench.ends.map(({ kind }) => kind), [state === WorkerState.Stopped ? "stopped" : "rejected"]);
  }
});

Deno.test("WorkerThread takes a notice for lost after three looks without it", async () => {
  const bench = new Bench();
  await bench.attach(WorkerState.Failed);
  bench.thread.look();
  await bench.end();
  bench.thread.look();
  bench.thread.look();
  assertEquals(bench.ends, []);
  bench.thread.look();
  assertEquals(bench.ends, [{ kind: "exited" }]);
  bench.thread.look();
  bench.worker.say(failedNotice("thrown", 1));
  assertEquals(bench.ends.length, 1);
});

Deno.test("WorkerThread reports a thread that ends without a word as exited", async () => {
  for (const state of [WorkerState.Attached, WorkerState.Running, WorkerState.Closing]) {
    const bench = new Bench();
    await bench.attach(state);
    bench.thread.look();
    await bench.end();
    assertEquals(bench.ends, [{ kind: "exited" }]);
  }
});

Deno.test("WorkerThread reports the first failure and the end once", async () => {
  const bench = new Bench();
  await bench.attach(WorkerState.Failed);
  bench.worker.say(failedNotice("thrown", new Error("first")));
  bench.worker.say(failedNotice("rejected", new Error("second")));
  bench.worker.fail("third");
  await bench.end();
  bench.worker.fail("fourth");
  assertEquals(bench.ends.length, 1);
  assert(bench.ends[0]!.kind === "thrown" && bench.ends[0]!.error.message === "first");
});

Deno.test("WorkerThread looks in vain for a thread that has not attached", async () => {
  const bench = new Bench();
  for (let i = 0; i < 10; i++) bench.thread.look();
  await bench.attach(WorkerState.Running);
  bench.thread.look();
  await bench.end();
  assertEquals(bench.ends, [{ kind: "exited" }]);
});

Deno.test("WorkerThread.end() ends a thread that has attached, and its end is seen without a look", async () => {
  const bench = new Bench();
  await bench.attach(WorkerState.Attached);
  bench.thread.end();
  assertEquals([bench.worker.terminations, bench.ends], [1, []]);
  await bench.end();
  assertEquals(bench.ends, [{ kind: "exited" }]);
  bench.thread.end();
  assertEquals(bench.worker.terminations, 1);
});

Deno.test("WorkerThread.end() leaves a thread that has not attached to find its command", () => {
  const bench = new Bench();
  bench.thread.end();
  assertEquals(bench.worker.terminations, 0);
});

Deno.test("WorkerThread.discard() ends the worker, the wait for it and all reports", async () => {
  const bench = new Bench();
  await bench.attach(WorkerState.Running);
  bench.thread.look();
  bench.thread.discard();
  assertEquals(bench.worker.terminations, 1);
  bench.worker.say(readyNotice());
  bench.worker.say(failedNotice("thrown", 1));
  assertEquals(bench.worker.fail("later"), true, "a thread that lives on does not end the process when it fails");
  await bench.end();
  bench.thread.look();
  assertEquals([bench.readys, bench.ends], [0, []]);
  assertStrictEquals(bench.worker.onmessage, null);
});
