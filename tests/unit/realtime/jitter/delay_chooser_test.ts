import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { DelayChooser } from "../../../../src/realtime/jitter/delay_chooser.ts";
import { type JitterOptions, resolveJitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";
import { LatenessMeter } from "../../../../src/realtime/jitter/lateness_meter.ts";
import { ClockCell } from "../../../../src/time/clock.ts";

/** A chooser that has seen frames of given lateness, in a cycle. */
function chooserFor(lateness: readonly number[], options: JitterOptions = {}): DelayChooser {
  const config = resolveJitterOptions({ memoryMs: 20_000, ...options });
  const clock = new ClockCell();
  const meter = new LatenessMeter(config, clock);
  clock.advance(1000);
  meter.restart(1000, 1000);
  for (let i = 0; i < 4000; i++) {
    const mediaMs = 1000 + i * 1000; // far enough apart for any lateness
    clock.advance(mediaMs + lateness[i % lateness.length]!);
    meter.observe(mediaMs);
  }
  return new DelayChooser(config, meter);
}

/** Lateness 0 with a late frame of the given lateness once in so many. */
function onceIn(count: number, late: number): number[] {
  return Array.from({ length: count }, (_, i) => i === 0 ? late : 0);
}

Deno.test("DelayChooser covers what comes often and leaves what comes seldom", () => {
  // A disturbance is worth 75 frames of delay at first, so one frame in 75 is where a delay of one frame pays.
  assertEquals(chooserFor(onceIn(50, 15)).best(3), 1);
  assertEquals(chooserFor(onceIn(100, 15)).best(3), 0);
  assertEquals(chooserFor(onceIn(20, 55)).best(3), 3);
  assertEquals(chooserFor(onceIn(30, 55)).best(3), 0);
});

Deno.test("DelayChooser says how far the play-out is from the best one, whichever it is", () => {
  const chooser = chooserFor(onceIn(20, 55));
  for (let moved = -4; moved <= 6; moved++) assertEquals(chooser.best(63 - moved * 20), moved);
});

Deno.test("DelayChooser keeps the bounds of the delay", () => {
  const minimum = chooserFor([0], { minDelayMs: 70 });
  assertEquals(minimum.best(0), 4);
  assertEquals(minimum.best(70), 0);
  assertEquals(minimum.best(90), -1);
  const maximum = chooserFor([0, 190], { maxDelayMs: 100 });
  assertEquals(maximum.best(3), 0, "nothing within reach would help");
  assertEquals(chooserFor([0, 90], { maxDelayMs: 100 }).best(10), 4);
  assertEquals(chooserFor([0, 90], { maxDelayMs: 80, frameMs: 40 }).best(50), -1, "the least that is legal");
  assertEquals(chooserFor([0], { minDelayMs: 95, maxDelayMs: 100 }).best(90), 1, "no delay fits the ticks");
});

Deno.test("DelayChooser buys more delay after disturbances and less after calm", () => {
  const chooser = chooserFor(onceIn(100, 15));
  assertEquals(chooser.best(3), 0);
  for (let i = 0; i < 6; i++) chooser.disturbed();
  assertEquals(chooser.best(3), 1);
  assertEquals(chooser.disturbances, 6);
  for (let i = 0; i < 1000; i++) chooser.passed();
  assertEquals(chooser.best(3), 0);
});

Deno.test("DelayChooser balances when the configured share, less a margin, is disturbed", () => {
  for (const share of [0.01, 0.05]) {
    const chooser = chooserFor(onceIn(76, 15), { maxConcealmentShare: share });
    const before = chooser.best(3);
    for (let i = 0; i < 100; i++) {
      chooser.disturbed();
      for (let n = 0; n < 1 / (0.85 * share); n++) chooser.passed();
    }
    assertEquals([before, chooser.best(3)], [0, 0], "too many passed to buy more");
    for (let i = 0; i < 100; i++) {
      chooser.disturbed();
      for (let n = 0; n < 0.9 / (0.85 * share); n++) chooser.passed();
    }
    assertEquals(chooser.best(3), 1, "too few did");
  }
});

Deno.test("DelayChooser forgets calm and catastrophe after 66 disturbances", () => {
  const calm = chooserFor(onceIn(11, 15));
  for (let i = 0; i < 100_000; i++) calm.passed();
  assertEquals(calm.best(3), 0, "even one in eleven is not worth a delay");
  for (let i = 0; i < 2; i++) calm.disturbed();
  assertEquals(calm.best(3), 1);
  const wild = chooserFor(onceIn(950, 15));
  for (let i = 0; i < 1000; i++) wild.disturbed();
  assertEquals(wild.best(3), 1, "one in 950 is");
  for (let i = 0; i < 1000; i++) wild.passed();
  assertEquals(wild.best(3), 0);
});

Deno.test("DelayChooser.shrinks() pays a disturbance for a delay that will not be needed", () => {
  const chooser = chooserFor([0]);
  // 75 frames of delay are the price: what is saved in a horizon of 300 frames is more.
  assert(chooser.shrinks(23));
  assert(!chooser.shrinks(19), "there is nothing to save");
  assert(!chooserFor([0], { shrinkHorizonMs: 1400 }).shrinks(23));
  assert(chooserFor([0], { shrinkHorizonMs: 1600 }).shrinks(23));
  assert(!chooserFor([0], { shrinkHorizonMs: 0 }).shrinks(221));
});

Deno.test("DelayChooser.shrinks() looks past a step that does not pay by itself", () => {
  // One frame less saves nothing against the late ones, three frames less make it good.
  const lateness = Array.from({ length: 100 }, (_, i) => i === 0 ? 65 : 0);
  assert(chooserFor(lateness).shrinks(70));
  assert(!chooserFor(lateness, { shrinkHorizonMs: 1600 }).shrinks(70));
});

Deno.test("DelayChooser.shrinks() takes a first step that pays though the rest of the way does not", () => {
  const lateness = Array.from({ length: 160 }, (_, i) => i < 2 ? 35 : i < 12 ? 15 : 0);
  const chooser = chooserFor(lateness, { shrinkHorizonMs: 2000 });
  assertEquals(chooser.best(63), -2);
  assert(chooser.shrinks(63));
});

Deno.test("DelayChooser.shrinks() does not go down where up is better", () => {
  const chooser = chooserFor(onceIn(10, 40));
  assertEquals(chooser.best(30), 1);
  assert(!chooser.shrinks(30));
});

Deno.test("DelayChooser.best() is the least sum of delay and price, however lateness lies", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new SeededRandom(seed);
    const lateness = Array.from({ length: 50 }, () => random.nextInt(12) * random.nextInt(12));
    lateness[0] = 0;
    const chooser = chooserFor(lateness);
    const at = random.nextInt(100);
    const cost = (frames: number) =>
      frames * 20 + 75 * 20 * lateness.filter((one) => one > at + frames * 20).length / lateness.length;
    const best = chooser.best(at);
    for (let frames = -Math.floor(at / 20); frames < 20; frames++) {
      // Inside a bucket of 2.5 ms the histogram does not know where the frames are.
      assert(cost(best) <= cost(frames) + 75 * 20 * 0.1, `seed ${seed}: ${best}, not ${frames}`);
    }
  }
});

Deno.test("DelayChooser.shrinks() above the greatest delay, whatever it costs", () => {
  const everyOther = chooserFor([0, 90], { maxDelayMs: 60, shrinkHorizonMs: 0 });
  assertEquals([61, 75, 200].map((allowanceMs) => everyOther.shrinks(allowanceMs)), [true, true, true]);
  assertEquals(everyOther.shrinks(60), false);
  const unreachable = chooserFor([0], { minDelayMs: 50, maxDelayMs: 50 });
  assertEquals([unreachable.shrinks(55), unreachable.shrinks(71)], [false, true], "not below the least delay");
});
