/**
 * A block pool that watches what is given back: everything once, and nothing that it never handed out.
 *
 * @module
 */
import { BlockPool } from "../../../src/bytes/block_pool.ts";

/** A watched pool. */
export interface SpyingPool {
  /** The pool to use. */
  readonly pool: BlockPool;
  /** What was handed out and not given back. */
  readonly out: ReadonlySet<Uint8Array>;
}

/**
 * Makes a watched pool.
 *
 * @param classBytes The sizes of its blocks.
 * @returns The pool and what is out; `give` throws on a block of one of its sizes that is not out.
 */
export function spyingPool(classBytes: readonly number[]): SpyingPool {
  const pool = new BlockPool({ classBytes, retainBytes: 1 << 30 });
  const out = new Set<Uint8Array>();
  const take = pool.take.bind(pool);
  const give = pool.give.bind(pool);
  pool.take = (classIndex) => {
    const block = take(classIndex);
    out.add(block);
    return block;
  };
  pool.give = (block) => {
    if (!out.delete(block) && classBytes.includes(block.length)) throw new Error("A block was given that was not out");
    give(block);
  };
  return { pool, out };
}
