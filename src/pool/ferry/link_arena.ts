/**
 * The memory that one side of a ferry lends to the other: blocks of one SharedArrayBuffer, two sizes.
 *
 * ```text
 * | small 0 | small 1 | … | small n-1 | large 0 | large 1 | … | large m-1 |
 *   one belongs to each link             lent to the links that are busy
 * ```
 *
 * Only the owner allocates; the other side is told offsets and tells when it is done with them. Invariant: every link
 * has its small block for as long as it lives, so that links which hold large blocks without need, such as idle ones
 * with a pending read, can never stop another one. Memory that was never used is never resident: the system gives pages
 * at first touch.
 *
 * @module
 */

/** The sizes of an arena. */
export interface LinkArenaShape {
  /** How many bytes the block of each link has; a multiple of 8. */
  readonly smallBytes: number;
  /** How many links there can be. */
  readonly maxLinkCount: number;
  /** How many bytes a large block has; a multiple of 8. */
  readonly largeBytes: number;
  /** How many large blocks there are. */
  readonly largeCount: number;
  /** How many large blocks one link may have at once. */
  readonly largePerLinkCount: number;
}

/**
 * How much memory an arena of a shape takes.
 *
 * @param shape The sizes.
 * @returns The bytes.
 */
export function arenaBytes(shape: LinkArenaShape): number {
  return shape.smallBytes * shape.maxLinkCount + shape.largeBytes * shape.largeCount;
}

/** The owner's side of an arena. */
export class LinkArena {
  /** The memory; the other side reads or writes what it is told to. */
  readonly memory: SharedArrayBuffer;
  /** How many bytes the block of each link has. */
  readonly smallBytes: number;
  /** How many bytes a large block has. */
  readonly largeBytes: number;
  /** How many large blocks one link may have at once. */
  readonly largePerLinkCount: number;
  readonly #largeStart: number;
  readonly #largeCount: number;
  #lentLargeCount = 0;
  #nextSmall = 0;
  #nextLarge: number;
  readonly #freeSmall: number[] = [];
  readonly #freeLarge: number[] = [];

  /**
   * Makes an arena with no block lent.
   *
   * @param memory As much as {@linkcode arenaBytes} says.
   * @param shape The sizes.
   * @throws {RangeError} When the memory is too small for the shape.
   */
  constructor(memory: SharedArrayBuffer, shape: LinkArenaShape) {
    if (memory.byteLength < arenaBytes(shape)) {
      throw new RangeError(`Cannot make an arena: ${arenaBytes(shape)} bytes do not fit into ${memory.byteLength}`);
    }
    this.memory = memory;
    this.smallBytes = shape.smallBytes;
    this.largeBytes = shape.largeBytes;
    this.largePerLinkCount = shape.largePerLinkCount;
    this.#largeStart = this.#nextLarge = shape.smallBytes * shape.maxLinkCount;
    this.#largeCount = shape.largeCount;
  }

  /** Whether a large block is free. */
  get hasLarge(): boolean {
    return this.#lentLargeCount < this.#largeCount;
  }

  /** How many blocks are lent or belong to links, of either size. */
  get lentCount(): number {
    return this.#lentLargeCount + this.#nextSmall / this.smallBytes - this.#freeSmall.length;
  }

  /**
   * Takes the small block of a new link.
   *
   * @returns Its offset in the memory, or -1 when there are as many links as there may be.
   */
  takeSmall(): number {
    const offset = this.#freeSmall.pop();
    if (offset !== undefined) return offset;
    if (this.#nextSmall === this.#largeStart) return -1;
    this.#nextSmall += this.smallBytes;
    return this.#nextSmall - this.smallBytes;
  }

  /**
   * Takes a large block.
   *
   * @param heldCount How many the link has already: while half of all are free it may have
   * {@linkcode LinkArenaShape.largePerLinkCount}, then one, so that links which never give theirs back slow others down
   * late.
   * @returns Its offset in the memory, or -1 when it gets none now.
   */
  takeLarge(heldCount: number): number {
    const mostCount = this.#lentLargeCount * 2 < this.#largeCount ? this.largePerLinkCount : 1;
    if (heldCount >= mostCount || this.#lentLargeCount === this.#largeCount) return -1;
    this.#lentLargeCount++;
    const offset = this.#freeLarge.pop();
    if (offset !== undefined) return offset;
    this.#nextLarge += this.largeBytes;
    return this.#nextLarge - this.largeBytes;
  }

  /**
   * Takes a block back.
   *
   * @param offset What {@linkcode LinkArena.takeSmall} or {@linkcode LinkArena.takeLarge} returned; once each time.
   */
  give(offset: number): void {
    if (!this.isLarge(offset)) return void this.#freeSmall.push(offset);
    this.#freeLarge.push(offset);
    this.#lentLargeCount--;
  }

  /**
   * Tells the two kinds of block apart.
   *
   * @param offset The offset of a block.
   * @returns Whether it is a large one.
   */
  isLarge(offset: number): boolean {
    return offset >= this.#largeStart;
  }

  /**
   * The size of a block.
   *
   * @param offset The offset of a block.
   * @returns How many bytes it has.
   */
  sizeOf(offset: number): number {
    return this.isLarge(offset) ? this.largeBytes : this.smallBytes;
  }

  /**
   * The bytes of a block.
   *
   * @param offset The offset of a block.
   * @param length How many of them.
   * @returns A view over them.
   */
  bytes(offset: number, length: number): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.memory, offset, length);
  }
}
