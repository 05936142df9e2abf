/**
 * The values of the entities of a frame, in columns by place, and where each entity's place is.
 *
 * Invariant: `places[ids[place]] === place` for every place below the count, and -1 for every other id.
 *
 * @module
 */
import type { Schema, SchemaLayout } from "./schema.ts";

/** The memory of a frame. */
export class FrameValues {
  /** How the fields lie in it. */
  readonly layout: SchemaLayout;
  /** The most entities. */
  readonly stride: number;
  /** The time in ticks. */
  tick: number = -1;
  /** How many entities there are. */
  count = 0;
  /** The entities, ascending. */
  readonly ids: Uint16Array;
  /** Which entity with its id each is. */
  readonly generations: Uint8Array;
  /** How many came since the frame before. */
  enteredCount = 0;
  /** These, ascending. */
  readonly entered: Uint16Array;
  /** How many went since the frame before. */
  leftCount = 0;
  /** These, ascending. */
  readonly left: Uint16Array;
  /** By id: the place of the entity, -1 when it is not there. */
  readonly places: Int32Array;
  /** The values, a column after the other. */
  readonly numbers: Float64Array;
  /** The bytes of the fields that have some, an entity after the other. */
  readonly blobs: Uint8Array;
  /** Their lengths, a field after the other. */
  readonly lengths: Int32Array;

  /**
   * Takes memory.
   *
   * @param schema What an entity consists of.
   * @param maxVisible The most entities.
   */
  constructor(schema: Schema, maxVisible: number) {
    const { layout, maxEntities } = schema;
    this.layout = layout;
    this.stride = maxVisible;
    this.ids = new Uint16Array(maxVisible);
    this.generations = new Uint8Array(maxVisible);
    this.entered = new Uint16Array(maxVisible);
    this.left = new Uint16Array(maxVisible);
    this.places = new Int32Array(maxEntities).fill(-1);
    this.numbers = new Float64Array(layout.columns.length * maxVisible);
    this.blobs = new Uint8Array(layout.blobBytes * maxVisible);
    this.lengths = new Int32Array(layout.blobs.length * maxVisible);
  }

  /**
   * The place of an entity.
   *
   * @param id The entity.
   * @returns Its place.
   * @throws {RangeError} When it is not in the frame.
   */
  placeOf(id: number): number {
    const place = this.places[id];
    if (place === undefined || place < 0) throw new RangeError(`There is no entity ${id} in this frame`);
    return place;
  }
}
