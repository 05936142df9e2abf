/**
 * Round-trip times (RFC 9002 section 5.3) and the probe timeout that follows from them (section 6.2.1), on the row of a
 * session.
 *
 * Invariant: the first sample replaces what was assumed, and an acknowledgement delay never makes a sample smaller than
 * the smallest one.
 *
 * @module
 */
import { LATEST_RTT, MIN_RTT, PEER_ACK_DELAY, RTT_VARIATION, SMOOTHED_RTT } from "./session_row.ts";

/** The finest time that timers are trusted with, in ms. */
const GRANULARITY_MS = 1;

/**
 * Takes a sample.
 *
 * @param row The session's numbers.
 * @param latestMs From sending the packet to its acknowledgement; below 0 counts as 0.
 * @param ackDelayMs For how long the peer says that it held the acknowledgement back.
 */
export function sampleRtt(row: Float64Array, latestMs: number, ackDelayMs: number): void {
  const latest = Math.max(latestMs, 0);
  row[LATEST_RTT] = latest;
  if (row[MIN_RTT] === Infinity) {
    row[MIN_RTT] = latest;
    row[SMOOTHED_RTT] = latest;
    row[RTT_VARIATION] = latest / 2;
    return;
  }
  const least = Math.min(row[MIN_RTT]!, latest);
  row[MIN_RTT] = least;
  const delay = Math.min(ackDelayMs, row[PEER_ACK_DELAY]!);
  const adjusted = latest >= least + delay ? latest - delay : latest;
  const smoothed = row[SMOOTHED_RTT]!;
  row[RTT_VARIATION] = 0.75 * row[RTT_VARIATION]! + 0.25 * Math.abs(smoothed - adjusted);
  row[SMOOTHED_RTT] = 0.875 * smoothed + 0.125 * adjusted;
}

/**
 * Forgets all samples: the path is another one.
 *
 * @param row The session's numbers.
 * @param assumedMs The round-trip time to assume until the first sample.
 */
export function resetRtt(row: Float64Array, assumedMs: number): void {
  row[LATEST_RTT] = 0;
  row[MIN_RTT] = Infinity;
  row[SMOOTHED_RTT] = assumedMs;
  row[RTT_VARIATION] = assumedMs / 2;
}

/**
 * After how long without an acknowledgement a packet is taken to be lost.
 *
 * @param row The session's numbers.
 * @returns Milliseconds.
 */
export function probeTimeout(row: Float64Array): number {
  return row[SMOOTHED_RTT]! + Math.max(4 * row[RTT_VARIATION]!, GRANULARITY_MS) + row[PEER_ACK_DELAY]!;
}
