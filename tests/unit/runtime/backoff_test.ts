import { assertEquals, assertThrows } from "@std/assert";
import type { RandomSource } from "../../../src/random/random_source.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { Backoff, type BackoffConfig } from "../../../src/runtime/backoff.ts";
import { ClockCell } from "../../../src/time/clock.ts";

const CONFIG: BackoffConfig = { baseMs: 100, maxMs: 1000, stableMs: 5000, maxAttempts: Infinity };

/** Draws the same fraction always, so that a delay shows its window. */
function constant(fraction: number): RandomSource {
  return {
    visibleFraction: () => fraction,
    fillSecret: () => {
      throw new Error("a backoff draws no secrets");
    },
  };
}

function delays(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.nextDelay());
}

Deno.test("Backoff.nextDelay() doubles its window up to maxMs", () => {
  assertEquals(delays(new Backoff(CONFIG, new ClockCell(), constant(0.5)), 6), [50, 100, 200, 400, 500, 500]);
  assertEquals(delays(new Backoff(CONFIG, new ClockCell(), constant(0)), 3), [0, 0, 0]);
});

Deno.test("Backoff.nextDelay() draws from the whole window and stays below its end", () => {
  const seed = 5;
  const backoff = new Backoff({ ...CONFIG, baseMs: 1000 }, new ClockCell(), new SeededRandom(seed));
  const drawn = delays(backoff, 2000);
  assertEquals(drawn.every((delay) => delay >= 0 && delay < 1000), true, `seed ${seed}`);
  const perTenth = new Array<number>(10).fill(0);
  for (const delay of drawn) perTenth[Math.floor(delay / 100)]! += 1;
  assertEquals(perTenth.every((count) => count > 100 && count < 300), true, `seed ${seed}: ${perTenth}`);
});

Deno.test("Backoff.nextDelay() stays finite after any number of attempts", () => {
  const backoff = new Backoff(CONFIG, new ClockCell(), constant(0.5));
  assertEquals(delays(backoff, 3000).slice(1000).every((delay) => delay === 500), true);
  assertEquals(backoff.attempt, 3000);
  const atOnce = new Backoff({ ...CONFIG, baseMs: 0 }, new ClockCell(), constant(0.5));
  assertEquals(delays(atOnce, 3000).every((delay) => delay === 0), true);
  const huge = new Backoff({ ...CONFIG, maxMs: Number.MAX_VALUE }, new ClockCell(), constant(0.5));
  assertEquals(delays(huge, 3000).every((delay) => delay < Infinity), true);
});

Deno.test("Backoff.nextDelay() returns -1 when the attempts are used up", () => {
  const backoff = new Backoff({ ...CONFIG, maxAttempts: 2 }, new ClockCell(), constant(0.5));
  assertEquals(delays(backoff, 4), [50, 100, -1, -1]);
  assertEquals(backoff.attempt, 2);
  assertEquals(new Backoff({ ...CONFIG, maxAttempts: 0 }, new ClockCell(), constant(0.5)).nextDelay(), -1);
});

Deno.test("Backoff forgets its attempts after a connection that lasted stableMs", () => {
  const clock = new ClockCell();
  const backoff = new Backoff({ ...CONFIG, maxAttempts: 2 }, clock, constant(0.5));
  delays(backoff, 3);
  clock.advance(10_000);
  backoff.handleConnected();
  clock.advance(15_000);
  assertEquals(backoff.attempt, 2);
  backoff.handleDisconnected();
  assertEquals(backoff.attempt, 0);
  assertEquals(delays(backoff, 3), [50, 100, -1]);
});

Deno.test("Backoff keeps its attempts after a connection that ended before stableMs", () => {
  const clock = new ClockCell();
  const backoff = new Backoff(CONFIG, clock, constant(0.5));
  delays(backoff, 2);
  for (let i = 1; i <= 3; i++) {
    backoff.handleConnected();
    clock.advance(clock.now + 4999);
    backoff.handleDisconnected();
  }
  assertEquals(backoff.attempt, 2);
  assertEquals(backoff.nextDelay(), 200);
});

Deno.test("Backoff.handleDisconnected() without a connection keeps the attempts", () => {
  const clock = new ClockCell();
  const backoff = new Backoff({ ...CONFIG, stableMs: 0 }, clock, constant(0.5));
  delays(backoff, 2);
  clock.advance(100_000);
  backoff.handleDisconnected();
  assertEquals(backoff.attempt, 2);
  backoff.handleConnected();
  backoff.handleDisconnected();
  assertEquals(backoff.attempt, 0);
  backoff.nextDelay();
  clock.advance(200_000);
  backoff.handleDisconnected();
  assertEquals(backoff.attempt, 1);
});

Deno.test("Backoff refuses a schedule that is none", () => {
  const wrong: Partial<BackoffConfig>[] = [
    { baseMs: -1 },
    { baseMs: NaN },
    { baseMs: 1001 },
    { maxMs: Infinity },
    { maxMs: NaN },
    { stableMs: -1 },
    { stableMs: NaN },
    { maxAttempts: -1 },
    { maxAttempts: NaN },
  ];
  for (const part of wrong) {
    assertThrows(() => new Backoff({ ...CONFIG, ...part }, new ClockCell(), constant(0)), RangeError);
  }
});
