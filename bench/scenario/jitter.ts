/**
 * `jitter.delay.<trace>`: the mean time from the arrival of a frame to its play-out in the adaptive jitter buffer, in
 * virtual time, against that in the best fixed buffer on the same trace.
 *
 * What is compared: both are polled at the same ticks, one every frame's time, at each of eight phases against the
 * arrivals; the figure is the mean of the eight. At each phase, which it cannot choose, the fixed buffer has the least
 * whole number of ticks at which not more than 1 % of frames is too late, found with the whole trace known beforehand;
 * no first packet is needed to align it. The adaptive buffer knows nothing beforehand, has the default options, and is judged from outside
 * by what was played when: frames that came but were not played and every tick that was inserted or taken out are
 * at most 1 % together, at every phase, or there is no figure. Frames that the network lost count for neither. All
 * traces but `talk_spurts` are without pauses, so that every change of delay costs a frame.
 *
 * What wins: the fixed buffer needs one delay for the worst minutes and cannot follow a drift; it also must round up to
 * whole ticks, while the adaptive one may spend some time on either side. Where lateness never changes (no such trace is
 * here) that rounding is all there is to win. Against a fixed buffer that may choose its phase, by an application that
 * can move its ticks and knows the trace, the adaptive one loses on traces whose lateness hardly changes: the notes have
 * both at the phase that suits each best, and there, over seeds 1 to 8, `wifi_*`, `loss_*`, `talk_spurts` and
 * `recorded_loopback` are 1 to 23 % above it, and so is `lte_handover` with one seed.
 *
 * The figures are of seed 1. Over seeds 1 to 8 the ratio of the means is below 1 on every generated trace but for
 * `wifi_bursty` with seed 8, where it is 1.07; the recorded ones have no seed.
 *
 * @module
 */

import { playAdaptive, playBestFixed, type PlayoutResult } from "../../tests/unit/realtime/jitter/playout_run.ts";
import type { LatenessTrace } from "../../tests/unit/realtime/jitter/lateness_trace.ts";
import { TRACE_NAMES, traceNamed } from "../../tests/unit/realtime/jitter/trace_catalogue.ts";
import type { Sample, Scenario } from "../harness/scenario.ts";

const SEED = 1;
const PHASES = 8;
const BUDGET = 0.01;

/** One scenario for every trace; every round and every run gives the same figures. */
export const jitterDelay: readonly Scenario[] = TRACE_NAMES.map((name) => ({
  name: `jitter.delay.${name}`,
  metric: "ms",
  unit: "ms",
  target: { of: "ratio", bound: "at most", limit: 0.99 },
  rounds: 3,
  lessBaseline: false,
  baseline: () => {
    const results = atPhases(name, (trace, phaseMs) => playBestFixed(trace, phaseMs, BUDGET));
    return Promise.resolve({ value: meanDelay(results), note: atBestPhase(results) });
  },
  product: () => Promise.resolve(adaptive(name)),
}));

function adaptive(name: string): Sample {
  const results = atPhases(name, playAdaptive);
  const worst = Math.max(...results.map(({ share }) => share));
  if (worst > BUDGET) throw new Error(`${(100 * worst).toFixed(2)} % disturbed: there is no delay at 1 %`);
  return {
    value: meanDelay(results),
    note: `${atBestPhase(results)}, at most ${(100 * worst).toFixed(2)} % disturbed`,
  };
}

function atBestPhase(results: readonly PlayoutResult[]): string {
  return `${Math.min(...results.map(({ delayMs }) => delayMs)).toFixed(1)} ms at its best phase`;
}

function atPhases<T extends PlayoutResult>(name: string, play: (trace: LatenessTrace, phaseMs: number) => T): T[] {
  const trace = traceNamed(name, SEED);
  return Array.from({ length: PHASES }, (_, phase) => play(trace, phase * trace.frameMs / PHASES));
}

function meanDelay(results: readonly PlayoutResult[]): number {
  return results.reduce((sum, { delayMs }) => sum + delayMs, 0) / results.length;
}
