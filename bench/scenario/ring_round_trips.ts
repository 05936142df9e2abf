/**
 * `ring.handoff`, `pool.wake`: round trips of one small record between two threads, beside the same on bare words.
 *
 * @module
 */

import { play, report, type Settings } from "../harness/role.ts";
import { cast } from "../harness/role_process.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { measureHandoff, measureWake } from "../micro_rings.ts";

/** Through two rings and back, both threads spinning; the baseline spins on bare words. */
export const ringHandoff: Scenario = {
  name: "ring.handoff",
  metric: "p50",
  unit: "µs",
  target: { of: "value", bound: "at most", limit: 0.5 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => roundTrip("handoff-bare", 1_000_000, context),
  product: (context) => roundTrip("handoff-records", 1_000_000, context),
};

/** From the main thread to a blocked worker and back to its event loop; the baseline has bare words and notices. */
export const poolWake: Scenario = {
  ...ringHandoff,
  name: "pool.wake",
  rounds: 9,
  target: { of: "ratio", bound: "at most", limit: 1.2 },
  baseline: (context) => roundTrip("wake-bare", 20_000, context),
  product: (context) => roundTrip("wake-records", 20_000, context),
};

function roundTrip(role: string, count: number, { quick }: RunContext): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const threads = spawn(role, { count: quick ? count / 4 : count });
    const { p50, p99 } = await threads.expect("measured");
    await threads.ended();
    return { value: Number(p50), note: `p99 ${Number(p99).toFixed(1)} µs` };
  });
}

async function tell(measured: Promise<Float64Array>): Promise<void> {
  const times = await measured;
  report("measured", { p50: times[times.length >> 1]!, p99: times[Math.floor(times.length * 0.99)]! });
}

if (import.meta.main) {
  await play({
    "handoff-bare": (settings: Settings) => tell(measureHandoff("bare", settings.of("count"))),
    "handoff-records": (settings: Settings) => tell(measureHandoff("records", settings.of("count"))),
    "wake-bare": (settings: Settings) => tell(measureWake("bare", settings.of("count"))),
    "wake-records": (settings: Settings) => tell(measureWake("records", settings.of("count"))),
  });
}
