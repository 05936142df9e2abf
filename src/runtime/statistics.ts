/**
 * What connections and endpoints report about themselves, made from counters when somebody asks.
 *
 * @module
 */
import type { HistogramSnapshot } from "../metric/histogram.ts";

/** The counters of one framed connection. */
export interface StreamStatistics {
  /** Messages handed to the application. */
  readonly messagesIn: number;
  /** Bytes read from the link, headers included. */
  readonly bytesIn: number;
  /** Reads that brought bytes. */
  readonly reads: number;
  /** Messages written to the link whole. */
  readonly messagesOut: number;
  /** Bytes written to the link, headers included. */
  readonly bytesOut: number;
  /** Writes to the link. */
  readonly writes: number;
  /** Messages dropped by the policy `dropNewest`, by `dropOldest` where nothing older could go, and by full bursts. */
  readonly droppedNewest: number;
  /** Messages dropped by the policy `dropOldest`. */
  readonly droppedOldest: number;
  /** Messages replaced by a newer one with the same key. */
  readonly conflated: number;
  /** Messages refused because they were larger than `maxFrameBytes`. */
  readonly refusedTooLarge: number;
  /** Offers refused because the queue was full. */
  readonly refusedBackPressured: number;
  /** Messages that a batch handler did not read. */
  readonly unread: number;
  /** Bytes that arrived after this side had begun to close. */
  readonly discardedBytes: number;
  /** Messages that were queued and never written whole. */
  readonly unsent: number;
}

/** What one connection reports. */
export interface ConnectionStatistics extends StreamStatistics {
  /** How many bytes are queued for sending now, headers included. */
  readonly queuedBytes: number;
  /** How many bytes of payload wait for room in the queue now, copies alone. */
  readonly waitingBytes: number;
}

/** What a particle, a flux or a burst reports, over all its links. */
export interface ParticleStatistics extends ConnectionStatistics {
  /** How often a link was established. */
  readonly connects: number;
  /** The age of received messages in microseconds; only with `timestamps`. */
  readonly latency?: HistogramSnapshot;
}

/** What a reactor reports that is no sum of additions. */
export type ReactorGauges = Pick<
  ReactorStatistics,
  "queuedBytes" | "waitingBytes" | "acceptErrors" | "failedHandshakes"
>;

/** What a reactor reports, over all its connections, past ones included. */
export interface ReactorStatistics extends ConnectionStatistics {
  /** How many connections are open. */
  readonly connections: number;
  /** How many were accepted since the start. */
  readonly accepted: number;
  /** How many were turned away because of `maxConnectionCount`. */
  readonly refusedByCount: number;
  /** How many were turned away because of `maxConnectionsPerAddressCount`. */
  readonly refusedByAddress: number;
  /** How often accepting failed, for example with too many open files. */
  readonly acceptErrors: number;
  /** How many were accepted and gone before they were open: refused peer ids, silence, clients that broke off. */
  readonly failedHandshakes: number;
  /** The age of received messages in microseconds; only with `timestamps`. */
  readonly latency?: HistogramSnapshot;
}
