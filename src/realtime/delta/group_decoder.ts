/**
 * Reads what a `GroupEncoder` wrote into the slots of a replica.
 *
 * Invariant: whatever the bits say, it writes integers that fit their columns and bytes that fit their fields, or says
 * that the packet is malformed.
 *
 * @module
 */
import type { BitReader } from "./bit_reader.ts";
import { type Column, expectedNumber } from "./column.ts";
import { ColumnCoder, ColumnForm } from "./column_code.ts";
import { readGaps, widthOf } from "./gap_list.ts";
import type { ReplicaSlots } from "./replica_slots.ts";
import type { BlobColumn } from "./schema.ts";
import { mixBytes, mixWord } from "./state_hash.ts";

/** Reads groups into slots. */
export class GroupDecoder {
  readonly #slots: ReplicaSlots;
  readonly #coder: ColumnCoder;
  readonly #expected: Int32Array;
  readonly #changed: Int32Array;

  /**
   * Takes working memory.
   *
   * @param slots Where the fields go.
   */
  constructor(slots: ReplicaSlots) {
    this.#slots = slots;
    this.#coder = new ColumnCoder(slots.stride);
    this.#expected = new Int32Array(slots.stride);
    this.#changed = new Int32Array(slots.stride);
  }

  /**
   * Reads the entities that were sent as differences.
   *
   * @param reader Where from.
   * @param into The slot; it has their fields as they were.
   * @param places Their places in it.
   * @param base The slot of the snapshot that the differences are to.
   * @param basePlaces Their places in that.
   * @param ticks How many ticks ago each was sent what it is there.
   * @param count How many entities.
   * @returns Whether all is sound.
   */
  decodeTouched(
    reader: BitReader,
    into: number,
    places: Int32Array,
    base: number,
    basePlaces: Int32Array,
    ticks: Int32Array,
    count: number,
  ): boolean {
    if (count === 0) return true;
    const { cells, stride, layout } = this.#slots;
    const { columns, codingOrder } = layout;
    const baseStart = this.#slots.cellsOf(base);
    for (let i = 0; i < codingOrder.length; i++) {
      const index = codingOrder[i]!;
      const column = columns[index]!;
      const start = baseStart + index * stride;
      if (column.velocity < 0) {
        for (let j = 0; j < count; j++) this.#expected[j] = cells[start + basePlaces[j]!]!;
      } else {
        const before = baseStart + column.velocity * stride;
        const now = this.#slots.cellsOf(into) + column.velocity * stride;
        for (let j = 0; j < count; j++) {
          const [place, basePlace] = [places[j]!, basePlaces[j]!];
          const number = cells[start + basePlace]!;
          this.#expected[j] = expectedNumber(
            column,
            number,
            cells[before + basePlace]!,
            cells[now + place]!,
            ticks[j]!,
          );
        }
      }
      if (!this.#decodeColumn(reader, column, index, into, places, count)) return false;
    }
    return this.#decodeBlobs(reader, into, places, count);
  }

  /**
   * Reads the entities that were sent whole.
   *
   * @param reader Where from.
   * @param into The slot; it has the initial values in their fields.
   * @param places Their places in it.
   * @param count How many entities.
   * @returns Whether all is sound.
   */
  decodeWhole(reader: BitReader, into: number, places: Int32Array, count: number): boolean {
    if (count === 0) return true;
    const { columns, codingOrder } = this.#slots.layout;
    for (let i = 0; i < codingOrder.length; i++) {
      const index = codingOrder[i]!;
      const column = columns[index]!;
      this.#expected.fill(column.initial, 0, count);
      if (!this.#decodeColumn(reader, column, index, into, places, count)) return false;
    }
    return this.#decodeBlobs(reader, into, places, count);
  }

  /**
   * Hashes an entity: its generation and all of its fields.
   *
   * @param slot The slot.
   * @param place The entity's place in it.
   * @returns 32 bits.
   */
  hashEntity(slot: number, place: number): number {
    const { cells, blobs, generations, stride, layout } = this.#slots;
    const start = this.#slots.cellsOf(slot) + place;
    let hash = mixWord(0, generations[slot * stride + place]!);
    for (let column = 0; column < layout.columnCount; column++) hash = mixWord(hash, cells[start + column * stride]!);
    for (let b = 0; b < layout.blobs.length; b++) {
      const blob = layout.blobs[b]!;
      const from = this.#blobStart(blob, slot, place);
      hash = mixBytes(hash, blobs, from, from + cells[start + blob.lengthColumn * stride]!);
    }
    return hash;
  }

  #decodeColumn(
    reader: BitReader,
    column: Column,
    index: number,
    into: number,
    places: Int32Array,
    count: number,
  ): boolean {
    const { differences, numbers } = this.#coder;
    const { cells, stride } = this.#slots;
    const { bits, top } = column;
    const start = this.#slots.cellsOf(into) + index * stride;
    const mask = bits === 32 ? -1 : (1 << bits) - 1;
    const form = this.#coder.decode(reader, count, bits);
    if (form === ColumnForm.Malformed) return false;
    for (let i = 0; i < count; i++) {
      let number = this.#expected[i]!;
      if (form === ColumnForm.Plain) {
        number = numbers[i]!;
      } else if (form !== ColumnForm.Expected) {
        const difference = differences[i]!;
        number = (number + ((difference >>> 1) ^ -(difference & 1))) & mask;
      }
      if ((number >>> 0) > top) return false;
      cells[start + places[i]!] = number;
    }
    return true;
  }

  #decodeBlobs(reader: BitReader, into: number, places: Int32Array, count: number): boolean {
    const { cells, blobs, stride, layout } = this.#slots;
    const cellsStart = this.#slots.cellsOf(into);
    for (let b = 0; b < layout.blobs.length; b++) {
      const blob = layout.blobs[b]!;
      const changed = readGaps(reader, this.#changed, count);
      if (changed < 0) return false;
      for (let i = 0; i < changed; i++) {
        const place = places[this.#changed[i]!]!;
        const length = reader.read(widthOf(blob.maxBytes));
        if (length > blob.maxBytes) return false;
        const start = this.#blobStart(blob, into, place);
        for (let j = 0; j < length; j++) blobs[start + j] = reader.read(8);
        cells[cellsStart + blob.lengthColumn * stride + place] = length;
      }
    }
    return true;
  }

  #blobStart(blob: BlobColumn, slot: number, place: number): number {
    return this.#slots.blobsOf(slot) + place * this.#slots.layout.blobBytes + blob.offset;
  }
}
