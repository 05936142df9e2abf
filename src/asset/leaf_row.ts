/**
 * All leaves of an asset's tree, fetched to find out what of an earlier attempt or version is right already.
 *
 * A row is worth nothing before its root is the asset's: it is no list of chunks that is trusted. Invariant: leaves come
 * in order; what does not follow is dropped.
 *
 * @module
 */
import { ChunkTree, NODE_BYTES } from "./chunk_tree.ts";
import type { GroupHasher } from "./group_hasher.ts";

/** Collects the leaves. */
export class LeafRow {
  /** The tree; its leaves may be believed once `complete` was true. */
  readonly tree: ChunkTree;
  #filled = 0;

  /**
   * Makes an empty row.
   *
   * @param length The asset's length in bytes, within the caller's limit.
   * @param hasher Computes the parents.
   */
  constructor(length: number, hasher: GroupHasher) {
    this.tree = new ChunkTree(length, hasher);
  }

  /** The first leaf that is not there. */
  get filled(): number {
    return this.#filled;
  }

  /** Whether all are there. */
  get full(): boolean {
    return this.#filled === this.tree.chunkCount;
  }

  /**
   * Takes leaves.
   *
   * @param first The number of the first one.
   * @param bytes The message that they lie in.
   * @param at Where they start; they end with it.
   * @returns Whether they follow what is there.
   */
  add(first: number, bytes: Uint8Array, at: number): boolean {
    const count = (bytes.length - at) / NODE_BYTES;
    if (first !== this.#filled || first + count > this.tree.chunkCount) return false;
    this.tree.setLeaves(first, bytes.subarray(at));
    this.#filled += count;
    return true;
  }

  /**
   * Computes the root.
   *
   * @param root What it must be.
   * @returns Whether it is; otherwise the row starts over.
   */
  check(root: Uint8Array): boolean {
    this.tree.finish();
    if (sameBytes(this.tree.root, root)) return true;
    this.#filled = 0;
    return false;
  }
}

/**
 * Compares public bytes.
 *
 * @param a Some bytes.
 * @param b Others.
 * @returns Whether they are the same.
 */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
