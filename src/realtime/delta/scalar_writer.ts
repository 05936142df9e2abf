/**
 * Writes the fields of a world that are one number: numbers, directions, flags and choices.
 *
 * Invariant: an entity counts as changed only when an integer of it changed; writing what is there already costs
 * nothing on the wire. Why fast paths in `set`: a fraction is boxed at every call that is not inlined, so `set` is small
 * enough to be, and hands on integers only.
 *
 * @module
 */
import { type Column, quantise, quantiseAngle, valueOf } from "./column.ts";
import type { WorldCells } from "./world_cells.ts";

/** Rounded down, a number between this and its negative fits into 32 bits. */
const MAX_ROUNDED = 2 ** 31;

/** Writes numbers. */
export class NumberWriter {
  readonly #world: WorldCells;
  readonly #index: number;
  readonly #column: Column;
  readonly #offset: number;
  readonly #perUnit: number;
  readonly #top: number;

  /**
   * Makes a writer; a world makes its own.
   *
   * @param world Where to.
   * @param index Which column.
   */
  constructor(world: WorldCells, index: number) {
    this.#world = world;
    this.#index = index;
    this.#column = world.schema.layout.columns[index]!;
    this.#offset = this.#column.offset;
    this.#perUnit = this.#column.perUnit;
    this.#top = Math.min(this.#column.top, 0x7fff_ffff);
  }

  /**
   * Writes a value; it is moved into the range of the field and rounded to its precision.
   *
   * @param id The entity.
   * @param value The value.
   * @throws {RangeError} When there is no such entity or the value is NaN.
   */
  set(id: number, value: number): void {
    const steps = (value - this.#offset) * this.#perUnit + 0.5;
    const number = steps >= 0.5 && steps < this.#top ? steps | 0 : quantise(this.#column, value);
    this.#world.write(id, this.#index, number);
  }

  /**
   * Writes the values of all entities from a column that the caller keeps; the way that boxes no fraction.
   *
   * @param values By id: the value; ids without an entity are passed over. A typed array is fastest.
   * @throws {RangeError} When the value of an entity is NaN.
   */
  load(values: ArrayLike<number>): void {
    const { alive, capacity } = this.#world;
    const end = Math.min(values.length, capacity);
    for (let id = 0; id < end; id++) if (alive[id] === 1) this.set(id, values[id]!);
  }

  /**
   * Reads the value as receivers will have it.
   *
   * @param id The entity.
   * @returns The rounded value.
   * @throws {RangeError} When there is no such entity.
   */
  at(id: number): number {
    return read(this.#world, this.#index, id);
  }
}

/** Writes directions. */
export class AngleWriter {
  readonly #world: WorldCells;
  readonly #index: number;
  readonly #column: Column;
  readonly #perUnit: number;
  readonly #top: number;

  /**
   * Makes a writer; a world makes its own.
   *
   * @param world Where to.
   * @param index Which column.
   */
  constructor(world: WorldCells, index: number) {
    this.#world = world;
    this.#index = index;
    this.#column = world.schema.layout.columns[index]!;
    this.#perUnit = this.#column.perUnit;
    this.#top = this.#column.top;
  }

  /**
   * Writes a direction.
   *
   * @param id The entity.
   * @param radians Any finite number.
   * @throws {RangeError} When there is no such entity or the number is not finite.
   */
  set(id: number, radians: number): void {
    const steps = radians * this.#perUnit + 0.5;
    const number = steps > -MAX_ROUNDED && steps < MAX_ROUNDED
      ? Math.floor(steps) & this.#top
      : quantiseAngle(this.#column, radians);
    this.#world.write(id, this.#index, number);
  }

  /**
   * Writes the directions of all entities from a column that the caller keeps; the way that boxes no fraction.
   *
   * @param radians By id: radians; ids without an entity are passed over. A typed array is fastest.
   * @throws {RangeError} When the direction of an entity is not finite.
   */
  load(radians: ArrayLike<number>): void {
    const { alive, capacity } = this.#world;
    const end = Math.min(radians.length, capacity);
    for (let id = 0; id < end; id++) if (alive[id] === 1) this.set(id, radians[id]!);
  }

  /**
   * Reads the direction as receivers will have it.
   *
   * @param id The entity.
   * @returns Radians from -π to below π.
   * @throws {RangeError} When there is no such entity.
   */
  at(id: number): number {
    return read(this.#world, this.#index, id);
  }
}

/** Writes flags. */
export class FlagWriter {
  readonly #world: WorldCells;
  readonly #index: number;

  /**
   * Makes a writer; a world makes its own.
   *
   * @param world Where to.
   * @param index Which column.
   */
  constructor(world: WorldCells, index: number) {
    this.#world = world;
    this.#index = index;
  }

  /**
   * Writes a flag.
   *
   * @param id The entity.
   * @param value The flag.
   * @throws {RangeError} When there is no such entity.
   */
  set(id: number, value: boolean): void {
    this.#world.write(id, this.#index, value ? 1 : 0);
  }

  /**
   * Reads a flag.
   *
   * @param id The entity.
   * @returns The flag.
   * @throws {RangeError} When there is no such entity.
   */
  at(id: number): boolean {
    return this.#world.cells[this.#world.indexOf(id, this.#index)] === 1;
  }
}

/** Writes one of a few names. */
export class ChoiceWriter<T extends string = string> {
  readonly #world: WorldCells;
  readonly #index: number;
  readonly #values: readonly T[];
  readonly #numbers: ReadonlyMap<string, number>;

  /**
   * Makes a writer; a world makes its own.
   *
   * @param world Where to.
   * @param index Which column.
   * @param values The names.
   */
  constructor(world: WorldCells, index: number, values: readonly T[]) {
    this.#world = world;
    this.#index = index;
    this.#values = values;
    this.#numbers = new Map(values.map((value, number) => [value, number]));
  }

  /**
   * Writes a name.
   *
   * @param id The entity.
   * @param value One of the names.
   * @throws {RangeError} When there is no such entity or no such name.
   */
  set(id: number, value: T): void {
    const number = this.#numbers.get(value);
    if (number === undefined) throw new RangeError(`The choice ${value} is not in the list`);
    this.#world.write(id, this.#index, number);
  }

  /**
   * Reads a name.
   *
   * @param id The entity.
   * @returns The name.
   * @throws {RangeError} When there is no such entity.
   */
  at(id: number): T {
    return this.#values[this.#world.cells[this.#world.indexOf(id, this.#index)]!]!;
  }
}

function read(world: WorldCells, column: number, id: number): number {
  return valueOf(world.schema.layout.columns[column]!, world.cells[world.indexOf(id, column)]!);
}
