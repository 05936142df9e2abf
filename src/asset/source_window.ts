/**
 * What one source was asked for and has not sent yet.
 *
 * A source answers in the order in which it was asked, so that a chunk's time runs from the arrival of the one before
 * it: a slow link is no dead one, and a chunk that was passed over is missed in time. Invariant: at most as many chunks
 * as the window has; nothing is allocated after the start.
 *
 * @module
 */

/** The chunks that are under way from one source. */
export class SourceWindow {
  readonly #indices: Int32Array;
  readonly #orders: Float64Array;
  readonly #since: Float64Array;
  #count = 0;
  #order = 0;

  /**
   * Makes an empty window.
   *
   * @param size How many chunks fit.
   */
  constructor(size: number) {
    this.#indices = new Int32Array(size);
    this.#orders = new Float64Array(size);
    this.#since = new Float64Array(size);
  }

  /** How many chunks are under way. */
  get count(): number {
    return this.#count;
  }

  /** How many more may be asked for. */
  get room(): number {
    return this.#indices.length - this.#count;
  }

  /** A chunk was asked for. */
  add(index: number, now: number): void {
    const at = this.#count++;
    this.#indices[at] = index;
    this.#orders[at] = ++this.#order;
    this.#since[at] = now;
  }

  /**
   * A chunk has arrived; for those that were asked for after it, time starts anew.
   *
   * @param index The chunk.
   * @param now The time.
   * @returns Whether it was asked for.
   */
  arrive(index: number, now: number): boolean {
    const at = this.#indices.subarray(0, this.#count).indexOf(index);
    if (at < 0) return false;
    const order = this.#orders[at]!;
    this.#remove(at);
    for (let i = 0; i < this.#count; i++) if (this.#orders[i]! > order) this.#since[i] = now;
    return true;
  }

  /** Since when the one that waits longest does, `Infinity` for none. */
  oldest(): number {
    let oldest = Infinity;
    for (let i = 0; i < this.#count; i++) oldest = Math.min(oldest, this.#since[i]!);
    return oldest;
  }

  /**
   * Takes out a chunk that has waited since a time or longer.
   *
   * @param time The time; `Infinity` takes out any.
   * @returns The chunk, or -1.
   */
  takeOlder(time: number): number {
    for (let i = 0; i < this.#count; i++) {
      if (this.#since[i]! > time) continue;
      const index = this.#indices[i]!;
      this.#remove(i);
      return index;
    }
    return -1;
  }

  #remove(at: number): void {
    const last = --this.#count;
    this.#indices[at] = this.#indices[last]!;
    this.#orders[at] = this.#orders[last]!;
    this.#since[at] = this.#since[last]!;
  }
}
