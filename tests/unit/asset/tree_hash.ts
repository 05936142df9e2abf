/**
 * The root of bytes by the tree under test.
 *
 * @module
 */
import { ChunkTree } from "../../../src/asset/chunk_tree.ts";
import type { GroupHasher } from "../../../src/asset/group_hasher.ts";

/** The finished tree of some bytes. */
export function treeOf(bytes: Uint8Array, hasher: GroupHasher): ChunkTree {
  const tree = new ChunkTree(bytes.length, hasher);
  for (let i = 0; i < tree.chunkCount; i++) {
    tree.addChunk(i, bytes, i * 65_536, Math.min(bytes.length, (i + 1) * 65_536));
  }
  tree.finish();
  return tree;
}
