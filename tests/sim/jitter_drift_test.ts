/**
 * Clocks that drift apart: estimated, and made up for before a buffer runs dry or over.
 *
 * @module
 */
import { assertAlmostEquals, assertLess } from "@std/assert";
import { playAdaptive } from "../unit/realtime/jitter/playout_run.ts";
import { traceNamed } from "../unit/realtime/jitter/trace_catalogue.ts";

for (const [name, ppm] of [["drift_slow", 200], ["drift_fast", -200], ["wifi_stable", 0]] as const) {
  Deno.test(`jitter: a drift of ${ppm} ppm is found and made up for`, () => {
    for (let seed = 1; seed <= 2; seed++) {
      const { statistics, delayMs } = playAdaptive(traceNamed(name, seed), 5);
      assertAlmostEquals(statistics.driftPpm, ppm, 10, `seed ${seed}`);
      assertLess(delayMs, 30, `seed ${seed}: ten minutes of drift are 120 ms`);
      assertLess(statistics.disturbanceShare, 0.01, `seed ${seed}`);
    }
  });
}

for (const name of ["wifi_bursty", "lte_handover", "bufferbloat", "satellite", "reorder", "recorded_link"]) {
  Deno.test(`jitter: no drift is seen in ${name}`, () => {
    for (let seed = 1; seed <= 2; seed++) {
      const { statistics } = playAdaptive(traceNamed(name, seed), 5);
      assertAlmostEquals(statistics.driftPpm, 0, 25, `seed ${seed}`);
    }
  });
}
