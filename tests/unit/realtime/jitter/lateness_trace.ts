/**
 * A lateness trace: when every frame of a stream was sent and when it came, if it came.
 *
 * All times are in ms. Media time is what the sender's clock shows, arrival is by the receiver's clock: the two may
 * drift. Frames are numbered in the order of sending, which is that of their sequence numbers.
 *
 * @module
 */
import type { SeededRandom } from "../../../../src/random/seeded_random.ts";

/** One stream as it came. */
export interface LatenessTrace {
  /** What it is of. */
  readonly name: string;
  /** How long a frame plays. */
  readonly frameMs: number;
  /** The media time of every frame, in frames: consecutive in talk, with gaps where the sender pauses. */
  readonly slots: Int32Array;
  /** When every frame came, `Infinity` for those that the network lost. */
  readonly arrivals: Float64Array;
}

/** What a network does to a frame: the transit time of one that is sent at a given time, or `Infinity`. */
export type Network = (sentMs: number) => number;

/** What a trace is made of besides the network. */
export interface TraceShape {
  /** How many frames. */
  readonly frames: number;
  /** How long a frame plays. @default 20 */
  readonly frameMs?: number;
  /** By how many parts in a million the sender's clock is slower than the receiver's. @default 0 */
  readonly driftPpm?: number;
  /** Whether the sender pauses between talk spurts: 1.1 s of talk and 1.35 s of pause on average. @default false */
  readonly pauses?: boolean;
}

/**
 * Sends a stream through a network.
 *
 * @param name What it is of.
 * @param shape How long the stream is.
 * @param random Draws the talk spurts.
 * @param network Draws the transit times.
 * @returns The trace.
 */
export function traceOf(name: string, shape: TraceShape, random: SeededRandom, network: Network): LatenessTrace {
  const { frames, frameMs = 20, driftPpm = 0, pauses = false } = shape;
  const slots = new Int32Array(frames);
  const arrivals = new Float64Array(frames);
  let slot = 0;
  let left = pauses ? 0 : frames;
  for (let i = 0; i < frames; i++) {
    if (left-- === 0) {
      if (i > 0) slot += Math.round(Math.max(100, exponential(random, 1350)) / frameMs);
      left = Math.round(Math.max(200, exponential(random, 1100)) / frameMs) - 1;
    }
    const sentMs = slot * frameMs * (1 + driftPpm / 1e6);
    slots[i] = slot++;
    arrivals[i] = sentMs + network(sentMs);
  }
  return { name, frameMs, slots, arrivals };
}

/**
 * A draw from an exponential distribution.
 *
 * @param random The source.
 * @param mean Its mean.
 * @returns At least 0.
 */
export function exponential(random: SeededRandom, mean: number): number {
  return -mean * Math.log(1 - random.visibleFraction());
}

/**
 * A draw from a range, all equally likely.
 *
 * @param random The source.
 * @param from The least.
 * @param to The most.
 * @returns Between them.
 */
export function uniform(random: SeededRandom, from: number, to: number): number {
  return from + (to - from) * random.visibleFraction();
}

/**
 * A draw from the normal distribution with mean 0 and deviation 1 (Box and Muller).
 *
 * @param random The source.
 * @returns Any number.
 */
export function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.visibleFraction())) * Math.cos(2 * Math.PI * random.visibleFraction());
}

/**
 * A network in which nothing overtakes.
 *
 * @param network The network without that rule.
 * @returns The one with it.
 */
export function inOrder(network: Network): Network {
  let last = -Infinity;
  return (sentMs) => {
    last = Math.max(sentMs + network(sentMs), last + 0.05);
    return last - sentMs;
  };
}
