/**
 * The last packets that were taken for lost and whose slots are given back, in case that they come late after all.
 *
 * Invariant: a number is found once; of more than the maximum the oldest is forgotten.
 *
 * @module
 */

const REMEMBERED = 64;

/** A ring of packet numbers. */
export class LateNumbers {
  /** How many bytes the numbers had that the last {@linkcode LateNumbers.take} found. */
  takenBytes = 0;
  /** The numbers that it found. */
  readonly taken: Float64Array<ArrayBuffer> = new Float64Array(REMEMBERED);
  /** The smallest of them. */
  takenNumber = 0;
  /** The slots that the numbers had; others may have them by now. */
  readonly takenSlots: Int32Array<ArrayBuffer> = new Int32Array(REMEMBERED);
  readonly #numbers: Float64Array<ArrayBuffer> = new Float64Array(REMEMBERED).fill(-1);
  readonly #bytes: Int32Array<ArrayBuffer> = new Int32Array(REMEMBERED);
  readonly #slots: Int32Array<ArrayBuffer> = new Int32Array(REMEMBERED);
  #next = 0;
  #known = 0;

  /** Whether there is nothing to be found. */
  get isEmpty(): boolean {
    return this.#known === 0;
  }

  /**
   * Remembers a number.
   *
   * @param number The packet number.
   * @param bytes The packet's size.
   * @param slot Its slot in the ledger.
   */
  put(number: number, bytes: number, slot: number): void {
    if (this.#numbers[this.#next] === -1) this.#known++;
    this.#numbers[this.#next] = number;
    this.#bytes[this.#next] = bytes;
    this.#slots[this.#next] = slot;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  /**
   * Finds the numbers of a range and forgets them.
   *
   * @param smallest Its smallest number.
   * @param largest Its largest.
   * @returns How many were found.
   */
  take(smallest: number, largest: number): number {
    let found = 0;
    this.takenBytes = 0;
    this.takenNumber = Infinity;
    for (let i = 0; i < REMEMBERED; i++) {
      const number = this.#numbers[i]!;
      if (number < smallest || number > largest) continue;
      this.#numbers[i] = -1;
      this.#known--;
      this.takenBytes += this.#bytes[i]!;
      this.takenNumber = Math.min(this.takenNumber, number);
      this.taken[found] = number;
      this.takenSlots[found++] = this.#slots[i]!;
    }
    return found;
  }

  /** Forgets everything. */
  clear(): void {
    this.#numbers.fill(-1);
    this.#next = this.#known = 0;
  }
}
