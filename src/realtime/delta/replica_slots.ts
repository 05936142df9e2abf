/**
 * The snapshots that a replica keeps: who is in each, and all of their fields, in columns by place.
 *
 * Invariant: the ids of a slot ascend, so that two slots are merged in one pass and a place means the same on both ends.
 *
 * ```text
 * cells: | slot 0: column 0: place 0, 1, … | column 1: … | … | slot 1 … |
 * blobs: | slot 0: place 0: bytes of all its fields | place 1 … | … |
 * ```
 *
 * @module
 */
import type { Schema, SchemaLayout } from "./schema.ts";

/** The memory of all slots. */
export class ReplicaSlots {
  /** How the fields lie in it. */
  readonly layout: SchemaLayout;
  /** The most entities in a snapshot. */
  readonly stride: number;
  /** How many entities each snapshot has. */
  readonly counts: Int32Array;
  /** The entities, ascending within a slot. */
  readonly ids: Uint16Array;
  /** Which entity with its id it is. */
  readonly generations: Uint8Array;
  /** The low 16 bits of the tick in which the entity was last sent. */
  readonly motions: Uint16Array;
  /** The integers. */
  readonly cells: Int32Array;
  /** The bytes. */
  readonly blobs: Uint8Array;

  /**
   * Takes memory for all slots.
   *
   * @param schema What an entity consists of.
   * @param slots How many slots.
   * @param maxVisible The most entities in a snapshot.
   */
  constructor(schema: Schema, slots: number, maxVisible: number) {
    const { columnCount, blobBytes } = schema.layout;
    this.layout = schema.layout;
    this.stride = maxVisible;
    this.counts = new Int32Array(slots);
    this.ids = new Uint16Array(slots * maxVisible);
    this.generations = new Uint8Array(slots * maxVisible);
    this.motions = new Uint16Array(slots * maxVisible);
    this.cells = new Int32Array(slots * columnCount * maxVisible);
    this.blobs = new Uint8Array(slots * blobBytes * maxVisible);
  }

  /**
   * Where the integers of a slot begin.
   *
   * @param slot Which slot.
   * @returns An index into `cells`.
   */
  cellsOf(slot: number): number {
    return slot * this.layout.columnCount * this.stride;
  }

  /**
   * Where the bytes of a slot begin.
   *
   * @param slot Which slot.
   * @returns An index into `blobs`.
   */
  blobsOf(slot: number): number {
    return slot * this.layout.blobBytes * this.stride;
  }

  /**
   * Copies the fields of a snapshot whose entities are the same.
   *
   * @param from The slot with the fields.
   * @param into The slot that gets them.
   */
  copyAll(from: number, into: number): void {
    const { columnCount, blobBytes } = this.layout;
    const count = this.counts[from]!;
    const source = this.cellsOf(from);
    const target = this.cellsOf(into);
    for (let column = 0; column < columnCount; column++) {
      const start = source + column * this.stride;
      this.cells.copyWithin(target + column * this.stride, start, start + count);
    }
    const blobs = this.blobsOf(from);
    if (blobBytes > 0) this.blobs.copyWithin(this.blobsOf(into), blobs, blobs + blobBytes * count);
  }

  /**
   * Copies the fields of some entities of a snapshot; the others begin with the initial values.
   *
   * @param from The slot with the fields; -1 when no entity has a source.
   * @param into The slot that gets them.
   * @param places By place in the new snapshot: the place in the old one, or -1.
   */
  copySome(from: number, into: number, places: Int32Array): void {
    const { columns, columnCount, blobBytes } = this.layout;
    const count = this.counts[into]!;
    for (let column = 0; column < columnCount; column++) {
      const source = this.cellsOf(from) + column * this.stride;
      const target = this.cellsOf(into) + column * this.stride;
      const initial = columns[column]?.initial ?? 0;
      for (let place = 0; place < count; place++) {
        const before = places[place]!;
        this.cells[target + place] = before < 0 ? initial : this.cells[source + before]!;
      }
    }
    if (blobBytes === 0) return;
    for (let place = 0; place < count; place++) {
      if (places[place]! < 0) continue;
      const start = this.blobsOf(from) + places[place]! * blobBytes;
      this.blobs.copyWithin(this.blobsOf(into) + place * blobBytes, start, start + blobBytes);
    }
  }
}
