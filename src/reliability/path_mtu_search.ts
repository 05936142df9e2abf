/**
 * The search for the largest datagram of a path (RFC 8899, RFC 9000 section 14.3).
 *
 * Starts from 1200, which every path carries, and halves the interval with probes of its own. Invariants: the loss of a
 * probe tells about its size and nothing else; a size is used only after a probe of it was acknowledged; when only large
 * packets are lost while small ones come through the path has become narrower, and the search starts over from the base.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";

/** The size that every path carries. */
export const BASE_MTU_BYTES = 1200;

/** How often a size is tried before it counts as too large (MAX_PROBES). */
const MAX_PROBES = 3;
/** A search ends when less than this is to be won. */
const FINE_BYTES = 16;
const RAISE_AFTER_MS = 600_000;
const RETRY_AFTER_MS = 60_000;
/** So many large packets in a row are lost while smaller ones arrive: a black hole. */
const BLACK_HOLE_PACKETS = 4;

/** The search of one path. */
export class PathMtuSearch {
  /** The size in bytes of the largest datagram that is known to arrive. */
  datagramBytes: number = BASE_MTU_BYTES;
  /** How often a path was found to have become narrower. */
  blackHoles = 0;
  readonly #clock: Clock;
  readonly #times: Float64Array<ArrayBuffer> = Float64Array.of(Infinity);
  #maxBytes = BASE_MTU_BYTES;
  #high = BASE_MTU_BYTES;
  #probeBytes = 0;
  #isUnderWay = false;
  #failures = 0;
  #largeLost = 0;
  #smallAcked = false;

  /**
   * Makes a search that rests until {@linkcode PathMtuSearch.start}.
   *
   * @param clock The time.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the next probe is wanted in ms; `Infinity`: none is. */
  get probeAt(): number {
    return this.#isUnderWay ? Infinity : this.#times[0]!;
  }

  /** The size in bytes of the probe that is wanted now; 0: none is. */
  get wantedBytes(): number {
    return this.#probeBytes > 0 && this.probeAt <= this.#clock.now ? this.#probeBytes : 0;
  }

  /**
   * Starts over on a path.
   *
   * @param maxBytes The largest datagram that both the link and the peer take; at or below the base: no search. Only a
   * link that never cuts datagrams into fragments may be given more.
   */
  start(maxBytes: number): void {
    this.datagramBytes = BASE_MTU_BYTES;
    this.#maxBytes = maxBytes;
    this.#largeLost = 0;
    this.#smallAcked = this.#isUnderWay = false;
    this.#raise(this.#clock.now);
  }

  /** A probe of the wanted size goes out. */
  handleProbeSent(): void {
    this.#isUnderWay = true;
  }

  /** The probe was acknowledged. */
  handleProbeAcked(): void {
    if (!this.#isUnderWay) return;
    this.#isUnderWay = false;
    this.datagramBytes = Math.max(this.datagramBytes, this.#probeBytes);
    this.#largeLost = 0;
    this.#next();
  }

  /** The probe was lost. */
  handleProbeLost(): void {
    if (!this.#isUnderWay) return;
    this.#isUnderWay = false;
    if (++this.#failures < MAX_PROBES) return;
    this.#high = this.#probeBytes - 1;
    this.#next();
  }

  /**
   * Another packet was acknowledged.
   *
   * @param bytes Its size.
   */
  handleAcked(bytes: number): void {
    if (bytes > BASE_MTU_BYTES) this.#largeLost = 0;
    else if (this.#largeLost > 0) this.#smallAcked = true;
    this.#judge();
  }

  /**
   * Another packet was lost.
   *
   * @param bytes Its size.
   */
  handleLost(bytes: number): void {
    if (bytes <= BASE_MTU_BYTES) return;
    if (this.#largeLost++ === 0) this.#smallAcked = false;
    this.#judge();
  }

  /** Looks again for something larger once the time has come; call it at {@linkcode PathMtuSearch.probeAt}. */
  handleTimeout(): void {
    if (this.#probeBytes === 0 && this.probeAt <= this.#clock.now) this.#raise(this.#clock.now);
  }

  #judge(): void {
    if (this.#largeLost < BLACK_HOLE_PACKETS || !this.#smallAcked || this.datagramBytes === BASE_MTU_BYTES) return;
    this.blackHoles++;
    this.datagramBytes = BASE_MTU_BYTES;
    this.#largeLost = 0;
    this.#isUnderWay = false;
    this.#raise(this.#clock.now + RETRY_AFTER_MS);
  }

  #raise(at: number): void {
    this.#high = this.#maxBytes;
    this.#failures = 0;
    // The largest size is the likeliest: most paths carry what the link does.
    this.#probeBytes = this.#high > this.datagramBytes ? this.#high : 0;
    this.#times[0] = this.#probeBytes > 0 ? at : Infinity;
  }

  #next(): void {
    this.#failures = 0;
    if (this.#high - this.datagramBytes < FINE_BYTES) {
      this.#probeBytes = 0;
      this.#times[0] = this.datagramBytes < this.#maxBytes ? this.#clock.now + RAISE_AFTER_MS : Infinity;
    } else this.#probeBytes = (this.datagramBytes + this.#high + 1) >> 1;
  }
}
