/**
 * Round-trip times on the row of a session, for all of it that has no traffic record: the numbers are those of
 * `reliability/rtt_estimator.ts`, and so is what is done with them.
 *
 * Invariant: the row keeps the cells of an estimator next to each other, in its order.
 *
 * @module
 */
import * as cells from "../reliability/rtt_estimator.ts";
import { SMOOTHED_RTT } from "./session_row.ts";

/**
 * Takes a sample.
 *
 * @param row The session's numbers.
 * @param latestMs From sending the packet to its acknowledgement; below 0 counts as 0.
 * @param ackDelayMs For how long the peer says that it held the acknowledgement back.
 */
export function sampleRtt(row: Float64Array, latestMs: number, ackDelayMs: number): void {
  cells.sampleRtt(row, SMOOTHED_RTT, latestMs, ackDelayMs);
}

/**
 * Forgets all samples: the path is another one.
 *
 * @param row The session's numbers.
 * @param assumedMs The round-trip time to assume until the first sample.
 */
export function resetRtt(row: Float64Array, assumedMs: number): void {
  cells.resetRtt(row, SMOOTHED_RTT, assumedMs);
}

/**
 * After how long without an acknowledgement a packet is taken to be lost.
 *
 * @param row The session's numbers.
 * @returns Milliseconds.
 */
export function probeTimeout(row: Float64Array): number {
  return cells.probeTimeoutMs(row, SMOOTHED_RTT);
}
