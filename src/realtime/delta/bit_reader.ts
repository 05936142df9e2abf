/**
 * Reads what a `BitWriter` wrote.
 *
 * Invariant: no content of the memory makes a read throw or leave the range. Beyond its end there are zeros, and
 * {@linkcode BitReader.failed} stays set: a decoder reads on and asks at the end, which is never far because every
 * count is checked against a maximum.
 *
 * @module
 */
import { RICE_LIMIT } from "./bit_writer.ts";

/** A reader over caller memory; one serves many ranges. */
export class BitReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #held = 0;
  #heldBits = 0;
  #missingBytes = 0;

  /**
   * Starts over on a range of memory.
   *
   * @param bytes The memory.
   * @param start The index of the first byte.
   * @param end The index after the last byte, at most the memory's length.
   */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#held = this.#heldBits = this.#missingBytes = 0;
  }

  /** Whether a read went beyond the end of the range. */
  get failed(): boolean {
    return this.#missingBytes > 0;
  }

  /** Whether all was read but for less than a byte of zeros, and nothing beyond. */
  get isAtEnd(): boolean {
    const padding = this.#held & ((1 << this.#heldBits) - 1);
    return this.#at === this.#end && this.#missingBytes === 0 && padding === 0;
  }

  /**
   * Reads a value.
   *
   * @param bits 0 to 24.
   * @returns An integer from 0 to below 2^bits.
   */
  read(bits: number): number {
    let held = this.#held;
    let count = this.#heldBits;
    while (count < bits) {
      held = (held << 8) | this.#nextByte();
      count += 8;
    }
    this.#held = held;
    this.#heldBits = count - bits;
    return (held >>> (count - bits)) & ((1 << bits) - 1);
  }

  /**
   * Reads a value of any width.
   *
   * @param bits 0 to 32.
   * @returns 32 bits: from 2^31 on a negative integer, as a typed array of 32-bit integers would hold it.
   */
  readWide(bits: number): number {
    if (bits <= 16) return this.read(bits);
    const high = this.read(bits - 16);
    return (high << 16) | this.read(16);
  }

  /**
   * Reads a value in the Rice code.
   *
   * @param parameter How many low bits are written as they are, 0 to 31.
   * @param bits The width of the largest value, 1 to 32.
   * @returns 32 bits, as above; a value that is too large for its width may come from a peer.
   */
  readRice(parameter: number, bits: number): number {
    let quotient = 0;
    while (quotient < RICE_LIMIT && this.read(1) === 1) quotient++;
    if (quotient === RICE_LIMIT) return this.readWide(bits);
    return (quotient << parameter) | this.readWide(parameter);
  }

  #nextByte(): number {
    if (this.#at < this.#end) return this.#bytes[this.#at++]!;
    this.#missingBytes++;
    return 0;
  }
}
