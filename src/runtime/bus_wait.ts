/**
 * Bounds a wait for room by a time and a signal.
 *
 * @module
 */
import { TimeoutError } from "../error/transport_error.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { RoomWait } from "../transport/bus_fabric.ts";

/**
 * Waits for room everywhere.
 *
 * @param waits What waits.
 * @param what What it is, for the message.
 * @param timeoutMs How long; `Infinity` for ever.
 * @param signal Ends the wait.
 * @param scheduler Time.
 * @returns When there was room everywhere. Rejects with `TimeoutError` or the signal's reason, when that came first.
 */
export async function waitForRoom(
  waits: readonly RoomWait[],
  what: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  scheduler: Scheduler,
): Promise<void> {
  const cancel = (reason: unknown): void => {
    for (const wait of waits) wait.cancel(reason);
  };
  const onAbort = (): void => cancel(signal!.reason);
  const alarm = scheduler.alarm(() => cancel(new TimeoutError(`No room for ${what} within ${timeoutMs} ms`)));
  alarm.arm(scheduler.tick() + timeoutMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    const results = await Promise.allSettled(waits.map(({ done }) => done));
    const failed = results.find(({ status }) => status === "rejected");
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  } finally {
    alarm.disarm();
    signal?.removeEventListener("abort", onAbort);
  }
}
