import { assertEquals } from "@std/assert";
import { CountedTime } from "../../../src/pool/counted_time.ts";
import { ClockCell } from "../../../src/time/clock.ts";

/** A counted time with a slack of 10 ms whose clock starts somewhere. */
function open(): { time: CountedTime; step: (elapsedMs: number, plannedMs: number) => number } {
  const clock = new ClockCell();
  clock.advance(7000);
  const time = new CountedTime(clock, 10);
  const step = (elapsedMs: number, plannedMs: number): number => {
    clock.advance(clock.now + elapsedMs);
    time.advance(plannedMs);
    return time.nowMs;
  };
  return { time, step };
}

Deno.test("CountedTime starts at 0, whatever the clock shows", () => {
  assertEquals(open().time.nowMs, 0);
});

Deno.test("CountedTime.advance() counts a step in full that ends as planned or little later", () => {
  const { step } = open();
  assertEquals(step(100, 100), 100);
  assertEquals(step(60, 150), 160);
  assertEquals(step(3, 1000), 163);
  assertEquals(step(0, 1000), 163);
});

Deno.test("CountedTime.advance() counts no more of a step than was planned and the slack", () => {
  const { step } = open();
  assertEquals(step(1_000_000, 100), 110);
  assertEquals(step(50, 150), 160, "the jump does not count later, either");
  assertEquals(step(1_000_000, 100), 170, "what was planned has passed: the slack alone counts");
});

Deno.test("CountedTime.advance() counts every step in full for which nothing was planned", () => {
  const { step } = open();
  assertEquals(step(1_000_000, Infinity), 1_000_000);
});

Deno.test("CountedTime.onClock() says when the clock will show a counted time", () => {
  const { time, step } = open();
  assertEquals(time.onClock(25), 7025);
  step(1000, 100);
  assertEquals(time.onClock(120), 8010);
  assertEquals(time.onClock(Infinity), Infinity);
});
