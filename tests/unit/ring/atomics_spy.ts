/**
 * Counts the calls of methods of `Atomics`, for tests of what a ring must not do needlessly.
 *
 * @module
 */

/**
 * Runs something and counts calls.
 *
 * @param method Which method of `Atomics`.
 * @param run What to run.
 * @returns How often it was called.
 */
export function countCalls(method: "compareExchange" | "store" | "load", run: () => void): number {
  const methods = Atomics as unknown as Record<string, (...args: unknown[]) => number>;
  const whole = methods[method]!;
  let calls = 0;
  methods[method] = (...args) => {
    calls++;
    return whole.apply(Atomics, args);
  };
  try {
    run();
  } finally {
    methods[method] = whole;
  }
  return calls;
}
