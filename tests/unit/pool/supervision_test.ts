import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { CRASH, SupervisedWorkers } from "./supervised_workers.ts";

Deno.test("Supervision.start() spawns all workers, and all have started when each is ready", () => {
  const workers = new SupervisedWorkers({ count: 3 }, 50);
  assertEquals(workers.supervision.pollTimeout(), Infinity);
  workers.do((s) => s.start());
  assertEquals(workers.take(), ["spawn 0.0@50", "spawn 1.0@50", "spawn 2.0@50"]);
  workers.do((s) => s.handleReady(2));
  workers.do((s) => s.handleReady(0));
  assertEquals(workers.take(), ["started 2@50", "started 0@50"]);
  assertEquals(workers.supervision.phase(1), "starting");
  workers.do((s) => s.handleReady(1));
  assertEquals(workers.take(), ["started 1@50", "allStarted@50"]);
  assertEquals(workers.supervision.phase(1), "running");
});

Deno.test("Supervision.start() throws MisuseError when it was started or stopped before", () => {
  const workers = SupervisedWorkers.running();
  assertThrows(() => workers.supervision.start(), MisuseError);
  const stopped = new SupervisedWorkers();
  stopped.do((s) => s.stop());
  assertEquals(stopped.take(), ["allStopped@0"]);
  assertThrows(() => stopped.supervision.start(), MisuseError);
});

Deno.test("Supervision throws RangeError for a worker that is not there", () => {
  const { supervision } = SupervisedWorkers.running({ count: 2 });
  assertThrows(() => supervision.phase(2), RangeError, "There is no worker 2");
  assertThrows(() => supervision.handleReady(-1), RangeError);
});

Deno.test("A worker that beats is never late", () => {
  const workers = SupervisedWorkers.running({ count: 2 });
  workers.advance(100_000);
  assertEquals(workers.take(), []);
});

Deno.test("Supervision.pollTimeout() is the next look, one for all workers", () => {
  const workers = SupervisedWorkers.running({ count: 3 }, 1000);
  assertEquals(workers.supervision.pollTimeout(), 1100);
  workers.advance(99);
  assertEquals(workers.supervision.pollTimeout(), 1100);
  workers.advance(1);
  assertEquals(workers.supervision.pollTimeout(), 1200);
});

Deno.test("A worker is late after heartbeatTimeoutMs of silence, and not before", () => {
  const workers = SupervisedWorkers.running({ count: 2 });
  workers.advance(500);
  workers.silence(1);
  workers.advance(999);
  assertEquals(workers.take(), []);
  workers.advance(1);
  assertEquals(workers.take(), ["failed 1.0 lateHeartbeat for good@1500", "end 1@1500"]);
  workers.advance(100_000);
  assertEquals(workers.take(), [], "its thread may live: it is not replaced, and reported once");
  assertEquals(workers.supervision.phase(1), "condemned");
});

Deno.test("A worker whose silence ends in time is not late, and its next silence is measured anew", () => {
  const workers = SupervisedWorkers.running();
  for (let i = 0; i < 10; i++) {
    workers.silence(0);
    workers.advance(900);
    workers.unsilence(0);
    workers.advance(100);
  }
  assertEquals(workers.take(), []);
});

Deno.test("A heartbeat may wrap to any number", () => {
  const workers = SupervisedWorkers.running();
  workers.silence(0);
  for (let i = 0; i < 20; i++) {
    workers.advance(500);
    workers.do((s) => s.handleHeartbeat(0, i % 2 === 0 ? -5 : 5));
  }
  assertEquals(workers.take(), []);
});

Deno.test("A machine that sleeps makes no worker late, whatever the clock says afterwards", () => {
  for (const sleepMs of [1000, 3_600_000]) {
    const workers = SupervisedWorkers.running({ count: 4 });
    for (let i = 0; i < 30; i++) {
      workers.advance(150);
      workers.sleep(sleepMs);
    }
    workers.advance(10_000);
    assertEquals(workers.take(), [], `after sleeping ${sleepMs} ms`);
  }
});

Deno.test("After a sleep a silent worker is late, and the others are not", () => {
  const workers = SupervisedWorkers.running({ count: 3 });
  workers.silence(1);
  workers.sleep(3_600_000);
  workers.advance(1000);
  assertEquals(workers.take(), ["failed 1.0 lateHeartbeat for good@3600800", "end 1@3600800"]);
});

Deno.test("The allowance for a sleep fits the smallest heartbeatTimeoutMs that the options take", () => {
  const workers = SupervisedWorkers.running({ count: 2, heartbeatTimeoutMs: 400 });
  workers.advance(99);
  workers.sleep(1_000_000);
  workers.advance(10_000);
  assertEquals(workers.take(), []);
});

Deno.test("A sleep does not use up the time to start, to stop or until a restart", () => {
  const starting = new SupervisedWorkers();
  starting.do((s) => s.start());
  starting.sleep(1_000_000);
  starting.advance(1700);
  assertEquals(starting.take(), ["spawn 0.0@0"]);
  const stopping = SupervisedWorkers.running();
  stopping.do((s) => s.stop());
  stopping.sleep(1_000_000);
  stopping.advance(290);
  assertEquals(stopping.take(), ["stop 0@0"]);
  const restarting = SupervisedWorkers.running({ restartDelayMs: 5000 });
  restarting.do((s) => s.handleThreadEnd(0, CRASH));
  restarting.advance(4999);
  restarting.take();
  restarting.advance(1);
  assertEquals(restarting.take(), ["spawn 0.1@5000"], "a planned wait is no sleep");
});

Deno.test("A starting worker is not late, however long it is silent", () => {
  const workers = new SupervisedWorkers({ startTimeoutMs: 5000 });
  workers.do((s) => s.start());
  workers.silence(0);
  workers.advance(4000);
  workers.do((s) => s.handleReady(0));
  workers.take();
  workers.advance(999);
  assertEquals(workers.take(), []);
  workers.advance(100);
  assertEquals(workers.take(), ["failed 0.0 lateHeartbeat for good@5000", "end 0@5000"]);
});
