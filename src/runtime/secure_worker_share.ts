/**
 * What the workers of a secure server share: the limits of their endpoint, each a part, and its counters, added up.
 *
 * Invariant: a sum never goes back: what a worker has told is kept when it is lost; what it had not told is lost with it.
 *
 * @module
 */
import type { EndpointConfig } from "../session/endpoint_options.ts";
import type { SecureWorkerCounts } from "./secure_worker_agent.ts";

/** Who has counted, as far as is known. */
export interface SecureCounting {
  /** What it told last. */
  readonly counts: SecureWorkerCounts | undefined;
}

/** Counters of workers that are gone, and their sums with those of others. */
export class SecureWorkerLedger {
  #dropped = 0;
  #session: Record<string, number> = {};
  #endpoint: Record<string, number> = {};

  /**
   * Keeps what a worker has told that is gone.
   *
   * @param counts What it told last.
   */
  keep(counts: SecureWorkerCounts | undefined): void {
    if (counts === undefined) return;
    this.#dropped += counts.dropped;
    this.#session = sum([this.#session, counts.session]);
    this.#endpoint = sum([this.#endpoint, counts.endpoint]);
  }

  /**
   * Adds up datagrams that found no room.
   *
   * @param living Workers that are not gone.
   * @returns The sum.
   */
  dropped(living: readonly SecureCounting[]): number {
    return living.reduce((total, { counts }) => total + (counts?.dropped ?? 0), this.#dropped);
  }

  /**
   * Adds up what sessions counted.
   *
   * @param living Workers that are not gone.
   * @returns A new object.
   */
  session(living: readonly SecureCounting[]): Record<string, number> {
    return sum([this.#session, ...living.map(({ counts }) => counts?.session ?? {})]);
  }

  /**
   * Adds up what endpoints counted.
   *
   * @param living Workers that are not gone.
   * @returns A new object.
   */
  endpoint(living: readonly SecureCounting[]): Record<string, number> {
    return sum([this.#endpoint, ...living.map(({ counts }) => counts?.endpoint ?? {})]);
  }
}

/**
 * What one of several workers may have and do of what all may.
 *
 * @param config The options of all together.
 * @param count How many there are.
 * @returns The options of each; numbers are rounded up.
 */
export function shareOf(config: EndpointConfig, count: number): EndpointConfig {
  const part = (whole: number): number => Math.ceil(whole / count);
  return Object.freeze({
    ...config,
    maxSessions: part(config.maxSessions),
    maxHalfOpen: part(config.maxHalfOpen),
    cookieFromHalfOpen: part(config.cookieFromHalfOpen),
    firstFlightsPerSecond: part(config.firstFlightsPerSecond),
    firstFlightsBurst: part(config.firstFlightsBurst),
    resetsPerSecond: part(config.resetsPerSecond),
    answersPerSecond: part(config.answersPerSecond),
    maxUsedTickets: part(config.maxUsedTickets),
  });
}

function sum(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}
