/**
 * A world of entities with two numbers each that nobody expects, and what goes between an observer and its replica.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type IntegerField, uint } from "../../../../src/realtime/delta/field.ts";
import { defineSchema, type Schema } from "../../../../src/realtime/delta/schema.ts";
import type { WorldObserver } from "../../../../src/realtime/delta/world_observer.ts";
import type { WorldReplica } from "../../../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../../../src/realtime/delta/world_state.ts";

/** Two numbers. */
export interface CrowdFields {
  readonly a: IntegerField;
  readonly b: IntegerField;
  readonly [name: string]: IntegerField;
}

/** Room for a hundred entities. */
export const CROWD: Schema<CrowdFields> = defineSchema<CrowdFields>({ a: uint(30), b: uint(30) }, { maxEntities: 100 });

/** Where packets are written. */
export const packet: Uint8Array = new Uint8Array(2000);

/**
 * Makes a world.
 *
 * @param count How many entities it has.
 * @param options Options of the world.
 * @returns The world, its first tick not yet committed.
 */
export function crowd(count: number, options = {}): WorldState<CrowdFields> {
  const world = new WorldState(CROWD, options);
  for (let id = 0; id < count; id++) scatter(world, world.spawn(), 1);
  return world;
}

/**
 * Gives an entity numbers that nobody expects.
 *
 * @param world The world.
 * @param id The entity.
 * @param round Other numbers for each.
 */
export function scatter(world: WorldState<CrowdFields>, id: number, round: number): void {
  world.fields.a.set(id, (id * 7919 + round * 104_729) * 7349 % 2 ** 30);
  world.fields.b.set(id, (id * 6301 + round * 81_799) * 5113 % 2 ** 30);
}

/**
 * Sends a snapshot that arrives and is acknowledged.
 *
 * @param observer The sending end.
 * @param replica The receiving end.
 * @param ids What is relevant; all by default.
 * @param room The most bytes.
 * @returns The length of the packet.
 */
export function pass(
  observer: WorldObserver,
  replica: WorldReplica<CrowdFields>,
  ids?: readonly number[],
  room = 2000,
): number {
  const length = observer.encode(packet.subarray(0, room), ids);
  assertEquals(replica.handlePacket(packet.slice(0, length)), 0);
  observer.handleAck(replica.ack);
  return length;
}

/**
 * Looks at a replica.
 *
 * @param replica The replica.
 * @returns The ids of the entities that it shows.
 */
export function seen(replica: WorldReplica<CrowdFields>): number[] {
  const frame = replica.sample(replica.latestTick);
  return [...frame.ids.subarray(0, frame.count)];
}

/** What reads the two numbers. */
export interface NumberPair {
  readonly a: { at(id: number): number };
  readonly b: { at(id: number): number };
}

/**
 * Reads the two numbers of an entity.
 *
 * @param source Where from.
 * @param id The entity.
 * @returns The numbers.
 */
export function values(source: NumberPair, id: number): number[] {
  return [source.a.at(id), source.b.at(id)];
}
