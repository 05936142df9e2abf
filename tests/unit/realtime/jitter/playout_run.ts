/**
 * Plays a trace through a buffer in virtual time and judges the result from outside, by what came when and what was
 * played at which tick; nothing that a buffer says about itself counts.
 *
 * The rules are the same for all buffers:
 * - Ticks come every frame's time of the receiver's clock, at a given phase. No buffer can move them.
 * - The delay of a frame is the time from its arrival to the tick at which it is played; the mean is over played frames.
 *   Of two frames at one tick only the second counts as played.
 * - The share is over all frames sent, and counts what is the buffer's doing: frames that came but were not played, and
 *   ticks between two frames of the same talk spurt beyond those that their media time takes. Taking time out counts at
 *   least as many frames as it took. Frames that the network lost count for nobody, nor do changes of a pause.
 *
 * @module
 */
import { JitterBuffer } from "../../../../src/realtime/jitter/jitter_buffer.ts";
import type { JitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";
import { JitterOutcome } from "../../../../src/realtime/jitter/jitter_outcome.ts";
import type { JitterStatistics } from "../../../../src/realtime/jitter/jitter_statistics.ts";
import { ClockCell } from "../../../../src/time/clock.ts";
import type { LatenessTrace } from "./lateness_trace.ts";

/** The tick at which a frame was not played. */
const NEVER = -1;

const UNITS_PER_MS = 48;
const SEQUENCE_MASK = 0xffff;

/** How a buffer did on a trace. */
export interface PlayoutResult {
  /** The mean time from arrival to play-out in ms. */
  readonly delayMs: number;
  /** The share of frames and ticks that went wrong. */
  readonly share: number;
}

/** How the adaptive buffer did. */
export interface AdaptiveResult extends PlayoutResult {
  /** What it said about itself at the end. */
  readonly statistics: JitterStatistics;
  /** The outcome of each tick. */
  readonly outcomes: Uint8Array;
}

/**
 * Plays a trace through the adaptive buffer.
 *
 * @param trace The trace; at most 32768 frames, or the sequence numbers come twice.
 * @param phaseMs When the first tick is.
 * @param options Options besides those that the trace gives.
 * @returns How it did.
 */
export function playAdaptive(trace: LatenessTrace, phaseMs: number, options: JitterOptions = {}): AdaptiveResult {
  const { frameMs, slots, arrivals } = trace;
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { frameMs, clockRateHz: UNITS_PER_MS * 1000, ...options });
  const order = arrivalOrder(trace);
  const payload = new Uint8Array(20);
  const endMs = arrivals[order[order.length - 1]!]! + 2000;
  const outcomes = new Uint8Array(Math.ceil((endMs - phaseMs) / frameMs));
  const ticks = new Int32Array(slots.length).fill(NEVER);
  let next = 0;
  for (let tick = 0; tick < outcomes.length; tick++) {
    const tickMs = phaseMs + tick * frameMs;
    for (; next < order.length && arrivals[order[next]!]! <= tickMs; next++) {
      const frame = order[next]!;
      clock.advance(arrivals[frame]!);
      buffer.handleFrame(frame & SEQUENCE_MASK, Math.round(slots[frame]! * frameMs * UNITS_PER_MS), payload);
    }
    clock.advance(tickMs);
    const outcome = buffer.pollFrame();
    outcomes[tick] = outcome;
    if (outcome === JitterOutcome.Frame || outcome === JitterOutcome.Accelerate) ticks[buffer.frame.sequence] = tick;
  }
  return { ...judge(trace, ticks, phaseMs), statistics: buffer.statistics(), outcomes };
}

/**
 * Finds the fixed delay that is best on a trace, with all of it known beforehand: every frame is played at the same
 * number of ticks after its media time, the least number at which the share is within the budget. It needs no first
 * packet to be aligned to: all alignments to the ticks are tried.
 *
 * @param trace The trace.
 * @param phaseMs When the first tick is.
 * @param budget The largest share.
 * @returns How it does.
 */
export function playBestFixed(trace: LatenessTrace, phaseMs: number, budget: number): PlayoutResult {
  const { frameMs, slots, arrivals } = trace;
  const came = arrivals.filter((arrival) => arrival < Infinity).length;
  const needed = new Int32Array(came);
  for (let i = 0, n = 0; i < slots.length; i++) {
    if (arrivals[i]! < Infinity) needed[n++] = Math.ceil((arrivals[i]! - phaseMs) / frameMs) - slots[i]!;
  }
  needed.sort();
  const delayTicks = needed[came - 1 - Math.floor(budget * slots.length)]!;
  const ticks = new Int32Array(slots.length);
  for (let i = 0; i < slots.length; i++) {
    const tick = slots[i]! + delayTicks;
    ticks[i] = arrivals[i]! <= phaseMs + tick * frameMs ? tick : NEVER;
  }
  return judge(trace, ticks, phaseMs);
}

/** Applies the rules at the head of this file. */
function judge(trace: LatenessTrace, ticks: Int32Array, phaseMs: number): PlayoutResult {
  const { frameMs, slots, arrivals } = trace;
  let waitedMs = 0;
  let played = 0;
  let wrong = 0;
  let unplayed = 0;
  let before = -1;
  for (let i = 0; i < slots.length; i++) {
    if (ticks[i] === NEVER) {
      if (arrivals[i]! < Infinity) unplayed++;
      continue;
    }
    played++;
    waitedMs += phaseMs + ticks[i]! * frameMs - arrivals[i]!;
    const isSameSpurt = before >= 0 && slots[i]! - slots[before]! === i - before;
    const inserted = isSameSpurt ? ticks[i]! - ticks[before]! - (i - before) : 0;
    wrong += inserted > 0 ? unplayed + inserted : Math.max(unplayed, -inserted);
    unplayed = 0;
    before = i;
  }
  return { delayMs: waitedMs / played, share: (wrong + unplayed) / slots.length };
}

function arrivalOrder({ arrivals }: LatenessTrace): Int32Array {
  const frames = Int32Array.from({ length: arrivals.length }, (_, i) => i);
  return frames.filter((frame) => arrivals[frame]! < Infinity).sort((a, b) => arrivals[a]! - arrivals[b]!);
}
