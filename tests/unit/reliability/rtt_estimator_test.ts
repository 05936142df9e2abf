import { assertAlmostEquals, assertEquals } from "@std/assert";
import { RTT_CELLS, RttEstimator } from "../../../src/reliability/rtt_estimator.ts";

function estimator(peerAckDelayMs = 25, assumedMs = 100): RttEstimator {
  const rtt = new RttEstimator(new Float64Array(RTT_CELLS + 3), 2);
  rtt.peerAckDelayMs = peerAckDelayMs;
  rtt.reset(assumedMs);
  return rtt;
}

function read(rtt: RttEstimator): number[] {
  return [rtt.latestMs, rtt.minMs, rtt.smoothedMs, rtt.variationMs];
}

Deno.test("RttEstimator assumes a time until the first sample, which replaces it", () => {
  const rtt = estimator();
  assertEquals([read(rtt), rtt.hasSample, rtt.probeTimeoutMs], [[0, Infinity, 100, 50], false, 100 + 200 + 25]);
  assertEquals(rtt.sample(40, 30), 40);
  assertEquals([read(rtt), rtt.hasSample, rtt.probeTimeoutMs], [[40, 40, 40, 20], true, 40 + 80 + 25]);
});

Deno.test("RttEstimator.sample() follows RFC 9002 section 5.3", () => {
  const rtt = estimator();
  rtt.sample(40, 0);
  assertEquals(rtt.sample(60, 10), 50);
  // variation = 3/4 * 20 + 1/4 * |40 - 50|; smoothed = 7/8 * 40 + 1/8 * 50
  assertEquals(read(rtt), [60, 40, 41.25, 17.5]);
  rtt.sample(30, 0);
  assertEquals([rtt.latestMs, rtt.minMs], [30, 30]);
});

Deno.test("RttEstimator.sample() takes off no more than the peer promised, and nothing below the smallest sample", () => {
  const rtt = estimator(5);
  rtt.sample(40, 0);
  assertEquals([rtt.sample(60, 20), rtt.sample(44, 5), rtt.sample(45, 5)], [55, 44, 40]);
});

Deno.test("RttEstimator counts a negative sample as 0 and never times out below the granularity", () => {
  const rtt = estimator(0);
  rtt.sample(-3, 0);
  assertEquals([read(rtt), rtt.probeTimeoutMs], [[0, 0, 0, 0], 1]);
});

Deno.test("RttEstimator.reset() forgets the samples and keeps the peer's promise", () => {
  const rtt = estimator(17);
  rtt.sample(40, 0);
  rtt.reset(80);
  assertEquals([read(rtt), rtt.peerAckDelayMs], [[0, Infinity, 80, 40], 17]);
});

Deno.test("RttEstimator.attach() goes on with what other cells hold", () => {
  const rtt = estimator();
  const cells = new Float64Array(10);
  const other = new RttEstimator(cells, 4);
  other.reset(10);
  other.sample(7, 0);
  rtt.attach(cells, 4);
  assertAlmostEquals(rtt.smoothedMs, 7);
  assertEquals(cells.subarray(0, 4), new Float64Array(4), "nothing outside of the cells is touched");
});
