/**
 * The options of both ends of byte snapshots, and the one place that checks them.
 *
 * @module
 */
import { flag, integer, onlyKnown } from "../../error/option_check.ts";

/** The fewest snapshots that either end keeps. */
export const MIN_RING_SNAPSHOTS = 32;

/** The most snapshots that either end keeps. */
export const MAX_RING_SNAPSHOTS = 1024;

/** Options of a sender of byte snapshots. */
export interface SnapshotSenderOptions {
  /**
   * How many sent snapshots are kept to build on, 32 to 1024. More bear longer round trips and losses before a full
   * snapshot is needed, each for `maxStateBytes` of memory. @default 32
   */
  readonly ringSnapshots?: number;
  /** The longest state in bytes, 1 to 2^24. @default 16384 */
  readonly maxStateBytes?: number;
  /** Whether packets carry a checksum of the state, 4 bytes, so that the receiver proves what it rebuilt. @default false */
  readonly checksum?: boolean;
  /**
   * A number for this start of the sender, 0 to 65535, two bytes in every packet: a receiver starts over when it changes.
   * Draw it at random, or count the starts; with the same number, a sender that was started again is known only by the
   * first acknowledgement that comes, and not at all when that is late. @default 0
   */
  readonly epoch?: number;
  /** The number of the first snapshot, 0 to 65535; tests cross the 16-bit wrap with it. @default 0 */
  readonly firstNumber?: number;
}

/** {@linkcode SnapshotSenderOptions}, complete and checked. */
export type SnapshotSenderConfig = Readonly<Required<SnapshotSenderOptions>>;

/** Options of a receiver of byte snapshots. */
export interface SnapshotReceiverOptions {
  /**
   * How many snapshots are kept to build on, 32 to 1024; no fewer than the sender keeps, or it builds on snapshots that
   * are gone. @default 32
   */
  readonly ringSnapshots?: number;
  /** The longest state in bytes, 1 to 2^24; a packet that announces a longer one is refused. @default 16384 */
  readonly maxStateBytes?: number;
}

/** {@linkcode SnapshotReceiverOptions}, complete and checked. */
export type SnapshotReceiverConfig = Readonly<Required<SnapshotReceiverOptions>>;

const SENDER_NAMES = new Set(["ringSnapshots", "maxStateBytes", "checksum", "epoch", "firstNumber"]);
const RECEIVER_NAMES = new Set(["ringSnapshots", "maxStateBytes"]);

/**
 * Completes and checks the options of a sender.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or no such option exists.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveSnapshotSenderOptions(options: SnapshotSenderOptions): SnapshotSenderConfig {
  onlyKnown("A snapshot sender", options, SENDER_NAMES);
  return Object.freeze({
    ringSnapshots: ringSnapshots(options.ringSnapshots),
    maxStateBytes: maxStateBytes(options.maxStateBytes),
    checksum: flag("checksum", options.checksum, false),
    epoch: integer("epoch", options.epoch, 0, 0, 0xffff),
    firstNumber: integer("firstNumber", options.firstNumber, 0, 0, 0xffff),
  });
}

/**
 * Completes and checks the options of a receiver.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or no such option exists.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveSnapshotReceiverOptions(options: SnapshotReceiverOptions): SnapshotReceiverConfig {
  onlyKnown("A snapshot receiver", options, RECEIVER_NAMES);
  return Object.freeze({
    ringSnapshots: ringSnapshots(options.ringSnapshots),
    maxStateBytes: maxStateBytes(options.maxStateBytes),
  });
}

/**
 * Checks the option that all four ends of snapshots share.
 *
 * @param value What the caller gave; `undefined` for the default.
 * @returns The value.
 * @throws {TypeError} When it is no number.
 * @throws {RangeError} When it is no integer within the bounds.
 */
export function ringSnapshots(value: number | undefined): number {
  return integer("ringSnapshots", value, MIN_RING_SNAPSHOTS, MIN_RING_SNAPSHOTS, MAX_RING_SNAPSHOTS);
}

function maxStateBytes(value: number | undefined): number {
  return integer("maxStateBytes", value, 16_384, 1, 1 << 24);
}
