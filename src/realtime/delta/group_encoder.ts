/**
 * Writes the fields of a group of entities, one column after the other.
 *
 * Two groups make a snapshot: entities that the receiver knows, as differences to where it expects them, and entities
 * that are sent whole, as differences to a new entity. Bytes and strings are sent whole where they changed.
 *
 * ```text
 * | column: column_code.ts | column | … | blob: which, gap_list.ts | length | bytes | length | bytes | … | blob | …
 * ```
 *
 * @module
 */
import type { BitWriter } from "./bit_writer.ts";
import { expectedNumber } from "./column.ts";
import type { ColumnCoder } from "./column_code.ts";
import { widthOf, writeGaps } from "./gap_list.ts";
import type { BlobColumn } from "./schema.ts";
import { mixBytes, mixWord } from "./state_hash.ts";
import type { ViewPlan } from "./view_plan.ts";
import type { WorldCells } from "./world_cells.ts";

/** Writes groups; shared by all observers of a world. */
export class GroupEncoder {
  readonly #world: WorldCells;
  readonly #coder: ColumnCoder;
  /** Where the integers of each entity begin, now and in the state that the receiver has. */
  readonly #now: Int32Array;
  readonly #before: Int32Array;
  readonly #changed: Int32Array;

  /**
   * Takes working memory.
   *
   * @param world The world.
   * @param coder Working memory for columns of all entities.
   */
  constructor(world: WorldCells, coder: ColumnCoder) {
    this.#world = world;
    this.#coder = coder;
    this.#now = new Int32Array(world.capacity);
    this.#before = new Int32Array(world.capacity);
    this.#changed = new Int32Array(world.capacity);
  }

  /**
   * Writes the entities that are sent as differences.
   *
   * @param writer Where to.
   * @param plan Which entities.
   * @param tick The last committed tick.
   */
  encodeTouched(writer: BitWriter, plan: ViewPlan, tick: number): void {
    const { touchedIds, touchedRows, touchedTicks, touchedCount: count } = plan;
    if (count === 0) return;
    const world = this.#world;
    const { columns, codingOrder, blobs } = world.schema.layout;
    const rowStart = world.startOf(tick);
    let oldest = tick;
    for (let i = 0; i < count; i++) {
      const row = touchedRows[i]!;
      if (row < oldest) oldest = row;
      this.#now[i] = rowStart + touchedIds[i]!;
      this.#before[i] = world.startOf(row) + touchedIds[i]!;
    }
    for (let i = 0; i < codingOrder.length; i++) {
      const index = codingOrder[i]!;
      if (columns[index]!.velocity >= 0) {
        this.#subtractExpected(index, count, touchedTicks);
      } else if (world.columnChangedAt[index]! > oldest) {
        this.#subtractBefore(index, count);
      } else {
        this.#coder.encodeExpected(writer);
        continue;
      }
      this.#coder.encode(writer, count, columns[index]!.bits);
    }
    for (let b = 0; b < blobs.length; b++) {
      const blob = blobs[b]!;
      let changed = 0;
      for (let i = 0; i < count; i++) {
        if (!this.#isSameBlob(blob, touchedIds[i]!, tick, touchedRows[i]!)) this.#changed[changed++] = i;
      }
      this.#encodeBlob(writer, blob, touchedIds, count, changed, tick);
    }
  }

  /**
   * Writes the entities that are sent whole.
   *
   * @param writer Where to.
   * @param plan Which entities.
   * @param tick The last committed tick.
   */
  encodeWhole(writer: BitWriter, plan: ViewPlan, tick: number): void {
    const { whole, wholeCount: count } = plan;
    if (count === 0) return;
    const world = this.#world;
    const { columns, codingOrder, blobs } = world.schema.layout;
    const rowStart = world.startOf(tick);
    for (let i = 0; i < count; i++) this.#now[i] = rowStart + whole[i]!;
    for (let i = 0; i < codingOrder.length; i++) {
      const index = codingOrder[i]!;
      this.#subtractInitial(index, count);
      this.#coder.encode(writer, count, columns[index]!.bits);
    }
    for (let b = 0; b < blobs.length; b++) {
      const blob = blobs[b]!;
      let changed = 0;
      for (let i = 0; i < count; i++) {
        if (world.cells[this.#now[i]! + blob.lengthColumn * world.capacity] !== 0) this.#changed[changed++] = i;
      }
      this.#encodeBlob(writer, blob, whole, count, changed, tick);
    }
  }

  /**
   * Hashes an entity: its generation and all of its fields.
   *
   * @param id The entity.
   * @param tick The last committed tick.
   * @returns 32 bits.
   */
  hashEntity(id: number, tick: number): number {
    const world = this.#world;
    const { columnCount, blobs } = world.schema.layout;
    let hash = mixWord(0, world.generations[id]!);
    let at = world.startOf(tick) + id;
    for (let column = 0; column < columnCount; column++, at += world.capacity) hash = mixWord(hash, world.cells[at]!);
    for (let b = 0; b < blobs.length; b++) {
      const start = this.#blobStart(blobs[b]!, id, tick);
      hash = mixBytes(hash, world.blobs, start, start + this.#blobLength(blobs[b]!, id, tick));
    }
    return hash;
  }

  #subtractBefore(index: number, count: number): void {
    const { differences, numbers } = this.#coder;
    const { cells, capacity, schema } = this.#world;
    const [now, before] = [this.#now, this.#before];
    const start = index * capacity;
    const shift = 32 - schema.layout.columns[index]!.bits;
    for (let i = 0; i < count; i++) {
      const number = cells[start + now[i]!]!;
      const difference = ((number - cells[start + before[i]!]!) << shift) >> shift;
      numbers[i] = number;
      differences[i] = (difference << 1) ^ (difference >> 31);
    }
  }

  #subtractExpected(index: number, count: number, ticks: Int32Array): void {
    const { differences, numbers } = this.#coder;
    const { cells, capacity, schema } = this.#world;
    const column = schema.layout.columns[index]!;
    const start = index * capacity;
    const velocities = column.velocity * capacity;
    const shift = 32 - column.bits;
    for (let i = 0; i < count; i++) {
      const now = this.#now[i]!;
      const before = this.#before[i]!;
      const number = cells[start + now]!;
      const velocityBefore = cells[velocities + before]!;
      const velocityNow = cells[velocities + now]!;
      const expected = expectedNumber(column, cells[start + before]!, velocityBefore, velocityNow, ticks[i]!);
      const difference = ((number - expected) << shift) >> shift;
      numbers[i] = number;
      differences[i] = (difference << 1) ^ (difference >> 31);
    }
  }

  #subtractInitial(index: number, count: number): void {
    const { differences, numbers } = this.#coder;
    const { initial, bits } = this.#world.schema.layout.columns[index]!;
    const start = index * this.#world.capacity;
    const shift = 32 - bits;
    for (let i = 0; i < count; i++) {
      const number = this.#world.cells[start + this.#now[i]!]!;
      const difference = ((number - initial) << shift) >> shift;
      numbers[i] = number;
      differences[i] = (difference << 1) ^ (difference >> 31);
    }
  }

  #encodeBlob(w: BitWriter, blob: BlobColumn, ids: Int32Array, count: number, changed: number, tick: number): void {
    const width = widthOf(blob.maxBytes);
    writeGaps(w, this.#changed, changed, count);
    for (let i = 0; i < changed; i++) {
      const id = ids[this.#changed[i]!]!;
      const start = this.#blobStart(blob, id, tick);
      const length = this.#blobLength(blob, id, tick);
      w.write(length, width);
      for (let j = 0; j < length; j++) w.write(this.#world.blobs[start + j]!, 8);
    }
  }

  #isSameBlob(blob: BlobColumn, id: number, tick: number, before: number): boolean {
    const length = this.#blobLength(blob, id, tick);
    if (length !== this.#blobLength(blob, id, before)) return false;
    const a = this.#blobStart(blob, id, tick);
    const b = this.#blobStart(blob, id, before);
    for (let i = 0; i < length; i++) if (this.#world.blobs[a + i] !== this.#world.blobs[b + i]) return false;
    return true;
  }

  #blobStart(blob: BlobColumn, id: number, tick: number): number {
    return this.#world.blobStartOf(tick) + id * this.#world.schema.layout.blobBytes + blob.offset;
  }

  #blobLength(blob: BlobColumn, id: number, tick: number): number {
    return this.#world.cells[this.#world.startOf(tick) + blob.lengthColumn * this.#world.capacity + id]!;
  }
}
