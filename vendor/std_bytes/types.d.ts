/**
 * Types of `@std/bytes`, as far as version 1.4.0 of the npm package `deno-std` exports it; that package ships none.
 *
 * Invariant: nothing here is wider than the real `@std/bytes` 1, so that what checks against this file checks against
 * the package from JSR too.
 *
 * @module
 */

/**
 * Joins byte slices.
 *
 * @param buffers The slices, in order; they are copied.
 * @returns A new slice with the content of all.
 */
export function concat(buffers: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;

/**
 * Copies as many bytes as `dst` has room for.
 *
 * @param src Where from.
 * @param dst Where to.
 * @param offset Where in `dst` to begin, clamped to its bounds; default 0.
 * @returns How many bytes were copied.
 */
export function copy(src: Uint8Array, dst: Uint8Array, offset?: number): number;

/** Tells whether `source` ends with `suffix`. */
export function endsWith(source: Uint8Array, suffix: Uint8Array): boolean;

/** Tells whether both slices hold the same bytes; not in constant time. */
export function equals(a: Uint8Array, b: Uint8Array): boolean;

/** Tells whether `needle` occurs in `source` at `start` or later; a negative `start` counts from the end. */
export function includesNeedle(source: Uint8Array, needle: Uint8Array, start?: number): boolean;

/** The first index, at `start` or later, at which `needle` occurs in `source`, or -1. */
export function indexOfNeedle(source: Uint8Array, needle: Uint8Array, start?: number): number;

/** The last index, at `start` or earlier, at which `needle` occurs in `source`, or -1. */
export function lastIndexOfNeedle(source: Uint8Array, needle: Uint8Array, start?: number): number;

/** A new slice that holds `source` the given number of times; a bad count throws `RangeError`. */
export function repeat(source: Uint8Array, count: number): Uint8Array<ArrayBuffer>;

/** Tells whether `source` begins with `prefix`. */
export function startsWith(source: Uint8Array, prefix: Uint8Array): boolean;
