/**
 * A bounds-checked cursor that reads numbers and views from memory that somebody else owns.
 *
 * Invariant: no content of the memory and no length that a peer announced makes a read throw or leave the range. The
 * first read that does not fit sets {@linkcode ByteReader.failed} and ends the range there, so that every later read
 * of a number fails too: a decoder reads a whole record and asks once, at the end. Plain names are big-endian, names
 * that end in `Le` little-endian.
 *
 * @module
 */

/**
 * Reads from a range of caller memory; one reader serves many ranges through {@linkcode ByteReader.reset}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new ByteReader(Uint8Array.of(0, 2, 7, 8));
 * const body = reader.readBytes(reader.readUint16());
 * assertEquals(body, Uint8Array.of(7, 8));
 * assertEquals(reader.readUint8(), 0);
 * assertEquals(reader.failed, true);
 * ```
 */
export class ByteReader {
  #bytes: Uint8Array;
  #view: DataView;
  #offset: number;
  #end: number;
  #failed = false;

  /**
   * Makes a reader.
   *
   * @param bytes The memory to read from the start; borrowed until the next {@linkcode ByteReader.reset}.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = 0;
    this.#end = bytes.length;
  }

  /** Whether a read did not fit or, for 64-bit integers, was not exact; stays set until the next reset. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The index of the next byte in the memory; after a failure, of the value that could not be read. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes are left; 0 after a failure. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /**
   * Starts over on a range of memory; allocates only when the memory is not the one of before.
   *
   * @param bytes The memory; borrowed until the next reset.
   * @param start The index of the first byte.
   * @param end The index after the last byte.
   * @throws {RangeError} When the range does not lie in the memory.
   */
  reset(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`Cannot read from ${start} to ${end}: the memory has ${bytes.length} bytes`);
    }
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#offset = start;
    this.#end = end;
    this.#failed = false;
  }

  /**
   * Reads one byte.
   *
   * @returns 0 to 255, or 0 on failure.
   */
  readUint8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  /**
   * Reads a 16-bit unsigned integer.
   *
   * @returns The value, or 0 on failure.
   */
  readUint16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at);
  }

  /**
   * Reads a 16-bit unsigned integer, low byte first.
   *
   * @returns The value, or 0 on failure.
   */
  readUint16Le(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at, true);
  }

  /**
   * Reads a 32-bit unsigned integer.
   *
   * @returns The value, or 0 on failure.
   */
  readUint32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at);
  }

  /**
   * Reads a 32-bit unsigned integer, low byte first.
   *
   * @returns The value, or 0 on failure.
   */
  readUint32Le(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at, true);
  }

  /**
   * Reads a 32-bit signed integer.
   *
   * @returns The value, or 0 on failure.
   */
  readInt32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getInt32(at);
  }

  /**
   * Reads a 32-bit signed integer, low byte first.
   *
   * @returns The value, or 0 on failure.
   */
  readInt32Le(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getInt32(at, true);
  }

  /**
   * Reads a 64-bit unsigned integer that must be below 2^53, where a number is still exact.
   *
   * @returns The value, or 0 on failure.
   */
  readUint64(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : this.#exact(at, this.#view.getUint32(at), this.#view.getUint32(at + 4));
  }

  /**
   * Reads a 64-bit unsigned integer, low byte first, that must be below 2^53, where a number is still exact.
   *
   * @returns The value, or 0 on failure.
   */
  readUint64Le(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : this.#exact(at, this.#view.getUint32(at + 4, true), this.#view.getUint32(at, true));
  }

  /**
   * Reads an IEEE 754 double.
   *
   * @returns Any number, NaN and the infinities included, or 0 on failure.
   */
  readFloat64(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : this.#view.getFloat64(at);
  }

  /**
   * Reads an IEEE 754 double, low byte first.
   *
   * @returns Any number, NaN and the infinities included, or 0 on failure.
   */
  readFloat64Le(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : this.#view.getFloat64(at, true);
  }

  /**
   * Hands out the next bytes without copying.
   *
   * @param length How many; any number may come from a peer, one that is no count of bytes left is a failure.
   * @returns A view into the caller's memory, empty on failure.
   */
  readBytes(length: number): Uint8Array {
    const at = this.#takeCount(length);
    return at < 0 ? this.#bytes.subarray(0, 0) : this.#bytes.subarray(at, at + length);
  }

  /**
   * Passes over bytes.
   *
   * @param length How many; any number may come from a peer, one that is no count of bytes left is a failure.
   */
  skip(length: number): void {
    this.#takeCount(length);
  }

  #take(length: number): number {
    const at = this.#offset;
    if (length > this.#end - at) return this.#fail(at);
    this.#offset = at + length;
    return at;
  }

  #takeCount(length: number): number {
    if (this.#failed || !(length >= 0) || !Number.isInteger(length)) return this.#fail(this.#offset);
    return this.#take(length);
  }

  #exact(at: number, high: number, low: number): number {
    if (high < 0x20_0000) return high * 0x1_0000_0000 + low;
    this.#fail(at);
    return 0;
  }

  #fail(at: number): number {
    this.#failed = true;
    this.#offset = at;
    this.#end = at;
    return -1;
  }
}
