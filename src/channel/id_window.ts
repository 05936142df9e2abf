/**
 * Which of the newest ids of an unreliable channel were seen: a sliding window of bits (RFC 6479) over ids that wrap.
 *
 * Invariant: an id that was marked is never new again until the ids have moved on by half their space.
 *
 * @module
 */

/** How many ids are remembered. */
export const SEEN_IDS = 1024;

const WORDS = SEEN_IDS / 32;

/** How an id stands to those that were seen. */
export const Seen = {
  /** It was not seen. */
  New: 0,
  /** It was. */
  Seen: 1,
  /** It is too old to tell. */
  TooOld: 2,
} as const;

/** One of the values of {@linkcode Seen}. */
export type Seen = (typeof Seen)[keyof typeof Seen];

/** The window of one channel. */
export class IdWindow {
  #newest: number;
  readonly #bits: Int32Array<ArrayBuffer> = new Int32Array(WORDS);

  /**
   * Makes a window that has seen nothing.
   *
   * @param firstId The first id that will come.
   */
  constructor(firstId: number) {
    this.#newest = (firstId - 1) | 0;
  }

  /**
   * Looks at an id.
   *
   * @param id The id.
   * @returns How it stands to those that were marked.
   */
  look(id: number): Seen {
    const behind = (this.#newest - id) | 0;
    if (behind < 0) return Seen.New;
    if (behind >= SEEN_IDS) return Seen.TooOld;
    return (this.#bits[(id >>> 5) & (WORDS - 1)]! & (1 << (id & 31))) === 0 ? Seen.New : Seen.Seen;
  }

  /**
   * Marks an id as seen; one that is too old is passed over.
   *
   * @param id The id.
   */
  mark(id: number): void {
    const ahead = (id - this.#newest) | 0;
    if (ahead > 0) {
      if (ahead >= SEEN_IDS) this.#bits.fill(0);
      else this.#forget(ahead);
      this.#newest = id;
    } else if (-ahead >= SEEN_IDS) return;
    this.#bits[(id >>> 5) & (WORDS - 1)]! |= 1 << (id & 31);
  }

  /**
   * Writes the window down: the newest id, which words are full, which are neither full nor empty, and these.
   *
   * @param cells Grows by three numbers, and by more where ids are missing.
   */
  save(cells: number[]): void {
    let full = 0;
    let mixed = 0;
    for (let i = 0; i < WORDS; i++) {
      const word = this.#bits[i]!;
      if (word === -1) full |= 1 << i;
      else if (word !== 0) mixed |= 1 << i;
    }
    cells.push(this.#newest, full, mixed);
    for (let i = 0; i < WORDS; i++) if ((mixed & (1 << i)) !== 0) cells.push(this.#bits[i]!);
  }

  /**
   * Takes over a window that was written down.
   *
   * @param cells The numbers.
   * @param at The place of the first one.
   * @returns The place after the last one.
   */
  load(cells: readonly number[], at: number): number {
    this.#newest = cells[at]!;
    const [full, mixed] = [cells[at + 1]!, cells[at + 2]!];
    let next = at + 3;
    for (let i = 0; i < WORDS; i++) {
      this.#bits[i] = (mixed & (1 << i)) !== 0 ? cells[next++]! : (full & (1 << i)) !== 0 ? -1 : 0;
    }
    return next;
  }

  #forget(count: number): void {
    for (let i = 1; i <= count; i++) {
      const id = this.#newest + i;
      this.#bits[(id >>> 5) & (WORDS - 1)]! &= ~(1 << (id & 31));
    }
  }
}
