/**
 * What one framed stream counts; a row of a `CounterTable`, added to once a read or write.
 *
 * @module
 */

/** The columns of the table. */
export const StreamCounter = {
  /** Messages handed to the application. */
  MessagesIn: 0,
  /** Bytes read from the link. */
  BytesIn: 1,
  /** Reads that brought bytes. */
  Reads: 2,
  /** Messages written to the link whole. */
  MessagesOut: 3,
  /** Bytes written to the link. */
  BytesOut: 4,
  /** Writes to the link. */
  Writes: 5,
  /** Messages dropped by the policy `dropNewest`, and by bursts with a full queue. */
  DroppedNewest: 6,
  /** Messages dropped by the policy `dropOldest`. */
  DroppedOldest: 7,
  /** Messages replaced by a newer one with the same key. */
  Conflated: 8,
  /** Messages refused because they were larger than `maxFrameBytes`. */
  RefusedTooLarge: 9,
  /** Offers refused because the queue was full. */
  RefusedBackPressured: 10,
  /** Messages that a batch handler did not read. */
  Unread: 11,
  /** Bytes that were received and not handed on: behind a fault, or after this side had closed. */
  DiscardedBytes: 12,
  /** Messages that were queued and never written whole. */
  Unsent: 13,
} as const;

/** The names of the counters, in the order of their columns. */
export const STREAM_COUNTERS: readonly string[] = Object.keys(StreamCounter).map((name) =>
  name.charAt(0).toLowerCase() + name.slice(1)
);
