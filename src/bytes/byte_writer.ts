/**
 * A bounds-checked cursor that writes numbers and bytes into memory that somebody else owns.
 *
 * Invariant: nothing is written outside the range and no value is written in part. The first write that does not fit
 * sets {@linkcode ByteWriter.overflowed} and ends the range there, so that nothing that takes room is written after
 * it: an encoder writes a whole record and asks once, at the end. Values that a field cannot hold are the caller's
 * fault and throw. Plain names are big-endian, names that end in `Le` little-endian.
 *
 * @module
 */

/**
 * Writes into a range of caller memory; one writer serves many ranges through {@linkcode ByteWriter.reset}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const memory = new Uint8Array(4);
 * const writer = new ByteWriter(memory);
 * writer.writeUint16(2);
 * writer.writeBytes(Uint8Array.of(7, 8));
 * assertEquals(writer.overflowed, false);
 * assertEquals(memory, Uint8Array.of(0, 2, 7, 8));
 * ```
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #offset: number;
  #end: number;
  #overflowed = false;

  /**
   * Makes a writer.
   *
   * @param bytes The memory to write from the start; borrowed until the next {@linkcode ByteWriter.reset}.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = 0;
    this.#end = bytes.length;
  }

  /** Whether a write did not fit; stays set until the next reset. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** The index in the memory after the last byte that was written. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes of room are left; 0 after an overflow. */
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
      throw new RangeError(`Cannot write from ${start} to ${end}: the memory has ${bytes.length} bytes`);
    }
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#offset = start;
    this.#end = end;
    this.#overflowed = false;
  }

  /**
   * Writes one byte.
   *
   * @param value An integer, 0 to 2^8 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeUint8(value: number): void {
    if ((value & 0xff) !== value) refuse(value, "8-bit unsigned");
    const at = this.#take(1);
    if (at >= 0) this.#view.setUint8(at, value);
  }

  /**
   * Writes two bytes.
   *
   * @param value An integer, 0 to 2^16 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeUint16(value: number): void {
    if ((value & 0xffff) !== value) refuse(value, "16-bit unsigned");
    const at = this.#take(2);
    if (at >= 0) this.#view.setUint16(at, value);
  }

  /**
   * Writes two bytes, the low one first.
   *
   * @param value An integer, 0 to 2^16 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeUint16Le(value: number): void {
    if ((value & 0xffff) !== value) refuse(value, "16-bit unsigned");
    const at = this.#take(2);
    if (at >= 0) this.#view.setUint16(at, value, true);
  }

  /**
   * Writes four bytes.
   *
   * @param value An integer, 0 to 2^32 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeUint32(value: number): void {
    if (value >>> 0 !== value) refuse(value, "32-bit unsigned");
    const at = this.#take(4);
    if (at >= 0) this.#view.setUint32(at, value);
  }

  /**
   * Writes four bytes, the low one first.
   *
   * @param value An integer, 0 to 2^32 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeUint32Le(value: number): void {
    if (value >>> 0 !== value) refuse(value, "32-bit unsigned");
    const at = this.#take(4);
    if (at >= 0) this.#view.setUint32(at, value, true);
  }

  /**
   * Writes four bytes, two's complement.
   *
   * @param value An integer, -2^31 to 2^31 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeInt32(value: number): void {
    if ((value | 0) !== value) refuse(value, "32-bit signed");
    const at = this.#take(4);
    if (at >= 0) this.#view.setInt32(at, value);
  }

  /**
   * Writes four bytes, two's complement, the low one first.
   *
   * @param value An integer, -2^31 to 2^31 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeInt32Le(value: number): void {
    if ((value | 0) !== value) refuse(value, "32-bit signed");
    const at = this.#take(4);
    if (at >= 0) this.#view.setInt32(at, value, true);
  }

  /**
   * Writes eight bytes.
   *
   * @param value An integer, 0 to 2^53 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeUint64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) refuse(value, "53-bit unsigned");
    const at = this.#take(8);
    if (at < 0) return;
    this.#view.setUint32(at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(at + 4, value >>> 0);
  }

  /**
   * Writes eight bytes, the low one first.
   *
   * @param value An integer, 0 to 2^53 - 1.
   * @throws {RangeError} When the value is no such integer.
   */
  writeUint64Le(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) refuse(value, "53-bit unsigned");
    const at = this.#take(8);
    if (at < 0) return;
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
  }

  /**
   * Writes eight bytes as an IEEE 754 double.
   *
   * @param value Any number.
   */
  writeFloat64(value: number): void {
    const at = this.#take(8);
    if (at >= 0) this.#view.setFloat64(at, value);
  }

  /**
   * Writes eight bytes as an IEEE 754 double, the low one first.
   *
   * @param value Any number.
   */
  writeFloat64Le(value: number): void {
    const at = this.#take(8);
    if (at >= 0) this.#view.setFloat64(at, value, true);
  }

  /**
   * Copies bytes.
   *
   * @param source Read during the call only; may overlap the memory that is written.
   */
  writeBytes(source: Uint8Array): void {
    const at = this.#take(source.length);
    if (at >= 0) this.#bytes.set(source, at);
  }

  /**
   * Passes over bytes and leaves them as they are.
   *
   * @param length How many.
   * @throws {RangeError} When the length is not an integer of at least 0.
   */
  skip(length: number): void {
    if (!(length >= 0) || !Number.isInteger(length)) refuse(length, "unsigned");
    this.#take(length);
  }

  #take(length: number): number {
    const at = this.#offset;
    if (length > this.#end - at) {
      this.#overflowed = true;
      this.#end = at;
      return -1;
    }
    this.#offset = at + length;
    return at;
  }
}

function refuse(value: number, field: string): never {
  throw new RangeError(`Cannot write ${value}: the field holds ${field} integers`);
}
