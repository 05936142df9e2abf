/**
 * A bounded set of pairs of slots, walked from either side: what is hidden from whom, who is in which team.
 *
 * Each pair is a place in columns, linked into the list of its left slot and the list of its right slot, and found by
 * a hash with linear probing (deletion by backward shift, as in `id_table.ts`). To add, remove or look up is O(1), to
 * forget a slot costs as much as it has pairs. Invariant: a place is in both lists and in the hash, or in none.
 *
 * @module
 */
import { widened } from "./id_table.ts";

const MIN_PAIRS = 16;

/** Which side of a pair a list is about. */
export const PairSide = {
  /** The list of a left slot. */
  Left: 0,
  /** The list of a right slot. */
  Right: 1,
} as const;

/** One of the values of {@linkcode PairSide}. */
export type PairSide = (typeof PairSide)[keyof typeof PairSide];

/** One side of all pairs: the slot of each place, and a list of places for each slot. */
class Side {
  slots = new Int32Array(MIN_PAIRS);
  next = new Int32Array(MIN_PAIRS);
  previous = new Int32Array(MIN_PAIRS);
  heads = new Int32Array(MIN_PAIRS).fill(-1);

  link(place: number, slot: number): void {
    if (slot >= this.heads.length) {
      const heads = new Int32Array(2 ** Math.ceil(Math.log2(slot + 1))).fill(-1);
      this.heads = widened(this.heads, heads);
    }
    const head = this.heads[slot]!;
    if (head >= 0) this.previous[head] = place;
    this.slots[place] = slot;
    this.previous[place] = -1;
    this.next[place] = head;
    this.heads[slot] = place;
  }

  unlink(place: number): void {
    const next = this.next[place]!;
    const previous = this.previous[place]!;
    if (next >= 0) this.previous[next] = previous;
    if (previous >= 0) this.next[previous] = next;
    else this.heads[this.slots[place]!] = next;
  }

  grow(pairs: number): void {
    this.slots = widened(this.slots, new Int32Array(pairs));
    this.next = widened(this.next, new Int32Array(pairs));
    this.previous = widened(this.previous, new Int32Array(pairs));
  }
}

/** Pairs of a left and a right slot. */
export class PairTable {
  readonly #maxPairs: number;
  readonly #left = new Side();
  readonly #right = new Side();
  /** A place plus 1; 0: empty. */
  #cells = new Int32Array(2 * MIN_PAIRS);
  #freePlaces = new Int32Array(MIN_PAIRS);
  #freeCount = 0;
  #highPlace = 0;

  /**
   * Makes an empty table.
   *
   * @param maxPairs How many pairs there may be.
   */
  constructor(maxPairs: number) {
    this.#maxPairs = maxPairs;
  }

  /** How many pairs there are. */
  get size(): number {
    return this.#highPlace - this.#freeCount;
  }

  /**
   * Whether there is this pair.
   *
   * @param left The left slot, and likewise the right one.
   * @returns Whether there is.
   */
  has(left: number, right: number): boolean {
    return this.#cells[this.#find(left, right)] !== 0;
  }

  /**
   * Adds a pair, if there is none like it.
   *
   * @param left The left slot, and likewise the right one.
   * @returns `false` when there is no room for it.
   */
  add(left: number, right: number): boolean {
    if (this.has(left, right)) return true;
    if (this.size === this.#maxPairs) return false;
    const place = this.#freeCount > 0 ? this.#freePlaces[--this.#freeCount]! : this.#highPlace++;
    if (place >= this.#freePlaces.length) this.#grow();
    this.#left.link(place, left);
    this.#right.link(place, right);
    this.#cells[this.#find(left, right)] = place + 1;
    return true;
  }

  /**
   * Removes a pair, if it is there.
   *
   * @param left The left slot, and likewise the right one.
   */
  remove(left: number, right: number): void {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let hole = this.#find(left, right);
    const place = cells[hole]! - 1;
    if (place < 0) return;
    for (let at = (hole + 1) & mask; cells[at] !== 0; at = (at + 1) & mask) {
      const other = cells[at]! - 1;
      const home = this.#homeOf(this.#left.slots[other]!, this.#right.slots[other]!);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      cells[hole] = cells[at]!;
      hole = at;
    }
    cells[hole] = 0;
    this.#left.unlink(place);
    this.#right.unlink(place);
    this.#freePlaces[this.#freeCount++] = place;
  }

  /**
   * Removes all pairs of a slot.
   *
   * @param side Which side the slot is on.
   * @param slot Which one.
   */
  forget(side: PairSide, slot: number): void {
    for (let place = this.first(side, slot); place >= 0; place = this.first(side, slot)) {
      this.remove(this.#left.slots[place]!, this.#right.slots[place]!);
    }
  }

  /**
   * Begins a walk over the pairs of a slot; the table must not change until it ends.
   *
   * @param side Which side the slot is on.
   * @param slot Which one; any slot may be asked for.
   * @returns A place, or -1.
   */
  first(side: PairSide, slot: number): number {
    const { heads } = side === PairSide.Left ? this.#left : this.#right;
    return slot < heads.length ? heads[slot]! : -1;
  }

  /**
   * Goes on with a walk.
   *
   * @param side The side of {@linkcode PairTable.first}.
   * @param place Where the walk is.
   * @returns The next place, or -1.
   */
  next(side: PairSide, place: number): number {
    return (side === PairSide.Left ? this.#left : this.#right).next[place]!;
  }

  /**
   * The slot on the other side of a pair.
   *
   * @param side The side that the walk is on.
   * @param place Where the walk is.
   * @returns The right slot of a walk on the left, and the other way round.
   */
  otherOf(side: PairSide, place: number): number {
    return (side === PairSide.Left ? this.#right : this.#left).slots[place]!;
  }

  /** The cell of a pair, or the empty one where it belongs. */
  #find(left: number, right: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    for (let at = this.#homeOf(left, right);; at = (at + 1) & mask) {
      const place = cells[at]! - 1;
      if (place < 0 || this.#left.slots[place] === left && this.#right.slots[place] === right) return at;
    }
  }

  /** Mixes both slots into the top bits, then takes as many of those as there are cells. */
  #homeOf(left: number, right: number): number {
    const mixed = Math.imul(Math.imul(left, 0x85eb_ca6b) ^ right, 0x9e37_79b1);
    return (mixed ^ (mixed >>> 15)) & (this.#cells.length - 1);
  }

  #grow(): void {
    const pairs = this.#freePlaces.length * 2;
    this.#left.grow(pairs);
    this.#right.grow(pairs);
    this.#freePlaces = widened(this.#freePlaces, new Int32Array(pairs));
    const before = this.#cells;
    this.#cells = new Int32Array(2 * pairs);
    for (const cell of before) {
      if (cell !== 0) this.#cells[this.#find(this.#left.slots[cell - 1]!, this.#right.slots[cell - 1]!)] = cell;
    }
  }
}
