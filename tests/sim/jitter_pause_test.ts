/**
 * Pauses of the sender: silence as long as they last, no flood of concealments, and a free choice of delay after each.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { JitterBuffer } from "../../src/realtime/jitter/jitter_buffer.ts";
import { JitterOutcome } from "../../src/realtime/jitter/jitter_outcome.ts";
import { ClockCell } from "../../src/time/clock.ts";

const RUN = 6;

/** Talks 200 times for 5 to 60 frames, with pauses of 3 frames to 10 s and jitter of at most 15 ms in between. */
function talk(seed: number, announced: boolean) {
  const random = new SeededRandom(seed);
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { maxConcealedRun: RUN });
  let [slot, sequence, left, spurts, run, longestRun] = [0, 0, 20, 0, 0, 0];
  const played: number[] = [];
  for (let tick = 0; spurts < 200 || tick < slot; tick++) {
    clock.advance(tick * 20 + random.visibleFraction() * 15);
    if (tick === slot) {
      left--;
      buffer.handleFrame(sequence++ & 0xffff, slot * 960, new Uint8Array(1), announced && left === 0);
      slot++;
      if (left === 0) {
        spurts++;
        left = 5 + random.nextInt(55);
        slot += 3 + random.nextInt(random.nextInt(2) === 0 ? 10 : 500);
      }
    }
    clock.advance(tick * 20 + 18);
    const outcome = buffer.pollFrame();
    if (outcome === JitterOutcome.Accelerate) played.push(buffer.merged.sequence);
    if (outcome === JitterOutcome.Frame || outcome === JitterOutcome.Accelerate) played.push(buffer.frame.sequence);
    run = outcome === JitterOutcome.Conceal || outcome === JitterOutcome.Expand ? run + 1 : 0;
    longestRun = Math.max(longestRun, run);
  }
  return { counters: buffer.statistics().counters, played, sequence, longestRun, spurts };
}

Deno.test("jitter: announced pauses are silence, and every frame around them is played", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { counters, played, sequence } = talk(seed, true);
    assertEquals(counters.concealed, 0, `seed ${seed}`);
    assertEquals(counters.late, 0, `seed ${seed}`);
    assertLess(sequence - played.length, 5, `seed ${seed}`);
    assertEquals(played.join(), Array.from(played, (_, n) => n).join(), `seed ${seed}`);
  }
});

Deno.test("jitter: pauses that nobody announced are concealed for a bounded run and lose no frame", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { counters, played, longestRun, spurts } = talk(seed, false);
    assertEquals(longestRun, RUN, `seed ${seed}`);
    assert(counters.concealed! + counters.expanded! <= RUN * (spurts + 1), `seed ${seed}`);
    assert(counters.concealed! - counters.concealedPause! <= RUN, `seed ${seed}: the last pause is not over`);
    assertEquals(counters.late, 0, `seed ${seed}`);
    assertEquals(played.join(), Array.from(played, (_, n) => n).join(), `seed ${seed}`);
  }
});
