import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { resolveJitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";
import { LatenessMeter } from "../../../../src/realtime/jitter/lateness_meter.ts";
import { ClockCell } from "../../../../src/time/clock.ts";

/** A meter with buckets of 2.5 ms that remembers 50 frames. */
function makeMeter(): { meter: LatenessMeter; come: (mediaMs: number, transitMs: number) => void } {
  const clock = new ClockCell();
  const meter = new LatenessMeter(resolveJitterOptions({ memoryMs: 1000 }), clock);
  const come = (mediaMs: number, transitMs: number) => {
    clock.advance(mediaMs + transitMs);
    meter.observe(mediaMs);
  };
  return { meter, come };
}

Deno.test("LatenessMeter begins with one frame of the initial delay", () => {
  const { meter } = makeMeter();
  assertEquals(meter.lateShare(40), 1);
  assertEquals(meter.lateShare(42.5), 0);
});

Deno.test("LatenessMeter measures from the first frame", () => {
  const { meter, come } = makeMeter();
  meter.restart(100, 0);
  come(20, 108);
  assertEquals(meter.lateness(148, 40), 8);
  assertEquals(meter.allowance(20), 8);
  assertEquals(meter.lateShare(0), 1);
  assertEquals(meter.lateShare(7.5), 1);
  assertEquals(meter.lateShare(10), 0.5);
});

Deno.test("LatenessMeter moves its line and its memory when a frame is faster", () => {
  const { meter, come } = makeMeter();
  meter.restart(100, 0);
  come(0, 100);
  come(20, 94);
  assertEquals(meter.lateness(120, 20), 7.5, "the line goes down in whole buckets");
  assertAlmostEquals(meter.lateShare(7.5), 2 / 3, 1e-12, "the first frame was 7.5 ms late after all");
  assertAlmostEquals(meter.lateShare(10), 1 / 3, 1e-12);
});

Deno.test("LatenessMeter keeps the shape of the lateness when its line falls by more than ten frames", () => {
  const { meter, come } = makeMeter();
  meter.restart(1000, 0);
  for (let i = 0; i < 10; i++) come(i * 20, 1000);
  come(1000, 799);
  assertAlmostEquals(meter.lateShare(5), 1 / 12, 1e-12, "ten frames are as late as before; the initial one is not");
  const { meter: other, come: comes } = makeMeter();
  other.restart(1000, 0);
  for (let i = 0; i < 10; i++) comes(i * 20, 1000);
  comes(1000, 801);
  assertAlmostEquals(other.lateShare(5), 11 / 12, 1e-12);
});

Deno.test("LatenessMeter raises its line when for three windows no frame came near it", () => {
  const { meter, come } = makeMeter();
  meter.restart(0, 0);
  for (let i = 0; i < 100; i++) come(i * 20, 0);
  for (let i = 100; i < 890; i++) come(i * 20, 31);
  assertEquals(meter.lateness(20_031, 20_000), 31, "one fast frame is among the last three windows");
  for (let i = 890; i < 2000; i++) come(i * 20, 31);
  assertAlmostEquals(meter.lateness(40_031, 40_000), 1, 1, "twelve buckets higher");
  assertLess(meter.lateShare(5), 0.02);
});

Deno.test("LatenessMeter does not raise its line over a frame that lowered it since", () => {
  const { meter, come } = makeMeter();
  meter.restart(0, 0);
  for (let i = 0; i < 500; i++) come(i * 20, 30);
  come(10_020, -10);
  for (let i = 502; i < 620; i++) come(i * 20, 30);
  assertEquals(meter.lateness(13_000, 13_000), 10);
});

Deno.test("LatenessMeter takes drift out of the lateness", () => {
  const { meter, come } = makeMeter();
  meter.restart(0, 0);
  for (let i = 0; i < 6000; i++) come(i * 20, i * 20 * 200e-6);
  assertAlmostEquals(meter.driftPpm, 200, 0.1);
  const late = meter.lateness(120_000 + 24, 120_000);
  assertLess(Math.abs(late), 2.6, "without it the last frame would be 24 ms late");
  assertLess(meter.lateShare(5), 1e-9);
});

Deno.test("LatenessMeter begins anew with a restart and keeps its memory", () => {
  const { meter, come } = makeMeter();
  meter.restart(0, 0);
  for (let i = 0; i < 200; i++) come(i * 20, i % 2 * 30);
  const before = meter.lateShare(20);
  meter.restart(5000, 1e6);
  assertEquals(meter.lateness(5020, 1e6), 20);
  assertEquals(meter.lateShare(20), before);
});
