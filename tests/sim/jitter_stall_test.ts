/**
 * A poller that sleeps, for however long: no burst of concealments afterwards, counted drops, and the delay of before.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { JitterRig } from "../unit/realtime/jitter/jitter_rig.ts";

Deno.test("jitter: after a sleep of the poller, frames go on with the delay of before", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const rig = new JitterRig({ initialDelayMs: 60, minDelayMs: 60 });
    for (let n = 0; n < 2000; n++) rig.expect([n * 20 + random.visibleFraction() * 8, n]);
    rig.ticks(100);
    const before = rig.buffer.statistics();
    const sleepMs = 100 + random.nextInt(20_000);
    rig.sleep(rig.tickMs + sleepMs);
    const played = rig.ticks(100);
    const { counters, targetDelayMs } = rig.buffer.statistics();
    const label = `seed ${seed}, ${sleepMs} ms: ${played}`;
    assert(!/[CE]/.test(played), label);
    assertLess(played.split(".").length - 1, 4, label);
    assertEquals(counters.stalls, 1, label);
    const dropped = counters.skipped! + counters.aged! + counters.overflowed!;
    assertLess(Math.abs(dropped + counters.accelerated! - sleepMs / 20), 6, label);
    assertLess(Math.abs(targetDelayMs - before.targetDelayMs), 20.01, label);
  }
});

Deno.test("jitter: after a sleep of the whole process, frames go on with the delay of before", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const rig = new JitterRig({ initialDelayMs: 60, minDelayMs: 60 });
    for (let n = 0; n < 105; n++) rig.expect([n * 20 + random.visibleFraction() * 8, n]);
    rig.ticks(100);
    const before = rig.buffer.statistics();
    const sleptFrames = 10 + random.nextInt(100);
    const wakeMs = 2100 + sleptFrames * 20;
    // What the operating system kept is read at once, before or after the first poll.
    const polledFirst = random.nextInt(2) === 0;
    rig.sleep(wakeMs);
    let played = polledFirst ? rig.ticks(1) + " " : "";
    for (let n = 105; n < 105 + sleptFrames; n++) rig.frame(n);
    for (let n = 105 + sleptFrames; n < 600; n++) rig.expect([n * 20 + random.visibleFraction() * 8, n]);
    played += rig.ticks(100);
    const { counters, targetDelayMs } = rig.buffer.statistics();
    const label = `seed ${seed}, ${sleptFrames} frames: ${played}`;
    assert(!/[CE]/.test(played), label);
    assertLess(played.split(".").length - 1, 6, label);
    assertEquals([counters.restarts, counters.late], [0, 0], label);
    assertLess(Math.abs(targetDelayMs - before.targetDelayMs), 20.01, label);
  }
});

Deno.test("jitter: a process that sleeps again and again learns nothing wrong from it", () => {
  const rig = new JitterRig();
  let n = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 40; i++) rig.expect([n * 20, n & 0xffff, n++]);
    rig.ticks(38);
    rig.sleep(n * 20 + 110);
    for (let i = 0; i < 5; i++) rig.frame(n & 0xffff, n++);
  }
  const { targetDelayMs, counters } = rig.buffer.statistics();
  assertEquals(counters.late, 0);
  assertLess(targetDelayMs, 40);
});
