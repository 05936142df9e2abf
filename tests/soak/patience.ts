/**
 * The bound on everything that the soak waits for: a hang is a failure.
 *
 * @module
 */
import { AssertionError } from "@std/assert";

const PATIENCE_MS = 30_000;

/**
 * Waits for a promise.
 *
 * @param what What is waited for, for the message.
 * @param promise The promise.
 * @returns What it resolves to. Rejects when it takes too long.
 */
export async function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const fail = (): void => late.reject(new AssertionError(`Waited ${PATIENCE_MS} ms for ${what}`));
  const timer = setTimeout(fail, PATIENCE_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
