/**
 * Memory for chunks between their arrival and the end of their write: a bounded number of places in one stretch.
 *
 * Invariant: a place is held by one chunk at a time, and there are never more chunks than places, whatever peers send.
 * Places are given out in a circle, so that chunks that follow one another lie one after another and are written as one.
 *
 * @module
 */
import { CHUNK_BYTES, type GroupHasher } from "./group_hasher.ts";

/** The places. */
export class ChunkSlots {
  /** The memory: place i is at i * 65,536. */
  readonly bytes: Uint8Array;
  /** How many places there are. */
  readonly count: number;
  readonly #taken: Uint8Array;
  #next = 0;
  #free: number;

  /**
   * Makes the places.
   *
   * @param count How many, at least 1.
   * @param hasher Gives the memory, so that chunks are hashed where they lie.
   */
  constructor(count: number, hasher: GroupHasher) {
    this.count = this.#free = count;
    this.bytes = hasher.claim(count * CHUNK_BYTES);
    this.#taken = new Uint8Array(count);
  }

  /** How many places are free. */
  get free(): number {
    return this.#free;
  }

  /**
   * Takes a place.
   *
   * @returns Its number, or -1 when all are taken.
   */
  take(): number {
    if (this.#free === 0) return -1;
    while (this.#taken[this.#next] === 1) this.#next = (this.#next + 1) % this.count;
    const slot = this.#next;
    this.#taken[slot] = 1;
    this.#free--;
    this.#next = (slot + 1) % this.count;
    return slot;
  }

  /** Gives a place back. */
  release(slot: number): void {
    if (this.#taken[slot] !== 1) throw new RangeError(`Cannot release slot ${slot}: it is not taken`);
    this.#taken[slot] = 0;
    this.#free++;
  }
}
