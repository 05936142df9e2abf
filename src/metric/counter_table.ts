/**
 * Counters of many connections in one flat array, a row per slot.
 *
 * Invariant: a count never gets lost: {@linkcode CounterTable.retire} only notes where the next connection of a slot
 * starts to count, so that sums go on to include the last one. Hot code adds; all else is left to whoever reads.
 *
 * ```text
 * cells: | counts: slot 0: counter 0, 1, … width-1 | slot 1: … | … | starts: slot 0: counter 0, 1, … width-1 | …
 * ```
 *
 * The cells may be shared memory: one thread writes, any thread reads with a table of its own over the same cells, and
 * nobody is asked. Why doubles and no atomics: a double is exact to 2^53, and is stored and loaded in one piece on
 * every machine that Deno runs on (the language alone would let a reader see half of an addition). A reader may be
 * some additions late, and figures that it reads one after the other are not of one moment. Counts only grow (but for
 * {@linkcode CounterTable.reset}), so that a sum is never less than one that was read before, whatever retires
 * meanwhile; a slot that is being retired shows some counters of the old connection and some of the new.
 *
 * @module
 */

/**
 * How many doubles a {@linkcode CounterTable} takes that lives in given memory.
 *
 * @param counterCount How many counters a slot has.
 * @param slots How many slots there are.
 * @returns The length of its cells.
 */
export function counterTableCells(counterCount: number, slots: number): number {
  return 2 * counterCount * slots;
}

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
  readonly #mayGrow: boolean;
  #cells: Float64Array;
  #starts: Float64Array; // may be shorter than #cells: what is behind its end is 0
  #slots: number;

  /**
   * Makes a table in given memory or, with every counter at 0, in memory of its own.
   *
   * @param names What the counters are called; a counter's index is its place in this list.
   * @param slots For how many slots to make room; a table in memory of its own grows when there are more.
   * @param cells Where the table lives, {@linkcode counterTableCells} long; what it holds from before counts, all
   * zeros is a table with every counter at 0. Only one thread may write. Without it, memory is allocated.
   * @throws {RangeError} When there is no name, a name occurs twice, the slots are not an integer of at least 1, or the
   * cells are not as many.
   */
  constructor(names: readonly string[], slots: number, cells?: Float64Array) {
    if (names.length === 0 || new Set(names).size !== names.length) {
      throw new RangeError(`Cannot make a counter table: [${names.join(", ")}] are not one or more different names`);
    }
    if (!Number.isSafeInteger(slots) || slots < 1) {
      throw new RangeError(`Cannot make a counter table of ${slots} slots: it has at least 1`);
    }
    const cellCount = counterTableCells(names.length, slots);
    if (cells !== undefined && cells.length !== cellCount) {
      throw new RangeError(`Cannot keep a counter table in ${cells.length} cells: it takes ${cellCount}`);
    }
    this.#names = [...names];
    this.#width = names.length;
    this.#cells = cells?.subarray(0, cellCount / 2) ?? new Float64Array(cellCount / 2);
    this.#starts = cells?.subarray(cellCount / 2) ?? new Float64Array(0);
    this.#slots = slots;
    this.#mayGrow = cells === undefined;
  }

  /**
   * Adds to a counter; a table in memory of its own grows when the slot is new.
   *
   * @param slot Which slot, an integer; the table takes memory for all slots up to the highest.
   * @param counterIndex Which counter, an integer.
   * @param n How much; sums are exact up to 2^53.
   * @throws {RangeError} When the slot is negative, given memory has no room for it, or there is no such counter.
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
    const index = slot * this.#width + counterIndex;
    // The start first: a reader in another thread must not meet one that is ahead of the count.
    const start = this.#starts[index] ?? 0;
    return (this.#cells[index] ?? 0) - start;
  }

  /**
   * Sets the counters of a slot to 0 and forgets what they held.
   *
   * @param slot Which slot.
   * @throws {RangeError} When the slot is negative.
   */
  reset(slot: number): void {
    checkSlot(slot);
    const first = slot * this.#width;
    // The row of a slot that was never added to lies behind the end, where stores have no effect; as in retire().
    for (let i = first; i < first + this.#width; i++) this.#cells[i] = this.#starts[i] ?? 0;
  }

  /**
   * Sets the counters of a slot to 0 and keeps what they held in the sums, for a slot whose connection ended.
   *
   * @param slot Which slot.
   * @throws {RangeError} When the slot is negative.
   */
  retire(slot: number): void {
    checkSlot(slot);
    const first = slot * this.#width;
    if (this.#starts.length < this.#cells.length) this.#starts = extended(this.#starts, this.#cells.length);
    for (let i = first; i < first + this.#width; i++) this.#starts[i] = this.#cells[i]!;
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
    let sum = 0;
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
    if (!this.#mayGrow) throw new RangeError(`Cannot count in slot ${slot}: this table has ${this.#slots} slots`);
    this.#slots = Math.max(slot + 1, this.#slots * 2);
    this.#cells = extended(this.#cells, this.#slots * this.#width);
  }
}

function extended(cells: Float64Array, length: number): Float64Array {
  const longer = new Float64Array(length);
  longer.set(cells);
  return longer;
}

function checkSlot(slot: number): void {
  if (!Number.isSafeInteger(slot) || slot < 0) {
    throw new RangeError(`Cannot use the counters of slot ${slot}: slots are integers from 0`);
  }
}
