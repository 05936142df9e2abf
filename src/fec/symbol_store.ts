/**
 * The bytes of received symbols in one ring of memory: what is oldest is overwritten first.
 *
 * Invariants: a symbol lies in one piece; its position only grows, and it is there exactly as long as `has` says so.
 * Memory starts small and doubles up to its maximum, and only while there is traffic. Positions stay the same when the
 * ring grows: sizes are powers of two, so what lay in one piece still does.
 *
 * @module
 */

const FIRST_BYTES = 4096;

/** Up to this size bytes are copied one by one: a view would cost more. */
const LOOP_BYTES = 96;

/** A ring of symbols. */
export class SymbolStore {
  /** The memory. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
  readonly #maxBytes: number;
  #head = 0;

  /**
   * Makes an empty ring.
   *
   * @param maxBytes The most memory, a power of two of at least 4096.
   */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Makes room for a symbol, at the cost of the oldest ones.
   *
   * @param length Its length in bytes.
   * @returns Its position, or -1 when the whole ring is too small.
   */
  take(length: number): number {
    if (length > this.#maxBytes) return -1;
    while (this.bytes.length < this.#maxBytes && this.#head + length > this.bytes.length) this.#grow();
    const size = this.bytes.length;
    const left = size - this.#head % size;
    if (left < length) this.#head += left;
    const position = this.#head;
    this.#head += length;
    return position;
  }

  /**
   * Copies bytes to a place that was taken.
   *
   * @param position The symbol's position.
   * @param skip How many of its bytes to leave as they are.
   * @param from The memory.
   * @param start Where the bytes start.
   * @param end Where they end.
   */
  write(position: number, skip: number, from: Uint8Array, start: number, end: number): void {
    const at = this.at(position) + skip;
    if (end - start > LOOP_BYTES) return this.bytes.set(from.subarray(start, end), at);
    for (let i = 0; i < end - start; i++) this.bytes[at + i] = from[start + i]!;
  }

  /**
   * Where in the memory a symbol is.
   *
   * @param position Its position.
   * @returns The index of its first byte; good until the next `take`.
   */
  at(position: number): number {
    return position % this.bytes.length;
  }

  /**
   * Whether a symbol is still there.
   *
   * @param position Its position.
   * @returns False once a newer one has taken its place.
   */
  has(position: number): boolean {
    return position >= this.#head - this.bytes.length;
  }

  #grow(): void {
    const before = this.bytes;
    const size = before.length;
    const bytes = new Uint8Array(2 * size);
    const end = this.#head;
    for (let position = Math.max(0, end - size); position < end;) {
      const next = Math.min(end, position - position % size + size);
      const from = position % size;
      bytes.set(before.subarray(from, from + next - position), position % (2 * size));
      position = next;
    }
    this.bytes = bytes;
  }
}
