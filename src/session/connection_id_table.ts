/**
 * From a connection id to the slot of its session: open addressing over typed arrays.
 *
 * Why not a `Map`: a key of 64 bits would be a string or a bigint, made for every datagram. Linear probing at a load of
 * at most two thirds; a removed entry is closed up, so that lookups never pass over graves. Invariant: the table's memory
 * follows from the most entries that it ever held, and the keys that peers choose are spread by a seed.
 *
 * ```text
 * places: | slot + 1, 0: free | with the two words of the id at the same place |
 * ```
 *
 * @module
 */

const MIN_PLACES = 16;

/**
 * A map from ids to slots.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const table = new ConnectionIdTable(1);
 * table.set(5, -7, 42);
 * assertEquals([table.find(5, -7), table.find(5, 7)], [42, -1]);
 * ```
 */
export class ConnectionIdTable {
  readonly #seed: number;
  #high = new Int32Array(MIN_PLACES);
  #low = new Int32Array(MIN_PLACES);
  #entry = new Int32Array(MIN_PLACES);
  #size = 0;

  /**
   * Makes a table without ids.
   *
   * @param seed Any integer that peers do not know.
   */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** How many ids are in the table. */
  get size(): number {
    return this.#size;
  }

  /**
   * Looks an id up.
   *
   * @param high The upper half, as a signed word.
   * @param low The lower half.
   * @returns The slot, or -1.
   */
  find(high: number, low: number): number {
    const entry = this.#entry;
    const mask = entry.length - 1;
    for (let place = this.#home(high, low, mask);; place = (place + 1) & mask) {
      const found = entry[place]!;
      if (found === 0) return -1;
      if (this.#low[place] === low && this.#high[place] === high) return found - 1;
    }
  }

  /**
   * Adds an id, or gives it another slot.
   *
   * @param high The upper half, as a signed word.
   * @param low The lower half.
   * @param slot The slot, from 0.
   */
  set(high: number, low: number, slot: number): void {
    if ((this.#size + 1) * 3 > this.#entry.length * 2) this.#resize(this.#entry.length * 2);
    if (this.#place(high, low, slot + 1)) this.#size++;
  }

  /**
   * Removes an id, if it is there.
   *
   * @param high The upper half, as a signed word.
   * @param low The lower half.
   */
  delete(high: number, low: number): void {
    const entry = this.#entry;
    const mask = entry.length - 1;
    let hole = this.#home(high, low, mask);
    while (entry[hole] !== 0 && !(this.#low[hole] === low && this.#high[hole] === high)) hole = (hole + 1) & mask;
    if (entry[hole] === 0) return;
    this.#size--;
    for (let place = (hole + 1) & mask; entry[place] !== 0; place = (place + 1) & mask) {
      const home = this.#home(this.#high[place]!, this.#low[place]!, mask);
      // An entry may fill the hole unless its home lies behind it.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      entry[hole] = entry[place]!;
      this.#high[hole] = this.#high[place]!;
      this.#low[hole] = this.#low[place]!;
      hole = place;
    }
    entry[hole] = 0;
  }

  #home(high: number, low: number, mask: number): number {
    const mixed = Math.imul(high ^ this.#seed, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & mask;
  }

  #place(high: number, low: number, value: number): boolean {
    const mask = this.#entry.length - 1;
    let place = this.#home(high, low, mask);
    while (this.#entry[place] !== 0) {
      if (this.#low[place] === low && this.#high[place] === high) {
        this.#entry[place] = value;
        return false;
      }
      place = (place + 1) & mask;
    }
    this.#entry[place] = value;
    this.#high[place] = high;
    this.#low[place] = low;
    return true;
  }

  #resize(places: number): void {
    const [entry, high, low] = [this.#entry, this.#high, this.#low];
    this.#entry = new Int32Array(places);
    this.#high = new Int32Array(places);
    this.#low = new Int32Array(places);
    for (let i = 0; i < entry.length; i++) {
      if (entry[i] !== 0) this.#place(high[i]!, low[i]!, entry[i]!);
    }
  }
}
