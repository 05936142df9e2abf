/**
 * What an entity of a replicated world consists of, laid out as columns of integers that both ends share.
 *
 * Invariant: everything that the wire depends on goes into the fingerprint, which full snapshots carry: ends with
 * different schemas refuse each other instead of showing nonsense.
 *
 * @module
 */
import { integer, onlyKnown } from "../../error/option_check.ts";
import { type Column, MAX_EXPECTED_TICKS, quantise, quantiseAngle } from "./column.ts";
import type { Blending, Field, FloatField, RealField, Vec2Field, Vec3Field } from "./field.ts";
import { widthOf } from "./gap_list.ts";
import { hashBytes } from "./state_hash.ts";

/** The fields of an entity by name. */
export type FieldSet = Readonly<Record<string, Field>>;

/** What all entities of a world have in common. */
export interface SchemaOptions {
  /**
   * How many entities there may be, 1 to 65536; their ids are the integers below. Both ends take memory for all of them.
   * @default 1024
   */
  readonly maxEntities?: number;
  /**
   * How many snapshots the server commits per second, 0.001 to 10,000; velocities are per second. Wrong, it costs bytes
   * and not correctness. @default 20
   */
  readonly ticksPerSecond?: number;
}

/** Where bytes of one field lie among the bytes of one entity. */
export interface BlobColumn {
  /** The most bytes. */
  readonly maxBytes: number;
  /** The index of the first byte. */
  readonly offset: number;
  /** The column that holds the length; it lies behind all columns of numbers. */
  readonly lengthColumn: number;
}

/** How the fields lie in memory and in which order they are coded. */
export interface SchemaLayout {
  /** The columns of numbers. */
  readonly columns: readonly Column[];
  /** Their indices, those that others depend on first. */
  readonly codingOrder: readonly number[];
  /** The fields with bytes. */
  readonly blobs: readonly BlobColumn[];
  /** How many columns there are with those of the lengths. */
  readonly columnCount: number;
  /** How many bytes the blobs of one entity take. */
  readonly blobBytes: number;
  /** By field name: its first column, or its blob. */
  readonly places: ReadonlyMap<string, number>;
}

/** A checked description of entities; hand the same one to both ends. */
export interface Schema<F extends FieldSet = FieldSet> {
  /** The fields by name. */
  readonly fields: F;
  /** How many entities there may be. */
  readonly maxEntities: number;
  /** How many snapshots there are per second. */
  readonly ticksPerSecond: number;
  /** A hash of all that both ends must agree on, 0 to 2^32 - 1. */
  readonly fingerprint: number;
  /**
   * How the fields lie in memory.
   *
   * @internal
   */
  readonly layout: SchemaLayout;
}

const OPTION_NAMES = new Set(["maxEntities", "ticksPerSecond"]);
const MAX_ENTITIES = 65_536;
const MAX_COLUMNS = 256;

/**
 * Describes the entities of a world.
 *
 * @param fields The fields by name, made with `bool`, `uint`, `int`, `float`, `vec2`, `vec3`, `angle`, `choice`, `text`
 * and `bytes`.
 * @param options How many entities and ticks.
 * @returns The schema, frozen.
 * @throws {TypeError} When an option has the wrong type or no such option exists, or a velocity is of another kind.
 * @throws {RangeError} When an option is out of its bounds, there is no field or a velocity does not exist.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { angle, bool, choice, text, uint, vec2 } from "./field.ts";
 *
 * const schema = defineSchema({
 *   position: vec2({ min: -500, max: 500, precision: 0.02, velocity: "velocity" }),
 *   velocity: vec2({ min: -30, max: 30, precision: 0.1 }),
 *   heading: angle({ bits: 9 }),
 *   health: uint(7, { initial: 100 }),
 *   mood: choice(["calm", "angry"]),
 *   shielded: bool(),
 *   name: text(16),
 * }, { maxEntities: 512, ticksPerSecond: 30 });
 * assertEquals(schema.layout.columns.length, 8);
 * ```
 */
export function defineSchema<const F extends FieldSet>(fields: F, options: SchemaOptions = {}): Schema<F> {
  onlyKnown("A schema", options, OPTION_NAMES);
  const maxEntities = integer("maxEntities", options.maxEntities, 1024, 1, MAX_ENTITIES);
  const ticksPerSecond = rate(options.ticksPerSecond ?? 20);
  const layout = layOut(fields, ticksPerSecond);
  const description = new TextEncoder().encode(JSON.stringify([maxEntities, ticksPerSecond, Object.entries(fields)]));
  const fingerprint = hashBytes(description, 0, description.length);
  return Object.freeze({ fields: Object.freeze({ ...fields }), maxEntities, ticksPerSecond, fingerprint, layout });
}

function rate(ticksPerSecond: number): number {
  if (typeof ticksPerSecond !== "number") throw new TypeError("The option ticksPerSecond must be a number");
  if (!(ticksPerSecond >= 0.001 && ticksPerSecond <= 10_000)) {
    throw new RangeError(`The option ticksPerSecond must be from 0.001 to 10000: got ${ticksPerSecond}`);
  }
  return ticksPerSecond;
}

function layOut(fields: FieldSet, ticksPerSecond: number): SchemaLayout {
  const places = new Map<string, number>();
  const blobs: BlobColumn[] = [];
  let columnCount = 0;
  let blobBytes = 0;
  for (const [name, field] of Object.entries(fields)) {
    if (field.kind === "text" || field.kind === "bytes") {
      places.set(name, blobs.length);
      blobs.push({ maxBytes: field.maxBytes, offset: blobBytes, lengthColumn: blobs.length });
      blobBytes += field.maxBytes;
    } else {
      places.set(name, columnCount);
      columnCount += widthInColumns(field);
    }
  }
  if (columnCount + blobs.length === 0) throw new RangeError("A schema needs at least one field");
  if (columnCount + blobs.length > MAX_COLUMNS) throw new RangeError(`A schema has at most ${MAX_COLUMNS} columns`);
  const columns = columnsOf(fields, places, ticksPerSecond);
  const order = columns.map((_, index) => index);
  return Object.freeze({
    columns: Object.freeze(columns),
    codingOrder: Object.freeze([
      ...order.filter((index) => columns[index]!.velocity < 0),
      ...order.filter((index) => columns[index]!.velocity >= 0),
    ]),
    blobs: Object.freeze(
      blobs.map((blob) => Object.freeze({ ...blob, lengthColumn: columnCount + blob.lengthColumn })),
    ),
    columnCount: columnCount + blobs.length,
    blobBytes,
    places,
  });
}

function widthInColumns(field: Field): number {
  return field.kind === "vec3" ? 3 : field.kind === "vec2" ? 2 : 1;
}

function columnsOf(fields: FieldSet, places: ReadonlyMap<string, number>, ticksPerSecond: number): Column[] {
  const columns: Column[] = [];
  for (const [name, field] of Object.entries(fields)) {
    switch (field.kind) {
      case "text":
      case "bytes":
        break;
      case "bool":
        columns.push(columnOf(0, 1, 1, "step", Number(field.initial)));
        break;
      case "integer":
        columns.push(columnOf(field.min, 1, field.max - field.min, field.blending, field.initial));
        break;
      case "choice":
        columns.push(columnOf(0, 1, field.values.length - 1, "step", field.values.indexOf(field.initial)));
        break;
      case "angle":
        columns.push(angleColumn(field.bits, field.blending, field.initial));
        break;
      default:
        columns.push(...realColumns(name, field, fields, places, ticksPerSecond));
    }
  }
  return columns;
}

function columnOf(offset: number, step: number, top: number, blending: Blending, initial: number): Column {
  const still = { velocity: -1, driftOffset: 0, driftStep: 0 };
  const column = {
    bits: widthOf(top),
    top,
    initial: 0,
    offset,
    step,
    perUnit: 1 / step,
    isAngle: false,
    blending,
    ...still,
  };
  return Object.freeze({ ...column, initial: quantise(column, initial) });
}

function angleColumn(bits: number, blending: Blending, initial: number): Column {
  const step = 2 * Math.PI / 2 ** bits;
  const column = { ...columnOf(0, step, 2 ** bits - 1, blending, 0), isAngle: true };
  return Object.freeze({ ...column, initial: quantiseAngle(column, initial) });
}

function realColumns(
  name: string,
  field: FloatField | Vec2Field | Vec3Field,
  fields: FieldSet,
  places: ReadonlyMap<string, number>,
  ticksPerSecond: number,
): Column[] {
  const initial = field.kind === "float" ? [field.initial] : field.initial;
  const top = topOf(field);
  const step = (field.max - field.min) / top;
  const plain = initial.map((value) => columnOf(field.min, step, top, field.blending, value));
  if (field.velocity === "") return plain;
  const rate = fields[field.velocity];
  if (rate === undefined) throw new RangeError(`The velocity of ${name}, ${field.velocity}, is no field`);
  if (rate.kind !== field.kind || (rate as RealField).velocity !== "") {
    throw new TypeError(`The velocity of ${name} must be a ${field.kind} without a velocity of its own`);
  }
  const { min, max } = rate as RealField;
  const perTick = 1 / (ticksPerSecond * step);
  const driftOffset = min * perTick;
  const driftStep = (max - min) / topOf(rate as RealField) * perTick / 2;
  if (!Number.isFinite(4 * MAX_EXPECTED_TICKS * perTick * Math.max(Math.abs(min), Math.abs(max)))) {
    throw new RangeError(`The velocity of ${name} is too fast for its precision`);
  }
  const first = places.get(field.velocity)!;
  return plain.map((column, i) => Object.freeze({ ...column, velocity: first + i, driftOffset, driftStep }));
}

/** The number of steps in a range: the fewest that keep the precision, but for what division makes of 1.1 / 0.1. */
function topOf(field: RealField): number {
  return Math.max(1, Math.ceil((field.max - field.min) / field.precision - 1e-6));
}
