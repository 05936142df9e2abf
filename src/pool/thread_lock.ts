/**
 * Proof that a thread is over: it holds a lock of the process as long as it lives, and the next one in line waits.
 *
 * Source: the Web Locks API, which has a lock released when the thread that holds it ends, by whatever way: its own
 * `close()`, `Deno.exit()`, an uncaught error, `terminate()`. A thread in an endless loop goes on holding it. Why not
 * the heartbeat: silence cannot tell a thread that is over from one that is busy, and only the first may be replaced.
 *
 * @module
 */

/** The part of the Web Locks API that is used here; the platform has it, its type library does not. */
interface LockManager {
  request(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly signal?: AbortSignal },
    held: (lock: object | null) => unknown,
  ): Promise<unknown>;
}

/**
 * Whether this platform has locks.
 *
 * @returns `false` before Deno 2.9.
 */
export function hasThreadLocks(): boolean {
  return lockManager() !== undefined;
}

/**
 * Takes a lock for as long as this thread lives.
 *
 * @param name The name of the lock, unique in the process.
 * @returns Whether it was free.
 */
export function holdUntilEnd(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const held = (lock: object | null): unknown => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise<never>(() => {});
    };
    lockManager()!.request(name, { ifAvailable: true }, held).catch(reject);
  });
}

/**
 * Waits until the thread that holds a lock is over. A pending wait keeps the process alive.
 *
 * @param name The name of the lock; taken by the thread before this is called.
 * @param signal Ends the waiting.
 * @returns Resolves with whether the thread is over: `false` when the signal came first.
 */
export async function waitForEnd(name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await lockManager()!.request(name, { signal }, () => {});
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

function lockManager(): LockManager | undefined {
  return (navigator as { readonly locks?: LockManager }).locks;
}
