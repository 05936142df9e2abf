/**
 * The state of a world on the side that owns it, written once a tick and sent to many observers.
 *
 * Invariant: a value is quantised and kept once, when it is written; an observer costs the comparison of what is
 * relevant to it, and memory for the lists of what it was sent.
 *
 * @module
 */
import { MisuseError } from "../../error/transport_error.ts";
import { BitWriter } from "./bit_writer.ts";
import { ColumnCoder } from "./column_code.ts";
import { type WritersOf, writersOf } from "./field_writer.ts";
import { GroupEncoder } from "./group_encoder.ts";
import type { FieldSet, Schema } from "./schema.ts";
import { ViewPlan } from "./view_plan.ts";
import { WorldCells } from "./world_cells.ts";
import { type ObserverDesk, WorldObserver } from "./world_observer.ts";
import { resolveWorldStateOptions, type WorldObserverOptions, type WorldStateOptions } from "./world_options.ts";

/**
 * A world of entities with the fields of a schema.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { text, vec2 } from "./field.ts";
 * import { defineSchema } from "./schema.ts";
 * import { WorldReplica } from "./world_replica.ts";
 *
 * const schema = defineSchema({
 *   position: vec2({ min: -100, max: 100, precision: 0.01, velocity: "velocity" }),
 *   velocity: vec2({ min: -20, max: 20, precision: 0.05 }),
 *   name: text(16),
 * }, { maxEntities: 256, ticksPerSecond: 20 });
 *
 * // On the server:
 * const world = new WorldState(schema);
 * const ship = world.spawn();
 * world.fields.name.set(ship, "Ada");
 * world.fields.velocity.set(ship, 10, 0);
 * const observer = world.observe(); // one for each client
 *
 * // On the client:
 * const replica = new WorldReplica(schema);
 *
 * const packet = new Uint8Array(1200);
 * const lengths: number[] = [];
 * for (let tick = 0; tick < 10; tick++) {
 *   world.fields.position.set(ship, tick * 0.5, 0);
 *   world.commit();
 *   const length = observer.encode(packet);
 *   replica.handlePacket(packet.subarray(0, length)); // as a datagram
 *   observer.handleAck(replica.ack); // on the way back, with the client's input
 *   lengths.push(length);
 * }
 * assertEquals(lengths[9]! < 10, true); // it moves as its velocity says
 *
 * const frame = replica.sample(8.5); // halfway between two snapshots
 * assertEquals(frame.fields.position.x(ship), 4.25);
 * assertEquals(frame.fields.name.at(ship), "Ada");
 * ```
 */
export class WorldState<F extends FieldSet> {
  /** What an entity consists of. */
  readonly schema: Schema<F>;
  /** What writes the fields, by name. */
  readonly fields: WritersOf<F>;
  readonly #desk: ObserverDesk;
  /** No id below this one is free. */
  #lowestFree = 0;
  #entityCount = 0;

  /**
   * Makes an empty world.
   *
   * @param schema What an entity consists of; memory is taken for `maxEntities` of them.
   * @param options How much is remembered.
   * @throws {TypeError} When an option has the wrong type or no such option exists.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(schema: Schema<F>, options: WorldStateOptions = {}) {
    const { historyTicks, epoch } = resolveWorldStateOptions(options);
    const world = new WorldCells(schema, historyTicks);
    const groups = new GroupEncoder(world, new ColumnCoder(schema.maxEntities));
    this.schema = schema;
    this.#desk = { world, plan: new ViewPlan(world), groups, writer: new BitWriter(), epoch };
    this.fields = writersOf(world, schema.fields);
  }

  /** The last committed tick, -1 before the first; its low 16 bits are the number of its snapshots. */
  get tick(): number {
    return this.#desk.world.tick - 1;
  }

  /** How many entities exist. */
  get entityCount(): number {
    return this.#entityCount;
  }

  /**
   * Whether an entity exists.
   *
   * @param id Any number.
   * @returns Whether an entity has this id.
   */
  has(id: number): boolean {
    return this.#desk.world.alive[id] === 1;
  }

  /**
   * Makes an entity with the initial value in every field; peers see it from the next commit on.
   *
   * @param id Its id, from 0 to below `maxEntities`. An id may be used again at once: peers tell the entities apart,
   * unless it was used again a multiple of eight times between two snapshots.
   * @default the lowest free one
   * @returns The id.
   * @throws {RangeError} When the id is no such integer, or there are as many entities as there may be.
   * @throws {MisuseError} When an entity has this id.
   */
  spawn(id: number = this.#findFree()): number {
    const { world } = this.#desk;
    if (id >>> 0 !== id || id >= world.capacity) {
      throw new RangeError(`Cannot make the entity ${id}: this world has room for ${world.capacity}`);
    }
    if (world.alive[id] === 1) throw new MisuseError(`Cannot make the entity ${id}: it exists`);
    world.spawn(id);
    this.#entityCount++;
    return id;
  }

  /**
   * Ends an entity; peers see it leave from the next commit on.
   *
   * @param id Its id.
   * @throws {MisuseError} When there is no such entity.
   */
  despawn(id: number): void {
    const { world } = this.#desk;
    if (world.alive[id] !== 1) throw new MisuseError(`Cannot end the entity ${id}: it does not exist`);
    world.despawn(id);
    this.#entityCount--;
    this.#lowestFree = Math.min(this.#lowestFree, id);
  }

  /**
   * Closes a tick: what was written until now is what observers send; what is written from now on is the next tick.
   *
   * @returns The number of the tick that was closed.
   */
  commit(): number {
    this.#desk.world.commit();
    return this.tick;
  }

  /**
   * Makes an observer, one for each peer.
   *
   * @param options Limits of this observer.
   * @returns The observer; it needs no closing.
   * @throws {TypeError} When an option has the wrong type or no such option exists.
   * @throws {RangeError} When an option is out of its bounds.
   */
  observe(options: WorldObserverOptions = {}): WorldObserver {
    return new WorldObserver(this.#desk, options);
  }

  #findFree(): number {
    const { alive } = this.#desk.world;
    const id = alive.indexOf(0, this.#lowestFree);
    this.#lowestFree = id < 0 ? alive.length : id;
    return this.#lowestFree;
  }
}
