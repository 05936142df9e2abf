/**
 * `pool.start`: how long it takes from the call until a worker runs its agent, and the resident bytes of a worker that
 * waits; beside bare workers that answer one message. The figures are only stated.
 *
 * @module
 */

import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import { WorkerPool } from "../../src/pool/worker_pool.ts";
import { statusBytes } from "../harness/machine.ts";
import { cast } from "../harness/role_process.ts";
import { play, report } from "../harness/role.ts";
import { median, type Sample, type Scenario } from "../harness/scenario.ts";

/** How many workers are started one after the other; the first ones pay for what the process loads once. */
const STARTS = 25;
const WARM_STARTS = 5;
/** How many workers wait at once while the memory is read. */
const WAITING = 16;
/** How long the process is left alone before its memory is read, in milliseconds. */
const SETTLE_MS = 500;

/** Starts workers and waits until they run; returns what stops them. */
type Start = (count: number) => Promise<() => Promise<void>>;

/** From the call of `start` until the agent of one worker runs. */
export const poolStart: Scenario = {
  name: "pool.start",
  metric: "ms",
  unit: "ms",
  target: undefined,
  rounds: 3,
  lessBaseline: false,
  baseline: () => measured("bare", "ms"),
  product: () => measured("pool", "ms"),
};

/** Memory of the process for each worker of a pool that waits. */
export const poolStartResident: Scenario = {
  name: "pool.start.resident",
  metric: "resident",
  unit: "B/worker",
  target: undefined,
  rounds: 3,
  lessBaseline: false,
  baseline: () => measured("bare", "resident"),
  product: () => measured("pool", "resident"),
};

function measured(how: string, what: string): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const { value } = await spawn(`${how}-${what}`, {}, ["--v8-flags=--expose-gc"]).expect("measured");
    return { value: Number(value) };
  });
}

const startPool: Start = async (count) => {
  const fail = (error: Error): never => {
    throw error;
  };
  const pool = new WorkerPool({ entry: new URL("./pool_start_agent.ts", import.meta.url), count }, {
    init: () => undefined,
    started: () => {},
    failed: (_index, failure) => fail(failure.error),
    exhausted: (_index, error) => fail(error),
  }, new SystemScheduler());
  await pool.start();
  return () => pool.stop();
};

const startBare: Start = async (count) => {
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL("./pool_start_bare.ts", import.meta.url), { type: "module" }),
  );
  await Promise.all(workers.map((worker) =>
    new Promise((resolve) => {
      worker.onmessage = resolve;
      worker.postMessage("start");
    })
  ));
  return () => Promise.resolve(workers.forEach((worker) => worker.terminate()));
};

async function reportMs(start: Start): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const from = performance.now();
    const stop = await start(1);
    if (i >= WARM_STARTS) times.push(performance.now() - from);
    await stop();
  }
  report("measured", { value: median(times) });
}

async function reportResident(start: Start): Promise<void> {
  const stop = await start(1);
  const before = await settledBytes();
  const stopAll = await start(WAITING);
  const after = await settledBytes();
  report("measured", { value: (after - before) / WAITING });
  await stopAll();
  await stop();
}

async function settledBytes(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("This role runs with --v8-flags=--expose-gc");
  gc();
  return statusBytes("VmRSS");
}

if (import.meta.main) {
  await play({
    "bare-ms": () => reportMs(startBare),
    "pool-ms": () => reportMs(startPool),
    "bare-resident": () => reportResident(startBare),
    "pool-resident": () => reportResident(startPool),
  });
}
