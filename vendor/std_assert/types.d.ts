/**
 * Types of `@std/assert`, as far as version 1.4.0 of the npm package `deno-std` exports it; that package ships none.
 *
 * Invariant: nothing here is wider than the real `@std/assert` 1, so that what checks against this file checks against
 * the package from JSR too.
 *
 * @module
 */

/** A class, abstract or not, whose instances are `T`. */
type ClassOf<T> = abstract new (...args: never[]) => T;

/** What `assertArrayIncludes` looks into: anything with an index and a length, strings excepted. */
type ArrayLikeOf<T> = ArrayLike<T> & object;

/** Every value that counts as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Thrown by each assertion that does not hold. */
export class AssertionError extends Error {
  /**
   * @param message What did not hold.
   * @param options The cause, where there is one.
   */
  constructor(message: string, options?: ErrorOptions);
}

/** Throws unless `expr` is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr;

/** Throws unless two numbers differ by at most `tolerance` (default: a ten-millionth of `expected`). */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void;

/** Throws unless `actual` holds every item of `expected`, compared deeply, in any order. */
export function assertArrayIncludes<T>(actual: ArrayLikeOf<T>, expected: ArrayLikeOf<T>, msg?: string): void;

/** Throws unless both values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void;

/** Throws when `actual` is `null` or `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;

/** Throws unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg?: string): asserts expr is Falsy;

/** Throws unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void;

/** Throws unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void;

/** Throws unless `actual` is an instance of the class. */
export function assertInstanceOf<T>(actual: unknown, expectedType: ClassOf<T>, msg?: string): asserts actual is T;

/** Throws unless `error` is an `Error`, of the given class and with the given text or pattern in its message. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ClassOf<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E;

/** Throws unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void;

/** Throws unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;

/** Throws unless the pattern is found in `actual`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void;

/** Throws when both values are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;

/** Throws when `actual` is an instance of the class. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: ClassOf<T>,
  msg?: string,
): asserts actual is Exclude<A, T>;

/** Throws when the pattern is found in `actual`. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;

/** Throws when both values are the same by `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void;

/** Throws unless each property of `expected` is deeply equal in `actual`, which may have more. */
export function assertObjectMatch(actual: object, expected: Record<PropertyKey, unknown>, msg?: string): void;

/**
 * Calls `fn` and waits: throws unless the promise is rejected.
 *
 * @returns What it was rejected with.
 */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;

/**
 * Calls `fn` and waits: throws unless the promise is rejected with an error of the class whose message has the text.
 *
 * @returns The error that it was rejected with.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;

/** Throws unless both values are the same by `Object.is`. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T;

/** Throws unless `actual` contains the text `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void;

/**
 * Calls `fn`: throws unless that throws.
 *
 * @returns What was thrown.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;

/**
 * Calls `fn`: throws unless that throws an error of the class whose message has the text.
 *
 * @returns The error that was thrown.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;

/**
 * Compares deeply, as `assertEquals` does.
 *
 * @returns Whether the two are equal. Throws `TypeError` when it meets two `WeakMap`s or `WeakSet`s.
 */
export function equal(a: unknown, b: unknown): boolean;

/** Throws in any case. */
export function fail(msg?: string): never;

/** Throws in any case: this part does not exist yet. */
export function unimplemented(msg?: string): never;

/** Throws in any case: nothing should get here. */
export function unreachable(msg?: string): never;
