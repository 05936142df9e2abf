/**
 * The checks that every `resolveXOptions()` is made of.
 *
 * The caller's fault: a wrong type is a `TypeError`, a value out of bounds a `RangeError`, and the message names the
 * option.
 *
 * @module
 */

const MAX_TIMEOUT_MS = 1e12;

/**
 * Checks an integer option.
 *
 * @param name The option's name, for the message.
 * @param value What the caller gave; `undefined` for the default.
 * @param byDefault The default.
 * @param min The smallest value.
 * @param max The largest value.
 * @returns The value.
 * @throws {TypeError} When it is no number.
 * @throws {RangeError} When it is no integer within the bounds.
 */
export function integer(name: string, value: number | undefined, byDefault: number, min: number, max: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== "number") throw new TypeError(`The option ${name} must be a number`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`The option ${name} must be an integer from ${min} to ${max}: got ${value}`);
  }
  return value;
}

/**
 * Checks an option that is a time in ms.
 *
 * @param name The option's name, for the message.
 * @param value What the caller gave; `undefined` for the default.
 * @param byDefault The default.
 * @returns The value.
 * @throws {TypeError} When it is no number.
 * @throws {RangeError} When it is negative, not finite or absurdly large.
 */
export function duration(name: string, value: number | undefined, byDefault: number): number {
  const checked = atLeast(name, value, byDefault, 0);
  if (checked > MAX_TIMEOUT_MS) {
    throw new RangeError(`The option ${name} must be a finite time in ms: got ${checked}`);
  }
  return checked;
}

/**
 * Checks a boolean option.
 *
 * @param name The option's name, for the message.
 * @param value What the caller gave; `undefined` for the default.
 * @param byDefault The default.
 * @returns The value.
 * @throws {TypeError} When it is no boolean.
 */
export function flag(name: string, value: boolean | undefined, byDefault: boolean): boolean {
  if (value === undefined) return byDefault;
  if (typeof value !== "boolean") throw new TypeError(`The option ${name} must be a boolean`);
  return value;
}

/**
 * Checks a number option that has only a lower bound; `Infinity` is legal.
 *
 * @param name The option's name, for the message.
 * @param value What the caller gave; `undefined` for the default.
 * @param byDefault The default.
 * @param min The smallest value.
 * @returns The value.
 * @throws {TypeError} When it is no number.
 * @throws {RangeError} When it is `NaN` or too small.
 */
export function atLeast(name: string, value: number | undefined, byDefault: number, min: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== "number") throw new TypeError(`The option ${name} must be a number`);
  if (!(value >= min)) throw new RangeError(`The option ${name} must be at least ${min}: got ${value}`);
  return value;
}

/**
 * Checks an option that names one of a few things.
 *
 * @param name The option's name, for the message.
 * @param value What the caller gave; `undefined` for the default.
 * @param byDefault The default.
 * @param all What it may be.
 * @returns The value.
 * @throws {TypeError} When it is none of these.
 */
export function choice<T extends string>(name: string, value: T | undefined, byDefault: T, all: readonly T[]): T {
  if (value === undefined) return byDefault;
  if (!all.includes(value)) {
    throw new TypeError(`The option ${name} must be one of ${all.join(", ")}: got ${String(value)}`);
  }
  return value;
}

/**
 * Checks that an options object has no option that nobody knows: a misspelt option must not be one that does nothing.
 *
 * @param owner What the options belong to, for the message.
 * @param options The object.
 * @param known All names that are options.
 * @throws {TypeError} When it is no object, or has another name.
 */
export function onlyKnown(owner: string, options: object, known: ReadonlySet<string>): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`${owner} takes an options object`);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw new TypeError(`${owner} has no option ${name}`);
  }
}
