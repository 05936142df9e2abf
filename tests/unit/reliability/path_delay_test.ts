import { assertEquals } from "@std/assert";
import { PathDelay } from "../../../src/reliability/path_delay.ts";
import { ClockCell } from "../../../src/time/clock.ts";

function setup() {
  const clock = new ClockCell();
  const delay = new PathDelay(clock);
  const samples = (...values: number[]): void => values.forEach((value) => delay.handleSample(value));
  return { clock, delay, samples };
}

Deno.test("PathDelay takes the smallest sample for the path's own delay", () => {
  const { delay, samples } = setup();
  assertEquals(delay.baseMs, Infinity);
  samples(60, 50, 58);
  assertEquals([delay.baseMs, delay.latestQueueMs], [50, 8]);
});

Deno.test("PathDelay judges a round by its smallest sample, from four samples on", () => {
  const { delay, samples } = setup();
  samples(50);
  delay.turn();
  samples(90, 70, 80);
  assertEquals(delay.standingMs, -1);
  samples(75);
  assertEquals(delay.standingMs, 20);
  delay.turn();
  samples(90, 51, 80, 80);
  assertEquals(delay.standingMs, 1);
});

Deno.test("PathDelay.hasRisen needs six samples in a row above an eighth of the delay, but 4 ms at least and 16 at most", () => {
  for (const [base, rise] of [[50, 6.25], [8, 4], [400, 16]] as const) {
    const { delay, samples } = setup();
    samples(base);
    for (let i = 0; i < 20; i++) samples(base + rise);
    assertEquals(delay.hasRisen, false, `${base}`);
    const above = base + rise + 0.1;
    samples(above, above, above, above, above, base + rise, above, above, above, above, above);
    assertEquals(delay.hasRisen, false);
    samples(above);
    assertEquals(delay.hasRisen, true);
  }
});

Deno.test("PathDelay is stale ten seconds after the last sample that came close", () => {
  const { clock, delay, samples } = setup();
  samples(64);
  clock.advance(9000);
  samples(66.1);
  clock.advance(10_001);
  assertEquals(delay.isStale, true);
  samples(66);
  assertEquals(delay.isStale, false);
  clock.advance(20_001);
  assertEquals(delay.isStale, false);
  clock.advance(20_002);
  assertEquals(delay.isStale, true);
  delay.handleIdle();
  assertEquals([delay.isStale, delay.baseMs], [false, 64]);
});

Deno.test("PathDelay takes what a rest shows, longer or not, and nothing when it shows nothing", () => {
  const { delay, samples } = setup();
  samples(50);
  delay.startRest();
  samples(75, 70, 72);
  delay.renew();
  assertEquals(delay.baseMs, 70);
  delay.startRest();
  delay.renew();
  assertEquals(delay.baseMs, 70);
  samples(68, 90);
  delay.renew();
  assertEquals(delay.baseMs, 68, "what comes after a rest is not part of it");
});

Deno.test("PathDelay.clear() forgets everything", () => {
  const { clock, delay, samples } = setup();
  samples(50, 90, 90, 90, 90, 90, 90, 90);
  clock.advance(11_000);
  delay.clear();
  assertEquals([delay.baseMs, delay.hasRisen, delay.isStale, delay.standingMs], [Infinity, false, false, -1]);
});
