/**
 * Round-trip times (RFC 9002 section 5.3) and the probe timeout that follows from them (section 6.2.1).
 *
 * The numbers live in cells that the owner may keep when the rest of a connection's state is released. Invariants: the
 * first sample replaces what was assumed, and an acknowledgement delay never makes a sample smaller than the smallest.
 *
 * ```text
 * cells: | smoothed | variation | smallest, Infinity: no sample yet | latest | the peer's acknowledgement delay |
 * ```
 *
 * @module
 */

/** How many cells an estimator takes. */
export const RTT_CELLS = 5;

/** The finest time that timers are trusted with, in ms. */
export const GRANULARITY_MS = 1;

/** What a rate is computed with where a coarse clock shows less. */
export const LEAST_RTT_MS = 0.1;

const SMOOTHED = 0;
const VARIATION = 1;
const SMALLEST = 2;
const LATEST = 3;
const PEER_DELAY = 4;

/**
 * What is known of a path's round-trip time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const rtt = new RttEstimator(new Float64Array(RTT_CELLS), 0);
 * rtt.reset(100);
 * rtt.sample(40, 0);
 * assertEquals([rtt.smoothedMs, rtt.variationMs, rtt.minMs], [40, 20, 40]);
 * ```
 */
export class RttEstimator {
  #cells: Float64Array;
  #at: number;

  /**
   * Makes an estimator over cells, whatever they hold.
   *
   * @param cells Where the numbers live; written to from here on.
   * @param at The first of {@linkcode RTT_CELLS} cells.
   */
  constructor(cells: Float64Array, at: number) {
    this.#cells = cells;
    this.#at = at;
  }

  /** The smoothed round-trip time in ms; before the first sample what is assumed. */
  get smoothedMs(): number {
    return this.#cells[this.#at + SMOOTHED]!;
  }

  /** Its mean deviation in ms: the jitter. */
  get variationMs(): number {
    return this.#cells[this.#at + VARIATION]!;
  }

  /** The smallest sample in ms; `Infinity` before the first. */
  get minMs(): number {
    return this.#cells[this.#at + SMALLEST]!;
  }

  /** The latest sample in ms, with the peer's delay in it. */
  get latestMs(): number {
    return this.#cells[this.#at + LATEST]!;
  }

  /** For how many ms the peer holds an acknowledgement back at most. */
  get peerAckDelayMs(): number {
    return this.#cells[this.#at + PEER_DELAY]!;
  }

  set peerAckDelayMs(delayMs: number) {
    this.#cells[this.#at + PEER_DELAY] = delayMs;
  }

  /** Whether there was a sample on this path. */
  get hasSample(): boolean {
    return this.minMs !== Infinity;
  }

  /** After how many ms without an acknowledgement a probe goes out, before any backoff. */
  get probeTimeoutMs(): number {
    return probeTimeoutMs(this.#cells, this.#at);
  }

  /**
   * Moves to other cells.
   *
   * @param cells Where the numbers live.
   * @param at The first of {@linkcode RTT_CELLS} cells.
   */
  attach(cells: Float64Array, at: number): void {
    this.#cells = cells;
    this.#at = at;
  }

  /**
   * Forgets all samples: the path is another one.
   *
   * @param assumedMs The round-trip time to assume until the first sample.
   */
  reset(assumedMs: number): void {
    resetRtt(this.#cells, this.#at, assumedMs);
  }

  /**
   * Takes a sample.
   *
   * @param sampleMs From sending a packet to its acknowledgement; below 0 counts as 0.
   * @param ackDelayMs For how long the peer says that it held the acknowledgement back.
   * @returns The sample without the peer's delay, in ms.
   */
  sample(sampleMs: number, ackDelayMs: number): number {
    return sampleRtt(this.#cells, this.#at, sampleMs, ackDelayMs);
  }
}

/**
 * Forgets all samples, in cells that have no estimator.
 *
 * @param cells Where the numbers live.
 * @param at The first of {@linkcode RTT_CELLS} cells.
 * @param assumedMs See {@linkcode RttEstimator.reset}.
 */
export function resetRtt(cells: Float64Array, at: number, assumedMs: number): void {
  cells[at + SMOOTHED] = assumedMs;
  cells[at + VARIATION] = assumedMs / 2;
  cells[at + SMALLEST] = Infinity;
  cells[at + LATEST] = 0;
}

/**
 * Takes a sample, in cells that have no estimator.
 *
 * @param cells Where the numbers live.
 * @param at The first of {@linkcode RTT_CELLS} cells.
 * @param sampleMs See {@linkcode RttEstimator.sample}.
 * @param ackDelayMs See there, too.
 * @returns The sample without the peer's delay, in ms.
 */
export function sampleRtt(cells: Float64Array, at: number, sampleMs: number, ackDelayMs: number): number {
  const latest = Math.max(sampleMs, 0);
  cells[at + LATEST] = latest;
  if (cells[at + SMALLEST] === Infinity) {
    cells[at + SMALLEST] = cells[at + SMOOTHED] = latest;
    cells[at + VARIATION] = latest / 2;
    return latest;
  }
  const least = Math.min(cells[at + SMALLEST]!, latest);
  cells[at + SMALLEST] = least;
  const delay = Math.min(ackDelayMs, cells[at + PEER_DELAY]!);
  const adjusted = latest >= least + delay ? latest - delay : latest;
  const smoothed = cells[at + SMOOTHED]!;
  cells[at + VARIATION] = 0.75 * cells[at + VARIATION]! + 0.25 * Math.abs(smoothed - adjusted);
  cells[at + SMOOTHED] = 0.875 * smoothed + 0.125 * adjusted;
  return adjusted;
}

/**
 * The probe timeout, of cells that have no estimator.
 *
 * @param cells Where the numbers live.
 * @param at The first of {@linkcode RTT_CELLS} cells.
 * @returns See {@linkcode RttEstimator.probeTimeoutMs}.
 */
export function probeTimeoutMs(cells: Float64Array, at: number): number {
  return cells[at + SMOOTHED]! + Math.max(4 * cells[at + VARIATION]!, GRANULARITY_MS) + cells[at + PEER_DELAY]!;
}
