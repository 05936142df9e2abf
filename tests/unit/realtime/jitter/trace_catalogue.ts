/**
 * The traces on which the adaptive buffer is held against the best fixed one, by name.
 *
 * All but `talk_spurts` are of a sender that never pauses: the harder case, since every change of delay then costs a
 * frame. Ten minutes each where generated, six and five where recorded. The seeds were not chosen for their results.
 *
 * @module
 */
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { type LatenessTrace, type Network, traceOf, type TraceShape } from "./lateness_trace.ts";
import {
  bufferbloat,
  burstyWifi,
  lossyWifi,
  lteHandover,
  reordering,
  satellite,
  stableWifi,
  stationary,
} from "./network_models.ts";
import { RECORDED_LINK } from "./recorded_link.ts";
import { RECORDED_LOOPBACK } from "./recorded_loopback.ts";

const FRAMES = 30_000;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

type Model = (random: SeededRandom) => Network;

/** The generated networks: what they do and, where it is not the rule, the shape of the stream. */
const GENERATED: Readonly<Record<string, readonly [Model, Partial<TraceShape>?]>> = {
  wifi_stable: [stableWifi],
  wifi_bursty: [burstyWifi],
  lte_handover: [lteHandover],
  bufferbloat: [bufferbloat],
  satellite: [satellite],
  drift_slow: [stableWifi, { driftPpm: 200 }],
  drift_fast: [stableWifi, { driftPpm: -200 }],
  loss_1: [(random) => lossyWifi(random, 0.01, 2)],
  loss_10: [(random) => lossyWifi(random, 0.1, 3)],
  reorder: [reordering],
  talk_spurts: [burstyWifi, { pauses: true }],
};

/** The names of the traces. */
export const TRACE_NAMES: readonly string[] = [...Object.keys(GENERATED), "recorded_link", "recorded_loopback"];

/**
 * Makes or decodes a trace.
 *
 * @param name One of {@linkcode TRACE_NAMES}, or `stationary`: lateness that never changes its distribution.
 * @param seed What the generated ones are drawn from.
 * @param frames How long the generated ones are.
 * @returns The trace.
 */
export function traceNamed(name: string, seed: number, frames = FRAMES): LatenessTrace {
  if (name === "recorded_link") return recorded(name, RECORDED_LINK, 20);
  if (name === "recorded_loopback") return recorded(name, RECORDED_LOOPBACK, 1000 / 60);
  const random = new SeededRandom(seed);
  const [model, shape] = name === "stationary" ? [(r: SeededRandom) => stationary(r, 10)] : GENERATED[name]!;
  return traceOf(name, { frames, ...shape }, random, model(random));
}

function recorded(name: string, digits: string, frameMs: number): LatenessTrace {
  const text = digits.replaceAll("\n", "");
  const frames = text.length / 2;
  const arrivals = new Float64Array(frames);
  for (let i = 0; i < frames; i++) {
    const high = DIGITS.indexOf(text[2 * i]!);
    const low = DIGITS.indexOf(text[2 * i + 1]!);
    arrivals[i] = high < 0 ? Infinity : i * frameMs + (high * 64 + low) / 10;
  }
  return { name, frameMs, slots: Int32Array.from({ length: frames }, (_, i) => i), arrivals };
}
