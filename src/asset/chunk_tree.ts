/**
 * The hash tree of one asset over its chunks: root, proofs and leaves (Bao, O'Connor 2019, with chunk groups of 64 KiB).
 *
 * Level 0 has the chaining values of the chunks, each level above those of pairs, and an odd one at the end goes up as
 * it is: that is the tree of BLAKE3, where the left child is the largest complete subtree. A proof of a chunk is its
 * sibling of each level, from below, where it has one.
 *
 *     nodes:  | level 0: n × 32 | level 1: ceil(n / 2) × 32 | … | root |
 *
 * @module
 */
import { CHAINING_WORDS } from "./blake3_compress.ts";
import { CHUNK_BYTES, type GroupHasher } from "./group_hasher.ts";

/** How many bytes a root or any other chaining value has. */
export const NODE_BYTES = 32;

/**
 * How many chunks a file has; an empty one has one, which is empty.
 *
 * @param length The file's length in bytes.
 * @returns At least 1.
 */
export function chunkCountOf(length: number): number {
  return Math.max(1, Math.ceil(length / CHUNK_BYTES));
}

/**
 * How many bytes a chunk has.
 *
 * @param length The file's length in bytes.
 * @param index The number of the chunk.
 * @returns 65,536 but for the last one.
 */
export function chunkLengthOf(length: number, index: number): number {
  return Math.min(CHUNK_BYTES, length - index * CHUNK_BYTES);
}

/**
 * How many siblings prove a chunk.
 *
 * @param index The number of the chunk.
 * @param chunkCount How many there are.
 * @returns The count: 0 for a file of one chunk, at most the logarithm of the count, rounded up.
 */
export function proofLengthOf(index: number, chunkCount: number): number {
  let [siblings, at, count] = [0, index, chunkCount];
  for (; count > 1; count = Math.ceil(count / 2), at = Math.floor(at / 2)) {
    if ((at % 2 === 0 ? at + 1 : at - 1) < count) siblings++;
  }
  return siblings;
}

/**
 * The tree of one asset.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PlainHasher } from "./plain_hasher.ts";
 * import { ChunkTree } from "./chunk_tree.ts";
 *
 * const tree = new ChunkTree(3, new PlainHasher());
 * tree.addChunk(0, new TextEncoder().encode("abc"), 0, 3);
 * tree.finish();
 * assertEquals(tree.root.toHex().slice(0, 16), "6437b3ac38465133");
 * ```
 */
export class ChunkTree {
  /** The length of the asset in bytes. */
  readonly length: number;
  /** How many chunks it has. */
  readonly chunkCount: number;
  readonly #hasher: GroupHasher;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #rootAt: number;
  readonly #scratch = new Int32Array(CHAINING_WORDS);

  /**
   * Makes a tree without values; it takes about 64 bytes a chunk.
   *
   * @param length The length of the asset in bytes.
   * @param hasher Computes the values.
   * @throws {RangeError} When the length is no integer of at least 0 that is exact.
   */
  constructor(length: number, hasher: GroupHasher) {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`Cannot make a tree of ${length} bytes`);
    this.length = length;
    this.chunkCount = chunkCountOf(length);
    this.#hasher = hasher;
    let nodes = 1;
    for (let count = this.chunkCount; count > 1; count = Math.ceil(count / 2)) nodes += count;
    this.#words = new Int32Array(nodes * CHAINING_WORDS);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#rootAt = (nodes - 1) * NODE_BYTES;
  }

  /** The root, 32 bytes: the BLAKE3 hash of the asset. A copy; of zeros before `finish`. */
  get root(): Uint8Array {
    return this.#bytes.slice(this.#rootAt);
  }

  /** How many bytes the tree takes. */
  get byteLength(): number {
    return this.#bytes.length;
  }

  /** Hashes a chunk into its leaf. */
  addChunk(index: number, bytes: Uint8Array, start: number, end: number): void {
    const isRoot = this.chunkCount === 1;
    this.#hasher.hashGroup(bytes, start, end, index, isRoot, this.#words, index * CHAINING_WORDS);
  }

  /** Takes the leaf of a chunk that was hashed elsewhere: eight words from a place. */
  setLeaf(index: number, leaves: Int32Array, at: number): void {
    const leaf = index * CHAINING_WORDS;
    for (let i = 0; i < CHAINING_WORDS; i++) this.#words[leaf + i] = leaves[at + i]!;
  }

  /**
   * Takes leaves as a peer has sent them; what they are worth shows in the root.
   *
   * @param first The number of the first one.
   * @param bytes Their values, 32 bytes each; copied.
   */
  setLeaves(first: number, bytes: Uint8Array): void {
    if (first * NODE_BYTES + bytes.length > this.chunkCount * NODE_BYTES) {
      throw new RangeError(`Cannot set leaves from ${first}: there are ${this.chunkCount} chunks`);
    }
    this.#bytes.set(bytes, first * NODE_BYTES);
  }

  /** Computes all parents from the leaves. */
  finish(): void {
    const words = this.#words;
    let from = 0;
    for (let count = this.chunkCount; count > 1; count = Math.ceil(count / 2)) {
      const to = from + count * CHAINING_WORDS;
      const pairs = Math.floor(count / 2);
      for (let pair = 0; pair < pairs; pair++) {
        this.#hasher.hashParent(
          words,
          from + pair * 2 * CHAINING_WORDS,
          count === 2,
          words,
          to + pair * CHAINING_WORDS,
        );
      }
      if (count % 2 === 1) words.copyWithin(to + pairs * CHAINING_WORDS, to - CHAINING_WORDS, to);
      from = to;
    }
  }

  /**
   * Tells whether bytes are those of a chunk.
   *
   * @param index The number of the chunk.
   * @param bytes Memory with the bytes.
   * @param start Where they start.
   * @param end Where they end.
   * @returns Whether length and content are right.
   */
  matches(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start !== chunkLengthOf(this.length, index)) return false;
    const scratch = this.#scratch;
    this.#hasher.hashGroup(bytes, start, end, index, this.chunkCount === 1, scratch, 0);
    return this.hasLeaf(index, scratch, 0);
  }

  /**
   * Tells whether a leaf is that of a chunk.
   *
   * @param index The number of the chunk.
   * @param leaves Memory with the leaf.
   * @param at Where its eight words start.
   * @returns Whether it is.
   */
  hasLeaf(index: number, leaves: Int32Array, at: number): boolean {
    const leaf = index * CHAINING_WORDS;
    for (let i = 0; i < CHAINING_WORDS; i++) if (leaves[at + i] !== this.#words[leaf + i]) return false;
    return true;
  }

  /**
   * Writes the leaves of a range.
   *
   * @param first The number of the first chunk.
   * @param count How many.
   * @param into Gets 32 bytes for each.
   * @param at Where.
   */
  writeLeaves(first: number, count: number, into: Uint8Array, at: number): void {
    into.set(this.#bytes.subarray(first * NODE_BYTES, (first + count) * NODE_BYTES), at);
  }

  /**
   * Writes the proof of a chunk: its siblings from below.
   *
   * @param index The number of the chunk.
   * @param into Gets 32 bytes for each of {@linkcode proofLengthOf}.
   * @param at Where.
   * @returns How many bytes were written.
   */
  writeProof(index: number, into: Uint8Array, at: number): number {
    let [to, level, place] = [at, 0, index];
    for (let count = this.chunkCount; count > 1; count = Math.ceil(count / 2)) {
      const sibling = place % 2 === 0 ? place + 1 : place - 1;
      if (sibling < count) {
        const from = (level + sibling) * NODE_BYTES;
        for (let i = 0; i < NODE_BYTES; i++) into[to + i] = this.#bytes[from + i]!;
        to += NODE_BYTES;
      }
      level += count;
      place = Math.floor(place / 2);
    }
    return to - at;
  }
}
