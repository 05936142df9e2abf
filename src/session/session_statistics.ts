/**
 * What a session tells about itself.
 *
 * @module
 */
import type { Session } from "./session.ts";
import { LATEST_RTT, MIN_RTT, RTT_VARIATION, SMOOTHED_RTT } from "./session_row.ts";

/** Numbers of one session; after its end, the last ones. */
export interface SessionStatistics {
  /** The latest sample of the round-trip time in ms; 0 before the first. */
  readonly latestRttMs: number;
  /** The smoothed round-trip time in ms; what is assumed before the first sample. */
  readonly smoothedRttMs: number;
  /** Its mean deviation in ms. */
  readonly rttVariationMs: number;
  /** The smallest sample in ms; 0 before the first. */
  readonly minRttMs: number;
  /** How many bytes wait to be sent, headers included. */
  readonly queuedBytes: number;
  /** How many messages wait to be sent. */
  readonly queuedMessages: number;
  /** The counters by name; see `SessionCounter`. */
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * Reads the numbers of a session.
 *
 * @param s A session that was not released.
 * @returns A new object.
 */
export function statisticsOf(s: Session): SessionStatistics {
  const { row, queue } = s;
  s.flushCounts();
  return {
    latestRttMs: row[LATEST_RTT]!,
    smoothedRttMs: row[SMOOTHED_RTT]!,
    rttVariationMs: row[RTT_VARIATION]!,
    minRttMs: row[MIN_RTT] === Infinity ? 0 : row[MIN_RTT]!,
    queuedBytes: queue?.bytes ?? 0,
    queuedMessages: queue?.count ?? 0,
    counters: s.context.counters.snapshot(s.slot),
  };
}
