/**
 * What an endpoint needs of the world beside its links: time, timers, turns and randomness.
 *
 * @module
 */
import { SystemRandom } from "../io/system/system_random.ts";
import { SystemScheduler } from "../io/system/system_scheduler.ts";
import type { RandomSource } from "../random/random_source.ts";
import type { Scheduler } from "../time/scheduler.ts";

/** Time and randomness for one endpoint; tests put manual ones in their place. */
export interface RuntimeHost {
  /** Time, timers and turns. */
  readonly scheduler: Scheduler;
  /** Jitter and secrets. */
  readonly random: RandomSource;
}

/**
 * The real ones.
 *
 * @returns A host of its own for one endpoint.
 */
export function systemHost(): RuntimeHost {
  return { scheduler: new SystemScheduler(), random: new SystemRandom() };
}
