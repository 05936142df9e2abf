/**
 * The options of replicated worlds, and the one place that checks them.
 *
 * @module
 */
import { flag, integer, onlyKnown } from "../../error/option_check.ts";
import { MAX_RING_SNAPSHOTS, MIN_RING_SNAPSHOTS, ringSnapshots } from "./snapshot_options.ts";

/** Options of a world. */
export interface WorldStateOptions {
  /**
   * How many ticks are kept to build on, 32 to 1024: an acknowledgement that comes later than this leads to a full
   * snapshot. @default 64
   */
  readonly historyTicks?: number;
  /**
   * A number for this start of the world, 0 to 65535: a replica starts over when it changes. Draw it at random, or count
   * the starts; with the same number, a server that was started again is known only by the first acknowledgement that
   * comes, and not at all when that is late. @default 0
   */
  readonly epoch?: number;
}

/** {@linkcode WorldStateOptions}, complete and checked. */
export type WorldStateConfig = Readonly<Required<WorldStateOptions>>;

/** Options of an observer of a world. */
export interface WorldObserverOptions {
  /**
   * How many sent snapshots are remembered to build on, 32 to 1024. More bear longer round trips and losses before a
   * full snapshot is needed, each for 12 bytes of memory and visible entity, 16
   * with checksums. @default 32
   */
  readonly ringSnapshots?: number;
  /**
   * How many entities may be visible at once, 1 to the schema's `maxEntities`; beyond that the last ids of the list
   * stay out. @default the schema's maxEntities
   */
  readonly maxVisible?: number;
  /**
   * Whether packets carry a checksum, 4 bytes, so that the receiver proves what it rebuilt: the tick, and of each visible
   * entity the id, the generation and all fields, whether this packet touched them or not. The observer hashes only what
   * it sends, the replica all that it shows. @default false
   */
  readonly checksum?: boolean;
}

/** {@linkcode WorldObserverOptions}, complete and checked. */
export type WorldObserverConfig = Readonly<Required<WorldObserverOptions>>;

/** Options of the replica of a world. */
export interface WorldReplicaOptions {
  /**
   * How many snapshots are kept to build on and to show, 32 to 1024; no fewer than the observer remembers, or it builds
   * on snapshots that are gone. @default 32
   */
  readonly ringSnapshots?: number;
  /**
   * How many entities may be visible at once, 1 to the schema's `maxEntities`; no fewer than the observer lets through,
   * or its packets are refused. @default the schema's maxEntities
   */
  readonly maxVisible?: number;
}

/** {@linkcode WorldReplicaOptions}, complete and checked. */
export type WorldReplicaConfig = Readonly<Required<WorldReplicaOptions>>;

const STATE_NAMES = new Set(["historyTicks", "epoch"]);
const OBSERVER_NAMES = new Set(["ringSnapshots", "maxVisible", "checksum"]);
const REPLICA_NAMES = new Set(["ringSnapshots", "maxVisible"]);
const DEFAULT_HISTORY_TICKS = 64;

/**
 * Completes and checks the options of a world.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or no such option exists.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveWorldStateOptions(options: WorldStateOptions): WorldStateConfig {
  onlyKnown("A world", options, STATE_NAMES);
  const { historyTicks } = options;
  return Object.freeze({
    historyTicks: integer("historyTicks", historyTicks, DEFAULT_HISTORY_TICKS, MIN_RING_SNAPSHOTS, MAX_RING_SNAPSHOTS),
    epoch: integer("epoch", options.epoch, 0, 0, 0xffff),
  });
}

/**
 * Completes and checks the options of an observer.
 *
 * @param options What the caller gave.
 * @param maxEntities How many entities the schema allows.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or no such option exists.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveWorldObserverOptions(options: WorldObserverOptions, maxEntities: number): WorldObserverConfig {
  onlyKnown("An observer", options, OBSERVER_NAMES);
  return Object.freeze({
    ringSnapshots: ringSnapshots(options.ringSnapshots),
    maxVisible: integer("maxVisible", options.maxVisible, maxEntities, 1, maxEntities),
    checksum: flag("checksum", options.checksum, false),
  });
}

/**
 * Completes and checks the options of a replica.
 *
 * @param options What the caller gave.
 * @param maxEntities How many entities the schema allows.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or no such option exists.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveWorldReplicaOptions(options: WorldReplicaOptions, maxEntities: number): WorldReplicaConfig {
  onlyKnown("A replica", options, REPLICA_NAMES);
  return Object.freeze({
    ringSnapshots: ringSnapshots(options.ringSnapshots),
    maxVisible: integer("maxVisible", options.maxVisible, maxEntities, 1, maxEntities),
  });
}
