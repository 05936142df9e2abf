/**
 * A constant cadence: every poll has one outcome, whatever the network does, and all outcomes add up.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { JitterOutcome } from "../../src/realtime/jitter/jitter_outcome.ts";
import { playAdaptive } from "../unit/realtime/jitter/playout_run.ts";
import { TRACE_NAMES, traceNamed } from "../unit/realtime/jitter/trace_catalogue.ts";

for (const name of TRACE_NAMES) {
  Deno.test(`jitter: every tick of ${name} has one outcome`, () => {
    const seed = 23;
    const trace = traceNamed(name, seed, 5000);
    const { outcomes, statistics } = playAdaptive(trace, 3);
    const { counters } = statistics;
    const seen = (outcome: JitterOutcome) => outcomes.filter((one) => one === outcome).length;
    assertEquals(seen(JitterOutcome.Frame), counters.frames, `seed ${seed}`);
    assertEquals(seen(JitterOutcome.Conceal), counters.concealed, `seed ${seed}`);
    assertEquals(seen(JitterOutcome.Expand), counters.expanded, `seed ${seed}`);
    assertEquals(seen(JitterOutcome.Accelerate), counters.accelerated, `seed ${seed}`);
    assertEquals(seen(JitterOutcome.Empty) + seen(JitterOutcome.Silence), counters.silent, `seed ${seed}`);
    const { frames, concealed, expanded, accelerated, silent } = counters;
    assertEquals(frames! + concealed! + expanded! + accelerated! + silent!, outcomes.length, `seed ${seed}`);
    const begun = outcomes.findIndex((outcome) => outcome !== JitterOutcome.Empty);
    assert(!outcomes.subarray(begun).includes(JitterOutcome.Empty), "nothing is empty after the first frame");
    const came = trace.arrivals.filter((arrival) => arrival < Infinity).length;
    assertEquals(counters.received, came, `seed ${seed}`);
    const { played, late, skipped } = counters;
    assertEquals(played! + late! + skipped!, came, `seed ${seed}: ${JSON.stringify(counters)}`);
  });
}
