/**
 * Writes the fields of a world that are vectors: one number column for each component.
 *
 * @module
 */
import { NumberWriter } from "./scalar_writer.ts";
import type { WorldCells } from "./world_cells.ts";

/** Writes vectors of two components. */
export class Vec2Writer {
  readonly #x: NumberWriter;
  readonly #y: NumberWriter;

  /**
   * Makes a writer; a world makes its own.
   *
   * @param world Where to.
   * @param index The column of the first component.
   */
  constructor(world: WorldCells, index: number) {
    this.#x = new NumberWriter(world, index);
    this.#y = new NumberWriter(world, index + 1);
  }

  /**
   * Writes a vector; each component is moved into the range of the field and rounded to its precision.
   *
   * @param id The entity.
   * @param x The first component.
   * @param y The second component.
   * @throws {RangeError} When there is no such entity or a component is NaN.
   */
  set(id: number, x: number, y: number): void {
    if (x !== x || y !== y) refuse(); // all components or none
    this.#x.set(id, x);
    this.#y.set(id, y);
  }

  /**
   * Writes the vectors of all entities from columns that the caller keeps; the way that boxes no fraction.
   *
   * @param x By id: the first component; ids without an entity are passed over.
   * @param y By id: the second component; ids without an entity are passed over.
   * @throws {RangeError} When a component of an entity is NaN.
   */
  load(x: ArrayLike<number>, y: ArrayLike<number>): void {
    this.#x.load(x);
    this.#y.load(y);
  }

  /**
   * Reads the first component as receivers will have it.
   *
   * @param id The entity.
   * @returns The rounded component.
   * @throws {RangeError} When there is no such entity.
   */
  x(id: number): number {
    return this.#x.at(id);
  }

  /**
   * Reads the second component as receivers will have it.
   *
   * @param id The entity.
   * @returns The rounded component.
   * @throws {RangeError} When there is no such entity.
   */
  y(id: number): number {
    return this.#y.at(id);
  }
}

/** Writes vectors of three components. */
export class Vec3Writer {
  readonly #x: NumberWriter;
  readonly #y: NumberWriter;
  readonly #z: NumberWriter;

  /**
   * Makes a writer; a world makes its own.
   *
   * @param world Where to.
   * @param index The column of the first component.
   */
  constructor(world: WorldCells, index: number) {
    this.#x = new NumberWriter(world, index);
    this.#y = new NumberWriter(world, index + 1);
    this.#z = new NumberWriter(world, index + 2);
  }

  /**
   * Writes a vector; each component is moved into the range of the field and rounded to its precision.
   *
   * @param id The entity.
   * @param x The first component.
   * @param y The second component.
   * @param z The third component.
   * @throws {RangeError} When there is no such entity or a component is NaN.
   */
  set(id: number, x: number, y: number, z: number): void {
    if (x !== x || y !== y || z !== z) refuse();
    this.#x.set(id, x);
    this.#y.set(id, y);
    this.#z.set(id, z);
  }

  /**
   * Writes the vectors of all entities from columns that the caller keeps; the way that boxes no fraction.
   *
   * @param x By id: the first component; ids without an entity are passed over.
   * @param y By id: the second component; ids without an entity are passed over.
   * @param z By id: the third component; ids without an entity are passed over.
   * @throws {RangeError} When a component of an entity is NaN.
   */
  load(x: ArrayLike<number>, y: ArrayLike<number>, z: ArrayLike<number>): void {
    this.#x.load(x);
    this.#y.load(y);
    this.#z.load(z);
  }

  /**
   * Reads the first component as receivers will have it.
   *
   * @param id The entity.
   * @returns The rounded component.
   * @throws {RangeError} When there is no such entity.
   */
  x(id: number): number {
    return this.#x.at(id);
  }

  /**
   * Reads the second component as receivers will have it.
   *
   * @param id The entity.
   * @returns The rounded component.
   * @throws {RangeError} When there is no such entity.
   */
  y(id: number): number {
    return this.#y.at(id);
  }

  /**
   * Reads the third component as receivers will have it.
   *
   * @param id The entity.
   * @returns The rounded component.
   * @throws {RangeError} When there is no such entity.
   */
  z(id: number): number {
    return this.#z.at(id);
  }
}

function refuse(): never {
  throw new RangeError("Cannot write NaN");
}
