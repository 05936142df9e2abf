/**
 * Where the play-out of one stream stands: whose turn it is, and in which state.
 *
 * Fields are public because frames coming in and ticks going out both move it; nothing outside this folder sees it.
 * Invariant: no frame before `next` waits in the store.
 *
 * @module
 */
import type { CounterTable } from "../../metric/counter_table.ts";
import type { Clock } from "../../time/clock.ts";
import type { FrameStore } from "./frame_store.ts";
import type { JitterConfig } from "./jitter_options.ts";
import { JitterCounter } from "./jitter_statistics.ts";

/** How the play-out goes on. */
export const PlayoutState = {
  /** No frame of this stream was played yet. */
  Fresh: 0,
  /** Every tick is the turn of one position. */
  Talk: 1,
  /** The sender pauses. */
  Silent: 2,
  /** Nothing came for so long that concealing has ended. */
  Starved: 3,
  /** The application did not poll for a while, or waiting frames were dropped. */
  Stalled: 4,
} as const;

/** One of the values of {@linkcode PlayoutState}. */
export type PlayoutState = (typeof PlayoutState)[keyof typeof PlayoutState];

/** The state that intake and play-out share. */
export class PlayoutPosition {
  /** Whether anything was ever played. */
  isBegun = false;
  /** How the play-out goes on. */
  state: PlayoutState = PlayoutState.Fresh;
  /** The position whose turn is next. */
  next = 0;
  /** The media time of that position in ms if no pause comes before it. */
  dueMs = 0;
  /** How many positions just before `next` were concealed without a frame behind them: they may be of a pause. */
  guessed = 0;
  /** Whether lateness cannot be told, because this process itself stood still. */
  isMistrusted = false;
  /** The time of the last poll; `NaN` before the first. */
  pollMs: number = NaN;
  /** The time of the last poll or frame; `NaN` before the first. */
  activityMs: number = NaN;
  readonly #store: FrameStore;
  readonly #counters: CounterTable;
  readonly #clock: Clock;
  readonly #frameMs: number;
  readonly #maxAgeMs: number;

  /**
   * Stands before the first frame.
   *
   * @param store Where frames wait.
   * @param counters Where dropped frames are counted.
   * @param config How long a frame plays and how long it may wait.
   * @param clock The time.
   */
  constructor(store: FrameStore, counters: CounterTable, config: JitterConfig, clock: Clock) {
    this.#clock = clock;
    this.#frameMs = config.frameMs;
    this.#maxAgeMs = config.maxAgeMs;
    this.#store = store;
    this.#counters = counters;
  }

  /**
   * Stands before the first frame of another stream.
   *
   * @param position Its position.
   */
  restart(position: number): void {
    this.state = PlayoutState.Fresh;
    this.next = position;
    this.guessed = 0;
  }

  /**
   * Goes to a position, past missing frames that get no tick of their own.
   *
   * @param position At or behind `next`.
   */
  goTo(position: number): void {
    const missing = (position - this.next) | 0;
    if (missing > 0) this.#counters.add(0, JitterCounter.Unconcealed, missing);
    this.#turnTo(position);
  }

  /**
   * Goes back to a position that was passed.
   *
   * @param position Before `next`.
   */
  goBackTo(position: number): void {
    this.guessed -= (this.next - position) | 0;
    this.#turnTo(position);
  }

  /** Goes to the position behind. */
  pass(): void {
    this.#turnTo((this.next + 1) | 0);
  }

  /**
   * Drops the first frame that waits and goes behind it.
   *
   * @param counter Where to count it.
   */
  dropFirst(counter: number): void {
    const first = this.#store.first(this.next);
    this.#store.drop(first);
    this.goTo(first);
    this.#turnTo((first + 1) | 0);
    this.guessed = 0;
    this.#counters.add(0, counter, 1);
  }

  /** Drops the first frames while they have waited for too long. */
  dropAged(): void {
    const store = this.#store;
    while (store.count > 0 && this.#clock.now - store.arrivalMs(store.first(this.next)) > this.#maxAgeMs) {
      this.dropFirst(JitterCounter.Aged);
      if (this.state === PlayoutState.Talk) this.state = PlayoutState.Stalled;
    }
  }

  #turnTo(position: number): void {
    this.dueMs += ((position - this.next) | 0) * this.#frameMs;
    this.next = position;
  }
}
