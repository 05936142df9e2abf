/**
 * A spatial hash grid for the game's own questions: who is near this point?
 *
 * Entities stand in the cells of an unbounded grid (Teschner and others, Optimized Spatial Hashing, 2003), so that a
 * question looks at the cells around a point and not at the world. Invariant: an answer is what a look at every entity
 * would give, at any time, without a tick.
 *
 * @module
 */
import { MisuseError, ResourceError } from "../../error/transport_error.ts";
import { CellIndex } from "./cell_index.ts";
import { IdTable } from "./id_table.ts";
import { resolveSpatialGridOptions, type SpatialGridConfig, type SpatialGridOptions } from "./interest_options.ts";
import { checkId, checkPlace, checkRadius } from "./place_check.ts";

/**
 * Entities with an id and a place, in two or three dimensions.
 *
 * Nothing is allocated to insert, move, remove or ask, once the grid has grown to the number of its entities.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const grid = new SpatialGrid({ cellSize: 10 });
 * grid.insert(1, 0, 0);
 * grid.insert(2, 3, 4);
 * grid.insert(3, -500, 1e9);
 *
 * // Who is caught by a blast of radius 6 at 1, 1?
 * const hit = new Uint32Array(16);
 * const count = grid.query(hit, 6, 1, 1);
 * assertEquals([...hit.subarray(0, count)].sort(), [1, 2]);
 *
 * grid.move(2, 50, 50);
 * assertEquals(grid.query(hit, 6, 1, 1), 1);
 * ```
 */
export class SpatialGrid {
  readonly #config: SpatialGridConfig;
  readonly #table: IdTable;
  readonly #cells: CellIndex;

  /**
   * Makes an empty grid.
   *
   * @param options The size of the cells, and more.
   * @throws {TypeError} When an option has the wrong type or is not known.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(options: SpatialGridOptions) {
    this.#config = resolveSpatialGridOptions(options);
    this.#table = new IdTable(this.#config.maxEntities);
    this.#cells = new CellIndex(this.#config.dimensions, this.#config.cellSize);
  }

  /** How many entities there are. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Whether there is an entity of this id.
   *
   * @param id Any number.
   * @returns Whether there is.
   */
  has(id: number): boolean {
    return this.#table.slotOf(id) >= 0;
  }

  /**
   * Adds an entity.
   *
   * @param id An integer from 0 to 2^32 - 1 that no other entity has.
   * @param x Where it is: any finite numbers, in the caller's units.
   * @param y As `x`.
   * @param z As `x`; in two dimensions it must stay 0.
   * @throws {RangeError} When the id or a coordinate is out of its bounds.
   * @throws {MisuseError} When there is an entity of this id already.
   * @throws {ResourceError} When there are `maxEntities` already.
   */
  insert(id: number, x: number, y: number, z = 0): void {
    checkId("entity", id);
    checkPlace(this.#config.dimensions, x, y, z);
    if (this.#table.slotOf(id) >= 0) throw new MisuseError(`Cannot insert entity ${id}: it is in the grid already`);
    const slot = this.#table.add(id);
    if (slot < 0) throw new ResourceError(`Cannot insert entity ${id}: the grid has all its ${this.size} entities`);
    this.#cells.grow(this.#table.capacity);
    this.#cells.place(slot, x, y, z);
  }

  /**
   * Moves an entity.
   *
   * @param id Which one.
   * @param x Where it is now: any finite numbers.
   * @param y As `x`.
   * @param z As `x`; in two dimensions it must stay 0.
   * @throws {RangeError} When a coordinate is out of its bounds; the entity stays where it was.
   * @throws {MisuseError} When there is no such entity.
   */
  move(id: number, x: number, y: number, z = 0): void {
    const slot = this.#table.slotOf(id);
    if (slot < 0) throw new MisuseError(`Cannot move entity ${id}: it is not in the grid`);
    checkPlace(this.#config.dimensions, x, y, z);
    this.#cells.move(slot, x, y, z);
  }

  /**
   * Takes an entity out.
   *
   * @param id Which one.
   * @returns Whether there was one.
   */
  remove(id: number): boolean {
    const slot = this.#table.slotOf(id);
    if (slot < 0) return false;
    this.#cells.clear(slot);
    this.#table.detach(slot);
    this.#table.free(slot);
    return true;
  }

  /**
   * Finds the entities near a point.
   *
   * @param target Takes their ids in no particular order, as far as they fit.
   * @param radius How far from the point they may be, the border included; 0 to 1e150.
   * @param x The point: any finite numbers.
   * @param y As `x`.
   * @param z As `x`; in two dimensions it must stay 0.
   * @returns How many there are: more than `target.length` when not all did fit.
   * @throws {RangeError} When the radius or a coordinate is out of its bounds.
   */
  query(target: Uint32Array, radius: number, x: number, y: number, z = 0): number {
    checkRadius(radius);
    checkPlace(this.#config.dimensions, x, y, z);
    return this.#cells.query(target, this.#table.ids, radius, x, y, z);
  }
}
