/**
 * Keeps send blocks for reuse, so that steady traffic allocates no buffers.
 *
 * Invariant: the free blocks hold at most `retainBytes` in all; what comes back beyond that is left to the garbage
 * collector. Why one `ArrayBuffer` a block: a block may be transferred or handed to a write on its own, and a large
 * one is freed as soon as nobody holds it.
 *
 * @module
 */

/** The sizes of send blocks unless configured otherwise: a message, a batch, a large payload. */
export const DEFAULT_BLOCK_CLASSES: readonly number[] = Object.freeze([4 * 1024, 32 * 1024, 256 * 1024]);

/** What a {@linkcode BlockPool} hands out and how much it keeps. */
export interface BlockPoolConfig {
  /** The block sizes in bytes, ascending; at least one. */
  readonly classBytes: readonly number[];
  /** How many bytes of free blocks are kept in all; 0 keeps none. */
  readonly retainBytes: number;
}

/**
 * A pool of blocks in a few fixed sizes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new BlockPool({ classBytes: DEFAULT_BLOCK_CLASSES, retainBytes: 1 << 20 });
 * const block = pool.take(pool.classFor(5000));
 * assertEquals(block.length, 32768);
 * pool.give(block);
 * assertEquals(pool.retainedBytes, 32768);
 * ```
 */
export class BlockPool {
  readonly #classBytes: readonly number[];
  readonly #free: readonly Uint8Array[][];
  readonly #retainBytes: number;
  #retainedBytes = 0;
  #lentBytes = 0;

  /**
   * Makes an empty pool.
   *
   * @param config The sizes and the limit.
   * @throws {RangeError} When the sizes are not ascending integers of at least 1, or the limit is negative.
   */
  constructor(config: BlockPoolConfig) {
    const { classBytes, retainBytes } = config;
    if (classBytes.length === 0) throw new RangeError("Cannot make a block pool: it has no block size");
    for (let i = 0; i < classBytes.length; i++) {
      const size = classBytes[i]!;
      if (!Number.isSafeInteger(size) || size <= (classBytes[i - 1] ?? 0)) {
        throw new RangeError(`Cannot make a block pool: ${classBytes.join(", ")} are not ascending sizes in bytes`);
      }
    }
    if (!(retainBytes >= 0)) throw new RangeError(`Cannot make a block pool: it cannot retain ${retainBytes} bytes`);
    this.#classBytes = [...classBytes];
    this.#free = classBytes.map(() => []);
    this.#retainBytes = retainBytes;
  }

  /** How many bytes the free blocks hold. */
  get retainedBytes(): number {
    return this.#retainedBytes;
  }

  /** How many bytes are handed out and not given back. */
  get lentBytes(): number {
    return this.#lentBytes;
  }

  /** How many block sizes there are. */
  get classCount(): number {
    return this.#classBytes.length;
  }

  /**
   * The size of the blocks of a class.
   *
   * @param classIndex Which class, 0 is the smallest.
   * @returns The size in bytes.
   * @throws {RangeError} When there is no such class.
   */
  classBytes(classIndex: number): number {
    const size = this.#classBytes[classIndex];
    if (size === undefined) {
      throw new RangeError(`Cannot use block class ${classIndex}: this pool has ${this.#classBytes.length} classes`);
    }
    return size;
  }

  /**
   * The smallest class whose blocks hold that many bytes.
   *
   * @param bytes How many bytes are to fit.
   * @returns The class, or -1 when even the largest blocks are too small.
   */
  classFor(bytes: number): number {
    for (let i = 0; i < this.#classBytes.length; i++) {
      if (bytes <= this.#classBytes[i]!) return i;
    }
    return -1;
  }

  /**
   * Hands out a block; the caller owns it until it gives it back, if ever.
   *
   * @param classIndex Which class, 0 is the smallest.
   * @returns A block with arbitrary content, alone in its `ArrayBuffer`.
   * @throws {RangeError} When there is no such class.
   */
  take(classIndex: number): Uint8Array {
    this.#lentBytes += this.classBytes(classIndex);
    const block = this.#free[classIndex]!.pop();
    if (block === undefined) return new Uint8Array(this.classBytes(classIndex));
    this.#retainedBytes -= block.length;
    return block;
  }

  /**
   * Takes a block back; the caller must not touch it any more, and must not give it twice.
   *
   * A block of no known size, such as one whose buffer was transferred away, and a view into a larger buffer are not
   * kept.
   *
   * @param block The whole block, as it was handed out.
   */
  give(block: Uint8Array): void {
    const size = block.length;
    const classIndex = this.#classBytes.indexOf(size);
    if (classIndex < 0 || size !== block.buffer.byteLength) return;
    this.#lentBytes -= size;
    if (this.#retainedBytes + size > this.#retainBytes) return;
    this.#free[classIndex]!.push(block);
    this.#retainedBytes += size;
  }
}
