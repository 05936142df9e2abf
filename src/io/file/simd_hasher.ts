/**
 * The tree hash of assets on WebAssembly's 128-bit vectors: four chunks of BLAKE3, or four parents, at a time.
 *
 * Invariant: the same values as `PlainHasher`, which does what is no full group. Memory from `claim` is memory of the
 * module, so that what is received into it is hashed where it lies; other memory is copied first.
 *
 * @module
 */
import { BlockFlag, CHAINING_WORDS } from "../../asset/blake3_compress.ts";
import { CHUNK_BYTES, type GroupHasher } from "../../asset/group_hasher.ts";
import { PlainHasher } from "../../asset/plain_hasher.ts";
import { simdModule } from "./simd_module.ts";

const PAGE_BYTES = 65_536;
const LEAF_BYTES = 1024;
const LEAVES = CHUNK_BYTES / LEAF_BYTES;
const BLOCKS = LEAF_BYTES / 64;
const LANES = 4;
const NODE_BYTES = 32;
const WORD = 2 ** 32;

type HashFour = (
  source: number,
  stride: number,
  blocks: number,
  counter: number,
  counterHigh: number,
  step: number,
  first: number,
  last: number,
  out: number,
) => void;

/** One memory and the function that works on it; its last page is for chaining values and copies. */
interface Arena {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly hash: HashFour;
  /** Where the chaining values of a group lie. */
  readonly nodesAt: number;
}

/**
 * Hashes groups and parents four at a time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PlainHasher } from "../../asset/plain_hasher.ts";
 * import { SimdHasher } from "./simd_hasher.ts";
 *
 * const [fast, plain] = [new Int32Array(8), new Int32Array(8)];
 * const group = new Uint8Array(65_536).fill(7);
 * new SimdHasher().hashGroup(group, 0, group.length, 3, false, fast, 0);
 * new PlainHasher().hashGroup(group, 0, group.length, 3, false, plain, 0);
 * assertEquals(fast, plain);
 * ```
 */
export class SimdHasher implements GroupHasher {
  /** The name of this provider. */
  readonly name = "simd";
  readonly #module = new WebAssembly.Module(simdModule());
  readonly #plain = new PlainHasher();
  readonly #arenas = new WeakMap<ArrayBufferLike, Arena>();
  readonly #own: Arena;
  #last: Arena;

  /**
   * Compiles the module.
   *
   * @throws {WebAssembly.CompileError} Where the platform has no vectors; `systemHasher` falls back then.
   */
  constructor() {
    this.#own = this.#last = this.#makeArena(CHUNK_BYTES);
  }

  /**
   * Memory in which groups are hashed without a copy.
   *
   * @param bytes How much is wanted.
   * @returns The memory; it goes when nobody holds it.
   */
  claim(bytes: number): Uint8Array {
    const arena = this.#makeArena(bytes);
    this.#arenas.set(arena.bytes.buffer, arena);
    return arena.bytes;
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
    if (end - start !== CHUNK_BYTES) return this.#plain.hashGroup(bytes, start, end, group, isRoot, into, at);
    const arena = this.#arenaOf(bytes);
    let source = bytes.byteOffset + start;
    if (arena === this.#own) {
      arena.bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
      source = 0;
    }
    const { hash, nodesAt, words } = arena;
    const counter = group * LEAVES;
    const [low, high] = [counter | 0, Math.floor(counter / WORD)];
    for (let leaf = 0; leaf < LEAVES; leaf += LANES) {
      const from = source + leaf * LEAF_BYTES;
      const to = nodesAt + leaf * NODE_BYTES;
      hash(from, LEAF_BYTES, BLOCKS, low + leaf, high, 1, BlockFlag.ChunkStart, BlockFlag.ChunkEnd, to);
    }
    for (let parents = LEAVES >> 1; parents > 0; parents >>= 1) {
      const flags = isRoot && parents === 1 ? BlockFlag.Parent | BlockFlag.Root : BlockFlag.Parent;
      // With fewer parents than lanes the others hash what is left of lower levels, and nobody reads that.
      for (let pair = 0; pair < parents; pair += LANES) {
        hash(nodesAt + pair * 2 * NODE_BYTES, 2 * NODE_BYTES, 1, 0, 0, 0, flags, 0, nodesAt + pair * NODE_BYTES);
      }
    }
    const node = nodesAt >> 2;
    for (let i = 0; i < CHAINING_WORDS; i++) into[at + i] = words[node + i]!;
  }

  /** Hashes a parent, see {@linkcode GroupHasher.hashParent}. */
  hashParent(nodes: Int32Array, from: number, isRoot: boolean, into: Int32Array, at: number): void {
    this.#plain.hashParent(nodes, from, isRoot, into, at);
  }

  #arenaOf(bytes: Uint8Array): Arena {
    const { buffer } = bytes;
    if (buffer === this.#last.bytes.buffer) return this.#last;
    const arena = this.#arenas.get(buffer);
    return arena === undefined ? this.#own : this.#last = arena;
  }

  #makeArena(bytes: number): Arena {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages + 1 });
    const { exports } = new WebAssembly.Instance(this.#module, { e: { m: memory } });
    return {
      bytes: new Uint8Array(memory.buffer, 0, bytes),
      words: new Int32Array(memory.buffer),
      hash: exports["hash"] as HashFour,
      nodesAt: pages * PAGE_BYTES,
    };
  }
}

/**
 * The fastest hasher that this platform has.
 *
 * @returns A hasher for one thread.
 */
export function systemHasher(): GroupHasher {
  try {
    return new SimdHasher();
  } catch {
    return new PlainHasher();
  }
}
