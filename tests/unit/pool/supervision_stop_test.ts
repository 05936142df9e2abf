import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { MisuseError, ResourceError, TimeoutError } from "../../../src/error/transport_error.ts";
import { CRASH, SupervisedWorkers } from "./supervised_workers.ts";

Deno.test("The first loss during the start ends it: the others are stopped, and nothing else is reported", () => {
  const workers = new SupervisedWorkers({ count: 3 });
  workers.do((s) => s.start());
  workers.do((s) => s.handleReady(0));
  workers.take();
  workers.do((s) => s.handleThreadEnd(1, CRASH));
  assertEquals(workers.take(), ["discard 1@0", "stop 0@0", "end 2@0"]);
  workers.do((s) => s.handleThreadEnd(2, { kind: "exited" }));
  workers.do((s) => s.handleThreadEnd(0, { kind: "thrown", error: new Error("while closing") }));
  assertEquals(workers.log, ["discard 2@0", "discard 0@0", "startFailed@0"]);
  const event = workers.events[2]!;
  assert(event.kind === "startFailed" && event.error instanceof ResourceError);
  assertEquals(event.error.message, "Cannot start worker 1: went wrong");
  assertStrictEquals(event.error.cause, CRASH.kind === "thrown" ? CRASH.error : undefined);
  workers.take();
  workers.do((s) => s.stop());
  workers.advance(100_000);
  assertEquals(workers.take(), []);
});

Deno.test("A start that takes too long fails with TimeoutError, and a thread that does not end is given up", () => {
  const workers = new SupervisedWorkers({ count: 2 });
  workers.do((s) => s.start());
  workers.do((s) => s.handleReady(0));
  workers.advance(1999);
  workers.take();
  workers.advance(1);
  assertEquals(workers.take(), ["stop 0@2000", "end 1@2000"]);
  workers.do((s) => s.handleThreadEnd(0, { kind: "stopped" }));
  workers.advance(499);
  assertEquals(workers.take(), ["discard 0@2000"]);
  workers.advance(1);
  assertEquals(workers.log, ["discard 1@2500", "startFailed@2500"]);
  const event = workers.events[1]!;
  assert(event.kind === "startFailed" && event.error instanceof TimeoutError);
  assertEquals(event.error.message, "Worker 1 has not started within 2000 ms");
});

Deno.test("A worker that is late while others still start fails the start", () => {
  const workers = new SupervisedWorkers({ count: 2 });
  workers.do((s) => s.start());
  workers.do((s) => s.handleReady(0));
  workers.silence(0);
  workers.take();
  workers.advance(1000);
  assertEquals(workers.take(), ["stop 0@1000", "end 1@1000"]);
});

Deno.test("Supervision.stop() during the start fails it with MisuseError", () => {
  const workers = new SupervisedWorkers({ count: 2 });
  workers.do((s) => s.start());
  workers.do((s) => s.handleReady(1));
  workers.take();
  workers.do((s) => s.stop());
  assertEquals(workers.take(), ["end 0@0", "stop 1@0"]);
  workers.do((s) => s.handleReady(0));
  workers.do((s) => s.handleThreadEnd(0, { kind: "exited" }));
  workers.do((s) => s.handleThreadEnd(1, { kind: "stopped" }));
  assertEquals(workers.log, ["discard 0@0", "discard 1@0", "startFailed@0"]);
  const event = workers.events[2]!;
  assert(event.kind === "startFailed" && event.error instanceof MisuseError);
});

Deno.test("Supervision.stop() tells all workers once and is done when all threads are over", () => {
  const workers = SupervisedWorkers.running({ count: 2 });
  workers.do((s) => s.stop());
  workers.do((s) => s.stop());
  assertEquals(workers.take(), ["stop 0@0", "stop 1@0"]);
  workers.do((s) => s.handleThreadEnd(1, { kind: "stopped" }));
  assertEquals(workers.take(), ["discard 1@0"]);
  workers.do((s) => s.handleThreadEnd(0, { kind: "stopped" }));
  assertEquals(workers.take(), ["discard 0@0", "allStopped@0"]);
  assertEquals(workers.supervision.pollTimeout(), Infinity);
  workers.do((s) => s.handleThreadEnd(0, { kind: "stopped" }));
  workers.do((s) => s.stop());
  assertEquals(workers.take(), []);
});

Deno.test("A worker that fails while it stops is reported and not replaced", () => {
  for (const kind of ["thrown", "exited"] as const) {
    const workers = SupervisedWorkers.running();
    workers.do((s) => s.stop());
    workers.do((s) => s.handleThreadEnd(0, kind === "thrown" ? CRASH : { kind }));
    workers.advance(100_000);
    assertEquals(workers.take(), ["stop 0@0", "discard 0@0", `failed 0.0 ${kind} for good@0`, "allStopped@0"]);
  }
});

Deno.test("A worker that does not stop in time is reported and given up", () => {
  const workers = SupervisedWorkers.running({ count: 2 });
  workers.do((s) => s.stop());
  workers.do((s) => s.handleThreadEnd(0, { kind: "stopped" }));
  workers.take();
  workers.advance(499);
  assertEquals(workers.take(), []);
  workers.advance(1);
  assertEquals(workers.log, ["failed 1.0 stopTimedOut for good@500", "discard 1@500", "allStopped@500"]);
  const event = workers.events[0]!;
  assert(event.kind === "failed" && event.failure.error instanceof TimeoutError);
  assertEquals(event.failure.error.message, "Worker 1 has not ended within 500 ms after it was told to");
});

Deno.test("A stop does not wait for a worker that waits for its replacement, or was given up", () => {
  const waiting = SupervisedWorkers.running();
  waiting.do((s) => s.handleThreadEnd(0, CRASH));
  waiting.take();
  waiting.do((s) => s.stop());
  assertEquals(waiting.take(), ["allStopped@0"]);
  waiting.advance(100_000);
  assertEquals(waiting.take(), []);
  const givenUp = SupervisedWorkers.running({ maxCrashCount: 0 });
  givenUp.do((s) => s.handleThreadEnd(0, CRASH));
  givenUp.take();
  givenUp.do((s) => s.stop());
  assertEquals(givenUp.take(), ["allStopped@0"]);
});

Deno.test("A stop waits its time for a worker that was told to end, and reports it no second time", () => {
  const workers = SupervisedWorkers.running();
  workers.silence(0);
  workers.advance(1000);
  workers.take();
  workers.do((s) => s.stop());
  assertEquals(workers.take(), ["end 0@1000"]);
  workers.advance(500);
  assertEquals(workers.take(), ["discard 0@1500", "allStopped@1500"]);
});

Deno.test("A replacement that is starting when the pool stops is ended without a report", () => {
  const workers = SupervisedWorkers.running();
  workers.do((s) => s.handleThreadEnd(0, CRASH));
  workers.advance(10);
  workers.take();
  workers.do((s) => s.stop());
  workers.do((s) => s.handleThreadEnd(0, { kind: "exited" }));
  assertEquals(workers.take(), ["end 0@10", "discard 0@10", "allStopped@10"]);
});

Deno.test("stopTimeoutMs 0 waits for no worker", () => {
  const workers = SupervisedWorkers.running({ stopTimeoutMs: 0 });
  workers.do((s) => s.stop());
  workers.advance(0);
  assertEquals(workers.take(), ["stop 0@0", "failed 0.0 stopTimedOut for good@0", "discard 0@0", "allStopped@0"]);
});
