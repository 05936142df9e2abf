/**
 * The numbers of the packets of one direction: each is used once, and some are left out at random, so that a peer which
 * acknowledges what it never received gives itself away (RFC 9000 section 21.4).
 *
 * The state lives in cells that the owner keeps for as long as the connection. Invariants: numbers grow; the one that was
 * left out last is remembered, and the next is left out only after a later one was acknowledged.
 *
 * ```text
 * cells: | next | left out last, -1: none | to leave out next |
 * ```
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";

/** How many cells the numbers of one direction take. */
export const NUMBER_CELLS = 3;

/** Between two numbers that are left out lie at most so many times 16. */
const SPREAD = 32;
const LEAST_APART = 16;

const NEXT = 0;
const SKIPPED = 1;
const SKIP_AT = 2;

/**
 * Starts a direction at number 0.
 *
 * @param cells Where the numbers live.
 * @param at The first of {@linkcode NUMBER_CELLS} cells.
 * @param random When to leave one out.
 */
export function startNumbers(cells: Float64Array, at: number, random: RandomSource): void {
  cells[at + NEXT] = 0;
  cells[at + SKIPPED] = -1;
  planSkip(cells, at, random);
}

/**
 * Takes the number of the next packet.
 *
 * @param cells Where the numbers live.
 * @param at The first cell.
 * @param random When to leave one out.
 * @param largestAcked The largest number that the peer acknowledged; -1: none.
 * @returns The number.
 */
export function takeNumber(cells: Float64Array, at: number, random: RandomSource, largestAcked: number): number {
  if (cells[at + NEXT] === cells[at + SKIP_AT]) {
    if (cells[at + SKIPPED]! < 0 || largestAcked > cells[at + SKIPPED]!) {
      cells[at + SKIPPED] = cells[at + NEXT]!;
      cells[at + NEXT]!++;
    }
    planSkip(cells, at, random);
  }
  return cells[at + NEXT]!++;
}

/**
 * Whether a range of numbers holds one that was never sent.
 *
 * @param cells Where the numbers live.
 * @param at The first cell.
 * @param smallest The smallest number of the range.
 * @param largest The largest.
 * @returns Whether the acknowledgement of the range is a lie.
 */
export function isOptimistic(cells: Float64Array, at: number, smallest: number, largest: number): boolean {
  const skipped = cells[at + SKIPPED]!;
  return largest >= cells[at + NEXT]! || (smallest <= skipped && skipped <= largest);
}

function planSkip(cells: Float64Array, at: number, random: RandomSource): void {
  const apart = LEAST_APART * (1 + Math.floor(random.visibleFraction() * SPREAD));
  cells[at + SKIP_AT] = cells[at + NEXT]! + apart - Math.floor(random.visibleFraction() * LEAST_APART);
}
