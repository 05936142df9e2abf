/**
 * One deadline per slot and the earliest of all, so that an endpoint with many connections needs one timer.
 *
 * An indexed binary heap (Williams 1964, with the place of every slot kept beside it): to set or clear a deadline is
 * O(log n), to look at the earliest O(1). Everything lives in typed arrays that double when a slot does not fit, so
 * that nothing is allocated in steady state. Invariant: `heap[place[slot]] === slot` for every slot with a deadline.
 *
 * @module
 */

/** How many slots a table has room for before it grows. */
const DEFAULT_SLOTS = 64;

/**
 * Deadlines of numbered slots.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const table = new DeadlineTable();
 * table.set(7, 20);
 * table.set(3, 10);
 * assertEquals(table.earliest(), 10);
 * assertEquals(table.popExpired(15), 3);
 * assertEquals(table.popExpired(15), -1);
 * ```
 */
export class DeadlineTable {
  /** The slots, earliest first in heap order; the root is at 1, so that place 0 means "none". */
  #heap: Int32Array;
  /** Where a slot stands in the heap, by slot. */
  #place: Int32Array;
  /** The deadline in ms, by slot; only meaningful while the slot has a place. */
  #deadline: Float64Array;
  #size = 0;

  /**
   * Makes an empty table.
   *
   * @param initialSlots For how many slots to make room at first.
   * @throws {RangeError} When it is not an integer of at least 1.
   */
  constructor(initialSlots: number = DEFAULT_SLOTS) {
    if (!Number.isSafeInteger(initialSlots) || initialSlots < 1) {
      throw new RangeError(`Cannot make a deadline table of ${initialSlots} slots: it has at least 1`);
    }
    this.#heap = new Int32Array(initialSlots + 1);
    this.#place = new Int32Array(initialSlots);
    this.#deadline = new Float64Array(initialSlots);
  }

  /** How many slots have a deadline. */
  get size(): number {
    return this.#size;
  }

  /**
   * Gives a slot a deadline in place of the one that it had.
   *
   * @param slot Which slot; the table takes memory for all slots up to the highest.
   * @param deadlineMs The time in ms; `Infinity` clears.
   * @throws {RangeError} When the slot is not an integer of at least 0, or the time is NaN.
   */
  set(slot: number, deadlineMs: number): void {
    if (!(slot < this.#place.length) || slot < 0 || !Number.isInteger(slot)) this.#admit(slot);
    if (!(deadlineMs < Infinity)) {
      if (deadlineMs !== Infinity) throw new RangeError("Cannot set a deadline: NaN is no time");
      return this.clear(slot);
    }
    const place = this.#place[slot]!;
    if (place === 0) {
      this.#deadline[slot] = deadlineMs;
      this.#siftUp(slot, ++this.#size);
      return;
    }
    const before = this.#deadline[slot]!;
    this.#deadline[slot] = deadlineMs;
    if (deadlineMs < before) this.#siftUp(slot, place);
    else if (deadlineMs > before) this.#siftDown(slot, place);
  }

  /**
   * Takes a slot's deadline away, if it has one.
   *
   * @param slot Which slot.
   */
  clear(slot: number): void {
    const place = this.#place[slot] ?? 0;
    if (place === 0) return;
    this.#place[slot] = 0;
    const last = this.#heap[this.#size--]!;
    if (last === slot) return;
    const parent = this.#heap[place >> 1]!;
    if (place > 1 && this.#deadline[last]! < this.#deadline[parent]!) this.#siftUp(last, place);
    else this.#siftDown(last, place);
  }

  /**
   * The deadline of a slot.
   *
   * @param slot Which slot.
   * @returns The time in ms, `Infinity` when it has none.
   */
  at(slot: number): number {
    return (this.#place[slot] ?? 0) === 0 ? Infinity : this.#deadline[slot]!;
  }

  /**
   * The earliest deadline.
   *
   * @returns The time in ms, `Infinity` when no slot has one.
   */
  earliest(): number {
    return this.#size === 0 ? Infinity : this.#deadline[this.#heap[1]!]!;
  }

  /**
   * Takes out the slot with the earliest deadline if that has come; call it until it returns -1.
   *
   * @param nowMs The time in ms.
   * @returns The slot, which has no deadline any more, or -1. Slots with the same deadline come in no fixed order.
   */
  popExpired(nowMs: number): number {
    if (this.#size === 0) return -1;
    const slot = this.#heap[1]!;
    if (!(this.#deadline[slot]! <= nowMs)) return -1;
    this.clear(slot);
    return slot;
  }

  /** Moves a hole at `place` up until `slot` fits into it. */
  #siftUp(slot: number, place: number): void {
    const heap = this.#heap;
    const deadline = this.#deadline;
    const key = deadline[slot]!;
    while (place > 1) {
      const parent = heap[place >> 1]!;
      if (deadline[parent]! <= key) break;
      heap[place] = parent;
      this.#place[parent] = place;
      place >>= 1;
    }
    heap[place] = slot;
    this.#place[slot] = place;
  }

  /** Moves a hole at `place` down until `slot` fits into it. */
  #siftDown(slot: number, place: number): void {
    const heap = this.#heap;
    const deadline = this.#deadline;
    const key = deadline[slot]!;
    for (let child = place * 2; child <= this.#size; child = place * 2) {
      if (child < this.#size && deadline[heap[child + 1]!]! < deadline[heap[child]!]!) child++;
      const lower = heap[child]!;
      if (deadline[lower]! >= key) break;
      heap[place] = lower;
      this.#place[lower] = place;
      place = child;
    }
    heap[place] = slot;
    this.#place[slot] = place;
  }

  #admit(slot: number): void {
    if (!Number.isSafeInteger(slot) || slot < 0) {
      throw new RangeError(`Cannot set the deadline of slot ${slot}: slots are integers from 0`);
    }
    const slots = Math.max(slot + 1, this.#place.length * 2);
    const heap = new Int32Array(slots + 1);
    heap.set(this.#heap);
    const place = new Int32Array(slots);
    place.set(this.#place);
    const deadline = new Float64Array(slots);
    deadline.set(this.#deadline);
    this.#heap = heap;
    this.#place = place;
    this.#deadline = deadline;
  }
}
