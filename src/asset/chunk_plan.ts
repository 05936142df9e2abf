/**
 * Which chunks of one asset are missing, asked for, being stored, and stored.
 *
 * Invariant: a chunk is counted as stored once, however often it arrives. Memory is two bytes a chunk, bounded by the
 * length that the caller allows. Why the last chunk comes first: it proves the length.
 *
 * @module
 */

/** The states of a chunk. */
const [MISSING, ASKED, STORING, STORED, UNWANTED] = [0, 1, 2, 3, 4] as const;

/** The plan of one transfer. */
export class ChunkPlan {
  /** How many chunks the asset has. */
  readonly chunkCount: number;
  /** How many chunks are wanted. */
  readonly wantedCount: number;
  readonly #first: number;
  readonly #end: number;
  readonly #states: Uint8Array;
  readonly #retries: Uint8Array;
  #cursor: number;
  #storedCount = 0;
  #openCount: number;

  /**
   * Makes a plan with everything missing.
   *
   * @param chunkCount How many chunks the asset has.
   * @param first The first chunk that is wanted.
   * @param end The chunk after the last one that is wanted.
   */
  constructor(chunkCount: number, first: number, end: number) {
    this.chunkCount = chunkCount;
    this.#first = this.#cursor = first;
    this.#end = end;
    this.wantedCount = this.#openCount = end - first;
    this.#states = new Uint8Array(chunkCount).fill(UNWANTED, 0, first).fill(UNWANTED, end);
    this.#retries = new Uint8Array(chunkCount);
  }

  /** How many chunks are stored. */
  get storedCount(): number {
    return this.#storedCount;
  }

  /** How many chunks are neither asked for, nor being stored, nor stored. */
  get missingCount(): number {
    return this.#openCount;
  }

  /** Whether everything that is wanted is stored. */
  get complete(): boolean {
    return this.#storedCount === this.wantedCount;
  }

  /** Whether a chunk is wanted and neither stored nor being stored. */
  isOpen(index: number): boolean {
    return this.#states[index]! <= ASKED;
  }

  /** Whether a chunk is missing and nobody was asked for it. */
  isMissing(index: number): boolean {
    return this.#states[index] === MISSING;
  }

  /** Whether a chunk is stored. */
  isStored(index: number): boolean {
    return this.#states[index] === STORED;
  }

  /**
   * The next missing chunk: the last one, then in order.
   *
   * @param from The lowest that will do; chunks below were refused by the one who asks.
   * @returns Its number, or -1.
   */
  nextMissing(from = 0): number {
    if (this.#openCount === 0) return -1;
    const last = this.#end - 1;
    if (from <= this.#first && this.#states[last] === MISSING) return last;
    while (this.#cursor < last && this.#states[this.#cursor] !== MISSING) this.#cursor++;
    for (let index = Math.max(this.#cursor, from); index <= last; index++) {
      if (this.#states[index] === MISSING) return index;
    }
    return -1;
  }

  /** A missing chunk was asked for. */
  ask(index: number): void {
    this.#states[index] = ASKED;
    this.#openCount--;
  }

  /**
   * What was asked for does not come, or came bad: it is missing again.
   *
   * @param index The chunk.
   * @param isRetry Whether it counts as a retry.
   * @returns How often it was given back by now.
   */
  giveBack(index: number, isRetry: boolean): number {
    const state = this.#states[index]!;
    if (state === ASKED || state === STORING) {
      this.#states[index] = MISSING;
      this.#openCount++;
      if (index < this.#cursor) this.#cursor = index;
    }
    if (isRetry && this.#retries[index]! < 255) this.#retries[index]!++;
    return this.#retries[index]!;
  }

  /** A chunk has passed its check and waits for its write. */
  store(index: number): void {
    if (this.#states[index] === MISSING) this.#openCount--;
    this.#states[index] = STORING;
  }

  /** A chunk is on disk. */
  markStored(index: number): void {
    const state = this.#states[index] ?? UNWANTED;
    if (state >= STORED) return;
    if (state === MISSING) this.#openCount--;
    this.#states[index] = STORED;
    this.#storedCount++;
  }

  /** How often a chunk was asked for again. */
  retriesOf(index: number): number {
    return this.#retries[index] ?? 0;
  }
}
