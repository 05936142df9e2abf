/**
 * Checked chunks between their check and the end of their write, in order of arrival.
 *
 * Invariant: every slot that came in goes back once. Blocks come back in the order in which they went out; those that
 * went out before `drop` are stale then and count for nothing, because they belong to a length that was a lie.
 *
 * @module
 */
import type { ChunkSlots } from "./chunk_slots.ts";

/** The chunks of one download that wait for their write. */
export class BlockQueue {
  /** The block of the last `poll`: its slot, the number of its first chunk, how many follow one another. */
  readonly block: { slot: number; index: number; count: number } = { slot: 0, index: 0, count: 0 };
  readonly #slots: ChunkSlots;
  readonly #ready: { slot: number; index: number }[] = [];
  #outCount = 0;
  #staleCount = 0;

  /** @param slots Where the chunks are. */
  constructor(slots: ChunkSlots) {
    this.#slots = slots;
  }

  /** How many chunks wait to be handed out. */
  get length(): number {
    return this.#ready.length;
  }

  /** Whether blocks are handed out, or wait to be. */
  get busy(): boolean {
    return this.#outCount > 0 || this.#ready.length > 0;
  }

  /** A chunk has passed its check. */
  push(slot: number, index: number): void {
    this.#ready.push({ slot, index });
  }

  /** Hands out the next run of chunks, at most so many, into `block`: whether there is one. */
  poll(most: number): boolean {
    const first = this.#ready.shift();
    if (first === undefined) return false;
    const { block } = this;
    block.slot = first.slot;
    block.index = first.index;
    block.count = 1;
    this.#outCount++;
    for (; block.count < most; block.count++) {
      const next = this.#ready[0];
      if (next?.slot !== first.slot + block.count || next.index !== first.index + block.count) break;
      this.#ready.shift();
    }
    return true;
  }

  /** The oldest block that is out comes back, and its slots are free: whether it counts. */
  takeBack(slot: number, count: number): boolean {
    for (let i = 0; i < count; i++) this.#slots.release(slot + i);
    this.#outCount--;
    if (this.#staleCount === 0) return true;
    this.#staleCount--;
    return false;
  }

  /** What waits is given up, and what is out counts for nothing. */
  drop(): void {
    for (const { slot } of this.#ready.splice(0)) this.#slots.release(slot);
    this.#staleCount = this.#outCount;
  }
}
