/**
 * The tree hash of assets in plain TypeScript: in place on typed arrays, for every platform.
 *
 * Invariant: nothing is allocated per group as long as the memory is the same as before; a chunk of BLAKE3 has 1024
 * bytes, and the left child of a parent is the largest complete subtree that fits (section 2.1). It takes a
 * little-endian machine, which is what every platform of this package is.
 *
 * @module
 */
import { BLOCK_BYTES, BlockFlag, CHAINING_WORDS, compress, INITIAL_CHAINING } from "./blake3_compress.ts";
import { CHUNK_BYTES, type GroupHasher } from "./group_hasher.ts";

const LEAF_BYTES = 1024;
const LEAVES = CHUNK_BYTES / LEAF_BYTES;
const BLOCK_WORDS = BLOCK_BYTES / 4;
const WORD = 2 ** 32;

/**
 * Hashes groups and parents in plain TypeScript.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PlainHasher } from "./plain_hasher.ts";
 *
 * const root = new Int32Array(8);
 * new PlainHasher().hashGroup(new Uint8Array(0), 0, 0, 0, true, root, 0);
 * assertEquals(new Uint8Array(root.buffer).toHex().slice(0, 16), "af1349b9f5f9a1a6");
 * ```
 */
export class PlainHasher implements GroupHasher {
  /** The name of this provider. */
  readonly name = "plain";
  /** Chaining values of the leaves of one group; parents take the places of their children. */
  readonly #nodes = new Int32Array(LEAVES * CHAINING_WORDS);
  readonly #scratch = new Uint8Array(CHUNK_BYTES);
  readonly #scratchWords = new Int32Array(this.#scratch.buffer);
  readonly #block = new Int32Array(BLOCK_WORDS);
  readonly #blockBytes = new Uint8Array(this.#block.buffer);
  readonly #parent = new Int32Array(CHAINING_WORDS);
  #buffer: ArrayBufferLike = this.#scratch.buffer;
  #words: Int32Array = this.#scratchWords;

  /**
   * Memory to receive into.
   *
   * @param bytes How much is wanted.
   * @returns New memory.
   */
  claim(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }

  /** Hashes one group, see {@linkcode GroupHasher.hashGroup}. */
  hashGroup(
    bytes: Uint8Array,
    start: number,
    end: number,
    group: number,
    isRoot: boolean,
    into: Int32Array,
    at: number,
  ): void {
    const words = this.#wordsOf(bytes, start, end);
    let word = words === this.#scratchWords ? 0 : (bytes.byteOffset + start) >>> 2;
    const length = end - start;
    const leaves = Math.max(1, Math.ceil(length / LEAF_BYTES));
    const counter = group * LEAVES;
    const nodes = this.#nodes;
    for (let leaf = 0; leaf < leaves; leaf++, word += LEAF_BYTES >> 2) {
      const count = Math.min(LEAF_BYTES, length - leaf * LEAF_BYTES);
      this.#hashLeaf(words, word, count, counter + leaf, isRoot && leaves === 1, leaf * CHAINING_WORDS);
    }
    let count = leaves;
    for (; count > 1; count = (count + 1) >> 1) this.#mergeLevel(count, isRoot && count === 2);
    for (let i = 0; i < CHAINING_WORDS; i++) into[at + i] = nodes[i]!;
  }

  /** Hashes a parent, see {@linkcode GroupHasher.hashParent}. */
  hashParent(nodes: Int32Array, from: number, isRoot: boolean, into: Int32Array, at: number): void {
    const parent = this.#parent;
    for (let i = 0; i < CHAINING_WORDS; i++) parent[i] = INITIAL_CHAINING[i]!;
    compress(parent, 0, nodes, from, 0, 0, BLOCK_BYTES, isRoot ? BlockFlag.Parent | BlockFlag.Root : BlockFlag.Parent);
    for (let i = 0; i < CHAINING_WORDS; i++) into[at + i] = parent[i]!;
  }

  /** Makes parents of pairs; an odd one at the end goes up as it is. */
  #mergeLevel(count: number, isRoot: boolean): void {
    const nodes = this.#nodes;
    const pairs = count >> 1;
    for (let pair = 0; pair < pairs; pair++) {
      this.hashParent(nodes, pair * 2 * CHAINING_WORDS, isRoot, nodes, pair * CHAINING_WORDS);
    }
    if (count % 2 === 0) return;
    nodes.copyWithin(pairs * CHAINING_WORDS, (count - 1) * CHAINING_WORDS, count * CHAINING_WORDS);
  }

  #hashLeaf(words: Int32Array, word: number, length: number, counter: number, isRoot: boolean, at: number): void {
    const nodes = this.#nodes;
    for (let i = 0; i < CHAINING_WORDS; i++) nodes[at + i] = INITIAL_CHAINING[i]!;
    const high = Math.floor(counter / WORD);
    const low = counter | 0;
    let flags: number = BlockFlag.ChunkStart;
    let left = length;
    for (; left > BLOCK_BYTES; left -= BLOCK_BYTES, word += BLOCK_WORDS) {
      compress(nodes, at, words, word, low, high, BLOCK_BYTES, flags);
      flags = 0;
    }
    flags |= isRoot ? BlockFlag.ChunkEnd | BlockFlag.Root : BlockFlag.ChunkEnd;
    if (left === BLOCK_BYTES) return compress(nodes, at, words, word, low, high, left, flags);
    const block = this.#blockBytes;
    const source = new Uint8Array(words.buffer, word * 4, left);
    block.fill(0);
    block.set(source);
    compress(nodes, at, this.#block, 0, low, high, left, flags);
  }

  /** The memory as words, or a copy where it does not lie on words. */
  #wordsOf(bytes: Uint8Array, start: number, end: number): Int32Array {
    const { buffer } = bytes;
    if ((bytes.byteOffset + start) % 4 === 0) {
      if (buffer === this.#buffer && this.#words !== this.#scratchWords) return this.#words;
      this.#buffer = buffer;
      return this.#words = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
    }
    this.#scratch.set(bytes.subarray(start, end));
    return this.#scratchWords;
  }
}
