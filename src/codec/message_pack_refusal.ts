/**
 * Why a MessagePack message is refused, as numbers that index counters.
 *
 * @module
 */

/** What was wrong with a message; 0: nothing. */
export const MessagePackRefusal = {
  /** Nothing: the message is good. */
  None: 0,
  /** It has more bytes than allowed. */
  TooLarge: 1,
  /** It ends inside of a value. */
  Truncated: 2,
  /** Something follows the value. */
  TrailingBytes: 3,
  /** Arrays and maps lie in each other deeper than allowed. */
  TooDeep: 4,
  /** An array or map announces more than allowed, or more than the bytes that are left can hold. */
  TooManyItems: 5,
  /** There are more values in all than allowed. */
  TooManyValues: 6,
  /** A text is longer than allowed. */
  TextTooLong: 7,
  /** A text is not UTF-8. */
  BadText: 8,
  /** A binary is longer than allowed. */
  BinaryTooLong: 9,
  /** A map's key is no text. */
  BadKey: 10,
  /** A map's key is `__proto__`, `constructor` or `prototype`. */
  ForbiddenKey: 11,
  /** An extension other than the timestamp. */
  UnknownExtension: 12,
  /** A timestamp of another length, or one that no `Date` can hold. */
  BadTimestamp: 13,
  /** An integer that no number can hold exactly, where integers become numbers. */
  UnsafeInteger: 14,
  /** The byte 0xc1, which means nothing. */
  ReservedByte: 15,
} as const;

/** One of the values of {@linkcode MessagePackRefusal}. */
export type MessagePackRefusal = (typeof MessagePackRefusal)[keyof typeof MessagePackRefusal];

/** The counter of each refusal, in the order of their numbers from 1. */
export const MESSAGE_PACK_COUNTER_NAMES: readonly string[] = Object.freeze(
  Object.keys(MessagePackRefusal).slice(1).map((name) => `messagePack${name}`),
);
