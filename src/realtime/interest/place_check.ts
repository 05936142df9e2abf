/**
 * The checks of ids, places and radii that grids and interest managers share: what is not a finite number is the
 * caller's fault and never gets into a column.
 *
 * @module
 */
import { MAX_RADIUS } from "./interest_options.ts";

/**
 * Checks a new id.
 *
 * @param what Whose id it is, for the message.
 * @param id What the caller gave.
 * @throws {RangeError} When it is not an integer from 0 to 2^32 - 1.
 */
export function checkId(what: string, id: number): void {
  if (id >>> 0 === id) return;
  throw new RangeError(`Cannot use ${id} as the id of an ${what}: ids are integers from 0 to 2^32 - 1`);
}

/**
 * Checks a place.
 *
 * @param dimensions 2 or 3.
 * @param x What the caller gave.
 * @throws {RangeError} When a coordinate is not finite, or z is not 0 in two dimensions.
 */
export function checkPlace(dimensions: number, x: number, y: number, z: number): void {
  if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(z)) {
    throw new RangeError(`Cannot use the place ${x}, ${y}, ${z}: coordinates are finite numbers`);
  }
  if (dimensions === 2 && z !== 0) {
    throw new RangeError(`Cannot use the place ${x}, ${y}, ${z}: there are 2 dimensions`);
  }
}

/**
 * Checks the radius of a question.
 *
 * @param radius What the caller gave.
 * @throws {RangeError} When it is not a number from 0 to 1e150.
 */
export function checkRadius(radius: number): void {
  if (radius >= 0 && radius <= MAX_RADIUS) return;
  throw new RangeError(`Cannot look ${radius} far: a radius is from 0 to ${MAX_RADIUS}`);
}
