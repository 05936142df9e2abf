/**
 * Checks one chunk against a root and nothing else (Bao, O'Connor 2019, section 2: slices).
 *
 * A chunk that passes is the chunk of that number in the file with that root: its number is hashed with it. Only the
 * last chunk says how long the file is, because every other one fits files of several lengths: whoever keeps a file
 * believes its length once the last chunk has passed.
 *
 * @module
 */
import { CHAINING_WORDS } from "./blake3_compress.ts";
import { NODE_BYTES } from "./chunk_tree.ts";
import type { GroupHasher } from "./group_hasher.ts";

/** Checks chunks; it allocates nothing per chunk. */
export class ProofChecker {
  readonly #hasher: GroupHasher;
  /** The pair that is hashed next: the node on the way up and its sibling, left and right as they stand. */
  readonly #pair = new Int32Array(2 * CHAINING_WORDS);
  readonly #pairBytes = new Uint8Array(this.#pair.buffer);

  /**
   * Makes a checker.
   *
   * @param hasher Computes the values.
   */
  constructor(hasher: GroupHasher) {
    this.#hasher = hasher;
  }

  /**
   * Checks a chunk.
   *
   * @param root The root, 32 bytes.
   * @param chunkCount How many chunks the file is said to have.
   * @param index The number of the chunk, below the count.
   * @param bytes Memory with the chunk.
   * @param start Where it starts.
   * @param end Where it ends.
   * @param proof Memory with the siblings; `proofLengthOf` says how many.
   * @param proofAt Where they start.
   * @returns Whether the root follows from the chunk and its siblings.
   */
  check(
    root: Uint8Array,
    chunkCount: number,
    index: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    proof: Uint8Array,
    proofAt: number,
  ): boolean {
    const pair = this.#pair;
    const pairBytes = this.#pairBytes;
    let place = index;
    let at = place % 2 * CHAINING_WORDS;
    this.#hasher.hashGroup(bytes, start, end, index, chunkCount === 1, pair, at);
    for (let count = chunkCount, from = proofAt; count > 1; count = Math.ceil(count / 2)) {
      const isLeft = place % 2 === 0;
      place = Math.floor(place / 2);
      const next = place % 2 * CHAINING_WORDS;
      if (isLeft && place * 2 + 1 >= count) {
        pair.copyWithin(next, at, at + CHAINING_WORDS);
      } else {
        const sibling = isLeft ? NODE_BYTES : 0;
        for (let i = 0; i < NODE_BYTES; i++) pairBytes[sibling + i] = proof[from + i]!;
        from += NODE_BYTES;
        this.#hasher.hashParent(pair, 0, count === 2, pair, next);
      }
      at = next;
    }
    const rootAt = at * 4;
    for (let i = 0; i < NODE_BYTES; i++) if (pairBytes[rootAt + i] !== root[i]) return false;
    return true;
  }
}
