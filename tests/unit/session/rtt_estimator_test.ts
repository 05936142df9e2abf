import { assertAlmostEquals, assertEquals } from "@std/assert";
import { probeTimeout, resetRtt, sampleRtt } from "../../../src/session/rtt_estimator.ts";
import {
  LATEST_RTT,
  MIN_RTT,
  PEER_ACK_DELAY,
  RowPool,
  RTT_VARIATION,
  SMOOTHED_RTT,
} from "../../../src/session/session_row.ts";

function rowOf(ackDelay = 25, assumed = 100): Float64Array {
  const row = new RowPool().take().numbers;
  row[PEER_ACK_DELAY] = ackDelay;
  resetRtt(row, assumed);
  return row;
}

function read(row: Float64Array): number[] {
  return [row[LATEST_RTT]!, row[MIN_RTT]!, row[SMOOTHED_RTT]!, row[RTT_VARIATION]!];
}

Deno.test("resetRtt() assumes a time until the first sample, which replaces it", () => {
  const row = rowOf();
  assertEquals([read(row), probeTimeout(row)], [[0, Infinity, 100, 50], 100 + 200 + 25]);
  sampleRtt(row, 40, 0);
  assertEquals([read(row), probeTimeout(row)], [[40, 40, 40, 20], 40 + 80 + 25]);
});

Deno.test("sampleRtt() follows RFC 9002 section 5.3", () => {
  const row = rowOf();
  sampleRtt(row, 40, 0);
  sampleRtt(row, 60, 10);
  // adjusted = 50; variation = 3/4 * 20 + 1/4 * |40 - 50|; smoothed = 7/8 * 40 + 1/8 * 50
  assertEquals(read(row), [60, 40, 41.25, 17.5]);
  sampleRtt(row, 30, 0);
  assertEquals(read(row).slice(0, 2), [30, 30]);
});

Deno.test("sampleRtt() takes no delay off that would make the sample smaller than the smallest", () => {
  const row = rowOf();
  sampleRtt(row, 40, 0);
  sampleRtt(row, 45, 10);
  assertAlmostEquals(row[SMOOTHED_RTT]!, 40 * 0.875 + 45 * 0.125);
  sampleRtt(row, 50, 10);
  assertAlmostEquals(row[SMOOTHED_RTT]!, (40 * 0.875 + 45 * 0.125) * 0.875 + 40 * 0.125);
});

Deno.test("sampleRtt() believes no delay beyond what the peer announced", () => {
  const row = rowOf(5);
  sampleRtt(row, 40, 0);
  sampleRtt(row, 100, 60_000);
  assertAlmostEquals(row[SMOOTHED_RTT]!, 40 * 0.875 + 95 * 0.125);
});

Deno.test("sampleRtt() takes the first sample without the delay, and none below 0", () => {
  const row = rowOf();
  sampleRtt(row, 40, 20);
  assertEquals(read(row), [40, 40, 40, 20]);
  sampleRtt(row, -3, 0);
  assertEquals(read(row).slice(0, 2), [0, 0]);
});

Deno.test("probeTimeout() leaves a ms for timers even where nothing varies", () => {
  const row = rowOf(0);
  sampleRtt(row, 10, 0);
  for (let i = 0; i < 200; i++) sampleRtt(row, 10, 0);
  assertAlmostEquals(probeTimeout(row), 11, 1e-6);
});
