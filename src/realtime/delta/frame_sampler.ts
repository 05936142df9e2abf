/**
 * Fills a frame from two snapshots of a replica, or from one.
 *
 * The entities are those of the earlier snapshot: one that appears in the later one is not shown before its time, one
 * that disappears stays until then. Invariant: only the same entity is blended, not another one that took over its id.
 *
 * @module
 */
import { blendColumn, type BlendSource } from "./column_blend.ts";
import { FrameValues } from "./frame_values.ts";
import type { ReplicaSlots } from "./replica_slots.ts";
import type { Schema } from "./schema.ts";

/** What no entity has: generations are narrower. */
const NO_GENERATION = 0xff;

/** Fills the values of one frame. */
export class FrameSampler {
  /** What is filled. */
  readonly values: FrameValues;
  readonly #schema: Schema;
  readonly #slots: ReplicaSlots;
  /** By place in the earlier snapshot: the place in the later one, -1 for none. */
  readonly #others: Int32Array;
  readonly #idsBefore: Uint16Array;
  readonly #generationsBefore: Uint8Array;

  /**
   * Takes memory for a frame.
   *
   * @param schema What an entity consists of.
   * @param slots The snapshots.
   */
  constructor(schema: Schema, slots: ReplicaSlots) {
    this.values = new FrameValues(schema, slots.stride);
    this.#schema = schema;
    this.#slots = slots;
    this.#others = new Int32Array(slots.stride);
    this.#idsBefore = new Uint16Array(slots.stride);
    this.#generationsBefore = new Uint8Array(slots.stride);
  }

  /**
   * Fills the frame.
   *
   * @param before The slot of the earlier snapshot.
   * @param after The slot of the later one, or the same.
   * @param tickBefore The tick of the earlier one.
   * @param ticksBetween How many ticks later the later one is.
   * @param fraction Where the time lies between the two: from 0 to below 1.
   */
  fill(before: number, after: number, tickBefore: number, ticksBetween: number, fraction: number): void {
    const slots = this.#slots;
    const { values } = this;
    const { layout, ticksPerSecond } = this.#schema;
    this.#match(before, after);
    this.#takeEntities(before);
    const source: BlendSource = {
      cells: slots.cells,
      stride: slots.stride,
      before: slots.cellsOf(before),
      after: slots.cellsOf(after),
      others: this.#others,
      count: values.count,
      fraction,
      seconds: ticksBetween / ticksPerSecond,
    };
    const { columns } = layout;
    for (let i = 0; i < columns.length; i++) blendColumn(columns, i, source, values.numbers, i * slots.stride);
    this.#takeBlobs(before);
    values.tick = tickBefore + ticksBetween * fraction;
  }

  /** Takes all entities of the frame for others from now on, for a world that takes over from another. */
  forget(): void {
    this.values.generations.fill(NO_GENERATION);
  }

  /** Finds the entities of the earlier snapshot in the later one. */
  #match(before: number, after: number): void {
    const { ids, generations, counts, stride } = this.#slots;
    const start = before * stride;
    let at = after * stride;
    const end = at + counts[after]!;
    for (let place = 0; place < counts[before]!; place++) {
      const id = ids[start + place]!;
      while (at < end && ids[at]! < id) at++;
      const isThere = at < end && ids[at] === id && generations[at] === generations[start + place];
      this.#others[place] = isThere ? at - after * stride : -1;
    }
  }

  /** Takes the entities over and notes how they differ from those of the frame before. */
  #takeEntities(slot: number): void {
    const { ids, generations, places, entered, left, count: countBefore } = this.values;
    const count = this.#slots.counts[slot]!;
    const start = slot * this.#slots.stride;
    this.#idsBefore.set(ids);
    this.#generationsBefore.set(generations);
    for (let i = 0; i < countBefore; i++) places[ids[i]!] = -1;
    let [come, gone, old] = [0, 0, 0];
    for (let place = 0; place < count; place++) {
      const id = this.#slots.ids[start + place]!;
      const generation = this.#slots.generations[start + place]!;
      ids[place] = id;
      generations[place] = generation;
      places[id] = place;
      while (old < countBefore && this.#idsBefore[old]! < id) left[gone++] = this.#idsBefore[old++]!;
      const wasThere = old < countBefore && this.#idsBefore[old] === id;
      const isSame = wasThere && this.#generationsBefore[old] === generation;
      if (wasThere) old++;
      if (isSame) continue;
      if (wasThere) left[gone++] = id;
      entered[come++] = id;
    }
    while (old < countBefore) left[gone++] = this.#idsBefore[old++]!;
    this.values.count = count;
    this.values.enteredCount = come;
    this.values.leftCount = gone;
  }

  #takeBlobs(slot: number): void {
    const { layout, count, stride, lengths, blobs } = this.values;
    const slots = this.#slots;
    const from = slots.blobsOf(slot);
    for (let i = 0; i < count * layout.blobBytes; i++) blobs[i] = slots.blobs[from + i]!;
    for (let b = 0; b < layout.blobs.length; b++) {
      const cells = slots.cellsOf(slot) + layout.blobs[b]!.lengthColumn * stride;
      for (let i = 0; i < count; i++) lengths[b * stride + i] = slots.cells[cells + i]!;
    }
  }
}
