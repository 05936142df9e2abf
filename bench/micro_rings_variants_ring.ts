/**
 * A ring of fixed slots for many producers whose ways to claim can be changed one by one.
 *
 * @module
 */

/** A way to claim. */
export interface Variant {
  /** What it is called. */
  readonly name: string;
  /** Whether head and tail share a cache line. */
  readonly isCrowded: boolean;
  /** Whether a producer expects the tail where it left it and keeps its copy of the head, instead of loading both. */
  readonly isCaching: boolean;
  /** How many records one compare-exchange claims. */
  readonly block: number;
  /** Whether threads give their core away when they have waited for long. */
  readonly isYielding: boolean;
}

const TAIL = 32;

/** One thread's handle on such a ring. */
export class VariantRing {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly data: Int32Array<SharedArrayBuffer>;
  readonly slots: number;
  readonly mask: number;
  /** Index of the head. */
  readonly head: number;
  readonly #variant: Variant;
  #tail = 0;
  #headSeen = 0;

  /**
   * @param shared Zeros: 512 bytes and a power of two.
   * @param variant How to claim.
   */
  constructor(shared: SharedArrayBuffer, variant: Variant) {
    this.words = new Int32Array(shared, 0, 128);
    this.data = new Int32Array(shared, 512);
    this.slots = this.data.length >> 4;
    this.mask = this.slots - 1;
    this.head = variant.isCrowded ? TAIL + 1 : 64;
    this.#variant = variant;
  }

  /**
   * Claims a block of slots.
   *
   * @returns The number of the first, or -1 when there is no room.
   */
  claim(): number {
    const { block, isCaching } = this.#variant;
    const words = this.words;
    let tail = isCaching ? this.#tail : Atomics.load(words, TAIL);
    if (!isCaching) this.#headSeen = Atomics.load(words, this.head);
    for (;;) {
      if (tail + block - this.#headSeen > this.slots) {
        this.#headSeen = Atomics.load(words, this.head);
        if (tail + block - this.#headSeen > this.slots) return -1;
      }
      const found = Atomics.compareExchange(words, TAIL, tail, tail + block);
      if (found === tail) break;
      tail = found;
      this.#headSeen = Atomics.load(words, this.head);
    }
    this.#tail = tail + block;
    return tail;
  }
}
