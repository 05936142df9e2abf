/**
 * A feed of market ticks that sender and receiver generate alike: a seeded walk of a price in records of equal size.
 *
 * ```text
 * uint32 little-endian: | stream | sequence | price in cents | size | noise … |
 * ```
 *
 * Sequence, price and noise follow from seed, stream and position alone, so the receiver knows every byte before it
 * arrives. A feed with a fault is wrong at its first record: one bit flipped, or the record left out.
 *
 * @module
 */
import type { Fault } from "./scenario.ts";

const FAULT_AT = 1;
/** In the size, which every record has anew. */
const FAULT_OFFSET = 13;

/** One stream of records, one at a time. */
export class TickFeed {
  /** The current record; overwritten by `next`. */
  readonly record: Uint8Array;
  readonly #words: Uint32Array;
  readonly #fault: Fault;
  #state: number;

  /**
   * Makes a feed that stands before its first record.
   *
   * @param seed What all contents follow from.
   * @param stream The number of the stream.
   * @param recordBytes The size of a record, a multiple of 4 from 16 on.
   * @param fault What goes wrong at the first record.
   */
  constructor(seed: number, stream: number, recordBytes: number, fault: Fault = "none") {
    this.#words = new Uint32Array(recordBytes / 4);
    this.record = new Uint8Array(this.#words.buffer);
    this.#fault = fault;
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0xc2b2ae35)) | 1;
    this.#words[0] = stream;
    this.#words[1] = 0xffffffff;
    this.#words[2] = 100_000;
  }

  /** How many records there were so far, one that was left out included. */
  get count(): number {
    return (this.#words[1]! + 1) >>> 0;
  }

  /**
   * Goes to the next record.
   *
   * @returns `record`.
   */
  next(): Uint8Array {
    this.#step();
    if (this.#fault !== "none") this.#goWrong();
    return this.record;
  }

  /**
   * Compares the current record with received bytes.
   *
   * @param bytes Memory that holds them.
   * @param offset Where they start.
   * @param length How many they are.
   * @returns Where the first difference is, -1 when there is none.
   */
  difference(bytes: Uint8Array, offset: number, length: number): number {
    const { record } = this;
    if (length !== record.length) return Math.min(length, record.length);
    for (let i = 0; i < length; i++) if (bytes[offset + i] !== record[i]) return i;
    return -1;
  }

  #step(): void {
    const words = this.#words;
    let state = this.#state;
    words[1]!++;
    words[2]! += (state >>> 28) - 7;
    words[3] = state >>> 20;
    for (let i = 4; i < words.length; i++) {
      words[i] = state;
      state = xorshift(state);
    }
    this.#state = xorshift(state);
  }

  #goWrong(): void {
    if (this.count !== FAULT_AT) return;
    if (this.#fault === "corrupt") this.record[FAULT_OFFSET]! ^= 1;
    else this.#step();
  }
}

function xorshift(state: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  return state ^ (state << 5);
}
