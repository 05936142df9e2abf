/**
 * The options of forward error correction on one channel: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { choice, duration, flag, integer, onlyKnown } from "../error/option_check.ts";
import { MAX_GROUP_PARITIES, MAX_GROUP_SOURCES } from "../wire/channel_frame.ts";

/** How parity is computed: one XOR over the group, or Reed–Solomon over GF(256). */
export type FecScheme = "xor" | "reedSolomon";

/** The options of forward error correction. */
export interface FecOptions {
  /** `xor` makes good one lost frame a group, `reedSolomon` as many as there are parities. @default "xor" */
  readonly scheme?: FecScheme;
  /**
   * The most frames of a group, 1 to 64. 1 sends every frame twice; large groups cost fewer bytes and recover later.
   * @default 4 with `xor`, 8 with `reedSolomon`
   */
  readonly sources?: number;
  /** The most parities of a group, 1 to 8; 1 with `xor`. @default 1 with `xor`, 3 with `reedSolomon` */
  readonly parities?: number;
  /**
   * Whether group size and parities follow the measured loss, at most `sources` and `parities`; otherwise every group
   * has just these. @default true
   */
  readonly adaptive?: boolean;
  /**
   * The most parities for each frame of a full group, 0.02 to 1. Without `adaptive` it must cover `parities` for
   * `sources`. Groups that end by time may have more. @default 0.4, or what the fixed group needs
   */
  readonly maxOverhead?: number;
  /** The share of frames that may stay lost after recovery, 0 to 1: what `adaptive` aims at. @default 0.005 */
  readonly targetLoss?: number;
  /**
   * Ends a group that has not filled up after this many ms, 1 to 1000. Small values recover sooner and send more
   * parity. @default 60
   */
  readonly flushMs?: number;
  /**
   * How many groups are filled in turn, 1 to 8: a burst of so many lost frames is one loss in each. Recovery takes as
   * many times longer. @default 1
   */
  readonly interleave?: number;
}

/** {@linkcode FecOptions}, complete and checked. */
export type FecConfig = Readonly<Required<FecOptions>>;

const NAMES: ReadonlySet<string> = new Set<keyof FecOptions>([
  "scheme",
  "sources",
  "parities",
  "adaptive",
  "maxOverhead",
  "targetLoss",
  "flushMs",
  "interleave",
]);

/** Receivers keep groups for two seconds. */
const MAX_FLUSH_MS = 1000;

const SCHEMES: readonly FecScheme[] = ["xor", "reedSolomon"];

/**
 * Completes and checks the options of forward error correction.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or a name that nobody knows.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveFecOptions(options: FecOptions = {}): FecConfig {
  onlyKnown("Forward error correction", options, NAMES);
  const scheme = choice("scheme", options.scheme, "xor", SCHEMES);
  const isXor = scheme === "xor";
  const sources = integer("sources", options.sources, isXor ? 4 : 8, 1, MAX_GROUP_SOURCES);
  const parities = integer("parities", options.parities, isXor ? 1 : 3, 1, isXor ? 1 : MAX_GROUP_PARITIES);
  const adaptive = flag("adaptive", options.adaptive, true);
  const needed = adaptive ? 1 / sources : parities / sources;
  const maxOverhead = fraction("maxOverhead", options.maxOverhead, Math.max(0.4, needed), 0.02);
  if (needed > maxOverhead || needed > 1) {
    throw new RangeError(
      `The option maxOverhead (${maxOverhead}) must allow ${needed.toFixed(3)} parities for a frame`,
    );
  }
  const flushMs = duration("flushMs", options.flushMs, 60);
  if (flushMs < 1 || flushMs > MAX_FLUSH_MS) {
    throw new RangeError(`The option flushMs must be from 1 to ${MAX_FLUSH_MS}: got ${flushMs}`);
  }
  return Object.freeze({
    scheme,
    sources,
    parities,
    adaptive,
    maxOverhead,
    targetLoss: fraction("targetLoss", options.targetLoss, 0.005, 0),
    flushMs,
    interleave: integer("interleave", options.interleave, 1, 1, 8),
  });
}

function fraction(name: string, value: number | undefined, byDefault: number, min: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== "number") throw new TypeError(`The option ${name} must be a number`);
  if (!(value >= min && value <= 1)) throw new RangeError(`The option ${name} must be from ${min} to 1: got ${value}`);
  return value;
}
