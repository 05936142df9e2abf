/**
 * A path's own delay, and the queue on top of it, from round-trip samples.
 *
 * The own delay is the smallest sample of the last ten seconds; one that comes close confirms it. Invariant: a queue is
 * judged over a whole round trip by its smallest sample, so that jitter and bursts of a moment are no queue.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";

const STALE_MS = 10_000;
/** Samples of a round before it says anything. */
const LEAST_SAMPLES = 4;
/** So many samples one after the other show that the delay has risen (RFC 9406 waits for 8 of a round). */
const RISEN_SAMPLES = 6;
const LEAST_RISE_MS = 4;
const MOST_RISE_MS = 16;

/** The delays of one path. */
export class PathDelay {
  readonly #clock: Clock;
  /** The own delay, when it was confirmed, the smallest of this round, of the rest, and the latest sample. */
  readonly #cells: Float64Array<ArrayBuffer> = new Float64Array(5);
  #samples = 0;
  #risen = 0;
  #resting = false;

  /**
   * Makes one without samples.
   *
   * @param clock The time.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.clear();
  }

  /** The path's own round-trip time in ms; `Infinity` before the first sample. */
  get baseMs(): number {
    return this.#cells[BASE]!;
  }

  /** How many ms of queue stood through the whole round so far; -1: too few samples. */
  get standingMs(): number {
    return this.#samples < LEAST_SAMPLES ? -1 : this.#cells[ROUND]! - this.#cells[BASE]!;
  }

  /** How many ms of queue the latest sample had. */
  get latestQueueMs(): number {
    return this.#cells[LATEST]! - this.#cells[BASE]!;
  }

  /** Whether the delay has risen clearly: not for a moment. */
  get hasRisen(): boolean {
    return this.#risen >= RISEN_SAMPLES;
  }

  /** Whether the own delay was not confirmed for long. */
  get isStale(): boolean {
    return this.#clock.now - this.#cells[CONFIRMED_AT]! > STALE_MS;
  }

  /**
   * Takes a sample.
   *
   * @param rttMs A round-trip time without the peer's delay.
   */
  handleSample(rttMs: number): void {
    const cells = this.#cells;
    cells[LATEST] = rttMs;
    if (rttMs < cells[BASE]!) cells[BASE] = rttMs;
    if (rttMs <= cells[BASE]! + Math.max(1, cells[BASE]! / 32)) cells[CONFIRMED_AT] = this.#clock.now;
    if (rttMs < cells[ROUND]!) cells[ROUND] = rttMs;
    if (this.#resting && rttMs < cells[REST]!) cells[REST] = rttMs;
    const rise = Math.min(Math.max(cells[BASE]! / 8, LEAST_RISE_MS), MOST_RISE_MS);
    this.#risen = rttMs > cells[BASE]! + rise ? this.#risen + 1 : 0;
    this.#samples++;
  }

  /** A round begins. */
  turn(): void {
    this.#cells[ROUND] = Infinity;
    this.#samples = 0;
  }

  /** Nothing was under way: silence confirms nothing, but is no reason for a rest. */
  handleIdle(): void {
    if (this.isStale) this.#cells[CONFIRMED_AT] = this.#clock.now;
  }

  /** From here on little is sent. */
  startRest(): void {
    this.#resting = true;
    this.#cells[REST] = Infinity;
  }

  /** The rest is over: what it showed is the own delay. */
  renew(): void {
    if (this.#cells[REST] !== Infinity) this.#cells[BASE] = this.#cells[REST]!;
    this.#cells[CONFIRMED_AT] = this.#clock.now;
    this.#resting = false;
  }

  /** Forgets everything. */
  clear(): void {
    this.#cells.fill(Infinity);
    this.#cells[CONFIRMED_AT] = this.#clock.now;
    this.#samples = this.#risen = 0;
    this.#resting = false;
  }
}

const BASE = 0;
const CONFIRMED_AT = 1;
const ROUND = 2;
const REST = 3;
const LATEST = 4;
