/**
 * Exactly one concealment for every frame that is missing, and none for any other.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { JitterBuffer } from "../../src/realtime/jitter/jitter_buffer.ts";
import { JitterOutcome } from "../../src/realtime/jitter/jitter_outcome.ts";
import { ClockCell } from "../../src/time/clock.ts";

const FRAMES = 5000;

/** Loses frames in bursts shorter than the run that is concealed, and pauses in between, announced. */
function conceal(seed: number, share: number): { missing: number[]; concealed: number[]; played: number[] } {
  const random = new SeededRandom(seed);
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { initialDelayMs: 60, minDelayMs: 60 });
  const missing: number[] = [];
  const concealed: number[] = [];
  const played: number[] = [];
  let burst = -1;
  let slot = 0;
  let sequence = 0;
  for (let tick = 0; sequence < FRAMES || tick < slot + 20; tick++) {
    clock.advance(tick * 20 + random.visibleFraction() * 19);
    if (tick === slot && sequence < FRAMES) {
      const isLast = random.nextInt(100) === 0;
      if (burst < 0 && random.visibleFraction() < share) burst = 1 + random.nextInt(8);
      const isLost = burst > 0 && sequence > 0 && !isLast && sequence < FRAMES - 1;
      if (isLost) {
        missing.push(sequence);
        burst--;
      } else {
        buffer.handleFrame(sequence & 0xffff, slot * 960, new Uint8Array(4), isLast);
        burst = -1; // one frame at least between bursts
      }
      sequence++;
      slot += isLast ? 2 + random.nextInt(30) : 1;
    }
    clock.advance(tick * 20 + 19.5);
    const outcome = buffer.pollFrame();
    if (outcome === JitterOutcome.Conceal) concealed.push(buffer.frame.sequence);
    if (outcome === JitterOutcome.Accelerate) played.push(buffer.merged.sequence);
    if (outcome === JitterOutcome.Frame || outcome === JitterOutcome.Accelerate) played.push(buffer.frame.sequence);
  }
  return { missing, concealed: concealed.filter((one) => one < FRAMES), played };
}

for (const share of [0.01, 0.05, 0.1]) {
  Deno.test(`jitter: each of ${share * 100} % of frames that are lost in bursts is concealed once`, () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { missing, concealed, played } = conceal(seed, share);
      assertEquals(missing.length > FRAMES * share, true, `seed ${seed}`);
      assertEquals(concealed.join(), missing.join(), `seed ${seed}`);
      assertEquals(played.length, FRAMES - missing.length, `seed ${seed}`);
    }
  });
}
