/**
 * Counts the live timers of this process by standing in front of the global timer functions.
 *
 * Invariant: `watchTimers()` runs before the module that is watched is imported, so that no function escapes.
 *
 * @module
 */

type Callback = (...args: unknown[]) => void;
type Arm = (callback: Callback, delayMs?: number, ...args: unknown[]) => unknown;
type Disarm = (timer?: unknown) => void;

/** The timer functions; what they return is a number or an object, depending on the runtime. */
interface TimerFunctions {
  setTimeout: Arm;
  setInterval: Arm;
  clearTimeout: Disarm;
  clearInterval: Disarm;
}

const live = new Set<unknown>();

/** Begins to count; to be called once. */
export function watchTimers(): void {
  const scope = globalThis as unknown as TimerFunctions;
  const { setTimeout, setInterval, clearTimeout, clearInterval } = scope;
  scope.setTimeout = (callback, delayMs, ...args) => {
    const timer = setTimeout(() => {
      live.delete(timer);
      callback(...args);
    }, delayMs);
    live.add(timer);
    return timer;
  };
  scope.setInterval = (callback, delayMs, ...args) => {
    const timer = setInterval(callback, delayMs, ...args);
    live.add(timer);
    return timer;
  };
  scope.clearTimeout = (timer) => forget(timer, clearTimeout);
  scope.clearInterval = (timer) => forget(timer, clearInterval);
}

/**
 * How many timers are armed.
 *
 * @returns 0 where nobody watches.
 */
export function liveTimersCount(): number {
  return live.size;
}

function forget(timer: unknown, clear: Disarm): void {
  live.delete(timer);
  clear(timer);
}
