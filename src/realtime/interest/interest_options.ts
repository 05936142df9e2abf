/**
 * The options of grids, interest managers and their observers: the one place that defaults and checks them.
 *
 * @module
 */
import { integer, onlyKnown } from "../../error/option_check.ts";

/** The largest radius: its square is still a number. */
export const MAX_RADIUS = 1e150;
/** How much farther out an entity is let go than it is taken in, where the observer does not say. */
const DEFAULT_HYSTERESIS = 1.125;

/** The options of a {@linkcode SpatialGrid}. */
export interface SpatialGridOptions {
  /**
   * The length of a cell's edge in the units of your coordinates, 1e-9 to 1e12. Fastest is about half of the radius
   * that is asked for most: much smaller cells are many to visit, much larger ones hold many that are too far away.
   */
  readonly cellSize: number;
  /** 2 for flat worlds, where no z is taken, or 3. @default 2 */
  readonly dimensions?: 2 | 3;
  /** How many entities there may be, 1 to 16,777,216. Memory is taken as they come. @default 65536 */
  readonly maxEntities?: number;
}

/** {@linkcode SpatialGridOptions}, complete and checked. */
export type SpatialGridConfig = Readonly<Required<SpatialGridOptions>>;

/** The options of an {@linkcode InterestManager}. */
export interface InterestOptions extends SpatialGridOptions {
  /** How many observers there may be, 1 to 1,048,576. Memory is taken as they come. @default 4096 */
  readonly maxObservers?: number;
  /**
   * How many entities may be relevant to one observer, 1 to 1,048,576. Beyond that the entity that it follows goes
   * first, then what is always relevant or shown to its teams (of these what was relevant before), then the nearest; the
   * rest stays out and is counted as crowded. Against flicker in a full set, what is relevant counts as nearer by the
   * factor `radius / leaveRadius`: it only gives way to what is nearer than that. @default 1024
   */
  readonly maxRelevant?: number;
  /**
   * How many enter and leave events one tick may bring, 1 to 16,777,216. What does not fit is counted as deferred and
   * happens in a later tick. @default 65536
   */
  readonly maxEvents?: number;
  /** How many teams there are, numbered from 0; 1 to 1,048,576. @default 256 */
  readonly maxTeams?: number;
  /**
   * How many memberships of observers in teams, how many entities shown to teams, and how many entities hidden from
   * observers there may be; 1 to 16,777,216, for each of the three. Memory is taken as they come. @default 65536
   */
  readonly maxPairs?: number;
  /**
   * How fast the priority of an entity grows at the leave radius or beyond, against one at the observer's own place;
   * in between it falls evenly. Above 0; 1: distance does not count. @default 0.125
   */
  readonly farGain?: number;
  /** The weight of an entity that is given none, above 0 and up to 1e6. @default 1 */
  readonly entityWeight?: number;
  /** The size in bytes of an entity that is given none, 1 to 2^30: what its update takes in a datagram. @default 32 */
  readonly entityBytes?: number;
}

/** {@linkcode InterestOptions}, complete and checked. */
export type InterestConfig = Readonly<Required<InterestOptions>>;

/** The options of one observer: how far it sees, and where from. */
export interface ObserverOptions {
  /** Entities this near or nearer become relevant. Above 0. */
  readonly radius: number;
  /**
   * Entities that are relevant stay so up to this distance. Above `radius`: the gap is what keeps an entity at the
   * border from flickering. @default 1.125 times `radius`
   */
  readonly leaveRadius?: number;
  /** The entity from whose place it sees, moving with it; without one it is a free camera at `x`, `y`, `z`. */
  readonly follow?: number;
  /** Where a free camera is. @default 0 */
  readonly x?: number;
  /** As `x`. @default 0 */
  readonly y?: number;
  /** As `x`; in two dimensions it must stay 0. @default 0 */
  readonly z?: number;
}

const GRID_NAMES: readonly (keyof SpatialGridOptions)[] = ["cellSize", "dimensions", "maxEntities"];
const gridNames: ReadonlySet<string> = new Set(GRID_NAMES);

const INTEREST_NAMES: readonly (keyof InterestOptions)[] = [
  ...GRID_NAMES,
  "maxObservers",
  "maxRelevant",
  "maxEvents",
  "maxTeams",
  "maxPairs",
  "farGain",
  "entityWeight",
  "entityBytes",
];
const interestNames: ReadonlySet<string> = new Set(INTEREST_NAMES);

const OBSERVER_NAMES: readonly (keyof ObserverOptions)[] = ["radius", "leaveRadius", "follow", "x", "y", "z"];
const observerNames: ReadonlySet<string> = new Set(OBSERVER_NAMES);

/**
 * Completes and checks the options of a grid.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is not known.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveSpatialGridOptions(options: SpatialGridOptions): SpatialGridConfig {
  onlyKnown("A spatial grid", options, gridNames);
  return Object.freeze(gridConfig(options));
}

/**
 * Completes and checks the options of an interest manager.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is not known.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveInterestOptions(options: InterestOptions): InterestConfig {
  onlyKnown("An interest manager", options, interestNames);
  const o = options;
  return Object.freeze({
    ...gridConfig(o),
    maxObservers: integer("maxObservers", o.maxObservers, 4096, 1, 2 ** 20),
    maxRelevant: integer("maxRelevant", o.maxRelevant, 1024, 1, 2 ** 20),
    maxEvents: integer("maxEvents", o.maxEvents, 1 << 16, 1, 2 ** 24),
    maxTeams: integer("maxTeams", o.maxTeams, 256, 1, 2 ** 20),
    maxPairs: integer("maxPairs", o.maxPairs, 1 << 16, 1, 2 ** 24),
    farGain: o.farGain === undefined ? 0.125 : measure("farGain", o.farGain, 1),
    entityWeight: o.entityWeight === undefined ? 1 : measure("entityWeight", o.entityWeight, 1e6),
    entityBytes: integer("entityBytes", o.entityBytes, 32, 1, 2 ** 30),
  });
}

/**
 * Checks the names of an observer's options, and that it either follows or stands somewhere; the caller checks the
 * place and the entity.
 *
 * @param options What the caller gave.
 * @throws {TypeError} When an option is not known, or it follows and has a place as well.
 */
export function checkObserverOptions(options: ObserverOptions): void {
  onlyKnown("An observer", options, observerNames);
  const hasPlace = options.x !== undefined || options.y !== undefined || options.z !== undefined;
  if (hasPlace && options.follow !== undefined) {
    throw new TypeError("An observer that follows an entity has no place of its own: give follow or x, y, z");
  }
}

/**
 * Checks how far an observer sees.
 *
 * @param radius What the caller gave.
 * @param leaveRadius What the caller gave, if anything.
 * @returns The leave radius.
 * @throws {TypeError} When one is no number.
 * @throws {RangeError} When the radius is not above 0 or the leave radius not above the radius.
 */
export function resolveLeaveRadius(radius: number, leaveRadius?: number): number {
  measure("radius", radius, MAX_RADIUS);
  if (leaveRadius === undefined) return Math.min(radius * DEFAULT_HYSTERESIS, 2 * MAX_RADIUS);
  measure("leaveRadius", leaveRadius, 2 * MAX_RADIUS);
  if (leaveRadius > radius) return leaveRadius;
  throw new RangeError(`The option leaveRadius must be above the radius of ${radius}: got ${leaveRadius}`);
}

/**
 * Checks a number that is above 0.
 *
 * @param name What it is, for the message.
 * @param value What the caller gave.
 * @param max The largest value.
 * @returns The value.
 * @throws {TypeError} When it is no number.
 * @throws {RangeError} When it is not above 0 and at most the largest.
 */
export function measure(name: string, value: number, max: number): number {
  if (typeof value !== "number") throw new TypeError(`The option ${name} must be a number`);
  if (value > 0 && value <= max) return value;
  throw new RangeError(`The option ${name} must be above 0 and at most ${max}: got ${value}`);
}

function gridConfig(o: SpatialGridOptions): Required<SpatialGridOptions> {
  const cellSize = measure("cellSize", o.cellSize, 1e12);
  if (cellSize < 1e-9) throw new RangeError(`The option cellSize must be at least 1e-9: got ${cellSize}`);
  return {
    cellSize,
    dimensions: integer("dimensions", o.dimensions, 2, 2, 3) as 2 | 3,
    maxEntities: integer("maxEntities", o.maxEntities, 1 << 16, 1, 2 ** 24),
  };
}
