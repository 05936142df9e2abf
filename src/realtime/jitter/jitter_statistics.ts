/**
 * What a jitter buffer counts and measures.
 *
 * Invariants: every frame that was handed in ends in exactly one of `played`, `late`, `duplicate`, `tooLarge`,
 * `discontinuous`, `flushed`, `skipped`, `overflowed` and `aged`, or still waits; every tick ends in exactly one of
 * `frames`, `concealed`, `expanded`, `accelerated` and `silent`.
 *
 * @module
 */

/** The columns of the counter table. */
export const JitterCounter = {
  /** Frames handed in. */
  Received: 0,
  /** Frames handed out, of which an accelerated tick has two. */
  Played: 1,
  /** Ticks with one frame. */
  Frames: 2,
  /** Ticks that concealed a frame. */
  Concealed: 3,
  /** Ticks that were inserted to make the delay longer. */
  Expanded: 4,
  /** Ticks with two frames to make the delay shorter. */
  Accelerated: 5,
  /** Ticks of silence, those before the first frame included. */
  Silent: 6,
  /** Frames that came after their turn. */
  Late: 7,
  /** Frames that had come before. */
  Duplicate: 8,
  /** Frames with a payload above `maxPayloadBytes`. */
  TooLarge: 9,
  /** Frames whose numbers did not fit the stream. */
  Discontinuous: 10,
  /** Times that the sender started anew, or its numbers jumped. */
  Restarts: 11,
  /** Frames that waited when the sender started anew, and were dropped. */
  Flushed: 12,
  /** Times that nobody polled for several ticks. */
  Stalls: 13,
  /** Frames dropped to catch up after a stall or a famine. */
  Skipped: 14,
  /** Frames dropped because of `maxFrames` or `maxBytes`. */
  Overflowed: 15,
  /** Frames dropped because of `maxAgeMs`. */
  Aged: 16,
  /** Concealed frames that had never existed: the sender had paused without saying so. */
  ConcealedPause: 17,
  /** Frames that were concealed, but could still be played or skipped when they came after a famine. */
  Revived: 18,
  /** Times that a frame was later than any delay, and the time of arrival of the fastest frames was measured anew. */
  Realigned: 19,
  /** Missing frames that were not concealed, because silence or a catch-up had taken their time. */
  Unconcealed: 20,
} as const;

/** The names of the counters, in the order of their columns. */
export const JITTER_COUNTERS: readonly string[] = Object.keys(JitterCounter).map((name) =>
  name.charAt(0).toLowerCase() + name.slice(1)
);

/** The figures of one stream at one moment. */
export interface JitterStatistics {
  /** The delay in ms above the fastest frames that the buffer steers to. */
  readonly targetDelayMs: number;
  /** The mean time in ms from the arrival of a frame to its play-out; 0 before the first. */
  readonly meanAddedDelayMs: number;
  /** The share of turns whose frame was concealed, those included that the network lost; pauses are no turns. */
  readonly concealmentShare: number;
  /**
   * What is steered to `maxConcealmentShare`: frames that came but were concealed, and ticks that were inserted or taken
   * out, as a share of turns.
   */
  readonly disturbanceShare: number;
  /** By how many parts in a million the sender's clock is slower than the receiver's; 0 for the first 32 s. */
  readonly driftPpm: number;
  /** How many frames wait. */
  readonly waitingFrames: number;
  /** How many bytes the blocks of the waiting frames take. */
  readonly waitingBytes: number;
  /** How many bytes of blocks there are in all: waiting, lent and kept for reuse. */
  readonly heldBytes: number;
  /** All counters by name. */
  readonly counters: Readonly<Record<string, number>>;
}
