/**
 * `fec.recover.*`: which share of lost frames parity repairs, against what theory says, in virtual time with a seed; and
 * `fec.encode.*`: how many bytes of frames a second get parity, in this one process, with nothing sent.
 *
 * Losses of the first kind are independent, each frame and each parity in a packet of its own; the notes have the share
 * at bursts of a mean length of 4 (Gilbert 1960), groups interleaved eightfold, and the plain share. The figure is
 * the smaller ratio of those at 5 and at 10 %. The baseline of encoding is a copy of the same bytes.
 *
 * @module
 */
import { FecEncoder } from "../../src/fec/fec_encoder.ts";
import { type FecScheme, resolveFecOptions } from "../../src/fec/fec_options.ts";
import { residualLoss } from "../../src/fec/group_size.ts";
import { ParityTables } from "../../src/fec/parity_tables.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { repairedShare } from "../../tests/sim/fec_run.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const FRAME_BYTES = 1000;
const BURST = 4;

/** So many that chance moves the figure by some tenths of a percent. */
const FRAMES = 400_000;
const LOSSES: readonly number[] = [0.05, 0.1];

/** All scenarios of forward error correction. */
export const fecScenarios: readonly Scenario[] = [
  recovery("fec.recover.xor", "xor", 4, 1),
  recovery("fec.recover.rs", "reedSolomon", 8, 3),
  encoding("fec.encode.xor", "xor", 4, 1),
  encoding("fec.encode.rs", "reedSolomon", 8, 3),
];

function recovery(name: string, scheme: FecScheme, sources: number, parities: number): Scenario {
  const theory = (loss: number): number => 1 - residualLoss(sources, parities, loss) / loss;
  const share = (loss: number, frames: number, burst: number | undefined): number => {
    const common = { seed: 1, scheme, sources, parities, frames, loss };
    const run = burst === undefined ? { ...common, interleave: 1 } : { ...common, interleave: 8, burst };
    const result = repairedShare(run);
    if (result.wrong > 0) throw new Error(`${name}: ${result.wrong} frames came back wrong`);
    return result.share;
  };
  const worst = (frames: number): { loss: number; share: number } => {
    const all = LOSSES.map((loss) => ({ loss, share: share(loss, frames, undefined) }));
    return all.reduce((a, b) => a.share / theory(a.loss) <= b.share / theory(b.loss) ? a : b);
  };
  return {
    name,
    metric: "share",
    unit: "",
    target: { of: "ratio", bound: "at least", limit: 0.99 },
    rounds: 3,
    lessBaseline: false,
    baseline: () => {
      const { loss } = worst(FRAMES);
      return Promise.resolve({ value: theory(loss), note: `theory at ${100 * loss} %` });
    },
    product: () => {
      const { loss, share: value } = worst(FRAMES);
      const bursts = LOSSES.map((p) => `${share(p, FRAMES, BURST).toFixed(3)} at ${100 * p} %`).join(", ");
      return Promise.resolve({ value, note: `at ${100 * loss} %; of bursts ${bursts}` });
    },
  };
}

function encoding(name: string, scheme: FecScheme, sources: number, parities: number): Scenario {
  return {
    name,
    metric: "bytes_rate",
    unit: "B/s",
    target: undefined,
    rounds: 5,
    lessBaseline: false,
    baseline: (context) => {
      const [from, into] = [frame(), new Uint8Array(FRAME_BYTES)];
      return rate(context, () => into.set(from));
    },
    product: (context) => {
      const config = resolveFecOptions({ scheme, sources, parities, adaptive: false, maxOverhead: 1 });
      const encoder = new FecEncoder(config, new ClockCell(), new ParityTables());
      const [from, packet] = [frame(), new Uint8Array(2 * FRAME_BYTES)];
      return rate(context, () => {
        encoder.add(from, 0, FRAME_BYTES);
        while (encoder.hasParity) encoder.writeParity(packet, 0, 0);
      });
    },
  };
}

function frame(): Uint8Array {
  return Uint8Array.from({ length: FRAME_BYTES }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
}

function rate({ quick }: RunContext, work: () => void): Promise<Sample> {
  const count = quick ? 100_000 : 400_000;
  for (let i = 0; i < 20_000; i++) work();
  const start = performance.now();
  for (let i = 0; i < count; i++) work();
  const seconds = (performance.now() - start) / 1000;
  return Promise.resolve({ value: count * FRAME_BYTES / seconds });
}
