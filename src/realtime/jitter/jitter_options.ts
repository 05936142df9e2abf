/**
 * The options of one jitter buffer: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { duration, integer, onlyKnown } from "../../error/option_check.ts";

/** The options of a jitter buffer. */
export interface JitterOptions {
  /**
   * How long a frame plays, in ms, which is also how often the application polls. From 0.5 to 10,000; a fraction is
   * legal. @default 20
   */
  readonly frameMs?: number;
  /**
   * How many units of the media timestamp make a second, from 1 to 10^9: 48000 for Opus, 8000 for telephony, 90000 for
   * video, 1000 for ms. @default 48000
   */
  readonly clockRateHz?: number;
  /** How wide sequence numbers are on the wire, 16 or 32 bits. @default 16 */
  readonly sequenceBits?: 16 | 32;
  /**
   * The least time in ms from the arrival of the fastest frames to their play-out. 0 plays as early as the network
   * allows. At most `maxDelayMs`. @default 0
   */
  readonly minDelayMs?: number;
  /**
   * The most delay in ms that the buffer chooses, from `frameMs` to 60,000. Frames that are later than this are
   * concealed; when nothing comes in time for a whole `maxConcealedRun`, the path has changed and is measured anew.
   * Frames wait longer in one case: when frames come faster than any before, on a path that became shorter or after a
   * famine. Then every tick whose next frame is there plays two until the delay is back at the maximum, whatever
   * `shrinkHorizonMs` and the budget say. @default 500
   */
  readonly maxDelayMs?: number;
  /**
   * The delay in ms to begin with, from `minDelayMs` to `maxDelayMs`. It counts like one frame of that lateness seen
   * before the first one: its weight is gone after a second or two. @default two frames, within those bounds
   */
  readonly initialDelayMs?: number;
  /**
   * The share of frames, 0.0001 to 0.5, for which delay is traded: frames that come too late and ticks that are
   * inserted or taken out to change the delay, taken together. The buffer steers to 85 % of it. Less costs
   * delay; what the network loses does not count. @default 0.01
   */
  readonly maxConcealmentShare?: number;
  /**
   * How long lateness is remembered, in ms: the weight of a frame falls to 1/e in this time. From 100 to 600,000. Less
   * follows the network faster, more resists to being surprised. @default 4000
   */
  readonly memoryMs?: number;
  /**
   * How long a lower delay must be expected to last to be worth the frame that is taken out for it, in ms, up to
   * 600,000. 0 takes out a frame only above `maxDelayMs`: below it the delay then shrinks in silences alone.
   * @default 6000
   */
  readonly shrinkHorizonMs?: number;
  /**
   * How many ticks in a row are concealed or inserted with nothing at all in the buffer before it says silence, 1 to
   * `maxFrames`. @default 10
   */
  readonly maxConcealedRun?: number;
  /**
   * How many frames may wait, from 2 to 16384; rounded up to a power of two. They must span twice `maxDelayMs`. The
   * oldest goes when one more comes. @default 256, or what `maxDelayMs` needs
   */
  readonly maxFrames?: number;
  /** The largest payload in bytes, 1 to 16 MiB; a larger one is dropped. @default 1500 */
  readonly maxPayloadBytes?: number;
  /**
   * How many bytes of memory the waiting payloads may take, counted in blocks, which are at most four times as large as
   * what is in them (and at least 64 bytes). At least `maxPayloadBytes`. The oldest goes when one more does not fit.
   * As much again may be kept for reuse. @default 262144, or eight of the largest payloads
   */
  readonly maxBytes?: number;
  /**
   * How long a frame may wait in ms: older ones are dropped, which happens when nobody polls. At least twice
   * `maxDelayMs`. @default 2000, or twice `maxDelayMs`
   */
  readonly maxAgeMs?: number;
  /**
   * How far a timestamp may jump, in ms, against sequence numbers and time of arrival before the frame counts as not of
   * this stream. From 100 to 600,000. @default 2000
   */
  readonly maxJumpMs?: number;
}

/** {@linkcode JitterOptions}, complete and checked. */
export type JitterConfig = Readonly<Required<JitterOptions>>;

const NAMES: ReadonlySet<string> = new Set<keyof JitterOptions>([
  "frameMs",
  "clockRateHz",
  "sequenceBits",
  "minDelayMs",
  "maxDelayMs",
  "initialDelayMs",
  "maxConcealmentShare",
  "memoryMs",
  "shrinkHorizonMs",
  "maxConcealedRun",
  "maxFrames",
  "maxPayloadBytes",
  "maxBytes",
  "maxAgeMs",
  "maxJumpMs",
]);

const MAX_FRAMES = 16384;

/**
 * Completes and checks the options of a jitter buffer.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration; `maxFrames` is a power of two.
 * @throws {TypeError} When an option has the wrong type, or there is no option of that name.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveJitterOptions(options: JitterOptions = {}): JitterConfig {
  onlyKnown("A jitter buffer", options, NAMES);
  const o = options;
  const frameMs = within("frameMs", o.frameMs, 20, 0.5, 10_000);
  const maxDelayMs = within("maxDelayMs", o.maxDelayMs, Math.max(500, frameMs), frameMs, 60_000);
  const minDelayMs = within("minDelayMs", o.minDelayMs, 0, 0, maxDelayMs);
  const initialMs = Math.min(maxDelayMs, Math.max(minDelayMs, 2 * frameMs));
  const spanFrames = Math.max(2, Math.ceil(2 * maxDelayMs / frameMs));
  if (spanFrames > MAX_FRAMES) {
    throw new RangeError(`The option maxDelayMs must be at most ${MAX_FRAMES / 2} frames: got ${maxDelayMs}`);
  }
  const frames = integer("maxFrames", o.maxFrames, Math.max(256, spanFrames), spanFrames, MAX_FRAMES);
  const payloadBytes = integer("maxPayloadBytes", o.maxPayloadBytes, 1500, 1, 16 << 20);
  const bytes = Math.max(256 << 10, 8 * payloadBytes);
  const ageMs = 2 * maxDelayMs;
  return Object.freeze({
    frameMs,
    clockRateHz: integer("clockRateHz", o.clockRateHz, 48_000, 1, 1e9),
    sequenceBits: width(o.sequenceBits),
    minDelayMs,
    maxDelayMs,
    initialDelayMs: within("initialDelayMs", o.initialDelayMs, initialMs, minDelayMs, maxDelayMs),
    maxConcealmentShare: within("maxConcealmentShare", o.maxConcealmentShare, 0.01, 0.0001, 0.5),
    memoryMs: within("memoryMs", o.memoryMs, 4000, 100, 600_000),
    shrinkHorizonMs: within("shrinkHorizonMs", o.shrinkHorizonMs, 6000, 0, 600_000),
    maxConcealedRun: integer("maxConcealedRun", o.maxConcealedRun, Math.min(10, frames), 1, frames),
    maxFrames: 2 ** Math.ceil(Math.log2(frames)),
    maxPayloadBytes: payloadBytes,
    maxBytes: integer("maxBytes", o.maxBytes, bytes, Math.max(64, payloadBytes), 2 ** 32),
    maxAgeMs: within("maxAgeMs", o.maxAgeMs, Math.max(2000, ageMs), ageMs, 3_600_000),
    maxJumpMs: within("maxJumpMs", o.maxJumpMs, 2000, 100, 600_000),
  });
}

/** A number with both bounds; `duration` refuses what is no finite number of at least 0. */
function within(name: string, value: number | undefined, byDefault: number, min: number, max: number): number {
  const checked = duration(name, value, byDefault);
  if (checked < min || checked > max) {
    throw new RangeError(`The option ${name} must be from ${min} to ${max}: got ${checked}`);
  }
  return checked;
}

function width(value: 16 | 32 | undefined): 16 | 32 {
  const bits = integer("sequenceBits", value, 16, 16, 32);
  if (bits !== 16 && bits !== 32) throw new RangeError(`The option sequenceBits must be 16 or 32: got ${bits}`);
  return bits;
}
