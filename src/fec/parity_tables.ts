/**
 * What each frame of a group contributes to each parity: a Cauchy matrix whose columns are scaled so that the first row
 * is all ones (Blömer et al. 1995, "An XOR-Based Erasure-Resilient Coding Scheme", section 4).
 *
 * Every square part of such a matrix can be inverted, so any parities make up for as many lost frames, and one parity
 * alone is plain XOR. The coefficients depend on nothing but the two places: a group may end at any size. Why packed
 * tables: one load gives what a byte contributes to four parities at once.
 *
 * @module
 */
import { MAX_GROUP_PARITIES, MAX_GROUP_SOURCES } from "../wire/channel_frame.ts";
import { divide, multiply } from "./galois_field.ts";

/** How many parities one load serves. */
export const BANK_PARITIES = 4;

const BANKS = MAX_GROUP_PARITIES / BANK_PARITIES;
const FIRST_ROW = 0xff;

/**
 * By what a frame is multiplied for a parity.
 *
 * @param parity The parity, 0 to `MAX_GROUP_PARITIES` - 1.
 * @param source The frame's place, 0 to `MAX_GROUP_SOURCES` - 1.
 * @returns An element of the field, never 0; 1 for parity 0.
 */
export function coefficient(parity: number, source: number): number {
  return divide(FIRST_ROW ^ source, (FIRST_ROW - parity) ^ source);
}

/** Packed tables, made as they are needed; one of these serves all encoders of an endpoint. */
export class ParityTables {
  readonly #tables: (Int32Array | undefined)[] = new Array(BANKS * MAX_GROUP_SOURCES).fill(undefined);

  /**
   * The contributions of a frame to four parities.
   *
   * @param bank 0 for parities 0 to 3, 1 for 4 to 7.
   * @param source The frame's place in its group.
   * @returns 256 words by the value of a byte; the lowest eight bits belong to the first parity of the bank.
   */
  packed(bank: number, source: number): Int32Array {
    const at = bank * MAX_GROUP_SOURCES + source;
    return this.#tables[at] ?? (this.#tables[at] = packedTable(bank, source));
  }
}

function packedTable(bank: number, source: number): Int32Array {
  const table = new Int32Array(256);
  for (let lane = 0; lane < BANK_PARITIES; lane++) {
    const factor = coefficient(bank * BANK_PARITIES + lane, source);
    for (let byte = 0; byte < 256; byte++) table[byte]! |= multiply(factor, byte) << (8 * lane);
  }
  return table;
}
