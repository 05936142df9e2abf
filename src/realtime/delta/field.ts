/**
 * The kinds of fields that an entity of a replicated world may have: ranges, precisions, widths.
 *
 * Invariant: a field is plain frozen data that is checked when it is made, so that the same description on both ends
 * gives the same codes.
 *
 * @module
 */

import { choice as oneOf, onlyKnown } from "../../error/option_check.ts";

/** How a number is shown between two snapshots. */
export type Blending = "step" | "linear" | "hermite";

/** A flag, one bit. */
export interface BoolField {
  /** Which kind of field this is. */
  readonly kind: "bool";
  /** The value of a new entity. */
  readonly initial: boolean;
}

/** A whole number of a fixed width. */
export interface IntegerField {
  /** Which kind of field this is. */
  readonly kind: "integer";
  /** The smallest value. */
  readonly min: number;
  /** The largest value. */
  readonly max: number;
  /** The value of a new entity. */
  readonly initial: number;
  /** How it is shown between two snapshots. */
  readonly blending: Blending;
}

/** What is the same for a number and for the components of a vector. */
export interface RealField {
  /** The smallest value. */
  readonly min: number;
  /** The largest value. */
  readonly max: number;
  /** The distance of neighbouring values, at the most. */
  readonly precision: number;
  /** How it is shown between two snapshots. */
  readonly blending: Blending;
  /** The name of the field that holds its rate of change per second; empty for none. */
  readonly velocity: string;
}

/** A number in a range, with a precision. */
export interface FloatField extends RealField {
  /** Which kind of field this is. */
  readonly kind: "float";
  /** The value of a new entity. */
  readonly initial: number;
}

/** Two numbers of the same range and precision. */
export interface Vec2Field extends RealField {
  /** Which kind of field this is. */
  readonly kind: "vec2";
  /** The value of a new entity. */
  readonly initial: readonly [number, number];
}

/** Three numbers of the same range and precision. */
export interface Vec3Field extends RealField {
  /** Which kind of field this is. */
  readonly kind: "vec3";
  /** The value of a new entity. */
  readonly initial: readonly [number, number, number];
}

/** A direction in radians. */
export interface AngleField {
  /** Which kind of field this is. */
  readonly kind: "angle";
  /** How many bits a full turn is divided into. */
  readonly bits: number;
  /** The value of a new entity. */
  readonly initial: number;
  /** How it is shown between two snapshots. */
  readonly blending: Blending;
}

/** One of a few names. */
export interface ChoiceField<T extends string = string> {
  /** Which kind of field this is. */
  readonly kind: "choice";
  /** The names, in the order of their codes. */
  readonly values: readonly T[];
  /** The value of a new entity. */
  readonly initial: T;
}

/** A string; it starts empty. */
export interface TextField {
  /** Which kind of field this is. */
  readonly kind: "text";
  /** The longest encoding in UTF-8. */
  readonly maxBytes: number;
}

/** Any bytes; none at first. */
export interface BytesField {
  /** Which kind of field this is. */
  readonly kind: "bytes";
  /** The most bytes. */
  readonly maxBytes: number;
}

/** Any field. */
export type Field =
  | BoolField
  | IntegerField
  | FloatField
  | Vec2Field
  | Vec3Field
  | AngleField
  | ChoiceField
  | TextField
  | BytesField;

/** Options of whole numbers. */
export interface IntegerOptions {
  /** The value of a new entity. @default 0 */
  readonly initial?: number;
  /** `"linear"` for a number that is shown gliding, such as a bar of health. @default "step" */
  readonly blending?: "step" | "linear";
}

/** Options of numbers and vectors; `T` is the type of one value. */
export interface RealOptions<T> {
  /** The smallest value; smaller ones are raised to it. */
  readonly min: number;
  /** The largest value; larger ones are lowered to it. */
  readonly max: number;
  /** The distance of neighbouring values; finite and at least 1e-300; the range holds fewer
   * than 2^30 of them. An error is at most half of it. */
  readonly precision: number;
  /** The value of a new entity. @default 0 in each component, or the nearest value to it */
  readonly initial?: T;
  /**
   * How the value is shown between two snapshots; `"hermite"` needs a velocity. @default "linear"
   */
  readonly blending?: Blending;
  /**
   * The name of another field of the same kind that holds the rate of change per second. What moves as its velocity
   * says costs next to nothing to send. @default none
   */
  readonly velocity?: string;
}

/** Options of directions. */
export interface AngleOptions {
  /** How many bits a full turn is divided into, 2 to 30; 10 bits are a third of a degree. @default 10 */
  readonly bits?: number;
  /** The value of a new entity in radians. @default 0 */
  readonly initial?: number;
  /** `"linear"` turns the short way round. @default "linear" */
  readonly blending?: "step" | "linear";
}

const INTEGER_NAMES = new Set(["initial", "blending"]);
const REAL_NAMES = new Set(["min", "max", "precision", "initial", "blending", "velocity"]);
const ANGLE_NAMES = new Set(["bits", "initial", "blending"]);

const MAX_REAL_STEPS = 2 ** 30;
/** Below this, how many steps one unit holds comes near to the end of the doubles. */
const MIN_STEP = 1e-300;
/** The longest text or byte string of one entity. */
const MAX_BLOB_BYTES = 1024;

/**
 * A flag, one bit.
 *
 * @param initial The value of a new entity. @default false
 * @returns The field.
 * @throws {TypeError} When the value is no boolean.
 */
export function bool(initial = false): BoolField {
  if (typeof initial !== "boolean") throw new TypeError("The initial value of a bool must be a boolean");
  return Object.freeze({ kind: "bool", initial });
}

/**
 * A whole number from 0 to 2^bits - 1; what is written is rounded and kept in this range.
 *
 * @param bits 1 to 32.
 * @param options What else is known of it.
 * @returns The field.
 * @throws {RangeError} When the width or the initial value is out of bounds.
 */
export function uint(bits: number, options: IntegerOptions = {}): IntegerField {
  checkBits(bits, 1, 32);
  return integer(0, 2 ** bits - 1, options);
}

/**
 * A whole number from -2^(bits - 1) to 2^(bits - 1) - 1; what is written is rounded and kept in this range.
 *
 * @param bits 2 to 32.
 * @param options What else is known of it.
 * @returns The field.
 * @throws {RangeError} When the width or the initial value is out of bounds.
 */
export function int(bits: number, options: IntegerOptions = {}): IntegerField {
  checkBits(bits, 2, 32);
  return integer(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, options);
}

/**
 * A number in a range, with a precision.
 *
 * @param options The range and what else is known of it.
 * @returns The field.
 * @throws {RangeError} When the range is empty or holds too many steps, or the initial value is outside.
 */
export function float(options: RealOptions<number>): FloatField {
  const real = realOf(options);
  const initial = options.initial ?? nearestToZero(real);
  checkInside(initial, real.min, real.max);
  return Object.freeze({ kind: "float", ...real, initial });
}

/**
 * A position, direction or velocity in two dimensions.
 *
 * @param options The range of each component and what else is known of it.
 * @returns The field.
 * @throws {RangeError} When the range is empty or holds too many steps, or the initial value is outside.
 */
export function vec2(options: RealOptions<readonly [number, number]>): Vec2Field {
  const real = realOf(options);
  const zero = nearestToZero(real);
  const [x, y] = options.initial ?? [zero, zero];
  for (const component of [x, y]) checkInside(component, real.min, real.max);
  return Object.freeze({ kind: "vec2", ...real, initial: Object.freeze([x, y] as const) });
}

/**
 * A position, direction or velocity in three dimensions.
 *
 * @param options The range of each component and what else is known of it.
 * @returns The field.
 * @throws {RangeError} When the range is empty or holds too many steps, or the initial value is outside.
 */
export function vec3(options: RealOptions<readonly [number, number, number]>): Vec3Field {
  const real = realOf(options);
  const zero = nearestToZero(real);
  const [x, y, z] = options.initial ?? [zero, zero, zero];
  for (const component of [x, y, z]) checkInside(component, real.min, real.max);
  return Object.freeze({ kind: "vec3", ...real, initial: Object.freeze([x, y, z] as const) });
}

/**
 * A direction in radians; it is read back from -π to below π.
 *
 * @param options What else is known of it.
 * @returns The field.
 * @throws {RangeError} When the width is out of bounds or the initial value is not finite.
 */
export function angle(options: AngleOptions = {}): AngleField {
  onlyKnown("An angle", options, ANGLE_NAMES);
  const { bits = 10, initial = 0 } = options;
  const blending = oneOf("blending", options.blending, "linear", ["step", "linear"]);
  checkBits(bits, 2, 30);
  checkInside(initial, -Number.MAX_VALUE, Number.MAX_VALUE);
  return Object.freeze({ kind: "angle", bits, initial, blending });
}

/**
 * One of a few names, such as the states of a machine.
 *
 * @param values From 2 to 65536 different names; both ends list them in the same order.
 * @param initial The value of a new entity. @default the first name
 * @returns The field.
 * @throws {RangeError} When there are too few or too many names, one comes twice, or the initial one is not among them.
 */
export function choice<const T extends string>(values: readonly T[], initial?: NoInfer<T>): ChoiceField<T> {
  const first = initial ?? values[0];
  if (values.length < 2 || values.length > 65_536 || new Set(values).size !== values.length) {
    throw new RangeError(`A choice has from 2 to 65536 different names: got ${values.length}`);
  }
  if (first === undefined || !values.includes(first)) throw new RangeError(`The choice ${first} is not in the list`);
  return Object.freeze({ kind: "choice", values: Object.freeze([...values]), initial: first });
}

/**
 * A string, sent whole whenever it changes.
 *
 * @param maxBytes The longest encoding in UTF-8, 1 to 1024 bytes.
 * @returns The field.
 * @throws {RangeError} When the length is out of bounds.
 */
export function text(maxBytes: number): TextField {
  checkBlob(maxBytes);
  return Object.freeze({ kind: "text", maxBytes });
}

/**
 * Any bytes, sent whole whenever they change.
 *
 * @param maxBytes The most bytes, 1 to 1024.
 * @returns The field.
 * @throws {RangeError} When the length is out of bounds.
 */
export function bytes(maxBytes: number): BytesField {
  checkBlob(maxBytes);
  return Object.freeze({ kind: "bytes", maxBytes });
}

function integer(min: number, max: number, options: IntegerOptions): IntegerField {
  onlyKnown("A whole number", options, INTEGER_NAMES);
  const { initial = 0 } = options;
  const blending = oneOf("blending", options.blending, "step", ["step", "linear"]);
  if (!Number.isInteger(initial)) throw new RangeError(`The initial value must be an integer: got ${initial}`);
  checkInside(initial, min, max);
  return Object.freeze({ kind: "integer", min, max, initial, blending });
}

function realOf(options: RealOptions<unknown>): RealField {
  onlyKnown("A number or vector", options, REAL_NAMES);
  const { min, max, precision, velocity = "" } = options;
  const blending = oneOf("blending", options.blending, "linear", ["step", "linear", "hermite"]);
  if (!Number.isFinite(min) || !Number.isFinite(max) || !Number.isFinite(max - min) || !(min < max)) {
    throw new RangeError(`The range from ${min} to ${max} is empty or not finite`);
  }
  if (!(precision > 0) || Math.ceil((max - min) / precision) >= MAX_REAL_STEPS) {
    throw new RangeError(`The precision must be positive and the range hold less than 2^30 of it: got ${precision}`);
  }
  if (!Number.isFinite(precision) || (max - min) / Math.max(1, Math.ceil((max - min) / precision)) < MIN_STEP) {
    throw new RangeError(`The precision must be finite and the values at least ${MIN_STEP} apart: got ${precision}`);
  }
  if (blending === "hermite" && velocity === "") throw new RangeError("The blending hermite needs a velocity");
  return { min, max, precision, blending, velocity };
}

function nearestToZero(real: RealField): number {
  return Math.min(Math.max(0, real.min), real.max);
}

function checkInside(value: number, min: number, max: number): void {
  if (typeof value !== "number") throw new TypeError("The initial value must be a number");
  if (!(value >= min && value <= max)) throw new RangeError(`The initial value ${value} is not in ${min} to ${max}`);
}

function checkBits(bits: number, min: number, max: number): void {
  if (!Number.isInteger(bits) || bits < min || bits > max) {
    throw new RangeError(`The width must be an integer from ${min} to ${max} bits: got ${bits}`);
  }
}

function checkBlob(maxBytes: number): void {
  if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > MAX_BLOB_BYTES) {
    throw new RangeError(`The most bytes must be an integer from 1 to ${MAX_BLOB_BYTES}: got ${maxBytes}`);
  }
}
