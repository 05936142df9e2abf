/**
 * How fast the delay follows the network: up within a fraction of a second, down within a few.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { JitterRig } from "../unit/realtime/jitter/jitter_rig.ts";

Deno.test("jitter: the delay grows within half a second and shrinks within fifteen", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    const rig = new JitterRig();
    const frames = Array.from({ length: 3000 }, (_, n) => {
      const mostMs = n >= 1000 && n < 2000 ? 90 : 10;
      return [n * 20 + random.visibleFraction() * mostMs, n] as const;
    });
    rig.expect(...frames.sort((a, b) => a[0] - b[0]));
    const target = () => rig.buffer.statistics().targetDelayMs;
    rig.ticks(1000);
    assertLess(target(), 35, `seed ${seed}: calm`);
    assertLess(rig.counters.late!, 3, `seed ${seed}: calm`);
    rig.ticks(25);
    assertGreater(target(), 70, `seed ${seed}: half a second after it began`);
    rig.ticks(975);
    assertGreater(target(), 70, `seed ${seed}: disturbed`);
    assertLess(rig.counters.late!, 15, `seed ${seed}: disturbed for twenty seconds`);
    rig.ticks(100);
    assertGreater(target(), 70, `seed ${seed}: two seconds after it ended`);
    rig.ticks(650);
    assertLess(target(), 35, `seed ${seed}: fifteen seconds after it ended`);
  }
});

Deno.test("jitter: without a horizon the delay shrinks in pauses alone", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new SeededRandom(seed);
    const rig = new JitterRig({ shrinkHorizonMs: 0 });
    const frames = Array.from({ length: 1300 }, (_, n) => {
      const slot = n < 1000 ? n : n + 100;
      const lateMs = n < 300 && n % 5 === 0 ? 70 : 0;
      return [slot * 20 + lateMs + random.visibleFraction() * 5, n, slot] as const;
    });
    rig.expect(...frames.sort((a, b) => a[0] - b[0]));
    const delay = () => rig.buffer.statistics().meanAddedDelayMs;
    rig.ticks(1000);
    assertGreater(delay(), 70, `seed ${seed}: before the pause`);
    assertEquals(rig.counters.accelerated, 0, `seed ${seed}`);
    const { played } = rig.counters;
    const before = delay();
    rig.ticks(300);
    const since = (delay() * rig.counters.played! - before * played!) / (rig.counters.played! - played!);
    assertLess(since, 35, `seed ${seed}: after it`);
    assertEquals(rig.counters.accelerated, 0, `seed ${seed}`);
  }
});
