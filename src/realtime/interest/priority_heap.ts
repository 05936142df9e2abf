/**
 * A binary heap of slots with the largest key on top (Williams 1964; built bottom-up as by Floyd 1964).
 *
 * Why no full sort: what fits into a datagram is often a few of many. Invariant: no slot has a larger key than the one
 * above it.
 *
 * @module
 */

/** Slots by key; filled, built once, then emptied from the top. */
export class PriorityHeap {
  #slots: Int32Array;
  #keys: Float64Array;
  #size = 0;

  /**
   * Makes an empty heap.
   *
   * @param capacity How many slots there is room for at first.
   */
  constructor(capacity: number) {
    this.#slots = new Int32Array(capacity);
    this.#keys = new Float64Array(capacity);
  }

  /** How many slots are left. */
  get size(): number {
    return this.#size;
  }

  /**
   * Empties it and makes room.
   *
   * @param capacity How many slots may come.
   */
  reset(capacity: number): void {
    this.#size = 0;
    if (capacity <= this.#slots.length) return;
    this.#slots = new Int32Array(capacity);
    this.#keys = new Float64Array(capacity);
  }

  /**
   * Puts a slot in without order; {@linkcode PriorityHeap.build} follows.
   *
   * @param slot The slot.
   * @param key How important it is; not NaN.
   */
  put(slot: number, key: number): void {
    this.#slots[this.#size] = slot;
    this.#keys[this.#size++] = key;
  }

  /** Brings what was put in into order. */
  build(): void {
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#siftDown(at);
  }

  /**
   * Takes the slot with the largest key.
   *
   * @returns The slot, or -1.
   */
  pop(): number {
    if (this.#size === 0) return -1;
    const top = this.#slots[0]!;
    this.#size--;
    this.#slots[0] = this.#slots[this.#size]!;
    this.#keys[0] = this.#keys[this.#size]!;
    this.#siftDown(0);
    return top;
  }

  #siftDown(start: number): void {
    const slots = this.#slots;
    const keys = this.#keys;
    const size = this.#size;
    const slot = slots[start]!;
    const key = keys[start]!;
    let at = start;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && keys[child + 1]! > keys[child]!) child++;
      if (keys[child]! <= key) break;
      slots[at] = slots[child]!;
      keys[at] = keys[child]!;
      at = child;
    }
    slots[at] = slot;
    keys[at] = key;
  }
}
