/**
 * What a link counts: traffic, and every drop and refusal under a name of its own.
 *
 * @module
 */

/** The places of the counters. */
export const LinkCounter = {
  /** Messages handed to the stream whole. */
  MessagesOut: 0,
  /** Messages delivered. */
  MessagesIn: 1,
  /** Bytes handed to the stream. */
  BytesOut: 2,
  /** Bytes received. */
  BytesIn: 3,
  /** Batches sealed. */
  BatchesOut: 4,
  /** Batches opened. */
  BatchesIn: 5,
  /** Batches that went out compressed. */
  BatchesCompressed: 6,
  /** Bytes that compression saved. */
  BytesSaved: 7,
  /** Messages refused because the queue was full, to be offered again. */
  RefusedBackPressured: 8,
  /** Messages refused because they are too long. */
  RefusedTooLarge: 9,
  /** New messages dropped because the queue was full. */
  DroppedNewest: 10,
  /** Old messages dropped to make room for newer ones. */
  DroppedOldest: 11,
  /** Messages that were queued when the queue was cleared for good. */
  Unsent: 12,
  /** Messages that a lost link had taken, wholly or in part, and the stream had not. */
  LostWithLink: 13,
  /** Links that became ready. */
  LinksReady: 14,
  /** Handshakes that no key opened. */
  HandshakesRefused: 15,
  /** Handshakes that were well sealed and meant for another node, or said nonsense. */
  HandshakesBad: 16,
  /** Records that did not open: changed, replayed or out of order. */
  RecordsNotAuthentic: 17,
  /** Records that opened and break the protocol. */
  RecordsBad: 18,
  /** Heartbeats sent. */
  Heartbeats: 19,
  /** Times that this end went on to a new sending key. */
  Rekeys: 20,
} as const;

/** The names of the counters, in their places. */
export const LINK_COUNTER_NAMES: readonly string[] = Object.freeze(
  Object.keys(LinkCounter).map((name) => name[0]!.toLowerCase() + name.slice(1)),
);
