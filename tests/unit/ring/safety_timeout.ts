/**
 * A long timeout that fails a test which would otherwise hang; it hides nothing, since it never lets a test go on.
 *
 * Why it is needed even where no worker runs: `Atomics.waitAsync` does not keep the event loop alive, not even once it
 * was notified.
 *
 * @module
 */

/**
 * Waits for a promise and keeps the event loop alive meanwhile.
 *
 * @param promise What must settle.
 * @param what Named in the error.
 * @returns The promise's value; rejects after 30 seconds.
 */
export async function settled<T>(promise: T | Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Never happened: ${what}`)), 30_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
