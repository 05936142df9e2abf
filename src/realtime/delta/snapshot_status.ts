/**
 * What became of a packet that a receiver was handed, and what both ends count.
 *
 * Invariant: every packet adds one to exactly one counter of a receiver; the number of a status is the column of its
 * counter, so that a drop cannot go uncounted.
 *
 * @module
 */

/** The results of handing a receiver a packet; only the first two changed anything. */
export const SnapshotStatus = {
  /** The newest snapshot so far: it is what the receiver shows and acknowledges now. */
  Applied: 0,
  /** It came after a newer one: kept for interpolation, the newest snapshot stays. */
  AppliedLate: 1,
  /** A snapshot with this number is here already. */
  Duplicate: 2,
  /** Older than everything that is kept. */
  Old: 3,
  /** It builds on a snapshot that is not here; nothing was applied, and a full snapshot is asked for. */
  UnknownBase: 4,
  /** It is no packet of this kind, ends early or says impossible things. */
  Malformed: 5,
  /** Its state would be larger than this receiver takes. */
  TooLarge: 6,
  /** What came out is not what the sender had; nothing was applied, and a full snapshot is asked for. */
  ChecksumMismatch: 7,
  /** It was made with another schema. */
  SchemaMismatch: 8,
  /** It builds on a snapshot of another sender or another schema; nothing was applied, and a full one is asked for. */
  EpochMismatch: 9,
} as const;

/** One of the values of {@linkcode SnapshotStatus}. */
export type SnapshotStatus = (typeof SnapshotStatus)[keyof typeof SnapshotStatus];

/** The columns of a receiver's counters: one for each status, and two that count applied packets by kind. */
export const ReceiverCounter = {
  ...SnapshotStatus,
  /** Applied packets that needed no base. */
  Full: 10,
  /** How often the receiver started over: with another sender, or because the numbers had moved on too far. */
  Restarts: 11,
} as const;

/** The columns of a sender's counters. */
export const SenderCounter = {
  /** Packets that build on an acknowledged snapshot. */
  Deltas: 0,
  /** Packets that need no base. */
  Full: 1,
  /**
   * How often the acknowledged base had to be given up because it fell out of the ring or the world's history, or
   * because not even who leaves its view fitted into the caller's memory.
   */
  ExpiredBases: 2,
  /** Acknowledgements that brought a newer base. */
  Acks: 3,
  /** Acknowledgements of the base or of an older snapshot. */
  StaleAcks: 4,
  /** Acknowledgements of a snapshot that is not in the ring, and values that are no acknowledgement at all. */
  UnknownAcks: 5,
  /** Requests for a full snapshot. */
  FullRequests: 6,
  /** Snapshots that were not written because the caller's memory was too small. */
  RefusedNoRoom: 7,
  /** Entities that had to wait for a later snapshot because the caller's memory was too small. */
  DeferredEntities: 8,
  /** Entity ids that were passed over because more were relevant than an observer may see. */
  OverLimitEntities: 9,
} as const;

/** The names of a receiver's counters, in the order of their columns. */
export const RECEIVER_COUNTERS: readonly string[] = Object.keys(ReceiverCounter).map(lowerFirst);

/** The names of a sender's counters, in the order of their columns. */
export const SENDER_COUNTERS: readonly string[] = Object.keys(SenderCounter).map(lowerFirst);

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
