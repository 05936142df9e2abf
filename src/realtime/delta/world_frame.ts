/**
 * A world as it is shown at one time: its entities, their values, and who came and went since the time before.
 *
 * Invariant: a frame does not change but by the next sample; packets that arrive in between leave it alone.
 *
 * @module
 */
import { type ReadersOf, readersOf } from "./field_reader.ts";
import type { FrameValues } from "./frame_values.ts";
import type { FieldSet } from "./schema.ts";

/**
 * What `WorldReplica.sample()` shows; one object that is filled anew by each sample.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { float } from "./field.ts";
 * import { defineSchema } from "./schema.ts";
 * import { WorldReplica } from "./world_replica.ts";
 * import { WorldState } from "./world_state.ts";
 *
 * const schema = defineSchema({ x: float({ min: 0, max: 100, precision: 0.5 }) });
 * const world = new WorldState(schema);
 * world.fields.x.set(world.spawn(), 20);
 * world.commit();
 * const packet = new Uint8Array(100);
 * const replica = new WorldReplica(schema);
 * replica.handlePacket(packet.subarray(0, world.observe().encode(packet)));
 *
 * const frame = replica.sample(replica.latestTick);
 * for (let i = 0; i < frame.enteredCount; i++) assertEquals(frame.entered[i], 0); // make its picture
 * for (let i = 0; i < frame.count; i++) assertEquals(frame.fields.x.at(frame.ids[i]!), 20); // draw it
 * ```
 */
export class WorldFrame<F extends FieldSet = FieldSet> {
  /** What reads the fields, by name. */
  readonly fields: ReadersOf<F>;
  readonly #values: FrameValues;

  /**
   * Makes the face of a frame; a replica makes its own.
   *
   * @param values What it shows.
   * @param fields The fields of the schema.
   */
  constructor(values: FrameValues, fields: F) {
    this.#values = values;
    this.fields = readersOf(values, fields);
  }

  /** The time that is shown in ticks, with its fraction; -1 before the first snapshot. */
  get tick(): number {
    return this.#values.tick;
  }

  /** How many entities there are. */
  get count(): number {
    return this.#values.count;
  }

  /** The ids of the entities, ascending: the first {@linkcode WorldFrame.count} of the array. */
  get ids(): Uint16Array {
    return this.#values.ids;
  }

  /** How many entities were not there in the sample before. */
  get enteredCount(): number {
    return this.#values.enteredCount;
  }

  /** The ids of these, ascending: the first {@linkcode WorldFrame.enteredCount} of the array. */
  get entered(): Uint16Array {
    return this.#values.entered;
  }

  /** How many entities of the sample before are gone. */
  get leftCount(): number {
    return this.#values.leftCount;
  }

  /**
   * The ids of these, ascending: the first {@linkcode WorldFrame.leftCount} of the array. An id that another entity has
   * now is among `entered`, too.
   */
  get left(): Uint16Array {
    return this.#values.left;
  }

  /**
   * Whether an entity is there.
   *
   * @param id Any number.
   * @returns Whether its fields can be read.
   */
  has(id: number): boolean {
    return this.#values.places[id]! >= 0;
  }
}
