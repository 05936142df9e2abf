/**
 * The memory that a stream is read into: small while a connection is idle, large under traffic, shared in between.
 *
 * Blocks of a few sizes come from the endpoint's pool: the first read of a quiet connection goes into the smallest, and
 * a read that filled its block is followed by one into the next size. A few small reads give it back. A read that is
 * pending cannot be taken back, and the block under it neither: once the endpoint's connections hold `SHARED_BYTES`,
 * anything above the second size goes back as soon as a read leaves room (the socket is drained), so that thousands of
 * connections that fall silent after traffic hold little. Invariants: nothing is allocated for a length that was only
 * announced (memory is at most four times what has arrived of a frame, plus one block); the bytes of a large frame move
 * less than once on average, since buffers grow by four and a block, which keeps clear of the powers of two.
 *
 * @module
 */
import type { BlockPool } from "../bytes/block_pool.ts";

/** How quiet a connection has to be, in reads that would have fitted the smallest block, to get one again. */
const QUIET_READS = 8;
/** What the connections of an endpoint may hold before large blocks go back at once. */
const SHARED_BYTES = 32 << 20;
/** Frames beyond the pool's largest block grow in steps of this factor. */
const GROWTH = 4;

/** The receive memory of one stream; the parser works in `bytes` between `start` and `end`. */
export class ReceiveBuffer {
  /** The current block. */
  bytes: Uint8Array;
  /** Where the bytes that were not consumed yet start. */
  start = 0;
  /** Where the received bytes end. */
  end = 0;
  readonly #pool: BlockPool;
  #class = 0;
  #filled = false;
  #drained = false;
  #quiet = 0;

  /** @param pool The endpoint's read blocks, smallest class first. */
  constructor(pool: BlockPool) {
    this.#pool = pool;
    this.bytes = pool.take(0);
  }

  /**
   * Makes room for the next read.
   *
   * @param pending How many bytes the frame in progress has in all, 0 when that is not known yet.
   * @returns A view over the free memory, never empty. Everything handed out of `bytes` before may be overwritten.
   */
  span(pending: number): Uint8Array {
    const held = this.end - this.start;
    if (held === 0) this.start = this.end = 0;
    this.#resize(held, pending);
    const { bytes, start, end } = this;
    if (start !== 0 && (held <= bytes.length >>> 3 || start + pending > bytes.length || end === bytes.length)) {
      bytes.copyWithin(0, start, end);
      this.start = 0;
      this.end = held;
    }
    return this.end === 0 ? bytes : bytes.subarray(this.end);
  }

  /**
   * Says that a read into the last span has ended.
   *
   * @param count How many bytes it brought.
   * @throws {RangeError} When that is more than the span had.
   */
  received(count: number): void {
    const room = this.bytes.length - this.end;
    if (!(count >= 0 && count <= room)) throw new RangeError(`Cannot take ${count} bytes: the span had ${room}`);
    this.end += count;
    this.#filled = count === room;
    this.#drained = count < room;
    this.#quiet = count <= this.#pool.classBytes(0) >>> 1 ? this.#quiet + 1 : 0;
  }

  /** Gives the memory back; the buffer must not be used any more. */
  release(): void {
    this.#pool.give(this.bytes);
    this.bytes = new Uint8Array(0);
    this.start = this.end = 0;
  }

  #resize(held: number, pending: number): void {
    const size = this.bytes.length;
    const top = this.#pool.classCount - 1;
    if (this.#filled) {
      this.#filled = false;
      if (this.#class < top) this.#swap(this.#class + 1, held);
      else if (held === size) this.#grow(Math.min(pending, size * GROWTH + this.#pool.classBytes(top)), held);
      return;
    }
    if (!this.#drained || this.#class === 0) return;
    const crowded = this.#pool.lentBytes > SHARED_BYTES;
    const lower = this.#quiet >= QUIET_READS ? 0 : Math.min(top, crowded ? 1 : this.#class);
    const need = Math.max(pending, held + 1);
    if (lower < this.#class && need <= this.#pool.classBytes(lower) >>> 1) this.#swap(lower, held);
  }

  #grow(bytes: number, held: number): void {
    this.#class = this.#pool.classCount;
    this.#replace(new Uint8Array(bytes), held);
  }

  #swap(to: number, held: number): void {
    this.#class = to;
    this.#replace(this.#pool.take(to), held);
  }

  #replace(bytes: Uint8Array, held: number): void {
    bytes.set(this.bytes.subarray(this.start, this.end));
    this.#pool.give(this.bytes);
    this.bytes = bytes;
    this.start = 0;
    this.end = held;
  }
}
