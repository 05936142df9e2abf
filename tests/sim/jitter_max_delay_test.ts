/**
 * The greatest delay is one: no frame waits longer, but for the ticks in which a delay that became too long is taken
 * out; and a smaller maximum never makes the delay larger.
 *
 * @module
 */
import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { JitterBuffer } from "../../src/realtime/jitter/jitter_buffer.ts";
import { JitterOutcome } from "../../src/realtime/jitter/jitter_outcome.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { traceNamed } from "../unit/realtime/jitter/trace_catalogue.ts";

const FRAME_MS = 20;

/** Plays frames that come at given times; tells how long they waited, in the order of play. */
function waits(arrivals: Float64Array, maxDelayMs: number): number[] {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { frameMs: FRAME_MS, clockRateHz: 1000, maxDelayMs });
  const frames = [...arrivals.keys()].filter((i) => arrivals[i]! < Infinity);
  frames.sort((a, b) => arrivals[a]! - arrivals[b]!);
  const payload = new Uint8Array(4);
  const waited: number[] = [];
  for (let tick = 0, next = 0; tick < arrivals.length + 50; tick++) {
    const tickMs = (tick + 0.5) * FRAME_MS;
    for (; next < frames.length && arrivals[frames[next]!]! <= tickMs; next++) {
      const frame = frames[next]!;
      clock.advance(arrivals[frame]!);
      buffer.handleFrame(frame, frame * FRAME_MS, payload);
    }
    clock.advance(tickMs);
    const outcome = buffer.pollFrame();
    if (outcome === JitterOutcome.Frame || outcome === JitterOutcome.Accelerate) {
      waited.push(tickMs - arrivals[buffer.frame.sequence]!);
    }
  }
  return waited;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

for (const name of ["bufferbloat", "recorded_link"]) {
  Deno.test(`jitter: on ${name} no frame waits longer than the maximum, but for a few after a path became shorter`, () => {
    const { arrivals } = traceNamed(name, 1);
    for (const maxDelayMs of [40, 60, 100, 150]) {
      const waited = waits(arrivals, maxDelayMs);
      const over = waited.filter((ms) => ms > maxDelayMs + FRAME_MS);
      assertLessOrEqual(over.length, waited.length / 2000, `seed 1, at most ${maxDelayMs} ms: ${over}`);
    }
  });

  Deno.test(`jitter: on ${name} a smaller maximum makes the mean delay smaller`, () => {
    const { arrivals } = traceNamed(name, 1);
    const means = [40, 60, 100].map((maxDelayMs) => mean(waits(arrivals, maxDelayMs)));
    assertLess(means[0]!, means[1]!, "seed 1");
    assertLess(means[1]!, means[2]!, "seed 1");
  });
}

Deno.test("jitter: a delay above the maximum is taken out frame by frame once the path is short again", () => {
  const arrivals = Float64Array.from({ length: 3000 }, (_, i) => i * FRAME_MS + (i >= 500 && i < 1000 ? 300 : 0));
  const waited = waits(arrivals, 60);
  const over = waited.map((ms, i) => ms > 80 ? i : -1).filter((i) => i >= 0);
  assertLessOrEqual(over.length, 20, `${over.map((i) => waited[i])}`);
  assertEquals(waited.slice(over[over.length - 1]! + 1).filter((ms) => ms > 80), []);
  assertEquals(over.length > 0 && over[over.length - 1]! - over[0]! === over.length - 1, true, "in one go");
});
