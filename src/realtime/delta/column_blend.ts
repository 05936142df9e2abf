/**
 * Values of a column at a time between two snapshots.
 *
 * Steps for what is discrete, lines for numbers, the short way round for angles, and cubic Hermite curves where the
 * velocities at both ends are known. Invariant: at the time of a snapshot every kind gives that snapshot's value.
 *
 * @module
 */
import { type Column, valueOf } from "./column.ts";

/** Where the entities of a frame come from. */
export interface BlendSource {
  /** The integers of all slots. */
  readonly cells: Int32Array;
  /** How many integers a column has in a slot. */
  readonly stride: number;
  /** Where the earlier snapshot begins. */
  readonly before: number;
  /** Where the later snapshot begins. */
  readonly after: number;
  /** By place in the earlier snapshot: the place of the same entity in the later one, -1 when it is not there. */
  readonly others: Int32Array;
  /** How many entities the earlier snapshot has. */
  readonly count: number;
  /** Where the time lies between the two: from 0 to below 1. */
  readonly fraction: number;
  /** How many seconds lie between the two. */
  readonly seconds: number;
}

/**
 * Fills one column of a frame.
 *
 * @param columns All columns.
 * @param index Which one.
 * @param source The two snapshots.
 * @param values Where the values go.
 * @param offset The index of the first value.
 */
export function blendColumn(
  columns: readonly Column[],
  index: number,
  source: BlendSource,
  values: Float64Array,
  offset: number,
): void {
  const { cells, stride, before, after, others, count, fraction } = source;
  const column = columns[index]!;
  const start = before + index * stride;
  const end = after + index * stride;
  const kind = fraction === 0 ? "step" : column.isAngle && column.blending !== "step" ? "angle" : column.blending;
  for (let place = 0; place < count; place++) {
    const number = cells[start + place]!;
    const other = others[place]!;
    if (kind === "step" || other < 0) values[offset + place] = valueOf(column, number);
    else if (kind === "linear") values[offset + place] = linear(column, number, cells[end + other]!, fraction);
    else if (kind === "angle") values[offset + place] = shortestWay(column, number, cells[end + other]!, fraction);
    else values[offset + place] = hermite(columns, index, source, place, other);
  }
}

function linear(column: Column, number: number, next: number, fraction: number): number {
  const before = number >>> 0;
  return column.offset + (before + ((next >>> 0) - before) * fraction) * column.step;
}

function shortestWay(column: Column, number: number, next: number, fraction: number): number {
  const shift = 32 - column.bits;
  const value = (number + (((next - number) << shift) >> shift) * fraction) * column.step;
  return value >= Math.PI ? value - 2 * Math.PI : value;
}

/** The cubic with the given values and slopes at both ends. */
function hermite(
  columns: readonly Column[],
  index: number,
  source: BlendSource,
  place: number,
  other: number,
): number {
  const { cells, stride, before, after, fraction: t, seconds } = source;
  const column = columns[index]!;
  const rate = columns[column.velocity]!;
  const from = valueOf(column, cells[before + index * stride + place]!);
  const to = valueOf(column, cells[after + index * stride + other]!);
  const slopeFrom = valueOf(rate, cells[before + column.velocity * stride + place]!) * seconds;
  const slopeTo = valueOf(rate, cells[after + column.velocity * stride + other]!) * seconds;
  const rest = 1 - t;
  return (1 + 2 * t) * rest * rest * from + t * rest * rest * slopeFrom + t * t * (3 - 2 * t) * to -
    t * t * rest * slopeTo;
}
