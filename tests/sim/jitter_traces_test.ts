/**
 * The adaptive buffer against the best fixed delay, on every trace: less delay at the same budget of one per cent.
 *
 * Both have the same ticks, whose phase against the arrivals neither can choose; delays are means over four phases. The
 * fixed one has the best whole number of ticks at each phase, found with the whole trace known beforehand; the adaptive
 * one knows nothing. What is shown is shown for seed 1. Both are judged from outside by the same rules (`playout_run.ts`), which count frames that came but
 * were not played and every tick that was inserted or taken out.
 *
 * @module
 */
import { assert, assertLess, assertLessOrEqual } from "@std/assert";
import { playAdaptive, playBestFixed } from "../unit/realtime/jitter/playout_run.ts";
import { TRACE_NAMES, traceNamed } from "../unit/realtime/jitter/trace_catalogue.ts";

const SEED = 1;
const PHASES = 4;
const BUDGET = 0.01;

/** The mean delays over several phases of the ticks, and the largest share that either had. */
function compare(name: string, seed: number) {
  const trace = traceNamed(name, seed);
  let [adaptiveMs, fixedMs, adaptiveShare, fixedShare] = [0, 0, 0, 0];
  for (let phase = 0; phase < PHASES; phase++) {
    const phaseMs = phase * trace.frameMs / PHASES;
    const adaptive = playAdaptive(trace, phaseMs);
    const fixed = playBestFixed(trace, phaseMs, BUDGET);
    adaptiveMs += adaptive.delayMs / PHASES;
    fixedMs += fixed.delayMs / PHASES;
    adaptiveShare = Math.max(adaptiveShare, adaptive.share);
    fixedShare = Math.max(fixedShare, fixed.share);
  }
  return { adaptiveMs, fixedMs, adaptiveShare, fixedShare };
}

for (const name of TRACE_NAMES) {
  Deno.test(`jitter: on ${name} the delay is below that of the best fixed buffer at one per cent`, () => {
    const { adaptiveMs, fixedMs, adaptiveShare, fixedShare } = compare(name, SEED);
    assertLessOrEqual(fixedShare, BUDGET);
    assertLessOrEqual(adaptiveShare, BUDGET, `seed ${SEED}`);
    assertLess(adaptiveMs, fixedMs, `seed ${SEED}`);
  });
}

Deno.test("jitter: where nothing ever changes the delay is near that of the best fixed buffer", () => {
  for (let seed = 1; seed <= 2; seed++) {
    const { adaptiveMs, fixedMs, adaptiveShare } = compare("stationary", seed);
    assertLessOrEqual(adaptiveShare, BUDGET, `seed ${seed}`);
    assertLess(adaptiveMs / fixedMs, 1.1, `seed ${seed}`);
  }
});

Deno.test("jitter: the best fixed buffer is no straw man: one tick less breaks its budget", () => {
  for (const name of TRACE_NAMES) {
    const trace = traceNamed(name, SEED);
    const fixed = playBestFixed(trace, 5, BUDGET);
    const loose = playBestFixed(trace, 5, 0.02);
    assert(fixed.share <= BUDGET && loose.delayMs <= fixed.delayMs, name);
    if (loose.delayMs < fixed.delayMs) assert(loose.share > BUDGET, name);
  }
});

Deno.test("jitter: more concealment buys less delay", () => {
  for (const name of ["wifi_bursty", "bufferbloat", "reorder"]) {
    const trace = traceNamed(name, SEED);
    const shares = [0.003, 0.01, 0.05];
    const delays = shares.map((maxConcealmentShare) => playAdaptive(trace, 5, { maxConcealmentShare }).delayMs);
    assert(delays[0]! > delays[1]! && delays[1]! > delays[2]!, `${name}, seed ${SEED}: ${delays}`);
  }
});
