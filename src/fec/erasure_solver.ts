/**
 * Solves for the lost frames of a group: Gauss–Jordan elimination over GF(256) on at most eight unknowns.
 *
 * Invariant: the matrix is a square part of a scaled Cauchy matrix (`parity_tables.ts`) and so can always be inverted.
 *
 * @module
 */
import { MAX_GROUP_PARITIES } from "../wire/channel_frame.ts";
import { divide, PRODUCTS } from "./galois_field.ts";
import { coefficient } from "./parity_tables.ts";

const SIZE = MAX_GROUP_PARITIES;

/** Computes what parities times must add up to a lost frame; one solver serves many groups. */
export class ErasureSolver {
  /** How often the sum behind parity r goes into lost frame c: at `SIZE * c + r`, after `solve`. */
  readonly #inverse: Uint8Array<ArrayBuffer> = new Uint8Array(SIZE * SIZE);
  readonly #matrix: Uint8Array<ArrayBuffer> = new Uint8Array(SIZE * SIZE);

  /**
   * Solves for frames.
   *
   * @param lost The places of the lost frames.
   * @param parities As many parities, each another one.
   * @param count How many of both.
   */
  solve(lost: Uint8Array, parities: Uint8Array, count: number): void {
    const matrix = this.#matrix;
    const inverse = this.#inverse;
    for (let r = 0; r < count; r++) {
      for (let c = 0; c < count; c++) {
        matrix[SIZE * r + c] = coefficient(parities[r]!, lost[c]!);
        inverse[SIZE * r + c] = r === c ? 1 : 0;
      }
    }
    for (let pivot = 0; pivot < count; pivot++) {
      this.#bringUp(pivot, count);
      const factor = divide(1, matrix[SIZE * pivot + pivot]!);
      scale(matrix, pivot, factor);
      scale(inverse, pivot, factor);
      for (let row = 0; row < count; row++) {
        const times = matrix[SIZE * row + pivot]!;
        if (row === pivot || times === 0) continue;
        addRow(matrix, pivot, row, times);
        addRow(inverse, pivot, row, times);
      }
    }
  }

  /**
   * By what the sum behind a parity is multiplied for a lost frame.
   *
   * @param lost Which of the lost frames.
   * @param parity Which of the parities.
   * @returns An element of the field.
   */
  factor(lost: number, parity: number): number {
    return this.#inverse[SIZE * lost + parity]!;
  }

  /** Swaps a row with something in the pivot's column to the pivot's place. */
  #bringUp(pivot: number, count: number): void {
    for (let row = pivot; row < count; row++) {
      if (this.#matrix[SIZE * row + pivot] === 0) continue;
      if (row !== pivot) {
        swap(this.#matrix, row, pivot);
        swap(this.#inverse, row, pivot);
      }
      return;
    }
  }
}

/**
 * Adds a multiple of some bytes to others.
 *
 * @param into What is added to.
 * @param at Where that starts.
 * @param from What is added.
 * @param start Where that starts.
 * @param length How many bytes.
 * @param factor An element of the field.
 */
export function addMultiple(
  into: Uint8Array,
  at: number,
  from: Uint8Array,
  start: number,
  length: number,
  factor: number,
): void {
  if (factor === 0) return;
  if (factor === 1) {
    for (let i = 0; i < length; i++) into[at + i] = into[at + i]! ^ from[start + i]!;
    return;
  }
  const row = factor << 8;
  for (let i = 0; i < length; i++) into[at + i] = into[at + i]! ^ PRODUCTS[row | from[start + i]!]!;
}

function scale(matrix: Uint8Array, row: number, factor: number): void {
  for (let c = 0; c < SIZE; c++) matrix[SIZE * row + c] = PRODUCTS[(factor << 8) | matrix[SIZE * row + c]!]!;
}

function addRow(matrix: Uint8Array, from: number, to: number, factor: number): void {
  addMultiple(matrix, SIZE * to, matrix, SIZE * from, SIZE, factor);
}

function swap(matrix: Uint8Array, a: number, b: number): void {
  for (let c = 0; c < SIZE; c++) {
    const kept = matrix[SIZE * a + c]!;
    matrix[SIZE * a + c] = matrix[SIZE * b + c]!;
    matrix[SIZE * b + c] = kept;
  }
}
