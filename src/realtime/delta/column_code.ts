/**
 * Codes one number of many entities at once: each the difference to what the receiver expects, in the form that is the
 * shortest for this column of this packet.
 *
 * Differences are modulo the column's width and zigzag-coded, so that an angle goes the short way round. Invariant:
 * whatever the estimate chooses, decoding gives back the differences or the numbers that were encoded.
 *
 * ```text
 * 0                                                                            all as expected
 * 10  | count - 1 | parameter, 5 | parameter, 5 | gap, difference - 1 | …      a changed-mask as gaps, Rice codes
 * 110 | parameter, 5 | difference | …                                          one Rice code each
 * 111 | number in full width | …                                               as they are
 * ```
 *
 * @module
 */
import type { BitReader } from "./bit_reader.ts";
import { type BitWriter, RICE_LIMIT } from "./bit_writer.ts";
import { gapParameter, PARAMETER_BITS, widthOf } from "./gap_list.ts";

/** How a column was coded. */
export const ColumnForm = { Expected: 0, Sparse: 1, Dense: 2, Plain: 3, Malformed: -1 } as const;

/** One of the values of {@linkcode ColumnForm}. */
export type ColumnForm = (typeof ColumnForm)[keyof typeof ColumnForm];

/** The working memory for one column, used for one after the other. */
export class ColumnCoder {
  /** The zigzag-coded differences; filled before encoding, and by decoding unless the form is `Plain`. */
  readonly differences: Int32Array;
  /** The numbers; filled before encoding, and by decoding only when the form is `Plain`. */
  readonly numbers: Int32Array;
  /** How many differences there are of each width, 0 to 32. */
  readonly #widths = new Int32Array(33);
  #widest = 0;
  #parameter = 0;

  /**
   * Makes working memory.
   *
   * @param maxCount The most entities.
   */
  constructor(maxCount: number) {
    this.differences = new Int32Array(maxCount);
    this.numbers = new Int32Array(maxCount);
  }

  /**
   * Writes the column.
   *
   * @param writer Where to.
   * @param count How many entities, from 1.
   * @param bits The width of the column, 1 to 32.
   */
  encode(writer: BitWriter, count: number, bits: number): void {
    const changed = this.#survey(count);
    if (changed === 0) return this.encodeExpected(writer);
    const gap = gapParameter(changed, count);
    const plainCost = 2 * count * bits;
    const denseCost = this.#riceCost(0, bits) + 2 * PARAMETER_BITS;
    const denseParameter = this.#parameter;
    const valuesCost = bits === 1 ? 0 : this.#riceCost(1, bits);
    const gapsCost = 2 * (changed * (1 + gap) + ((count - changed) >>> gap) + widthOf(count - 1) + 2 * PARAMETER_BITS);
    if (gapsCost + valuesCost < Math.min(denseCost, plainCost)) {
      this.#encodeSparse(writer, count, changed, bits, gap, this.#parameter);
    } else if (denseCost < plainCost) {
      writer.write(0b110, 3);
      writer.write(denseParameter, PARAMETER_BITS);
      for (let i = 0; i < count; i++) writer.writeRice(this.differences[i]!, denseParameter, bits);
    } else {
      const mask = bits === 32 ? -1 : (1 << bits) - 1;
      writer.write(0b111, 3);
      for (let i = 0; i < count; i++) writer.writeWide(this.numbers[i]! & mask, bits);
    }
  }

  /**
   * Writes a column in which all numbers are as expected.
   *
   * @param writer Where to.
   */
  encodeExpected(writer: BitWriter): void {
    writer.write(0, 1);
  }

  /**
   * Reads the column.
   *
   * @param reader Where from.
   * @param count How many entities, from 1 to the most.
   * @param bits The width of the column, 1 to 32.
   * @returns How it was coded, which says where the result is; a number may be too large for the column.
   */
  decode(reader: BitReader, count: number, bits: number): ColumnForm {
    if (reader.read(1) === 0) return ColumnForm.Expected;
    if (reader.read(1) === 0) return this.#decodeSparse(reader, count, bits);
    if (reader.read(1) === 0) {
      const parameter = reader.read(PARAMETER_BITS);
      for (let i = 0; i < count; i++) this.differences[i] = reader.readRice(parameter, bits);
      return ColumnForm.Dense;
    }
    for (let i = 0; i < count; i++) this.numbers[i] = reader.readWide(bits);
    return ColumnForm.Plain;
  }

  #encodeSparse(w: BitWriter, count: number, changed: number, bits: number, gap: number, parameter: number): void {
    const width = widthOf(count - 1);
    w.write(0b10, 2);
    w.writeWide(changed - 1, width);
    w.write(gap, PARAMETER_BITS);
    w.write(parameter, PARAMETER_BITS);
    let next = 0;
    for (let i = 0; i < count; i++) {
      const difference = this.differences[i]!;
      if (difference === 0) continue;
      w.writeRice(i - next, gap, width);
      if (bits > 1) w.writeRice(difference - 1, parameter, bits);
      next = i + 1;
    }
  }

  #decodeSparse(reader: BitReader, count: number, bits: number): ColumnForm {
    const width = widthOf(count - 1);
    const changed = reader.readWide(width) + 1;
    if (changed > count) return ColumnForm.Malformed;
    const gapBits = reader.read(PARAMETER_BITS);
    const parameter = reader.read(PARAMETER_BITS);
    this.differences.fill(0, 0, count);
    let next = 0;
    for (let i = 0; i < changed; i++) {
      const gap = reader.readRice(gapBits, width);
      if (gap < 0 || gap >= count - next) return ColumnForm.Malformed;
      this.differences[next + gap] = bits > 1 ? reader.readRice(parameter, bits) + 1 : 1;
      next += gap + 1;
    }
    return ColumnForm.Sparse;
  }

  /** Counts the widths of the differences; returns how many are not 0. */
  #survey(count: number): number {
    const widths = this.#widths.fill(0);
    const differences = this.differences;
    let all = 0;
    for (let i = 0; i < count; i++) {
      const difference = differences[i]!;
      widths[32 - Math.clz32(difference)]! += 1;
      all |= difference;
    }
    this.#widest = 32 - Math.clz32(all);
    return count - widths[0]!;
  }

  /**
   * Twice the bits that the differences take with the best parameter, which it leaves in `#parameter`; taken from
   * their widths as if all numbers of a width were equally frequent.
   *
   * @param less 1 when zeros are left out and the others are written less 1.
   */
  #riceCost(less: 0 | 1, bits: number): number {
    const escape = 2 * (RICE_LIMIT + bits);
    let best = 0x3fff_ffff;
    for (let parameter = 0; parameter <= this.#widest; parameter++) {
      let cost = 0;
      for (let width: number = less; width <= this.#widest; width++) {
        let code = escape;
        if (width <= parameter) code = 2 + 2 * parameter;
        else if (width - parameter <= 4) {
          // Twice the mean quotient of the numbers from 2^(width - 1) to 2^width - 1.
          code = 2 + 2 * parameter + (3 << (width - 1 - parameter)) - 1 - ((2 * less) >> parameter);
        }
        cost += code * this.#widths[width]!;
      }
      if (cost >= best) continue;
      best = cost;
      this.#parameter = parameter;
    }
    return best;
  }
}
