/**
 * The nearest of many: a heap of bounded size, the farthest on top, so that whoever is farther than all that are in is
 * refused by one comparison.
 *
 * Invariant: after any number of offers it holds the `room` least distances of all, the earlier one where two are alike.
 *
 * @module
 */
import { widened } from "./id_table.ts";

/** Chooses slots by distance. */
export class NearestChoice {
  /** The chosen slots, in no particular order; replaced when it grows. */
  slots: Int32Array = new Int32Array(16);
  #distances = new Float64Array(16);
  #count = 0;
  #room = 0;

  /** How many were chosen. */
  get count(): number {
    return this.#count;
  }

  /**
   * Begins anew; allocates only when there is more room than ever before.
   *
   * @param room How many may be chosen, 0 or more.
   */
  reset(room: number): void {
    this.#count = 0;
    this.#room = room;
    if (room <= this.slots.length) return;
    const length = Math.max(room, 2 * this.slots.length);
    this.slots = widened(this.slots, new Int32Array(length));
    this.#distances = widened(this.#distances, new Float64Array(length));
  }

  /**
   * Offers a slot.
   *
   * @param slot Which one.
   * @param distance How far away it is, or any number that grows with it.
   */
  offer(slot: number, distance: number): void {
    if (this.#count < this.#room) this.#rise(this.#count++, slot, distance);
    else if (this.#room > 0 && distance < this.#distances[0]!) this.#sink(slot, distance);
  }

  /** Puts a slot at the end and moves it up past all that are nearer. */
  #rise(end: number, slot: number, distance: number): void {
    const { slots } = this;
    const distances = this.#distances;
    let at = end;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (distances[parent]! >= distance) break;
      slots[at] = slots[parent]!;
      distances[at] = distances[parent]!;
      at = parent;
    }
    slots[at] = slot;
    distances[at] = distance;
  }

  /** Puts a slot in the place of the farthest and moves it down past all that are farther. */
  #sink(slot: number, distance: number): void {
    const { slots } = this;
    const distances = this.#distances;
    const count = this.#count;
    let at = 0;
    for (let child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && distances[child + 1]! > distances[child]!) child++;
      if (distances[child]! <= distance) break;
      slots[at] = slots[child]!;
      distances[at] = distances[child]!;
      at = child;
    }
    slots[at] = slot;
    distances[at] = distance;
  }
}
