/**
 * Jitter buffer: frames that arrive when they arrive come out at an even cadence; the clock is the program's own.
 *
 *     deno run examples/realtime_jitter.ts
 *
 * @module
 */
import { ClockCell, JitterBuffer, JitterOutcome } from "@ringwire/ringwire/realtime";

const FRAME_MS = 20;
const clock = new ClockCell();
const buffer = new JitterBuffer(clock, { frameMs: FRAME_MS, clockRateHz: 48_000 });

// Frames 0 to 99 leave every 20 ms and take 30 to 69 ms; frame 40 is lost.
const arrivals = Array.from({ length: 100 }, (_, n) => ({ n, atMs: n * FRAME_MS + 30 + n * 7 % 40 }))
  .filter(({ n }) => n !== 40).sort((a, b) => a.atMs - b.atMs);
const played: string[] = [];
for (let nowMs = 0; nowMs < 100 * FRAME_MS + 200; nowMs += FRAME_MS) {
  while (arrivals.length > 0 && arrivals[0]!.atMs <= nowMs) {
    const { n, atMs } = arrivals.shift()!;
    clock.advance(atMs);
    buffer.handleFrame(n, n * 960, Uint8Array.of(n), n === 99);
  }
  clock.advance(nowMs);
  const outcome = buffer.pollFrame();
  if (outcome === JitterOutcome.Frame || outcome === JitterOutcome.Accelerate) played.push(`${buffer.frame.sequence}`);
  if (outcome === JitterOutcome.Conceal) played.push(`(${buffer.frame.sequence})`);
}
console.log(`around the lost frame: ${played.slice(played.indexOf("(40)") - 2, played.indexOf("(40)") + 3).join(" ")}`);
const { counters, targetDelayMs } = buffer.statistics();
console.log(`${counters.played} played, ${counters.late} late; delay now ${Math.round(targetDelayMs)} ms`);
