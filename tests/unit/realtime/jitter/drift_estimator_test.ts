import { assertAlmostEquals, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { DriftEstimator } from "../../../../src/realtime/jitter/drift_estimator.ts";
import { exponential } from "./lateness_trace.ts";

/** Feeds frames every 20 ms and returns the estimate. */
function estimate(seconds: number, transit: (nowMs: number) => number, estimator = new DriftEstimator()): number {
  for (let now = 0; now < seconds * 1000; now += 20) estimator.observe(now, transit(now));
  return estimator.drift;
}

/** Of all lines through two points that are below all points, the slope of the one closest to them. */
function referenceSlope(points: readonly (readonly [number, number])[]): number {
  let best = { sum: Infinity, slope: 0 };
  for (const [x0, y0] of points) {
    for (const [x1, y1] of points) {
      if (x1 <= x0) continue;
      const slope = (y1 - y0) / (x1 - x0);
      const gaps = points.map(([x, y]) => y - y0 - slope * (x - x0));
      const sum = gaps.reduce((all, gap) => all + gap, 0);
      if (Math.min(...gaps) > -1e-9 && sum < best.sum) best = { sum, slope };
    }
  }
  return best.slope;
}

Deno.test("DriftEstimator says nothing before eight windows of 4 s", () => {
  const transit = (now: number) => 5 + now * 1e-4;
  assertEquals(estimate(32, transit), 0);
  assertAlmostEquals(estimate(32.1, transit), 1e-4, 1e-9);
});

Deno.test("DriftEstimator finds the slope under jitter that only adds", () => {
  for (const drift of [200e-6, -200e-6, 20e-6]) {
    for (let seed = 1; seed <= 5; seed++) {
      const random = new SeededRandom(seed);
      const found = estimate(240, (now) => now * drift + exponential(random, 5));
      assertAlmostEquals(found, drift, 5e-6, `seed ${seed}`);
    }
  }
});

Deno.test("DriftEstimator ignores a queue that fills and drains", () => {
  const found = estimate(240, (now) => now * 1e-4 + (Math.floor(now / 20_000) % 2 === 1 ? (now % 20_000) / 100 : 0));
  assertAlmostEquals(found, 1e-4, 1e-9);
});

Deno.test("DriftEstimator takes no step of the route for drift", () => {
  for (let step = 0; step < 240_000; step += 10_000) {
    const at = (now: number) => now * 5e-5 + (now >= step ? 40 : 0);
    assertAlmostEquals(estimate(240, at), 5e-5, 1e-9, `longer at ${step} ms`);
    assertAlmostEquals(estimate(240, (now) => -at(now)), -5e-5, 1e-9, `shorter at ${step} ms`);
  }
});

Deno.test("DriftEstimator tells no drift when its halves contradict each other", () => {
  assertEquals(estimate(240, (now) => Math.abs(now - 120_000) * 1e-4), 0);
});

Deno.test("DriftEstimator takes a slope that no clock has for none", () => {
  assertEquals(estimate(60, (now) => now * 0.0051), 0);
  assertAlmostEquals(estimate(60, (now) => now * -0.0049), -0.0049, 1e-9);
});

Deno.test("DriftEstimator forgets what is older than 64 windows", () => {
  const estimator = new DriftEstimator();
  estimate(300, (now) => now * 1e-4, estimator);
  for (let now = 300_000; now < 600_000; now += 20) estimator.observe(now, 30 - now * 1e-4);
  assertAlmostEquals(estimator.drift, -1e-4, 1e-9);
});

Deno.test("DriftEstimator keeps its drift over a restart until it knows better", () => {
  const estimator = new DriftEstimator();
  estimate(60, (now) => now * 1e-4, estimator);
  estimator.restart();
  for (let now = 60_000; now < 92_000; now += 20) estimator.observe(now, 1e6);
  assertAlmostEquals(estimator.drift, 1e-4, 1e-9);
  for (let now = 92_000; now < 100_000; now += 20) estimator.observe(now, 1e6);
  assertEquals(estimator.drift, 0);
});

Deno.test("DriftEstimator says when a window closed", () => {
  const estimator = new DriftEstimator();
  const closed = [0, 3999, 4000, 4001, 7999, 8000, 20_000].filter((now) => estimator.observe(now, 0));
  assertEquals(closed, [4000, 8000, 20_000]);
});

Deno.test("DriftEstimator equals its reference", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const windows = 8 + random.nextInt(90);
    const estimator = new DriftEstimator();
    const points: [number, number][] = [];
    for (let window = 0; window < windows; window++) {
      const at = window * 4000 + random.nextInt(4000);
      const transit = random.nextInt(50);
      estimator.observe(window * 4000, transit + 100);
      estimator.observe(at, transit);
      points.push([at, transit]);
    }
    estimator.observe(windows * 4000, 0);
    const last = points.slice(-64);
    const half = last.length >> 1;
    const slopes = [referenceSlope(last.slice(0, half)), referenceSlope(last.slice(-half))];
    slopes.sort((a, b) => Math.abs(a) - Math.abs(b));
    const expected = slopes[0]! * slopes[1]! > 0 && Math.abs(slopes[0]!) <= 0.005 ? slopes[0]! : 0;
    assertAlmostEquals(estimator.drift, expected, 1e-9, `seed ${seed}`);
  }
});
