/**
 * A worker whose module throws before it listens to its pool.
 *
 * @module
 */
throw new RangeError("broken module");
