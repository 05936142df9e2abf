/**
 * What the channels of a connection count; a row of a `CounterTable`.
 *
 * @module
 */

/** The columns. */
export const ChannelCounter = {
  /** Messages taken from the application. */
  MessagesOut: 0,
  /** Messages handed to the application. */
  MessagesIn: 1,
  /** Messages that were refused because the queue of their channel is full. */
  RefusedBackPressured: 2,
  /** Messages that were refused because they are too large. */
  RefusedTooLarge: 3,
  /** Messages that the application took back. */
  Cancelled: 4,
  /** Messages that outlived their time before they were delivered. */
  Expired: 5,
  /** Sequenced messages that a newer one took the place of before they were sent. */
  ReplacedOut: 6,
  /** Unreliable messages of one frame that were lost. */
  LostUnreliable: 7,
  /** Frames that were sent again because a packet was lost. */
  FramesResent: 8,
  /** The payload of these. */
  BytesResent: 9,
  /** Frames whose packet was acknowledged after it had been given up. */
  SpuriousFrames: 10,
  /** Repetitions in redundancy mode. */
  FramesRepeated: 11,
  /** The payload of these. */
  BytesRepeated: 12,
  /** Bytes of frames that parity protects. */
  ProtectedBytesOut: 13,
  /** Parities sent. */
  ParitiesOut: 14,
  /** Bytes of these. */
  ParityBytesOut: 15,
  /** Parities that were never sent. */
  ParitiesDropped: 16,
  /** Frames that the peer has recovered by parity. */
  RecoveredByPeer: 17,
  /** Frames that were recovered here. */
  Recovered: 18,
  /** Frames and parities that came too late for their group. */
  LateForGroup: 19,
  /** Groups that parity could not complete. */
  GroupsUnrecoverable: 20,
  /** Messages and fragments that were there before. */
  Duplicates: 21,
  /** Unreliable messages and fragments older than the window, sequenced ones older than what was delivered. */
  Stale: 22,
  /** Incomplete unreliable messages that made room for newer ones. */
  ReassemblyEvicted: 23,
  /** Incomplete unreliable messages whose time was over. */
  ReassemblyExpired: 24,
  /** Incomplete and unread sequenced messages that a newer one took the place of. */
  ReplacedIn: 25,
  /** Unreliable messages dropped because the application did not read. */
  UnreadDropped: 26,
  /** Messages that the peer gave up. */
  SkippedIn: 27,
  /** How often the peer's credit held messages back. */
  CreditBlocked: 28,
  /** Packets whose frames broke a rule. */
  Violations: 29,
} as const;

/** One of the values of {@linkcode ChannelCounter}. */
export type ChannelCounter = (typeof ChannelCounter)[keyof typeof ChannelCounter];

/** The names of the columns. */
export const CHANNEL_COUNTERS: readonly string[] = Object.keys(ChannelCounter).map((name) =>
  name[0]!.toLowerCase() + name.slice(1)
);
