/**
 * Which slot belongs to a 32-bit id: a hash table in two flat arrays.
 *
 * Open addressing with linear probing and backward-shift deletion (Knuth, TAOCP volume 3, section 6.4, algorithm R), so
 * that there are no tombstones. Invariants: at most half of the places are taken, so that every probe ends; id 0 never
 * occurs and marks a free place. Why no `Map`: it allocates with every entry that it has not had before.
 *
 * @module
 */

/** Slots by id. */
export class IdIndex {
  /** The ids; 0 where a place is free. */
  #ids: Uint32Array;
  /** The slot of the id at the same place. */
  #slots: Int32Array;
  #mask: number;
  #size = 0;

  /** @param initialCount For how many ids to make room at first; it grows. */
  constructor(initialCount: number) {
    let places = 8;
    while (places < initialCount * 2) places *= 2;
    this.#ids = new Uint32Array(places);
    this.#slots = new Int32Array(places);
    this.#mask = places - 1;
  }

  /** How many ids it holds. */
  get size(): number {
    return this.#size;
  }

  /**
   * Looks an id up.
   *
   * @param id The id.
   * @returns Its slot, or -1.
   */
  slotOf(id: number): number {
    const ids = this.#ids;
    const mask = this.#mask;
    for (let place = spread(id) & mask; ids[place] !== 0; place = (place + 1) & mask) {
      if (ids[place] === id) return this.#slots[place]!;
    }
    return -1;
  }

  /**
   * Adds an id.
   *
   * @param id 1 to 2^32 - 1, not in the index.
   * @param slot Its slot.
   */
  add(id: number, slot: number): void {
    if (this.#size * 2 >= this.#ids.length) this.#grow();
    this.#size++;
    this.#place(id, slot);
  }

  /**
   * Takes an id out.
   *
   * @param id The id.
   * @returns The slot that it had, or -1 when it is not in the index.
   */
  remove(id: number): number {
    const ids = this.#ids;
    const mask = this.#mask;
    let place = spread(id) & mask;
    while (ids[place] !== id) {
      if (ids[place] === 0) return -1;
      place = (place + 1) & mask;
    }
    const slot = this.#slots[place]!;
    this.#size--;
    this.#closeGap(place);
    return slot;
  }

  /** Takes every id out. */
  clear(): void {
    this.#ids.fill(0);
    this.#size = 0;
  }

  /** Moves entries back until none behind the gap would be missed by a probe. */
  #closeGap(freed: number): void {
    const ids = this.#ids;
    const mask = this.#mask;
    let gap = freed;
    for (let place = (gap + 1) & mask; ids[place] !== 0; place = (place + 1) & mask) {
      const home = spread(ids[place]!) & mask;
      // An entry may move to the gap when its home does not lie between the gap and its place.
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      ids[gap] = ids[place]!;
      this.#slots[gap] = this.#slots[place]!;
      gap = place;
    }
    ids[gap] = 0;
  }

  #place(id: number, slot: number): void {
    const ids = this.#ids;
    const mask = this.#mask;
    let place = spread(id) & mask;
    while (ids[place] !== 0) place = (place + 1) & mask;
    ids[place] = id;
    this.#slots[place] = slot;
  }

  #grow(): void {
    const ids = this.#ids;
    const slots = this.#slots;
    this.#ids = new Uint32Array(ids.length * 2);
    this.#slots = new Int32Array(ids.length * 2);
    this.#mask = this.#ids.length - 1;
    for (let place = 0; place < ids.length; place++) {
      if (ids[place] !== 0) this.#place(ids[place]!, slots[place]!);
    }
  }
}

/**
 * Where an id would like to stand. Why not the id itself: a peer chooses the ids of its requests, and ids that differ
 * by a multiple of the table's length would all want one place. Consecutive ids still get neighbouring places.
 */
function spread(id: number): number {
  return id ^ Math.imul(id >>> 12, 0x9e37_79b1) >>> 8;
}
