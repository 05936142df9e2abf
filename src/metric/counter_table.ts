/**
 * Counters of many connections in one flat array, a row per slot.
 *
 * Invariant: a count never gets lost: {@linkcode CounterTable.retire} moves the row of a connection that ended into
 * the retired totals, so that sums go on to include it. Hot code adds; all adding up is left to whoever reads.
 *
 * ```text
 * cells: | slot 0: counter 0, 1, … width-1 | slot 1: counter 0, 1, … width-1 | …
 * ```
 *
 * @module
 */

/**
 * Named counters for numbered slots.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const counters = new CounterTable(["messages", "bytes"], 16);
 * counters.add(3, 0, 1);
 * counters.add(3, 1, 64);
 * counters.retire(3);
 * assertEquals(counters.snapshot(3), { messages: 0, bytes: 0 });
 * assertEquals(counters.totals(), { messages: 1, bytes: 64 });
 * ```
 */
export class CounterTable {
  readonly #names: readonly string[];
  readonly #width: number;
  readonly #retired: Float64Array;
  #cells: Float64Array;
  #slots: number;

  /**
   * Makes a table with every counter at 0.
   *
   * @param names What the counters are called; a counter's index is its place in this list.
   * @param initialSlots For how many slots to make room at first.
   * @throws {RangeError} When there is no name, a name occurs twice, or the slots are not an integer of at least 1.
   */
  constructor(names: readonly string[], initialSlots: number) {
    if (names.length === 0 || new Set(names).size !== names.length) {
      throw new RangeError(`Cannot make a counter table: [${names.join(", ")}] are not one or more different names`);
    }
    if (!Number.isSafeInteger(initialSlots) || initialSlots < 1) {
      throw new RangeError(`Cannot make a counter table of ${initialSlots} slots: it has at least 1`);
    }
    this.#names = [...names];
    this.#width = names.length;
    this.#retired = new Float64Array(names.length);
    this.#cells = new Float64Array(initialSlots * names.length);
    this.#slots = initialSlots;
  }

  /**
   * Adds to a counter; the table grows when the slot is new.
   *
   * @param slot Which slot, an integer; the table takes memory for all slots up to the highest.
   * @param counterIndex Which counter, an integer.
   * @param n How much; sums are exact up to 2^53.
   * @throws {RangeError} When the slot is negative or there is no such counter.
   */
  add(slot: number, counterIndex: number, n: number): void {
    if (slot >>> 0 >= this.#slots || counterIndex >>> 0 >= this.#width) this.#admit(slot, counterIndex);
    this.#cells[slot * this.#width + counterIndex]! += n;
  }

  /**
   * Reads one counter of one slot.
   *
   * @param slot Which slot.
   * @param counterIndex Which counter.
   * @returns The count; 0 for a slot that was never added to.
   * @throws {RangeError} When the slot is negative or there is no such counter.
   */
  at(slot: number, counterIndex: number): number {
    checkSlot(slot);
    this.#checkCounter(counterIndex);
    return this.#cells[slot * this.#width + counterIndex] ?? 0;
  }

  /**
   * Sets the counters of a slot to 0 and forgets what they held.
   *
   * @param slot Which slot.
   * @throws {RangeError} When the slot is negative.
   */
  reset(slot: number): void {
    checkSlot(slot);
    const start = slot * this.#width;
    this.#cells.fill(0, start, start + this.#width);
  }

  /**
   * Moves the counts of a slot into the retired totals and sets them to 0, for a slot whose connection ended.
   *
   * @param slot Which slot.
   * @throws {RangeError} When the slot is negative.
   */
  retire(slot: number): void {
    for (let i = 0; i < this.#width; i++) this.#retired[i]! += this.at(slot, i);
    this.reset(slot);
  }

  /**
   * One counter over all slots, retired ones included.
   *
   * @param counterIndex Which counter.
   * @returns The sum.
   * @throws {RangeError} When there is no such counter.
   */
  sum(counterIndex: number): number {
    this.#checkCounter(counterIndex);
    let sum = this.#retired[counterIndex]!;
    for (let i = counterIndex; i < this.#cells.length; i += this.#width) sum += this.#cells[i]!;
    return sum;
  }

  /**
   * The counters of one slot by name.
   *
   * @param slot Which slot.
   * @returns A new object.
   * @throws {RangeError} When the slot is negative.
   */
  snapshot(slot: number): Record<string, number> {
    return Object.fromEntries(this.#names.map((name, i) => [name, this.at(slot, i)]));
  }

  /**
   * The counters over all slots by name, retired ones included.
   *
   * @returns A new object.
   */
  totals(): Record<string, number> {
    return Object.fromEntries(this.#names.map((name, i) => [name, this.sum(i)]));
  }

  #checkCounter(counterIndex: number): void {
    if (!Number.isInteger(counterIndex) || counterIndex < 0 || counterIndex >= this.#width) {
      throw new RangeError(`Cannot use counter ${counterIndex}: this table has ${this.#width} counters`);
    }
  }

  #admit(slot: number, counterIndex: number): void {
    this.#checkCounter(counterIndex);
    checkSlot(slot);
    this.#slots = Math.max(slot + 1, this.#slots * 2);
    const cells = new Float64Array(this.#slots * this.#width);
    cells.set(this.#cells);
    this.#cells = cells;
  }
}

function checkSlot(slot: number): void {
  if (!Number.isSafeInteger(slot) || slot < 0) {
    throw new RangeError(`Cannot use the counters of slot ${slot}: slots are integers from 0`);
  }
}
