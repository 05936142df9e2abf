/**
 * What a jitter buffer is made of, for those of its parts that work on the others.
 *
 * @module
 */
import type { CounterTable } from "../../metric/counter_table.ts";
import type { Clock } from "../../time/clock.ts";
import type { DelayChooser } from "./delay_chooser.ts";
import type { FrameStore } from "./frame_store.ts";
import type { JitterConfig } from "./jitter_options.ts";
import type { LatenessMeter } from "./lateness_meter.ts";
import type { PlayoutPosition } from "./playout_position.ts";

/** After how many frames without a poll the application has stalled; without a poll or a frame, the process. */
export const STALL_FRAMES = 4;

/** The parts of one buffer. */
export interface JitterParts {
  /** The time; read where it is needed, because a fraction is boxed at every call that is not inlined. */
  readonly clock: Clock;
  /** The checked options. */
  readonly config: JitterConfig;
  /** Where frames wait. */
  readonly store: FrameStore;
  /** Measures how late they came. */
  readonly meter: LatenessMeter;
  /** Decides on the delay. */
  readonly chooser: DelayChooser;
  /** Whose turn it is. */
  readonly position: PlayoutPosition;
  /** One row, with the columns of `JitterCounter`. */
  readonly counters: CounterTable;
}
