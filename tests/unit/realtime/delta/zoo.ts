/**
 * A world with a field of every kind, random lives of its entities, and what a peer should see of it.
 *
 * @module
 */
import type { SeededRandom } from "../../../../src/random/seeded_random.ts";
import {
  angle,
  bool,
  bytes,
  choice,
  float,
  int,
  text,
  uint,
  vec2,
  vec3,
} from "../../../../src/realtime/delta/field.ts";
import { defineSchema, type Schema } from "../../../../src/realtime/delta/schema.ts";
import type { WorldFrame } from "../../../../src/realtime/delta/world_frame.ts";
import type { WorldState } from "../../../../src/realtime/delta/world_state.ts";

const fields = {
  position: vec2({ min: -100, max: 100, precision: 0.01, velocity: "velocity" }),
  velocity: vec2({ min: -20, max: 20, precision: 0.1 }),
  place: vec3({ min: 0, max: 10, precision: 0.5, initial: [1, 2, 3] }),
  height: float({ min: -3, max: 3, precision: 0.001 }),
  heading: angle({ bits: 9, initial: 1 }),
  health: uint(7, { initial: 100 }),
  score: int(32),
  flags: uint(32),
  mood: choice(["calm", "angry", "afraid"], "angry"),
  on: bool(true),
  name: text(12),
  data: bytes(5),
};

/** A field of every kind. */
export type ZooFields = typeof fields;

/**
 * A schema with a field of every kind.
 *
 * @param maxEntities How many entities there may be.
 * @returns The schema.
 */
export function zooSchema(maxEntities: number): Schema<ZooFields> {
  return defineSchema(fields, { maxEntities, ticksPerSecond: 10 });
}

const NAMES = ["", "Ada", "Grace", "Édouard", "名前"];

/**
 * Lets the entities of a world appear, disappear, move and change.
 *
 * @param world The world.
 * @param random Where chance comes from.
 * @param liveliness The share of entities that something happens to.
 */
export function live(world: WorldState<ZooFields>, random: SeededRandom, liveliness: number): void {
  for (let id = 0; id < world.schema.maxEntities; id++) {
    if (!world.has(id)) {
      if (random.nextInt(12) === 0) world.spawn(id);
      continue;
    }
    if (random.nextInt(40) === 0) world.despawn(id);
    if (random.nextInt(60) === 0 && !world.has(id)) world.spawn(id);
    if (!world.has(id) || random.visibleFraction() >= liveliness) continue;
    move(world, random, id);
    change(world, random, id);
  }
}

/** Moves an entity as its velocity says, a little off, or somewhere else. */
function move(world: WorldState<ZooFields>, random: SeededRandom, id: number): void {
  const { position, velocity } = world.fields;
  if (random.nextInt(3) === 0) velocity.set(id, signed(random) * 20, signed(random) * 20);
  if (random.nextInt(50) === 0) return position.set(id, signed(random) * 110, signed(random) * 110);
  const x = position.x(id) + velocity.x(id) / world.schema.ticksPerSecond;
  const y = position.y(id) + velocity.y(id) / world.schema.ticksPerSecond;
  position.set(id, x, y + (random.nextInt(4) === 0 ? 0.02 : 0));
}

/** Changes one of the other fields of an entity, or none. */
function change(world: WorldState<ZooFields>, random: SeededRandom, id: number): void {
  const f = world.fields;
  switch (random.nextInt(14)) {
    case 0:
      return f.place.set(id, random.nextInt(10), random.nextInt(10), random.nextInt(10));
    case 1:
      return f.height.set(id, signed(random) * 3);
    case 2:
      return f.heading.set(id, f.heading.at(id) + signed(random) * 7);
    case 3:
      return f.health.set(id, random.nextInt(130));
    case 4:
      return f.score.set(id, f.score.at(id) + random.nextInt(5) - 2);
    case 5:
      return f.score.set(id, signed(random) * 2 ** 31);
    case 6:
      return f.flags.set(id, random.nextUint32());
    case 7:
      return f.mood.set(id, (["calm", "angry", "afraid"] as const)[random.nextInt(3)]!);
    case 8:
      return f.on.set(id, random.nextInt(2) === 0);
    case 9:
      return f.name.set(id, NAMES[random.nextInt(NAMES.length)]!);
    case 10: {
      const data = new Uint8Array(random.nextInt(6));
      random.fillSecret(data);
      return f.data.set(id, data);
    }
  }
}

function signed(random: SeededRandom): number {
  return random.visibleFraction() * 2 - 1;
}

/** The values of one entity, ready to be compared. */
export type Portrait = readonly unknown[];

/**
 * Reads an entity on the owner's side.
 *
 * @param world The world.
 * @param id The entity.
 * @returns Its values.
 */
export function portrait(world: WorldState<ZooFields>, id: number): Portrait {
  const f = world.fields;
  return [
    [f.position.x(id), f.position.y(id)],
    [f.velocity.x(id), f.velocity.y(id)],
    [f.place.x(id), f.place.y(id), f.place.z(id)],
    [f.height.at(id), f.heading.at(id), f.health.at(id), f.score.at(id), f.flags.at(id)],
    [f.mood.at(id), f.on.at(id), f.name.at(id), [...f.data.at(id)].join()],
  ];
}

/**
 * Reads an entity on the peer's side.
 *
 * @param frame A frame.
 * @param id The entity.
 * @returns Its values.
 */
export function shown(frame: WorldFrame<ZooFields>, id: number): Portrait {
  const f = frame.fields;
  return [
    [f.position.x(id), f.position.y(id)],
    [f.velocity.x(id), f.velocity.y(id)],
    [f.place.x(id), f.place.y(id), f.place.z(id)],
    [f.height.at(id), f.heading.at(id), f.health.at(id), f.score.at(id), f.flags.at(id)],
    [f.mood.at(id), f.on.at(id), f.name.at(id), [...f.data.at(id)].join()],
  ];
}

/**
 * Reads some entities of a world.
 *
 * @param world The world.
 * @param ids Which; those that do not exist are left out.
 * @returns Their values by id, ascending.
 */
export function album(world: WorldState<ZooFields>, ids: readonly number[]): Map<number, Portrait> {
  const existing = ids.filter((id) => world.has(id)).sort((a, b) => a - b);
  return new Map(existing.map((id) => [id, portrait(world, id)]));
}

/**
 * Reads all entities of a frame.
 *
 * @param frame The frame.
 * @returns Their values by id, ascending.
 */
export function shownAlbum(frame: WorldFrame<ZooFields>): Map<number, Portrait> {
  return new Map([...frame.ids.subarray(0, frame.count)].map((id) => [id, shown(frame, id)]));
}
