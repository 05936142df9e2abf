/**
 * Gives every id of the caller's a small slot, so that all that is known of it lies in typed-array columns by slot.
 *
 * Open addressing with linear probing and deletion by backward shift (Knuth, The Art of Computer Programming 3, 6.4,
 * algorithm R), at most half full. Invariant: an id has at most one slot, and a slot that was taken from its id is
 * not given out again before {@linkcode IdTable.free}.
 *
 * ```text
 * cells: | slot + 1, id | slot + 1, id | …    0: empty
 * home:  | Fibonacci hash of id >>> 3 | id & 7 |    eight ids in a row share a cache line
 * ```
 *
 * @module
 */

/** 2^32 over the golden ratio. */
const GOLDEN = 0x9e37_79b1;
/** How many slots a table has room for before it grows; no fewer cells than one block of eight ids. */
const MIN_SLOTS = 16;

/**
 * Slots of ids, from 0 upwards and reused.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const table = new IdTable(1000);
 * assertEquals(table.add(4_000_000_000), 0);
 * assertEquals(table.slotOf(4_000_000_000), 0);
 * assertEquals(table.slotOf(7), -1);
 * ```
 */
export class IdTable {
  readonly #maxSlots: number;
  #ids: Uint32Array;
  #cells: Int32Array;
  #shift: number;
  /** Slots that are free below {@linkcode IdTable.highSlot}, used as a stack. */
  #freeSlots: Int32Array;
  #freeCount = 0;
  #highSlot = 0;
  #size = 0;

  /**
   * Makes an empty table.
   *
   * @param maxSlots How many slots there may be at the most; memory is taken as slots are.
   * @throws {RangeError} When it is not an integer from 1 to 2^28.
   */
  constructor(maxSlots: number) {
    if (!Number.isInteger(maxSlots) || maxSlots < 1 || maxSlots > 2 ** 28) {
      throw new RangeError(`Cannot make a table of ${maxSlots} slots: it has from 1 to 2^28`);
    }
    this.#maxSlots = maxSlots;
    this.#ids = new Uint32Array(MIN_SLOTS);
    this.#freeSlots = new Int32Array(MIN_SLOTS);
    this.#cells = new Int32Array(4 * MIN_SLOTS);
    this.#shift = shiftFor(2 * MIN_SLOTS);
  }

  /** How many ids have a slot. */
  get size(): number {
    return this.#size;
  }

  /** For how many slots columns need room now; doubles, and only {@linkcode IdTable.add} changes it. */
  get capacity(): number {
    return this.#ids.length;
  }

  /** One more than the highest slot that was ever given out. */
  get highSlot(): number {
    return this.#highSlot;
  }

  /** The ids by slot; replaced when the capacity grows. */
  get ids(): Uint32Array {
    return this.#ids;
  }

  /**
   * Looks an id up.
   *
   * @param id Any number; only integers from 0 to 2^32 - 1 are ids.
   * @returns Its slot, or -1.
   */
  slotOf(id: number): number {
    if (id >>> 0 !== id) return -1;
    const cells = this.#cells;
    const mask = cells.length - 1;
    for (let at = this.#homeOf(id);; at = (at + 2) & mask) {
      const slot = cells[at]! - 1;
      if (slot < 0 || cells[at + 1] === (id | 0)) return slot;
    }
  }

  /**
   * Gives an id that has none a slot.
   *
   * @param id An integer from 0 to 2^32 - 1 that {@linkcode IdTable.slotOf} does not know.
   * @returns The slot, or -1 when all are taken.
   */
  add(id: number): number {
    if (this.#freeCount === 0 && this.#highSlot === this.#maxSlots) return -1;
    const slot = this.#freeCount > 0 ? this.#freeSlots[--this.#freeCount]! : this.#highSlot++;
    if (slot >= this.#ids.length) this.#grow();
    this.#ids[slot] = id;
    this.#link(slot);
    this.#size++;
    return slot;
  }

  /**
   * Takes a slot from its id; the slot stays reserved and its entry in {@linkcode IdTable.ids} readable.
   *
   * @param slot A slot that {@linkcode IdTable.slotOf} returned.
   */
  detach(slot: number): void {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let hole = this.#homeOf(this.#ids[slot]!);
    while (cells[hole] !== slot + 1) hole = (hole + 2) & mask;
    for (let at = (hole + 2) & mask; cells[at] !== 0; at = (at + 2) & mask) {
      const home = this.#homeOf(cells[at + 1]!);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      cells[hole] = cells[at]!;
      cells[hole + 1] = cells[at + 1]!;
      hole = at;
    }
    cells[hole] = 0;
    this.#size--;
  }

  /**
   * Lets a detached slot be given out again.
   *
   * @param slot A slot that was detached and not freed since.
   */
  free(slot: number): void {
    this.#freeSlots[this.#freeCount++] = slot;
  }

  /** Takes the id or the integer of 32 bits that stands for it in a cell. */
  #homeOf(id: number): number {
    return ((Math.imul(id >>> 3, GOLDEN) >>> this.#shift) << 4) | ((id & 7) << 1);
  }

  #link(slot: number): void {
    const cells = this.#cells;
    const mask = cells.length - 1;
    const id = this.#ids[slot]!;
    let at = this.#homeOf(id);
    while (cells[at] !== 0) at = (at + 2) & mask;
    cells[at] = slot + 1;
    cells[at + 1] = id;
  }

  #grow(): void {
    const before = this.#cells;
    const capacity = this.#ids.length * 2;
    this.#ids = widened(this.#ids, new Uint32Array(capacity));
    this.#freeSlots = widened(this.#freeSlots, new Int32Array(capacity));
    this.#cells = new Int32Array(4 * capacity);
    this.#shift = shiftFor(2 * capacity);
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] !== 0) this.#link(before[at]! - 1);
    }
  }
}

/**
 * Carries a column over into a longer one.
 *
 * @param from The column.
 * @param into Zeros, at least as long.
 * @returns `into`.
 */
export function widened<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** By how much a hash of 32 bits is shifted to pick one of the blocks of eight cells. */
function shiftFor(cellsCount: number): number {
  return Math.clz32(cellsCount >>> 3) + 1;
}
