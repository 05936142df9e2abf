/**
 * The records of the ring's race tests: a length, a number and a filling that follows from the number.
 *
 * @module
 */
import type { SpscConsumer } from "../../src/ring/spsc_ring.ts";

/**
 * The size of a record, so that sizes vary and the region's end is hit at every offset.
 *
 * @param seed The producer's.
 * @param number The record's.
 * @returns From 8 to 135 bytes.
 */
export function recordBytes(seed: number, number: number): number {
  return 8 + (Math.imul(number + seed, 0x9e3779b1) >>> 25);
}

/**
 * Writes one record: length (int32), number (int32), filling.
 *
 * @param data The ring's data region.
 * @param view The same region.
 * @param offset Where the claim starts.
 * @param bytes The size of the record.
 * @param number The record's.
 */
export function writeRecord(data: Uint8Array, view: DataView, offset: number, bytes: number, number: number): void {
  view.setInt32(offset, bytes, true);
  view.setInt32(offset + 4, number, true);
  for (let i = offset + 8; i < offset + bytes; i++) data[i] = number + i - offset;
}

/** Reads one ring to its end and checks every byte of every record. */
export class RecordReader {
  readonly #consumer: SpscConsumer;
  readonly #view: DataView;
  readonly #seed: number;
  /** How many records were read. */
  count = 0;

  /**
   * @param consumer The ring's.
   * @param seed The producer's.
   */
  constructor(consumer: SpscConsumer, seed: number) {
    this.#consumer = consumer;
    this.#seed = seed;
    const { buffer, byteOffset, byteLength } = consumer.data;
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  /**
   * Checks and releases all spans that are there.
   *
   * @returns Whether there was one.
   */
  drain(): boolean {
    let found = false;
    for (let bytes = this.#consumer.peek(); bytes > 0; bytes = this.#consumer.peek()) {
      const start = this.#consumer.spanOffset;
      const end = start + bytes;
      let offset = start;
      while (offset < end) offset += this.#checkRecord(offset, end);
      if (offset !== end) throw new Error(`A record goes on after its span, at ${offset}`);
      this.#consumer.release(bytes);
      found = true;
    }
    return found;
  }

  #checkRecord(offset: number, end: number): number {
    const data = this.#consumer.data;
    const number = this.count++;
    const bytes = recordBytes(this.#seed, number);
    if (offset + 8 > end || this.#view.getInt32(offset, true) !== bytes) throw new Error(`Wrong length of ${number}`);
    if (this.#view.getInt32(offset + 4, true) !== number) throw new Error(`Record ${number} is not the next one`);
    for (let i = 8; i < bytes; i++) {
      if (data[offset + i] !== ((number + i) & 255)) throw new Error(`Wrong byte ${i} in record ${number}`);
    }
    return bytes;
  }
}
