/**
 * The options of fetching: the one place that defaults and checks them.
 *
 * @module
 */
import { duration, integer } from "../error/option_check.ts";

/** How assets are fetched. */
export interface DownloadOptions {
  /** The largest asset in bytes, whatever a server says; nothing is allocated for more. @default 68719476736 */
  readonly maxAssetBytes?: number;
  /** How many chunks may be asked for and not there yet, from each source, 1 to 1024. @default 64 */
  readonly windowCount?: number;
  /** How long a chunk may take after the one before it, in ms. 0 fails at once. @default 10000 */
  readonly chunkTimeoutMs?: number;
  /** How long a source may take to say what an asset is, and how often it may say that it is busy, in ms. @default 30000 */
  readonly openTimeoutMs?: number;
  /** How long a download waits for a source when it has none, in ms. 0: not at all. @default 30000 */
  readonly sourceTimeoutMs?: number;
  /** How often one chunk is asked for again before the download fails, 0 to 254. @default 5 */
  readonly maxRetriesCount?: number;
  /** How many bad chunks a source may send before it is not asked any more, 1 to 1000. @default 3 */
  readonly maxBadCount?: number;
}

/** {@linkcode DownloadOptions}, complete and checked. */
export type DownloadConfig = Readonly<Required<DownloadOptions>>;

/** The names of all options of fetching. */
export const DOWNLOAD_OPTION_NAMES: readonly (keyof DownloadOptions)[] = [
  "maxAssetBytes",
  "windowCount",
  "chunkTimeoutMs",
  "openTimeoutMs",
  "sourceTimeoutMs",
  "maxRetriesCount",
  "maxBadCount",
];

/**
 * Completes and checks options.
 *
 * @param o What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveDownloadOptions(o: DownloadOptions): DownloadConfig {
  return Object.freeze({
    maxAssetBytes: integer("maxAssetBytes", o.maxAssetBytes, 2 ** 36, 0, 2 ** 46),
    windowCount: integer("windowCount", o.windowCount, 64, 1, 1024),
    chunkTimeoutMs: duration("chunkTimeoutMs", o.chunkTimeoutMs, 10_000),
    openTimeoutMs: duration("openTimeoutMs", o.openTimeoutMs, 30_000),
    sourceTimeoutMs: duration("sourceTimeoutMs", o.sourceTimeoutMs, 30_000),
    maxRetriesCount: integer("maxRetriesCount", o.maxRetriesCount, 5, 0, 254),
    maxBadCount: integer("maxBadCount", o.maxBadCount, 3, 1, 1000),
  });
}
