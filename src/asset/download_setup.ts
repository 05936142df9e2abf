/**
 * What a download is made of, what it tells, and what it counts.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";
import type { ChunkSlots } from "./chunk_slots.ts";
import type { DownloadConfig } from "./download_options.ts";
import type { GroupHasher } from "./group_hasher.ts";

/** The notifications of a download. */
export const DownloadEvent = {
  /** Length, kind and root are known: prepare, then `begin`. */
  Opened: 1,
  /** The leaves are there and checked: compare, then `begin`. */
  LeavesReady: 2,
  /** No source has leaves that hold up: `begin` without. */
  LeavesFailed: 3,
  /** Everything that is wanted is stored. */
  Completed: 4,
  /** It is over without that; `code` says why. */
  Failed: 5,
} as const;

/** One of the values of {@linkcode DownloadEvent}. */
export type DownloadEvent = (typeof DownloadEvent)[keyof typeof DownloadEvent];

/** What a download is made of. */
export interface DownloadSetup {
  /** The number of the transfer on every link. */
  readonly id: number;
  /** The asset's name. */
  readonly name: string;
  /** The root that it must have; `undefined`: that of the first answer, whose word is then taken. */
  readonly root?: Uint8Array | undefined;
  /** The bytes that are wanted; `undefined`: all. */
  readonly range?: { readonly start: number; readonly end: number } | undefined;
  /** Limits and times. */
  readonly config: DownloadConfig;
  /** The time. */
  readonly clock: Clock;
  /** Checks chunks. */
  readonly hasher: GroupHasher;
  /** Where chunks wait for their write; may be shared. */
  readonly slots: ChunkSlots;
  /** What else travels over the links of its sources; without it they are the download's alone. */
  readonly link?: LinkShare | undefined;
}

/** What is known of links that several downloads share: a chunk that waits for its turn is not lost. */
export interface LinkShare {
  /** When a link last brought a chunk, of whichever download, in ms. */
  heardMs(source: number): number;
  /** How many downloads run. */
  transferCount(): number;
}

/** What was counted. */
export interface DownloadCounts {
  /** Messages with chunks. */
  chunksReceived: number;
  /** Bytes of these messages. */
  bytesReceived: number;
  /** Chunks that did not hold up to the root. */
  badChunks: number;
  /** Chunks that were stored already, or on their way to be. */
  duplicateChunks: number;
  /** Chunks that did not come in time. */
  timedOutChunks: number;
  /** Chunks that were asked for again. */
  retriedChunks: number;
  /** Messages that make no sense here. */
  malformedMessages: number;
}
