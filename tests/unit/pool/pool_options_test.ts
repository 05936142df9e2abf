import { assertEquals, assertThrows } from "@std/assert";
import {
  MAX_AUTO_WORKER_COUNT,
  MAX_WORKER_COUNT,
  resolveWorkerPoolOptions,
  workerCount,
  type WorkerPoolConfig,
  type WorkerPoolOptions,
} from "../../../src/pool/pool_options.ts";

const ENTRY = new URL("file:///somewhere/worker.ts");

function resolve(options: Record<string, unknown>): WorkerPoolConfig {
  return resolveWorkerPoolOptions({ entry: ENTRY, count: 2, ...options } as unknown as WorkerPoolOptions);
}

Deno.test("resolveWorkerPoolOptions() fills in the defaults and freezes", () => {
  const config = resolve({});
  assertEquals({ ...config }, {
    entry: ENTRY,
    count: 2,
    mode: "event-loop",
    name: "ringwire",
    heartbeatMs: 500,
    heartbeatTimeoutMs: 5000,
    startTimeoutMs: 10_000,
    stopTimeoutMs: 5000,
    maxCrashCount: 5,
    crashWindowMs: 60_000,
    restartDelayMs: 100,
  });
  assertEquals(Object.isFrozen(config), true);
});

Deno.test("resolveWorkerPoolOptions() takes every option as given", () => {
  const given = {
    entry: ENTRY,
    count: MAX_WORKER_COUNT,
    mode: "block",
    name: "feed",
    heartbeatMs: 10,
    heartbeatTimeoutMs: 40,
    startTimeoutMs: 0,
    stopTimeoutMs: 0,
    maxCrashCount: 0,
    crashWindowMs: 0,
    restartDelayMs: 0,
  } as const;
  assertEquals({ ...resolveWorkerPoolOptions(given) }, given);
});

Deno.test("resolveWorkerPoolOptions() grows the default of heartbeatTimeoutMs with heartbeatMs", () => {
  assertEquals(resolve({ heartbeatMs: 60_000 }).heartbeatTimeoutMs, 600_000);
  assertEquals(resolve({ heartbeatMs: 10 }).heartbeatTimeoutMs, 5000);
});

Deno.test("resolveWorkerPoolOptions() refuses options out of their bounds", () => {
  for (
    const options of [
      { count: 0 },
      { count: 1.5 },
      { count: MAX_WORKER_COUNT + 1 },
      { heartbeatMs: 9 },
      { heartbeatMs: 60_001 },
      { heartbeatMs: NaN },
      { startTimeoutMs: -1 },
      { startTimeoutMs: Infinity },
      { stopTimeoutMs: -1 },
      { maxCrashCount: -1 },
      { maxCrashCount: 1001 },
      { crashWindowMs: -1 },
      { restartDelayMs: -1 },
    ]
  ) {
    assertThrows(() => resolve(options), RangeError, Object.keys(options)[0]!);
  }
});

Deno.test("resolveWorkerPoolOptions() refuses a heartbeatTimeoutMs below four heartbeats", () => {
  assertThrows(
    () => resolve({ heartbeatMs: 100, heartbeatTimeoutMs: 399 }),
    RangeError,
    "must be at least four times heartbeatMs (100): got 399",
  );
  assertEquals(resolve({ heartbeatMs: 100, heartbeatTimeoutMs: 400 }).heartbeatTimeoutMs, 400);
});

Deno.test("resolveWorkerPoolOptions() refuses options of the wrong type and unknown ones", () => {
  for (
    const [options, name] of [
      [{ entry: "file:///worker.ts" }, "entry"],
      [{ entry: undefined }, "entry"],
      [{ count: "2" }, "count"],
      [{ count: undefined }, "count"],
      [{ name: 3 }, "name"],
      [{ mode: "sleep" }, "mode"],
      [{ heartbeatMs: "1" }, "heartbeatMs"],
      [{ hartbeatMs: 1 }, "hartbeatMs"],
    ] as const
  ) {
    assertThrows(() => resolve(options), TypeError, name);
  }
});

Deno.test("workerCount() takes 0, a number and auto", () => {
  assertEquals(workerCount(0), 0);
  assertEquals(workerCount(7), 7);
  assertEquals(workerCount(MAX_WORKER_COUNT), MAX_WORKER_COUNT);
  assertEquals(workerCount("auto"), Math.min(navigator.hardwareConcurrency, MAX_AUTO_WORKER_COUNT));
});

Deno.test("workerCount() makes at least one and at most a stated number of workers of auto", () => {
  for (const [cores, expected] of [[0, 1], [1, 1], [3, 3], [64, 64], [500, MAX_AUTO_WORKER_COUNT]] as const) {
    Object.defineProperty(navigator, "hardwareConcurrency", { value: cores, configurable: true });
    try {
      assertEquals(workerCount("auto"), expected);
    } finally {
      Reflect.deleteProperty(navigator, "hardwareConcurrency");
    }
  }
});

Deno.test("workerCount() refuses anything else", () => {
  for (const workers of [-1, 1.5, NaN, MAX_WORKER_COUNT + 1]) {
    assertThrows(() => workerCount(workers), RangeError, "workers");
  }
  for (const workers of ["2", "AUTO", undefined, null, true]) {
    assertThrows(() => workerCount(workers as unknown as number), TypeError, "workers");
  }
});
