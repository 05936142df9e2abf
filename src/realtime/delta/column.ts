/**
 * One number of every entity: how a value becomes an integer, and where the receiver expects a moving one to be.
 *
 * Values are quantised once, when they are written; all comparing, sending and expecting works on the integers, so
 * that both ends hold the same base. Invariant: {@linkcode expectedNumber} uses nothing but IEEE 754 double arithmetic on
 * what both ends know, and so gives the same integer on both.
 *
 * @module
 */
import type { Blending } from "./field.ts";

/** Beyond this many ticks a velocity says nothing about a place any more. */
export const MAX_EXPECTED_TICKS = 64;

/** One column of integers. */
export interface Column {
  /** How many bits an integer takes, 1 to 32. */
  readonly bits: number;
  /** The largest integer, 0 to 2^32 - 1. */
  readonly top: number;
  /** The integer of a new entity, as an `Int32Array` holds it. */
  readonly initial: number;
  /** The value of the integer 0. */
  readonly offset: number;
  /** The distance of the values of neighbouring integers. */
  readonly step: number;
  /** How many integers there are for one unit of value. */
  readonly perUnit: number;
  /** Whether the integers go round in a circle. */
  readonly isAngle: boolean;
  /** How it is shown between two snapshots. */
  readonly blending: Blending;
  /** The column of the velocity, -1 when there is none. */
  readonly velocity: number;
  /** The velocity's value of its integer 0, in steps of this column per tick. */
  readonly driftOffset: number;
  /** Half a step of the velocity, in steps of this column per tick. */
  readonly driftStep: number;
}

/**
 * The integer of a value that lies in the range or is moved into it.
 *
 * @param column A column that is no angle.
 * @param value Any number but NaN.
 * @returns The nearest integer, as an `Int32Array` holds it.
 * @throws {RangeError} When the value is NaN.
 */
export function quantise(column: Column, value: number): number {
  const steps = (value - column.offset) * column.perUnit;
  if (!(steps > 0)) {
    if (steps <= 0) return 0;
    throw new RangeError("Cannot write NaN");
  }
  return steps < column.top ? Math.floor(steps + 0.5) | 0 : column.top | 0;
}

/**
 * The integer of a direction.
 *
 * @param column A column that is an angle.
 * @param radians Any finite number.
 * @returns The nearest integer.
 * @throws {RangeError} When the number is not finite.
 */
export function quantiseAngle(column: Column, radians: number): number {
  if (!(radians - radians === 0)) throw new RangeError(`Cannot write the angle ${radians}: it is not finite`);
  let steps = radians * column.perUnit;
  if (!(steps - steps === 0)) steps = radians % (2 * Math.PI) * column.perUnit;
  const around = column.top + 1;
  return Math.floor(steps - Math.floor(steps / around) * around + 0.5) & column.top;
}

/**
 * The value of an integer.
 *
 * @param column Any column.
 * @param number The integer, as an `Int32Array` holds it.
 * @returns The value; of an angle from -π to below π.
 */
export function valueOf(column: Column, number: number): number {
  const value = column.offset + (number >>> 0) * column.step;
  return column.isAngle && value >= Math.PI ? value - 2 * Math.PI : value;
}

/**
 * Where an integer is expected after some ticks at the mean of two velocities.
 *
 * @param column A column with a velocity.
 * @param number The integer before.
 * @param velocityBefore The integer of the velocity before.
 * @param velocityNow The integer of the velocity now.
 * @param ticks How many ticks lie between.
 * @returns An integer of the column.
 */
export function expectedNumber(
  column: Column,
  number: number,
  velocityBefore: number,
  velocityNow: number,
  ticks: number,
): number {
  const drift = column.driftOffset + (velocityBefore + velocityNow) * column.driftStep;
  const expected = number + Math.floor(drift * Math.min(ticks, MAX_EXPECTED_TICKS) + 0.5);
  return expected <= 0 ? 0 : expected >= column.top ? column.top : expected;
}
