/**
 * The port of the tree hash of assets: chaining values of groups of 64 KiB and of parents, as BLAKE3 defines them.
 *
 * A group is a complete subtree of 64 chunks of 1 KiB (the last one of a file may have fewer), so that a tree over
 * groups has the root of the whole file, which is what `b3sum` prints. Providers differ in speed only.
 *
 * @module
 */

/** How many bytes a chunk of an asset has: one group of the tree. Only the last one has fewer. */
export const CHUNK_BYTES = 65_536;

/** Computes chaining values; a provider keeps scratch memory and serves one thread. */
export interface GroupHasher {
  /** The name of this provider. */
  readonly name: string;

  /**
   * Memory in which groups are hashed without a copy, for whoever receives into it; `undefined` where any memory is as
   * good as any other.
   *
   * @param bytes How much is wanted.
   * @returns The memory, the caller's for good.
   */
  claim(bytes: number): Uint8Array;

  /**
   * Hashes one group.
   *
   * @param bytes Memory with the group.
   * @param start Where it starts.
   * @param end Where it ends: at most 65,536 bytes later, and not empty but for an empty file.
   * @param group Its number, from 0.
   * @param isRoot Whether the file has this group only, so that the result is the hash of the file.
   * @param into Eight words from `at` become the chaining value.
   * @param at Where.
   */
  hashGroup(
    bytes: Uint8Array,
    start: number,
    end: number,
    group: number,
    isRoot: boolean,
    into: Int32Array,
    at: number,
  ): void;

  /**
   * Hashes a parent.
   *
   * @param nodes Memory with the chaining values of the children, sixteen words from `from`.
   * @param from Where they start.
   * @param isRoot Whether the result is the hash of the file.
   * @param into Eight words from `at` become the chaining value; may be the same memory.
   * @param at Where.
   */
  hashParent(nodes: Int32Array, from: number, isRoot: boolean, into: Int32Array, at: number): void;
}
