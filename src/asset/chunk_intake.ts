/**
 * Brings the chunk of a message into a slot and checks it there.
 *
 * Invariant: a slot is written only within its own bounds, whatever the message says; what is compressed has exactly the
 * length of the chunk afterwards and was shorter than it before.
 *
 * @module
 */
import { lz4DecompressBlock } from "../codec/lz4_block.ts";
import type { AssetMessage } from "./asset_wire.ts";
import { ProofChecker } from "./chunk_proof.ts";
import type { ChunkSlots } from "./chunk_slots.ts";
import { chunkCountOf, chunkLengthOf, NODE_BYTES, proofLengthOf } from "./chunk_tree.ts";
import { CHUNK_BYTES, type GroupHasher } from "./group_hasher.ts";

/** Takes chunks in; it allocates one view for a chunk that is not compressed. */
export class ChunkIntake {
  readonly #slots: ChunkSlots;
  readonly #checker: ProofChecker;

  /**
   * Makes an intake.
   *
   * @param hasher Checks chunks.
   * @param slots Where they go.
   */
  constructor(hasher: GroupHasher, slots: ChunkSlots) {
    this.#slots = slots;
    this.#checker = new ProofChecker(hasher);
  }

  /**
   * Takes a chunk in.
   *
   * @param message The decoded message; its number is below the count of chunks.
   * @param bytes The memory that it was decoded from.
   * @param slot A slot that is held for it.
   * @param root The asset's root.
   * @param length The asset's length.
   * @returns Whether the slot has the chunk now, and it holds up to the root.
   */
  take(message: AssetMessage, bytes: Uint8Array, slot: number, root: Uint8Array, length: number): boolean {
    const { first: index, at } = message;
    const memory = this.#slots.bytes;
    const chunkCount = chunkCountOf(length);
    const chunkBytes = chunkLengthOf(length, index);
    const dataAt = at + proofLengthOf(index, chunkCount) * NODE_BYTES;
    const start = slot * CHUNK_BYTES;
    if (dataAt > bytes.length) return false;
    if (message.flag) {
      if (bytes.length - dataAt >= chunkBytes) return false;
      if (!lz4DecompressBlock(bytes, dataAt, bytes.length, memory, start, chunkBytes)) return false;
    } else {
      if (bytes.length - dataAt !== chunkBytes) return false;
      memory.set(bytes.subarray(dataAt), start);
    }
    return this.#checker.check(root, chunkCount, index, memory, start, start + chunkBytes, bytes, at);
  }
}
