import { BlockPool } from "../../../src/bytes/block_pool.ts";

/** Lets `run` see which memory goes back to a pool. */
export async function watchingBlocks(run: (given: ReadonlySet<ArrayBufferLike>) => Promise<void>): Promise<void> {
  const { give } = BlockPool.prototype;
  const given = new Set<ArrayBufferLike>();
  BlockPool.prototype.give = function (this: BlockPool, block: Uint8Array): void {
    given.add(block.buffer);
    give.call(this, block);
  };
  try {
    await run(given);
  } finally {
    BlockPool.prototype.give = give;
  }
}
