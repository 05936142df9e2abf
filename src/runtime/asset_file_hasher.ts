/**
 * Reads files and hashes their chunks, in lanes of this thread or of workers: one way for trees and for comparisons.
 *
 * Invariants: while a block is hashed the next one is read; one call of a file is pending at a time; when the promise has
 * settled, no lane is held and nothing more is told.
 *
 * @module
 */
import { CHAINING_WORDS } from "../asset/blake3_compress.ts";
import { CHUNK_BYTES } from "../asset/group_hasher.ts";
import type { StoredFile } from "../transport/file_store.ts";
import { BLOCK_CHUNKS, type HashLane, type HashLanes } from "./asset_hash_lane.ts";

/** Which chunks of an asset are in a file, and where. */
export interface FileSpan {
  /** The length of the asset in bytes. */
  readonly length: number;
  /** The first chunk to be hashed. */
  readonly first: number;
  /** The chunk after the last one. */
  readonly end: number;
  /** Which byte of the asset is the first one of the file. */
  readonly offset: number;
}

/**
 * Gets the leaf of a chunk; in any order.
 *
 * @param index The number of the chunk.
 * @param leaves Eight words from `at` are its value; borrowed.
 * @param at Where.
 */
export type TakeLeaf = (index: number, leaves: Int32Array, at: number) => void;

interface Block {
  readonly lane: HashLane;
  readonly first: number;
  readonly bytes: number;
  readonly isWhole: boolean;
}

/** Hashes files. */
export class FileHasher {
  readonly #lanes: HashLanes;

  /** @param lanes Where blocks are hashed. */
  constructor(lanes: HashLanes) {
    this.#lanes = lanes;
  }

  /**
   * Hashes chunks.
   *
   * @param file The file.
   * @param span Which chunks.
   * @param take Gets their leaves; what it throws ends it.
   * @returns Whether the file had all of them. Rejects with `ResourceError`, or what `take` has thrown.
   */
  async hash(file: StoredFile, span: FileSpan, take: TakeLeaf): Promise<boolean> {
    const lanes = this.#lanes;
    const hashing = new Set<Promise<void>>();
    const isRoot = span.length <= CHUNK_BYTES;
    let fault: { readonly error: unknown } | undefined;
    let at = span.first;
    const readNext = (): Promise<Block> => {
      const from = at;
      at = Math.min(span.end, at + BLOCK_CHUNKS);
      return this.#read(file, span, from, at);
    };
    const tell = ({ lane, first, bytes }: Block): void => {
      const count = Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
      try {
        for (let i = 0; i < count && fault === undefined; i++) take(first + i, lane.leaves, i * CHAINING_WORDS);
      } catch (error) {
        fault = { error };
      }
      lanes.release(lane);
    };
    let reading = at < span.end ? readNext() : undefined;
    try {
      while (reading !== undefined) {
        const block: Block = await reading;
        reading = undefined;
        if (!block.isWhole || fault !== undefined) {
          lanes.release(block.lane);
          if (fault === undefined) return false;
          break;
        }
        if (at < span.end) {
          reading = readNext();
          // It is awaited in the next turn; until then a failure must not count as unhandled.
          reading.catch(() => {});
        }
        const done = block.lane.hash(block.first, block.bytes, isRoot);
        if (done === undefined) tell(block);
        else {
          const told = done.then(() => tell(block)).finally(() => hashing.delete(told));
          hashing.add(told);
        }
      }
    } finally {
      await Promise.all(hashing);
    }
    if (fault !== undefined) throw fault.error;
    return true;
  }

  async #read(file: StoredFile, { length, offset }: FileSpan, first: number, end: number): Promise<Block> {
    const lane = await this.#lanes.take();
    const start = first * CHUNK_BYTES;
    const bytes = Math.min(length, end * CHUNK_BYTES) - start;
    try {
      const count = await file.read(lane.block.subarray(0, bytes), start - offset);
      return { lane, first, bytes, isWhole: count === bytes };
    } catch (error) {
      this.#lanes.release(lane);
      throw error;
    }
  }
}
