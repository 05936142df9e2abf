/**
 * A spatial hash: which slots stand in which cell of an unbounded grid, kept up to date move by move.
 *
 * A cell is a square or cube of the configured size, a bucket a list of slots linked through columns; many cells may
 * share a bucket, so that no coordinate is out of bounds. Why this hash: neighbours in x are neighbours in memory, so
 * that a row of cells is one run of a sorted copy (see `cell_order.ts`), and multiples of the golden ratio, in three
 * dimensions of the plastic number (Roberts, The Unreasonable Effectiveness of Quasirandom Sequences, 2018), keep rows
 * that are near each other apart.
 *
 * ```text
 * bucket = (x cell + row) mod buckets     row = top bits of (y cell * STRIDE_Y + z cell * STRIDE_Z) mod 2^32
 * ```
 *
 * Invariant: `counts[b]` is the length of bucket b's list, and `buckets[slot]` follows from the slot's coordinates.
 *
 * @module
 */
import { widened } from "./id_table.ts";

/** 2^32 over the golden ratio. */
const STRIDE_Y_2D = 0x9e37_79b9 | 0;
/** 2^32 over the plastic number. */
const STRIDE_Y_3D = 0xc13f_a9a9 | 0;
/** 2^32 over the square of the plastic number. */
const STRIDE_Z_3D = 0x91e1_0da5 | 0;
/** Cells further out than this are one cell: what lies there is still found, only more slowly. */
const FARTHEST_CELL = 2 ** 30;
/** How much wider than its radius a query looks, relative to the numbers in it: rounding must not hide a hit. */
const ROUNDING = 2 ** -50;
const MIN_SLOTS = 16;

/** Coordinates by slot, and the slots by cell. */
export class CellIndex {
  /** 2 or 3; in two dimensions every z is 0. */
  readonly dimensions: number;
  readonly #cellsPerUnit: number;
  readonly #strideY: number;
  readonly #strideZ: number;
  /** Coordinates by slot; whoever writes them says {@linkcode CellIndex.update} for a placed slot. */
  x: Float64Array = new Float64Array(MIN_SLOTS);
  /** As {@linkcode CellIndex.x}. */
  y: Float64Array = new Float64Array(MIN_SLOTS);
  /** As {@linkcode CellIndex.x}. */
  z: Float64Array = new Float64Array(MIN_SLOTS);
  /** The bucket by slot; -1: the slot is not placed. */
  buckets: Int32Array = new Int32Array(MIN_SLOTS).fill(-1);
  /** How many slots a bucket holds. */
  counts: Int32Array = new Int32Array(2 * MIN_SLOTS);
  #heads = new Int32Array(2 * MIN_SLOTS).fill(-1);
  #next = new Int32Array(MIN_SLOTS);
  #previous = new Int32Array(MIN_SLOTS);
  #shift = Math.clz32(2 * MIN_SLOTS) + 1;
  #size = 0;
  readonly #range = new Int32Array(6);
  /** The middle and the radius of what is asked, as columns of one. */
  readonly #asked = {
    x: new Float64Array(1),
    y: new Float64Array(1),
    z: new Float64Array(1),
    radii: new Float64Array(1),
  } as const;

  /**
   * Makes an empty index.
   *
   * @param dimensions 2 or 3.
   * @param cellSize The length of a cell's edge.
   */
  constructor(dimensions: number, cellSize: number) {
    this.dimensions = dimensions;
    this.#cellsPerUnit = 1 / cellSize;
    this.#strideY = dimensions === 2 ? STRIDE_Y_2D : STRIDE_Y_3D;
    this.#strideZ = STRIDE_Z_3D;
  }

  /** How many slots are placed. */
  get size(): number {
    return this.#size;
  }

  /**
   * Makes room for slots; allocates.
   *
   * @param slots How many, a power of two; at least as many as before.
   */
  grow(slots: number): void {
    if (slots <= this.x.length) return;
    this.x = widened(this.x, new Float64Array(slots));
    this.y = widened(this.y, new Float64Array(slots));
    this.z = widened(this.z, new Float64Array(slots));
    const placed = this.buckets;
    this.buckets = new Int32Array(slots).fill(-1);
    this.counts = new Int32Array(2 * slots);
    this.#heads = new Int32Array(2 * slots).fill(-1);
    this.#next = new Int32Array(slots);
    this.#previous = new Int32Array(slots);
    this.#shift = Math.clz32(2 * slots) + 1;
    for (let slot = 0; slot < placed.length; slot++) {
      if (placed[slot]! >= 0) this.#link(slot, this.#bucketOf(slot));
    }
  }

  /**
   * Puts a slot somewhere.
   *
   * @param slot A slot that is not placed.
   * @param x The place: finite numbers.
   */
  place(slot: number, x: number, y: number, z: number): void {
    this.#put(slot, x, y, z);
    this.#link(slot, this.#bucketOf(slot));
    this.#size++;
  }

  /**
   * Puts a slot somewhere else.
   *
   * @param slot A placed slot.
   * @param x The place: finite numbers.
   */
  move(slot: number, x: number, y: number, z: number): void {
    this.#put(slot, x, y, z);
    this.update(slot);
  }

  /**
   * Follows a slot to where its coordinates are now.
   *
   * @param slot A placed slot.
   */
  update(slot: number): void {
    const bucket = this.#bucketOf(slot);
    if (bucket === this.buckets[slot]) return;
    this.#unlink(slot);
    this.#link(slot, bucket);
  }

  /**
   * Takes a slot out; its coordinates stay readable.
   *
   * @param slot A placed slot.
   */
  clear(slot: number): void {
    this.#unlink(slot);
    this.buckets[slot] = -1;
    this.#size--;
  }

  /**
   * The cell of a coordinate.
   *
   * @param coordinate Any number but NaN.
   * @returns An integer from -2^30 to 2^30.
   */
  cellOf(coordinate: number): number {
    const cell = Math.floor(coordinate * this.#cellsPerUnit);
    return cell < -FARTHEST_CELL ? -FARTHEST_CELL : cell > FARTHEST_CELL ? FARTHEST_CELL : cell;
  }

  /**
   * The cells that a circle or ball touches: its numbers come in columns, because a fraction that is handed to a call
   * which is not inlined is boxed.
   *
   * @param range Takes the first and the last cell in x, in y and in z.
   * @param x The middle, by slot; likewise y and z.
   * @param radii The radius, by slot.
   * @param slot Which one.
   */
  readRange(
    range: Int32Array,
    x: Float64Array,
    y: Float64Array,
    z: Float64Array,
    radii: Float64Array,
    slot: number,
  ): void {
    const radius = radii[slot]!;
    const reachX = radius + (Math.abs(x[slot]!) + radius) * ROUNDING;
    const reachY = radius + (Math.abs(y[slot]!) + radius) * ROUNDING;
    range[0] = this.cellOf(x[slot]! - reachX);
    range[1] = this.cellOf(x[slot]! + reachX);
    range[2] = this.cellOf(y[slot]! - reachY);
    range[3] = this.cellOf(y[slot]! + reachY);
    const reachZ = radius + (Math.abs(z[slot]!) + radius) * ROUNDING;
    range[4] = this.dimensions === 3 ? this.cellOf(z[slot]! - reachZ) : 0;
    range[5] = this.dimensions === 3 ? this.cellOf(z[slot]! + reachZ) : 0;
  }

  /**
   * The bucket of the first cell of a row; the cells behind it have the buckets behind it, around the end.
   *
   * @param cellX The cell in x; likewise the others.
   * @returns The bucket.
   */
  bucketAt(cellX: number, cellY: number, cellZ: number): number {
    const row = (Math.imul(cellY, this.#strideY) + Math.imul(cellZ, this.#strideZ)) >>> this.#shift;
    return (cellX + row) & (this.#heads.length - 1);
  }

  /**
   * Finds what is near a point.
   *
   * @param target Takes the ids, in no particular order, as far as they fit.
   * @param ids The ids by slot.
   * @param radius How far away they may be, the border included; at most 1e150.
   * @param x The point: finite numbers.
   * @returns How many were found, whether they fit or not.
   */
  query(target: Uint32Array, ids: Uint32Array, radius: number, x: number, y: number, z: number): number {
    const range = this.#range;
    const asked = this.#asked;
    asked.x[0] = x;
    asked.y[0] = y;
    asked.z[0] = z;
    asked.radii[0] = radius;
    this.readRange(range, asked.x, asked.y, asked.z, asked.radii, 0);
    const fromX = range[0]!;
    const toX = range[1]!;
    const fromY = range[2]!;
    const toY = range[3]!;
    const fromZ = range[4]!;
    const toZ = range[5]!;
    if ((toX - fromX + 1) * (toY - fromY + 1) * (toZ - fromZ + 1) > this.#size) {
      return this.#queryAll(target, ids, radius, x, y, z);
    }
    let found = 0;
    for (let cellZ = fromZ; cellZ <= toZ; cellZ++) {
      for (let cellY = fromY; cellY <= toY; cellY++) {
        for (let cellX = fromX; cellX <= toX; cellX++) {
          const head = this.#heads[this.bucketAt(cellX, cellY, cellZ)]!;
          for (let slot = head; slot >= 0; slot = this.#next[slot]!) {
            const dx = this.x[slot]! - x;
            const dy = this.y[slot]! - y;
            const dz = this.z[slot]! - z;
            if (dx * dx + dy * dy + dz * dz > radius * radius || !this.#isInRow(slot, cellY, cellZ)) continue;
            if (found < target.length) target[found] = ids[slot]!;
            found++;
          }
        }
      }
    }
    return found;
  }

  /** Looks at every slot: for a radius that covers more cells than there are slots. */
  #queryAll(target: Uint32Array, ids: Uint32Array, radius: number, x: number, y: number, z: number): number {
    let found = 0;
    for (let slot = 0; slot < this.buckets.length; slot++) {
      const dx = this.x[slot]! - x;
      const dy = this.y[slot]! - y;
      const dz = this.z[slot]! - z;
      if (this.buckets[slot]! < 0 || dx * dx + dy * dy + dz * dz > radius * radius) continue;
      if (found < target.length) target[found] = ids[slot]!;
      found++;
    }
    return found;
  }

  #put(slot: number, x: number, y: number, z: number): void {
    this.x[slot] = x;
    this.y[slot] = y;
    this.z[slot] = z;
  }

  /** Tells a slot of this row from one of another row that shares the bucket, so that none is found twice. */
  #isInRow(slot: number, cellY: number, cellZ: number): boolean {
    return this.cellOf(this.y[slot]!) === cellY && this.cellOf(this.z[slot]!) === cellZ;
  }

  #bucketOf(slot: number): number {
    return this.bucketAt(this.cellOf(this.x[slot]!), this.cellOf(this.y[slot]!), this.cellOf(this.z[slot]!));
  }

  #link(slot: number, bucket: number): void {
    const head = this.#heads[bucket]!;
    if (head >= 0) this.#previous[head] = slot;
    this.#previous[slot] = -1;
    this.#next[slot] = head;
    this.#heads[bucket] = slot;
    this.buckets[slot] = bucket;
    this.counts[bucket]!++;
  }

  #unlink(slot: number): void {
    const bucket = this.buckets[slot]!;
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    if (next >= 0) this.#previous[next] = previous;
    if (previous >= 0) this.#next[previous] = next;
    else this.#heads[bucket] = next;
    this.counts[bucket]!--;
  }
}
