/**
 * Two hundred thousand frames, over many wraps of both numbers: every frame comes out once, in order and whole.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { JitterBuffer } from "../../src/realtime/jitter/jitter_buffer.ts";
import { JitterOutcome } from "../../src/realtime/jitter/jitter_outcome.ts";
import { ClockCell } from "../../src/time/clock.ts";

const FRAMES = 200_000;

for (const sequenceBits of [16, 32] as const) {
  Deno.test(`jitter: two hundred thousand frames with numbers of ${sequenceBits} bits come out whole`, () => {
    const seed = 17;
    const random = new SeededRandom(seed);
    const clock = new ClockCell();
    // 20 ms are 10^8 units: the timestamp wraps every 43 frames.
    const clockRateHz = 5e7;
    const unitsPerFrame = clockRateHz / 50;
    const firstSequence = 2 ** sequenceBits - 5;
    const firstTimestamp = 2 ** 32 - 3 * unitsPerFrame;
    const buffer = new JitterBuffer(clock, { sequenceBits, clockRateHz, maxConcealmentShare: 0.0001 });
    const payload = new Uint8Array(8);
    const view = new DataView(payload.buffer);
    let expected = 0;
    const take = (block: Uint8Array, sequence: number, timestamp: number) => {
      const n = new DataView(block.buffer).getFloat64(0);
      const wire = [(firstSequence + n) % 2 ** sequenceBits, (firstTimestamp + n * unitsPerFrame) % 2 ** 32];
      if (n !== expected || sequence !== wire[0] || timestamp !== wire[1]) {
        assertEquals([n, sequence, timestamp], [expected, ...wire], `seed ${seed}`);
      }
      expected++;
    };
    for (let n = 0; n < FRAMES + 20; n++) {
      clock.advance(n * 20 + random.visibleFraction() * 10);
      if (n < FRAMES) {
        view.setFloat64(0, n);
        const sequence = (firstSequence + n) % 2 ** sequenceBits;
        buffer.handleFrame(sequence, (firstTimestamp + n * unitsPerFrame) % 2 ** 32, payload);
      }
      clock.advance(n * 20 + 15);
      const outcome = buffer.pollFrame();
      const { frame, merged } = buffer;
      if (outcome === JitterOutcome.Accelerate) take(merged.block, merged.sequence, merged.timestamp);
      if (outcome === JitterOutcome.Accelerate || outcome === JitterOutcome.Frame) {
        take(frame.block, frame.sequence, frame.timestamp);
      }
    }
    assertEquals(expected, FRAMES, `seed ${seed}`);
    const { counters, heldBytes } = buffer.statistics();
    assertEquals([counters.played, counters.late, counters.restarts, counters.discontinuous], [FRAMES, 0, 0, 0]);
    assert(heldBytes <= 64 * 8, `${heldBytes} bytes held`);
  });
}
