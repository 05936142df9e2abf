/**
 * One source of one download: where it stands, what it said, what it owes.
 *
 * @module
 */
import { AssetCode } from "./asset_code.ts";
import { AssetKind } from "./asset_wire.ts";
import { SourceWindow } from "./source_window.ts";

/** Where a source stands. */
export const SourceState = {
  /** It is to be asked. */
  New: 0,
  /** It was asked and has not answered. */
  Asked: 1,
  /** It is busy and is asked again later. */
  Busy: 2,
  /** It serves what we want. */
  Ready: 3,
  /** It serves, and says another length than the one in hand. */
  Doubted: 4,
  /** It is of no use. */
  Gone: 5,
} as const;

/** One of the values of {@linkcode SourceState}. */
export type SourceState = (typeof SourceState)[keyof typeof SourceState];

/** One source. */
export class DownloadSource {
  /** The number that the driver knows it by. */
  readonly id: number;
  /** What it was asked for. */
  readonly window: SourceWindow;
  /** Where it stands. */
  state: SourceState = SourceState.New;
  /** When its answer is due, or when it is asked again. */
  dueMs = Infinity;
  /** When it is given up while it does not serve. */
  giveUpMs: number;
  /** How often it was busy. */
  busyCount = 0;
  /** How many bad messages it sent. */
  badCount = 0;
  /** How often all that it was asked for did not come. */
  stallCount = 0;
  /** How many chunks of it were stored. */
  chunkCount = 0;
  /** How long the asset is, as it says; -1 before it has said so. */
  length = -1;
  /** Whether it has offered the asset by itself. */
  isOffer = false;
  /** What the asset is, as it says. */
  kind: AssetKind = AssetKind.File;
  /** Why it is of no use. */
  code: AssetCode = AssetCode.Done;
  /** Whether it must be told that we are done with it; and why. */
  closing: AssetCode | undefined = undefined;

  /**
   * Makes a source that is to be asked.
   *
   * @param id The number that the driver knows it by.
   * @param windowCount How many chunks it may owe.
   * @param giveUpMs When it is given up while it does not serve.
   */
  constructor(id: number, windowCount: number, giveUpMs: number) {
    this.id = id;
    this.window = new SourceWindow(windowCount);
    this.giveUpMs = giveUpMs;
  }

  /** Whether chunks may be asked of it. */
  get ready(): boolean {
    return this.state === SourceState.Ready;
  }

  /** Whether it serves or may yet. */
  get hopeful(): boolean {
    return this.state !== SourceState.Gone;
  }
}
