/**
 * The state of all entities of a world in its last ticks, in columns of integers by entity id.
 *
 * All observers share it: a value is quantised and kept once, whoever it is sent to. Invariant: the row of a committed
 * tick does not change until its tick is out of the history; what is written goes into the row of the next tick.
 *
 * ```text
 * cells: | row 0: column 0: id 0, 1, … | column 1: … | … | row 1 … |     row: tick modulo the length of the history
 * blobs: | row 0: id 0: bytes of all its fields | id 1 … | … |
 * ```
 *
 * Why doubles for ticks: a world that lives for years counts beyond 31 bits.
 *
 * @module
 */
import type { Schema } from "./schema.ts";

/** How many bits tell the entities apart that had the same id one after the other. */
export const GENERATION_BITS = 3;

/** The columns that writers fill and observers read. */
export class WorldCells {
  /** What an entity consists of. */
  readonly schema: Schema;
  /** How many entities there may be. */
  readonly capacity: number;
  /** How many rows there are. */
  readonly historyTicks: number;
  /** The integers of all rows. */
  readonly cells: Int32Array;
  /** The bytes of all rows. */
  readonly blobs: Uint8Array;
  /** By id: 1 while the entity exists, as of now. */
  readonly alive: Uint8Array;
  /** The same, one bit by id. */
  readonly aliveBits: Int32Array;
  /** One bit by id: whether the entity existed when the last tick was committed. */
  readonly committedBits: Int32Array;
  /** By id: the last tick in which anything was written that made a difference. */
  readonly changedAt: Float64Array;
  /** By column: the last tick in which it changed for any entity. */
  readonly columnChangedAt: Float64Array;
  /** By id: the tick in which the entity appeared. */
  readonly spawnedAt: Float64Array;
  /** By id: which entity with this id it is, modulo the width. */
  readonly generations: Uint8Array;
  /** The tick that is being written; the one before is the last committed. */
  tick = 0;
  /** Where the row of that tick begins in `cells`. */
  rowStart = 0;
  /** Where the row of that tick begins in `blobs`. */
  blobRowStart = 0;

  /**
   * Takes memory for all entities that there may ever be.
   *
   * @param schema What an entity consists of.
   * @param historyTicks How many ticks are kept.
   */
  constructor(schema: Schema, historyTicks: number) {
    const { maxEntities, layout } = schema;
    this.schema = schema;
    this.capacity = maxEntities;
    this.historyTicks = historyTicks;
    this.cells = new Int32Array(historyTicks * layout.columnCount * maxEntities);
    this.blobs = new Uint8Array(historyTicks * layout.blobBytes * maxEntities);
    this.alive = new Uint8Array(maxEntities);
    this.aliveBits = new Int32Array((maxEntities + 31) >>> 5);
    this.committedBits = new Int32Array((maxEntities + 31) >>> 5);
    this.changedAt = new Float64Array(maxEntities);
    this.columnChangedAt = new Float64Array(layout.columnCount);
    this.spawnedAt = new Float64Array(maxEntities);
    this.generations = new Uint8Array(maxEntities);
  }

  /**
   * Where the row of a tick begins.
   *
   * @param tick A tick that is being written or was committed within the history.
   * @returns An index into `cells`.
   */
  startOf(tick: number): number {
    return (tick % this.historyTicks) * this.schema.layout.columnCount * this.capacity;
  }

  /**
   * Where the bytes of a tick begin.
   *
   * @param tick A tick that is being written or was committed within the history.
   * @returns An index into `blobs`.
   */
  blobStartOf(tick: number): number {
    return (tick % this.historyTicks) * this.schema.layout.blobBytes * this.capacity;
  }

  /**
   * The index of an entity's integer in the row that is being written.
   *
   * @param id The entity.
   * @param column The column.
   * @returns An index into `cells`.
   * @throws {RangeError} When there is no such entity.
   */
  indexOf(id: number, column: number): number {
    if (this.alive[id] !== 1) throw new RangeError(`There is no entity ${id}`);
    return this.rowStart + column * this.capacity + id;
  }

  /**
   * Writes an integer into the row that is being written.
   *
   * @param id The entity.
   * @param column The column.
   * @param number The integer, as an `Int32Array` holds it.
   * @throws {RangeError} When there is no such entity.
   */
  write(id: number, column: number, number: number): void {
    const index = this.indexOf(id, column);
    if (this.cells[index] === number) return;
    this.cells[index] = number;
    this.changedAt[id] = this.columnChangedAt[column] = this.tick;
  }

  /**
   * Makes an entity exist, with the initial value in every field.
   *
   * @param id An id that no entity has.
   */
  spawn(id: number): void {
    const { columns, columnCount } = this.schema.layout;
    this.alive[id] = 1;
    this.aliveBits[id >>> 5]! |= 1 << (id & 31);
    this.generations[id] = (this.generations[id]! + 1) & ((1 << GENERATION_BITS) - 1);
    this.spawnedAt[id] = this.tick;
    for (let column = 0; column < columnCount; column++) {
      this.cells[this.rowStart + column * this.capacity + id] = columns[column]?.initial ?? 0;
    }
  }

  /**
   * Makes an entity stop to exist; its values stay in the rows of committed ticks.
   *
   * @param id An id that an entity has.
   */
  despawn(id: number): void {
    this.alive[id] = 0;
    this.aliveBits[id >>> 5]! &= ~(1 << (id & 31));
  }

  /** Closes the tick that is being written and begins the next one with the same content. */
  commit(): void {
    const { columnCount, blobBytes } = this.schema.layout;
    this.committedBits.set(this.aliveBits);
    const from = this.rowStart;
    const blobsFrom = this.blobRowStart;
    this.tick++;
    this.rowStart = this.startOf(this.tick);
    this.blobRowStart = this.blobStartOf(this.tick);
    this.cells.copyWithin(this.rowStart, from, from + columnCount * this.capacity);
    if (blobBytes > 0) {
      this.blobs.copyWithin(this.blobRowStart, blobsFrom, blobsFrom + blobBytes * this.capacity);
    }
  }
}
