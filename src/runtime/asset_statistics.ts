/**
 * What is counted of one transfer.
 *
 * @module
 */
import type { DownloadCounts } from "../asset/download_setup.ts";

/** The counts of one transfer. */
export interface AssetStatistics {
  /** The asset. */
  readonly name: string;
  /** Where the transfer stands. */
  readonly state: "waiting" | "opening" | "comparing" | "running" | "paused" | "finishing" | "completed" | "failed";
  /** How many bytes are verified and written, with what was there already. */
  readonly receivedBytes: number;
  /** How many bytes it has, -1 while that is unknown. */
  readonly totalBytes: number;
  /** How many bytes were there already and held up. */
  readonly reusedBytes: number;
  /** How many bytes of messages with chunks have come: less than the file has where they are compressed. */
  readonly wireBytes: number;
  /** How many chunks have come. */
  readonly chunksReceived: number;
  /** How many chunks were asked for again, for whatever reason. */
  readonly retriedChunks: number;
  /** How many chunks did not hold up to the root. */
  readonly badChunks: number;
  /** How many chunks did not come in time. */
  readonly timedOutChunks: number;
  /** How many chunks came though they were there. */
  readonly duplicateChunks: number;
  /** How many messages made no sense. */
  readonly malformedMessages: number;
  /** How long it has taken so far, in ms, pauses included. */
  readonly elapsedMs: number;
}

/** The counts of a transfer that has not begun. */
export function emptyStatistics(name: string): AssetStatistics {
  return {
    name,
    state: "waiting",
    receivedBytes: 0,
    totalBytes: 0,
    reusedBytes: 0,
    wireBytes: 0,
    chunksReceived: 0,
    retriedChunks: 0,
    badChunks: 0,
    timedOutChunks: 0,
    duplicateChunks: 0,
    malformedMessages: 0,
    elapsedMs: 0,
  };
}

/** What a download machine has counted, under the names of the statistics. */
export function sharedCounts(
  counts: Readonly<DownloadCounts>,
): Omit<AssetStatistics, "name" | "state" | "receivedBytes" | "totalBytes" | "reusedBytes" | "elapsedMs"> {
  return {
    wireBytes: counts.bytesReceived,
    chunksReceived: counts.chunksReceived,
    retriedChunks: counts.retriedChunks,
    badChunks: counts.badChunks,
    timedOutChunks: counts.timedOutChunks,
    duplicateChunks: counts.duplicateChunks,
    malformedMessages: counts.malformedMessages,
  };
}
