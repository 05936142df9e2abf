/**
 * What a jitter buffer says: the one outcome of every poll, and what became of every frame that was handed in.
 *
 * Plain frozen objects and not enums: they erase to what is written here. Numbers and not exceptions, because both are
 * said once a frame.
 *
 * @module
 */

/** The one outcome of a poll. */
export const JitterOutcome = {
  /** Nothing was played yet: no frame came, or the first ones are still held back. */
  Empty: 0,
  /** `frame` is the next frame. */
  Frame: 1,
  /**
   * The frame that is due is not there and its turn is over: conceal it. `frame` has its sequence number and timestamp
   * and no payload.
   */
  Conceal: 2,
  /** Time is inserted: nothing is due at this tick, everything plays one tick later from now on. Stretch or repeat. */
  Expand: 3,
  /** Time is taken out: two frames at one tick, `merged` and then `frame`. Mix both, apply both, or use the second. */
  Accelerate: 4,
  /** The sender pauses, or nothing has come for so long that concealing it has no use. */
  Silence: 5,
} as const;

/** One of the values of {@linkcode JitterOutcome}. */
export type JitterOutcome = (typeof JitterOutcome)[keyof typeof JitterOutcome];

/** What became of a frame that was handed in. */
export const JitterAdmission = {
  /** It was copied and waits for its turn. */
  Accepted: 0,
  /** It was here before. */
  Duplicate: 1,
  /** Its turn is over. */
  Late: 2,
  /** Its payload is larger than `maxPayloadBytes`. */
  TooLarge: 3,
  /** Its numbers do not fit the stream; when the next one fits it, the sender has started anew. */
  Discontinuous: 4,
  /** There is no room, and all that waits is newer. */
  Overflowed: 5,
} as const;

/** One of the values of {@linkcode JitterAdmission}. */
export type JitterAdmission = (typeof JitterAdmission)[keyof typeof JitterAdmission];
