/**
 * Memory in which blocks of files are hashed: a block, and the leaves that come of it; of this thread, or shared with a
 * worker.
 *
 * Invariant: one side at a time owns a shared lane. This thread fills it and posts it, the worker hashes it and gives it
 * back by its state, which is written last and read first.
 *
 *     shared:  | state | first chunk, low | high | bytes | is root | … 64 | leaves 16 × 32 | block 16 × 65,536 |
 *
 * @module
 */
import { CHAINING_WORDS } from "../asset/blake3_compress.ts";
import { CHUNK_BYTES, type GroupHasher } from "../asset/group_hasher.ts";

/** How many chunks a block has at most. */
export const BLOCK_CHUNKS = 16;
const LEAVES_AT = 64;
const BLOCK_AT = LEAVES_AT + BLOCK_CHUNKS * CHAINING_WORDS * 4;
const LANE_BYTES = BLOCK_AT + BLOCK_CHUNKS * CHUNK_BYTES;
const [STATE, FIRST_LOW, FIRST_HIGH, BYTES, IS_ROOT] = [0, 1, 2, 3, 4] as const;
const [FREE, POSTED, HASHED] = [0, 1, 2] as const;
const WORD = 2 ** 32;

/** One place in which a block is hashed. */
export interface HashLane {
  /** The block: whoever holds the lane fills it. */
  readonly block: Uint8Array;
  /** The leaves of the block, eight words each. */
  readonly leaves: Int32Array;

  /**
   * Hashes the block.
   *
   * @param first The number of its first chunk.
   * @param bytes How many bytes it has; 0 for an empty file only.
   * @param isRoot Whether it is all of a file of one chunk.
   * @returns When the leaves are there; nothing where they are at once.
   */
  hash(first: number, bytes: number, isRoot: boolean): Promise<void> | undefined;
}

/** Where lanes come from. */
export interface HashLanes {
  /** Takes a lane, and waits where all are taken. Rejects with `ResourceError` when there can be none. */
  take(): Promise<HashLane>;
  /** Gives a lane back. */
  release(lane: HashLane): void;
  /** Ends what runs for them; lanes that are taken afterwards are of this thread. */
  stop(): Promise<void>;
}

/** A lane of this thread. */
export class InlineLane implements HashLane {
  readonly block: Uint8Array;
  readonly leaves: Int32Array = new Int32Array(BLOCK_CHUNKS * CHAINING_WORDS);
  readonly #hasher: GroupHasher;

  /** @param hasher Hashes; gives the memory of the block. */
  constructor(hasher: GroupHasher) {
    this.#hasher = hasher;
    this.block = hasher.claim(BLOCK_CHUNKS * CHUNK_BYTES);
  }

  hash(first: number, bytes: number, isRoot: boolean): undefined {
    hashBlock(this.#hasher, this, first, bytes, isRoot);
  }
}

/** Lanes of this thread: as many as are wanted at once. */
export class InlineLanes implements HashLanes {
  readonly #hasher: GroupHasher;
  readonly #free: HashLane[] = [];

  /** @param hasher Hashes. */
  constructor(hasher: GroupHasher) {
    this.#hasher = hasher;
  }

  take(): Promise<HashLane> {
    return Promise.resolve(this.#free.pop() ?? new InlineLane(this.#hasher));
  }

  release(lane: HashLane): void {
    if (this.#free.length < 4) this.#free.push(lane);
  }

  stop(): Promise<void> {
    this.#free.length = 0;
    return Promise.resolve();
  }
}

/** Makes the memory of a lane that is shared. */
export function createSharedLane(): SharedArrayBuffer {
  return new SharedArrayBuffer(LANE_BYTES);
}

/** One side of a shared lane. */
export class SharedLane {
  readonly block: Uint8Array;
  readonly leaves: Int32Array;
  readonly #control: Int32Array;

  /** @param memory From {@linkcode createSharedLane}. */
  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, LEAVES_AT / 4);
    this.leaves = new Int32Array(memory, LEAVES_AT, BLOCK_CHUNKS * CHAINING_WORDS);
    this.block = new Uint8Array(memory, BLOCK_AT);
  }

  /** Hands the block over. */
  post(first: number, bytes: number, isRoot: boolean): void {
    const control = this.#control;
    control[FIRST_LOW] = first | 0;
    control[FIRST_HIGH] = Math.floor(first / WORD);
    control[BYTES] = bytes;
    control[IS_ROOT] = isRoot ? 1 : 0;
    Atomics.store(control, STATE, POSTED);
  }

  /** Takes the leaves over: whether they are there. */
  tryTake(): boolean {
    if (Atomics.load(this.#control, STATE) !== HASHED) return false;
    Atomics.store(this.#control, STATE, FREE);
    return true;
  }

  /** The worker's part: hashes a block that was handed over, and hands it back; whether there was one. */
  tryHash(hasher: GroupHasher): boolean {
    const control = this.#control;
    if (Atomics.load(control, STATE) !== POSTED) return false;
    const first = (control[FIRST_LOW]! >>> 0) + control[FIRST_HIGH]! * WORD;
    hashBlock(hasher, this, first, control[BYTES]!, control[IS_ROOT] === 1);
    Atomics.store(control, STATE, HASHED);
    return true;
  }
}

/**
 * Hashes the chunks of a block into its leaves.
 *
 * @param hasher Hashes.
 * @param lane Block and leaves.
 * @param first The number of its first chunk.
 * @param bytes How many bytes it has.
 * @param isRoot Whether it is all of a file of one chunk.
 */
export function hashBlock(
  hasher: GroupHasher,
  lane: Pick<HashLane, "block" | "leaves">,
  first: number,
  bytes: number,
  isRoot: boolean,
): void {
  const chunks = Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
  for (let i = 0; i < chunks; i++) {
    const start = i * CHUNK_BYTES;
    const end = Math.min(bytes, start + CHUNK_BYTES);
    hasher.hashGroup(lane.block, start, end, first + i, isRoot, lane.leaves, i * CHAINING_WORDS);
  }
}
