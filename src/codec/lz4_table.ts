/**
 * What the LZ4 compressor searches with: where each hash of four bytes was seen last.
 *
 * Invariant: positions grow from block to block, so that what an earlier block left is below every position of this one
 * and the table needs no clearing. Why 4096 cells by default: 16 KiB stay in the first cache, and the blocks of a
 * message bus have 64 KiB or less.
 *
 * @module
 */

const MIN_BITS = 8;
const MAX_BITS = 16;
/** Positions are 32-bit integers; from here on they start over. */
const MAX_POSITION = 2 ** 31 - 1;
const MAX_BLOCK_BYTES = 2 ** 30;

/** The memory of a compressor; one serves any number of blocks on one thread, one after another. */
export class Lz4Table {
  /** Where each hash was seen last; 0: never. */
  readonly cells: Int32Array;
  /** By how much a hash of 32 bits is shifted down. */
  readonly shift: number;
  #next = 1;
  #buffer: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#buffer.buffer);

  /**
   * Makes an empty table.
   *
   * @param bits The number of cells as a power of two, 8 to 16: more find more matches in long blocks.
   * @throws {RangeError} When it is none of these.
   */
  constructor(bits: number = 12) {
    if (!Number.isInteger(bits) || bits < MIN_BITS || bits > MAX_BITS) {
      throw new RangeError(`Cannot make an LZ4 table of 2^${bits} cells: the power is ${MIN_BITS} to ${MAX_BITS}`);
    }
    this.cells = new Int32Array(1 << bits);
    this.shift = 32 - bits;
  }

  /**
   * Begins a block.
   *
   * @param length How many bytes it has.
   * @returns The position of its first byte; cells below it are of earlier blocks.
   * @throws {RangeError} When it is longer than 2^30 bytes.
   */
  open(length: number): number {
    if (length > MAX_BLOCK_BYTES) {
      throw new RangeError(`Cannot compress ${length} bytes into one block: at most ${MAX_BLOCK_BYTES}`);
    }
    if (this.#next > MAX_POSITION - length) {
      this.cells.fill(0);
      this.#next = 1;
    }
    const first = this.#next;
    this.#next += length;
    return first;
  }

  /**
   * A view for reading words of a buffer; the last one is kept, and the buffer with it.
   *
   * @param buffer Any memory.
   * @returns A view of all of it.
   */
  viewOf(buffer: Uint8Array): DataView {
    if (this.#buffer !== buffer || this.#view.byteLength !== buffer.length) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    return this.#view;
  }
}
