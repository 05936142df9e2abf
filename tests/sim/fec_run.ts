/**
 * An encoder, a link that loses, and a decoder: which share of the lost frames comes back.
 *
 * @module
 */
import { FecDecoder, FecOutcome } from "../../src/fec/fec_decoder.ts";
import { FecEncoder } from "../../src/fec/fec_encoder.ts";
import { type FecScheme, resolveFecOptions } from "../../src/fec/fec_options.ts";
import { ParityTables } from "../../src/fec/parity_tables.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { ChannelFrameReader } from "../../src/wire/channel_frame_reader.ts";

/** What is run. */
export interface FecRun {
  /** Everything follows from it. */
  readonly seed: number;
  readonly scheme: FecScheme;
  readonly sources: number;
  readonly parities: number;
  readonly interleave: number;
  /** How many frames are sent; one every ms, each in a packet of its own. */
  readonly frames: number;
  /** The share of packets that are lost. */
  readonly loss: number;
  /** The mean length of bursts (Gilbert 1960); without it losses are independent. */
  readonly burst?: number;
}

/**
 * Runs it.
 *
 * @param run What to run.
 * @returns The share of lost frames that came back, and how many came back wrong.
 */
export function repairedShare(run: FecRun): { readonly share: number; readonly wrong: number } {
  const { scheme, sources, parities, interleave, loss, burst } = run;
  const random = new SeededRandom(run.seed);
  const clock = new ClockCell();
  const options = { scheme, sources, parities, interleave, adaptive: false, maxOverhead: 1, flushMs: 1000 };
  const encoder = new FecEncoder(resolveFecOptions(options), clock, new ParityTables());
  const decoder = new FecDecoder(clock);
  const reader = new ChannelFrameReader();
  const memory = new Uint8Array(512);
  const lost = new Map<number, number>();
  let [isBad, losses, repaired, wrong] = [false, 0, 0, 0];
  const isLost = (): boolean => {
    if (burst === undefined) return random.visibleFraction() < loss;
    isBad = random.visibleFraction() < (isBad ? 1 - 1 / burst : loss / (1 - loss) / burst);
    return isBad;
  };
  const note = (outcome: FecOutcome, group: number): void => {
    if (outcome !== FecOutcome.Recovered) return;
    for (let i = 0; i < decoder.recoveredCount; i++) {
      const key = group * 64 + decoder.recoveredIndexes[i]!;
      const frame = frameOf(lost.get(key) ?? -1);
      const bytes = decoder.recoveredBytes.subarray(decoder.startOf(i), decoder.endOf(i));
      if (frame.length !== bytes.length || !frame.every((byte, at) => byte === bytes[at])) wrong++;
      if (lost.delete(key)) repaired++;
    }
  };
  for (let number = 0; number < run.frames; number++) {
    clock.advance(number);
    const frame = frameOf(number);
    const { group, index } = encoder;
    encoder.add(frame, 0, frame.length);
    if (isLost()) {
      losses++;
      lost.set(group * 64 + index, number);
    } else note(decoder.handleSource(group, index, frame, 0, frame.length), group);
    while (encoder.parityBytes > 0) {
      reader.read(memory, 0, encoder.writeParity(memory, 0, 0));
      if (isLost()) continue;
      const { group, index, sources, parities, offset, length } = reader;
      note(decoder.handleParity(group, index, sources, parities, memory, offset, length), group);
    }
  }
  return { share: repaired / losses, wrong };
}

/** A frame whose bytes follow from its number. */
function frameOf(number: number): Uint8Array {
  const frame = new Uint8Array(20 + (number & 15));
  for (let i = 0; i < frame.length; i++) frame[i] = Math.imul(number + 7, 0x9e3779b1 + 2 * i) >>> 24;
  return frame;
}
