/**
 * `ring.spsc.60`, `ring.mpsc.60`: records of 60 bytes between threads, each checked by the thread that gets it.
 *
 * Both threads of a ring live in one process, for that is what a ring is; each measurement has a process of its own.
 *
 * @module
 */

import { play, report, type Settings } from "../harness/role.ts";
import { cast } from "../harness/role_process.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { measureMpsc, measureSpsc } from "../micro_rings.ts";

/** From a worker to the main thread, both spinning, 64 records to an atomic store. */
export const ringSpsc60: Scenario = {
  name: "ring.spsc.60",
  metric: "rate",
  unit: "/s",
  target: { of: "value", bound: "at least", limit: 30e6 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => rate("spsc-bare", 40_000_000, context),
  product: (context) => rate("spsc-records", 40_000_000, context),
};

/** From three workers to the main thread, all yielding, each record committed on its own. */
export const ringMpsc60: Scenario = {
  ...ringSpsc60,
  name: "ring.mpsc.60",
  target: { of: "value", bound: "at least", limit: 12e6 },
  baseline: (context) => rate("mpsc-bare", 24_000_000, context),
  product: (context) => rate("mpsc-records", 24_000_000, context),
};

function rate(role: string, count: number, { quick }: RunContext): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const threads = spawn(role, { count: quick ? count / 4 : count });
    const { rate } = await threads.expect("measured");
    await threads.ended();
    return { value: Number(rate) };
  });
}

async function tell(measured: Promise<number>): Promise<void> {
  report("measured", { rate: await measured });
}

if (import.meta.main) {
  await play({
    "spsc-bare": (settings: Settings) => tell(measureSpsc("bare", settings.of("count"))),
    "spsc-records": (settings: Settings) => tell(measureSpsc("records", settings.of("count"))),
    "mpsc-bare": (settings: Settings) => tell(measureMpsc("bare", settings.of("count"))),
    "mpsc-records": (settings: Settings) => tell(measureMpsc("records", settings.of("count"))),
  });
}
