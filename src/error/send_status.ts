/**
 * What became of a message that was offered without waiting: an expected refusal is a value, not an exception.
 *
 * @module
 */

/** The results of `trySend()`. */
export const SendStatus = {
  /** The message is in the send queue and will go out in order. */
  Queued: 0,
  /** The queue is full and its policy is to wait: offer the message again after the drain event. */
  BackPressured: 1,
  /** There is no link at the moment and nothing is kept for a later one. */
  NotConnected: 2,
  /** The connection is closed or closing for good. */
  Closed: 3,
  /** The message is larger than `maxFrameBytes`, or `maxMessageBytes` of encrypted UDP. */
  TooLarge: 4,
  /** The queue was full and its policy dropped this message; it is counted. */
  Dropped: 5,
} as const;

/** One of the values of {@linkcode SendStatus}. */
export type SendStatus = (typeof SendStatus)[keyof typeof SendStatus];
