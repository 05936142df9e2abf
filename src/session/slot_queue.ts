/**
 * Slots that wait for their turn, each at most once, in the order in which they came.
 *
 * Invariant: a slot is in the queue exactly when its mark is set, so that the queue never holds more than there are
 * slots, and adding a slot again costs one look.
 *
 * @module
 */

const MIN_PLACES = 64;

/** A first-in, first-out queue of numbered slots without repetition. */
export class SlotQueue {
  #marks = new Uint8Array(MIN_PLACES);
  #ring = new Int32Array(MIN_PLACES);
  #head = 0;
  #size = 0;

  /** How many slots wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a slot behind all others, unless it waits already.
   *
   * @param slot The slot, from 0; the queue takes memory for all slots up to the highest.
   */
  add(slot: number): void {
    if (slot >= this.#marks.length) this.#grow(slot);
    if (this.#marks[slot] !== 0) return;
    this.#marks[slot] = 1;
    this.#ring[(this.#head + this.#size++) & (this.#ring.length - 1)] = slot;
  }

  /**
   * The slot that has waited longest; it stays.
   *
   * @returns The slot, or -1.
   */
  first(): number {
    return this.#size === 0 ? -1 : this.#ring[this.#head]!;
  }

  /** Takes the first slot out, if there is one. */
  shift(): void {
    if (this.#size === 0) return;
    this.#marks[this.#ring[this.#head]!] = 0;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
  }

  /** Every place of the ring has a slot of its own: the ring is as long as the marks. */
  #grow(slot: number): void {
    let places = this.#marks.length;
    while (places <= slot) places *= 2;
    const marks = new Uint8Array(places);
    marks.set(this.#marks);
    const ring = new Int32Array(places);
    for (let i = 0; i < this.#size; i++) ring[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)]!;
    this.#marks = marks;
    this.#ring = ring;
    this.#head = 0;
  }
}
