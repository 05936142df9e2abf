/**
 * The knobs of the stream conditioner and the one place that checks them.
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";
import type { Scheduler } from "../time/scheduler.ts";

/** What is done to one end of a link; a knob that is left out does nothing. */
export interface StreamConditionerOptions {
  /** Where time comes from. */
  readonly scheduler: Scheduler;
  /** Where chance comes from; seed it to repeat a run. */
  readonly random: RandomSource;
  /**
   * The most bytes that one read delivers; 1 delivers byte by byte.
   *
   * @default {Infinity}
   */
  readonly maxReadBytes?: number;
  /**
   * The most bytes that one write takes.
   *
   * @default {Infinity}
   */
  readonly maxWriteBytes?: number;
  /**
   * How many milliseconds pass from the arrival of bytes to their delivery. At most 256 KiB are on their way; beyond
   * that the other end has to wait.
   *
   * @default {0}
   */
  readonly delayMs?: number;
  /**
   * The most milliseconds that are added to the delay, drawn anew for every read of the wrapped link; the order stays.
   *
   * @default {0}
   */
  readonly jitterMs?: number;
  /**
   * How many bytes arrive per second, counted before the delay.
   *
   * @default {Infinity}
   */
  readonly bytesPerSecond?: number;
  /**
   * After how many delivered bytes the link breaks; 0 breaks it at the first read. The other end sees a reset where
   * the wrapped link has a `reset` method and a close where it has none.
   *
   * @default {Infinity}
   */
  readonly cutAfterReadBytes?: number;
  /**
   * After how many taken bytes the link breaks, as above; 0 breaks it at the first write.
   *
   * @default {Infinity}
   */
  readonly cutAfterWrittenBytes?: number;
  /**
   * After how many delivered bytes reads wait until the link is closed here: the end of the stream does not come
   * through any more either.
   *
   * @default {Infinity}
   */
  readonly stallAfterReadBytes?: number;
  /**
   * After how many taken bytes writes and `closeWrite` wait until the link is closed here.
   *
   * @default {Infinity}
   */
  readonly stallAfterWrittenBytes?: number;
}

/** {@linkcode StreamConditionerOptions} with every default in place. */
export interface StreamConditionerConfig extends Required<StreamConditionerOptions> {
  /** Whether any knob needs time to pass. */
  readonly isTimed: boolean;
}

/**
 * Checks the options of a conditioner and fills in the defaults.
 *
 * @param options What the caller chose.
 * @returns The complete, frozen configuration.
 * @throws {RangeError} When a field is out of range.
 */
export function resolveStreamConditionerOptions(options: StreamConditionerOptions): StreamConditionerConfig {
  const { scheduler, random, delayMs = 0, jitterMs = 0, bytesPerSecond = Infinity } = options;
  if (!(delayMs >= 0 && delayMs < Infinity)) throw outOfRange("delayMs", delayMs, "at least 0 and finite");
  if (!(jitterMs >= 0 && jitterMs < Infinity)) throw outOfRange("jitterMs", jitterMs, "at least 0 and finite");
  if (!(bytesPerSecond > 0)) throw outOfRange("bytesPerSecond", bytesPerSecond, "above 0");
  return Object.freeze({
    scheduler,
    random,
    delayMs,
    jitterMs,
    bytesPerSecond,
    maxReadBytes: byteCount("maxReadBytes", options.maxReadBytes, 1),
    maxWriteBytes: byteCount("maxWriteBytes", options.maxWriteBytes, 1),
    cutAfterReadBytes: byteCount("cutAfterReadBytes", options.cutAfterReadBytes, 0),
    cutAfterWrittenBytes: byteCount("cutAfterWrittenBytes", options.cutAfterWrittenBytes, 0),
    stallAfterReadBytes: byteCount("stallAfterReadBytes", options.stallAfterReadBytes, 0),
    stallAfterWrittenBytes: byteCount("stallAfterWrittenBytes", options.stallAfterWrittenBytes, 0),
    isTimed: delayMs > 0 || jitterMs > 0 || bytesPerSecond !== Infinity,
  });
}

function byteCount(name: string, value: number | undefined, least: number): number {
  if (value === undefined) return Infinity;
  if (value === Infinity || (Number.isInteger(value) && value >= least)) return value;
  throw outOfRange(name, value, `a whole number of at least ${least}, or Infinity`);
}

function outOfRange(name: string, value: number, rule: string): RangeError {
  return new RangeError(`Cannot use ${name} ${value}: it must be ${rule}`);
}
