/**
 * What an inhabitant of the arena consists of; the server, the bots and the page in the browser share this description.
 *
 * Invariant: both ends make the same schema from the same number of entities, or the first full snapshot is refused.
 *
 * @module
 */
import { angle, bool, choice, defineSchema, type Schema, uint, vec2 } from "@ringwire/ringwire/realtime";

/** Snapshots per second. */
export const TICKS_PER_SECOND = 20;

/** The arena reaches this far from its middle in each direction; any unit of length. */
export const HALF_SIDE = 500;

/** The top speed in units per second. */
export const TOP_SPEED = 30;

/** The kinds of inhabitants. */
export const KINDS = ["scout", "tank", "medic", "drone"] as const;

/** What inhabitants are up to. */
export const DOINGS = ["idle", "walk", "fight", "flee"] as const;

const fields = {
  position: vec2({ min: -HALF_SIDE, max: HALF_SIDE, precision: 0.02, velocity: "velocity" }),
  velocity: vec2({ min: -TOP_SPEED, max: TOP_SPEED, precision: 0.05 }),
  heading: angle({ bits: 9 }),
  health: uint(7, { initial: 100 }),
  energy: uint(7, { initial: 100 }),
  kind: choice(KINDS),
  mood: choice(DOINGS),
  shielded: bool(),
} as const;

/** What an inhabitant consists of: eight fields. */
export type ArenaFields = typeof fields;

/**
 * The schema of the arena.
 *
 * @param count How many entities there may be.
 * @returns The schema.
 */
export function arenaSchema(count: number): Schema<ArenaFields> {
  return defineSchema(fields, { maxEntities: count, ticksPerSecond: TICKS_PER_SECOND });
}
