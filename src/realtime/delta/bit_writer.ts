/**
 * Writes numbers of any width, the highest bit first, and numbers that are mostly small in a limited Rice code.
 *
 * The code is that of Rice (1979) with the length limit of JPEG-LS (ITU-T T.87, A.5.3): the quotient in unary and the
 * remainder in `parameter` bits, or, where the unary part would grow beyond the limit, the whole value. Invariant:
 * nothing is written beyond the range; what would have been is counted, so that the caller learns how much room it takes.
 *
 * ```text
 * value / 2^parameter < 12    1…10 remainder          as many ones as the quotient
 * larger                      111111111111 value      in full width
 * ```
 *
 * @module
 */

/** How many ones announce a value in full width. */
export const RICE_LIMIT = 12;

/** The widest value that is written at once: with seven bits in hand it still fits into 31. */
const MAX_WRITE_BITS = 24;

/**
 * A writer over caller memory; one serves many ranges.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array(4);
 * const writer = new BitWriter();
 * writer.reset(bytes, 0, 4);
 * writer.write(5, 3); // 101
 * writer.writeRice(2, 0, 8); // 110
 * assertEquals(writer.finish(), 1);
 * assertEquals(bytes[0], 0b1011_1000);
 * ```
 */
export class BitWriter {
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #at = 0;
  #end = 0;
  #held = 0;
  #heldBits = 0;

  /**
   * Starts over on a range of memory.
   *
   * @param bytes The memory.
   * @param start The index of the first byte.
   * @param end The index after the last byte, at most the memory's length.
   */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = this.#at = start;
    this.#end = end;
    this.#held = this.#heldBits = 0;
  }

  /** Whether more was written than the range holds; then its content means nothing. */
  get overflowed(): boolean {
    return this.#at > this.#end || this.#at === this.#end && this.#heldBits > 0;
  }

  /**
   * Writes a value.
   *
   * @param value An integer from 0 to below 2^bits.
   * @param bits 0 to 24.
   */
  write(value: number, bits: number): void {
    const held = (this.#held << bits) | value;
    let count = this.#heldBits + bits;
    let at = this.#at;
    while (count >= 8) {
      count -= 8;
      if (at < this.#end) this.#bytes[at] = held >>> count;
      at++;
    }
    this.#at = at;
    this.#held = held;
    this.#heldBits = count;
  }

  /**
   * Writes a value of any width.
   *
   * @param value 32 bits, of which the low ones are written; those above must be 0.
   * @param bits 0 to 32.
   */
  writeWide(value: number, bits: number): void {
    if (bits > 16) this.write(value >>> 16, bits - 16);
    this.write(bits > 16 ? value & 0xffff : value, bits > 16 ? 16 : bits);
  }

  /**
   * Writes a value in the Rice code.
   *
   * @param value 32 bits, read as an integer from 0 to below 2^bits.
   * @param parameter How many low bits are written as they are, 0 to 31.
   * @param bits The width of the largest value, 1 to 32.
   */
  writeRice(value: number, parameter: number, bits: number): void {
    const quotient = value >>> parameter;
    if (quotient >= RICE_LIMIT) {
      this.write((1 << RICE_LIMIT) - 1, RICE_LIMIT);
      this.writeWide(value, bits);
      return;
    }
    const remainder = value & ((1 << parameter) - 1);
    if (quotient + 1 + parameter <= MAX_WRITE_BITS) {
      this.write((((1 << quotient) - 1) << (1 + parameter)) | remainder, quotient + 1 + parameter);
      return;
    }
    this.write(((1 << quotient) - 1) << 1, quotient + 1);
    this.writeWide(remainder, parameter);
  }

  /**
   * Fills the last byte up with zeros.
   *
   * @returns How many bytes were written, or would have been.
   */
  finish(): number {
    if (this.#heldBits > 0) this.write(0, 8 - this.#heldBits);
    return this.#at - this.#start;
  }
}
