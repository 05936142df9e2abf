import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ResourceError } from "../../../src/error/transport_error.ts";
import { CONFIG, CRASH, SupervisedWorkers } from "./supervised_workers.ts";

Deno.test("A late worker whose thread ends after all is reported as ended and replaced after the delay", () => {
  const workers = SupervisedWorkers.running();
  workers.silence(0);
  workers.advance(1000);
  workers.take();
  workers.unsilence(0);
  workers.advance(5000);
  assertEquals(workers.take(), [], "a heartbeat alone proves nothing: it has been declared lost");
  workers.do((s) => s.handleThreadEnd(0, { kind: "exited" }));
  assertEquals(workers.take(), ["discard 0@6000", "ended 0@6000"]);
  workers.advance(10);
  assertEquals(workers.take(), ["spawn 0.1@6010"]);
  workers.do((s) => s.handleReady(0));
  workers.advance(1000);
  assertEquals(workers.take(), ["started 0@6010"]);
});

Deno.test("A worker whose thread ends is reported before it is replaced", () => {
  for (const kind of ["thrown", "rejected", "exited"] as const) {
    const workers = SupervisedWorkers.running({ count: 2 });
    const error = new TypeError("went wrong");
    workers.do((s) => s.handleThreadEnd(1, kind === "exited" ? { kind } : { kind, error }));
    assertEquals(workers.log, ["discard 1@0", `failed 1.0 ${kind}@0`]);
    const failed = workers.events[1]!;
    assert(failed.kind === "failed" && Object.isFrozen(failed.failure));
    if (kind === "exited") assertEquals(failed.failure.error.constructor, ResourceError);
    else assertStrictEquals(failed.failure.error, error);
    assertEquals(workers.supervision.phase(1), "idle");
    workers.take();
    workers.advance(9);
    assertEquals(workers.take(), []);
    workers.advance(1);
    assertEquals(workers.take(), ["spawn 1.1@10"]);
    workers.do((s) => s.handleReady(1));
    assertEquals(workers.take(), ["started 1@10"], "allStarted comes once");
  }
});

Deno.test("A worker that stops without being told has exited", () => {
  const workers = SupervisedWorkers.running();
  workers.do((s) => s.handleThreadEnd(0, { kind: "stopped" }));
  assertEquals(workers.take(), ["discard 0@0", "failed 0.0 exited@0"]);
});

Deno.test("The delay before a restart doubles up to its part of the window", () => {
  const workers = SupervisedWorkers.running({ maxCrashCount: 6, crashWindowMs: 4800, restartDelayMs: 50 });
  const delays: number[] = [];
  for (let i = 1; i <= 6; i++) {
    const failedAtMs = workers.nowMs;
    workers.do((s) => s.handleThreadEnd(0, CRASH));
    delays.push(workers.supervision.pollTimeout() - failedAtMs);
    workers.advance(delays.at(-1)!);
    workers.do((s) => s.handleReady(0));
  }
  assertEquals(delays, [50, 100, 200, 400, 400, 400]);
});

Deno.test("A delay that is longer than its part of the window stays as it is", () => {
  const workers = SupervisedWorkers.running({ maxCrashCount: 6, crashWindowMs: 4800, restartDelayMs: 700 });
  for (let i = 0; i < 3; i++) {
    const failedAtMs = workers.nowMs;
    workers.do((s) => s.handleThreadEnd(0, CRASH));
    assertEquals(workers.supervision.pollTimeout() - failedAtMs, 700);
    workers.advance(700);
  }
});

Deno.test("More failures than maxCrashCount within the window end the replacing, and the others go on", () => {
  const workers = SupervisedWorkers.running({ count: 2, restartDelayMs: 0 });
  for (let i = 1; i <= 3; i++) {
    workers.do((s) => s.handleThreadEnd(0, CRASH));
    workers.advance(0);
    workers.do((s) => s.handleReady(0));
    workers.advance(1000);
  }
  workers.take();
  const last = new RangeError("the last straw");
  workers.do((s) => s.handleThreadEnd(0, { kind: "rejected", error: last }));
  assertEquals(workers.log, [
    "discard 0@3000",
    "failed 0.3 rejected for good@3000",
    "exhausted 0, 1 left@3000",
  ]);
  const exhausted = workers.events[2]!;
  assert(exhausted.kind === "exhausted" && exhausted.error instanceof ResourceError);
  assertStrictEquals(exhausted.error.cause, last);
  assertEquals(
    exhausted.error.message,
    "Worker 0 has failed 4 times within 60000 ms and is not replaced: the last straw",
  );
  workers.take();
  workers.advance(1_000_000);
  assertEquals([workers.take(), workers.supervision.phase(0)], [[], "over"]);
  workers.do((s) => s.handleThreadEnd(1, CRASH));
  workers.advance(0);
  assertEquals(workers.take().at(-1), `spawn 1.1@${workers.nowMs}`);
});

Deno.test("A failure counts for crashWindowMs and no longer", () => {
  for (const [gapMs, isGivenUp] of [[1000, true], [20_000, false], [19_999, true]] as const) {
    const workers = SupervisedWorkers.running({ restartDelayMs: 0 });
    for (let i = 0; i < 4; i++) {
      if (i > 0) workers.advance(gapMs);
      workers.do((s) => s.handleThreadEnd(0, CRASH));
      workers.advance(0);
      workers.do((s) => s.handleReady(0));
    }
    assertEquals(workers.supervision.phase(0) === "over", isGivenUp, `${gapMs} ms apart`);
  }
});

Deno.test("maxCrashCount 0 replaces nothing, crashWindowMs 0 replaces for ever", () => {
  const never = SupervisedWorkers.running({ maxCrashCount: 0 });
  never.do((s) => s.handleThreadEnd(0, CRASH));
  assertEquals(never.log, ["discard 0@0", "failed 0.0 thrown for good@0", "exhausted 0, 0 left@0"]);
  const exhausted = never.events[2]!;
  assert(exhausted.kind === "exhausted");
  assertEquals(exhausted.error.message, "Worker 0 has failed and is not replaced: went wrong");
  assertEquals(never.supervision.pollTimeout(), Infinity);
  const always = SupervisedWorkers.running({ crashWindowMs: 0 });
  for (let i = 0; i < 50; i++) {
    always.do((s) => s.handleThreadEnd(0, CRASH));
    always.advance(10);
    always.do((s) => s.handleReady(0));
  }
  assertEquals(always.supervision.phase(0), "running");
  assertEquals(always.nowMs, 500, "the delay does not grow: no failure is remembered");
});

Deno.test("A late heartbeat counts as a failure, and the one too many gives up the worker while its thread lives", () => {
  const workers = SupervisedWorkers.running({ count: 2, maxCrashCount: 1 });
  workers.do((s) => s.handleThreadEnd(0, CRASH));
  workers.advance(10);
  workers.do((s) => s.handleReady(0));
  workers.take();
  workers.silence(0);
  workers.advance(1100);
  assertEquals(workers.take(), [
    "failed 0.1 lateHeartbeat for good@1100",
    "end 0@1100",
    "exhausted 0, 1 left@1100",
  ]);
  workers.do((s) => s.handleThreadEnd(0, { kind: "exited" }));
  workers.advance(100_000);
  assertEquals(workers.take(), ["discard 0@1110"]);
  assertEquals([workers.supervision.phase(0), workers.supervision.remainingCount], ["over", 1]);
});

Deno.test("A replacement that does not start in time is told to end and replaced when it has", () => {
  const workers = SupervisedWorkers.running();
  workers.do((s) => s.handleThreadEnd(0, CRASH));
  workers.advance(10);
  workers.take();
  workers.advance(1999);
  assertEquals(workers.take(), []);
  workers.advance(1);
  assertEquals(workers.take(), ["failed 0.1 startTimedOut for good@2010", "end 0@2010"]);
  workers.do((s) => s.handleReady(0));
  assertEquals(workers.take(), [], "too late");
  workers.do((s) => s.handleThreadEnd(0, { kind: "exited" }));
  workers.advance(20);
  assertEquals(workers.take(), ["discard 0@2010", "ended 0@2010", "spawn 0.2@2030"]);
});

Deno.test("What a thread does that was given up means nothing any more", () => {
  const workers = SupervisedWorkers.running({ maxCrashCount: CONFIG.maxCrashCount });
  workers.do((s) => s.handleThreadEnd(0, CRASH));
  workers.take();
  workers.do((s) => s.handleReady(0));
  workers.do((s) => s.handleThreadEnd(0, CRASH));
  assertEquals(workers.take(), []);
});
