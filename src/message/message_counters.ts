/**
 * What one message connection counts; a row of a `CounterTable`.
 *
 * @module
 */

/** The columns of the table. */
export const MessageCounter = {
  /** One-way messages handed to the application. */
  OneWayIn: 0,
  /** Requests handed to the application. */
  RequestsIn: 1,
  /** Answers handed to those who waited for them. */
  ResponsesIn: 2,
  /** One-way messages queued for sending. */
  OneWayOut: 3,
  /** Requests queued for sending. */
  RequestsOut: 4,
  /** Answers queued for sending, those that say that a request failed included. */
  ResponsesOut: 5,
  /** Bytes of payload received, after unpacking. */
  PayloadBytesIn: 6,
  /** Bytes of payload queued, before compression. */
  PayloadBytesOut: 7,
  /** Payloads that were unpacked. */
  CompressedIn: 8,
  /** Payloads that went out compressed. */
  CompressedOut: 9,
  /** Answers to requests that had expired or were cancelled. */
  LateResponses: 10,
  /** Answers to requests that were answered already. */
  DuplicateResponses: 11,
  /** Answers to ids that are not remembered. */
  UnknownResponses: 12,
  /** Requests whose id an unanswered request of the same peer has. */
  DuplicateRequests: 13,
  /** Requests beyond those that may be unanswered. */
  CrowdedRequests: 14,
  /** Own requests that expired. */
  ExpiredOut: 15,
  /** Requests of the peer whose deadline passed before they were answered. */
  ExpiredIn: 16,
  /** Requests that were told to be not wanted any more: by the peer. */
  CancelsIn: 17,
  /** The same: by this side. */
  CancelsOut: 18,
  /** Control that found no room and was not sent. */
  ControlDropped: 19,
  /** Packets of another version. */
  BadVersion: 20,
  /** Payloads compressed in a way that this side does not know. */
  BadCompression: 21,
  /** Packets of an unknown type, or requests with id 0. */
  BadType: 22,
  /** Packets whose lengths do not add up. */
  BadLength: 23,
  /** Payloads that cannot be unpacked, or unpack to more than `maxPayloadBytes`. */
  BadPayload: 24,
  /** Payloads larger than `maxPayloadBytes` on the wire. */
  TooLarge: 25,
  /** Control lists that are none. */
  BadControl: 26,
} as const;

/** One of the values of {@linkcode MessageCounter}. */
export type MessageCounter = (typeof MessageCounter)[keyof typeof MessageCounter];

/** The names of the counters, in the order of their columns. */
export const MESSAGE_COUNTERS: readonly string[] = Object.keys(MessageCounter).map((name) =>
  name.charAt(0).toLowerCase() + name.slice(1)
);
