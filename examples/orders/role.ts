/**
 * What every process of the shop knows.
 *
 * @module
 */

/** How a process runs. */
export interface RoleOptions {
  /** How far its commands go. */
  readonly scope: "machine" | "network";
  /** How many orders a shop takes. */
  readonly orderCount: number;
  /** Every how often. */
  readonly everyMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Waits until a process is ended.
 *
 * @param signal Ends it.
 * @returns When it is.
 */
export function untilEnded(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // What keeps the process alive while it waits for commands.
    const timer = setInterval(() => {}, 60_000);
    const end = (): void => {
      clearInterval(timer);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

/**
 * Pauses.
 *
 * @param ms How long.
 * @returns When it is over.
 */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
