/**
 * The replay window of a session, as bits among its words (RFC 6479).
 *
 * Why not the `ReplayWindow` of crypto/: an object and a buffer of its own for each of a hundred thousand idle sessions
 * take more than the bits do; a test holds both equal. The highest number of the window is the largest that was
 * received. Invariant: as there, bits above the highest are cleared when it passes them and not before.
 *
 * @module
 */
import { LARGEST_RECEIVED, WINDOW_SIZE, WINDOW_WORDS } from "./session_row.ts";

const MASK = WINDOW_SIZE - 1;

/**
 * Tells whether a packet number may be accepted.
 *
 * @param numbers The session's numbers.
 * @param words The session's words.
 * @param number An integer from 0 to 2^53 - 1, or -1 for what is none.
 * @returns Whether it was not accepted before and is not below the window.
 */
export function isFresh(numbers: Float64Array, words: Int32Array, number: number): boolean {
  const highest = numbers[LARGEST_RECEIVED]!;
  if (number > highest) return true;
  if (number < 0 || highest - number >= WINDOW_SIZE) return false;
  return (words[WINDOW_WORDS + ((number & MASK) >> 5)]! & (1 << (number & 31))) === 0;
}

/**
 * Remembers a fresh number whose packet opened; call it before the largest number is moved.
 *
 * @param numbers The session's numbers.
 * @param words The session's words.
 * @param number The number.
 */
export function accept(numbers: Float64Array, words: Int32Array, number: number): void {
  const highest = numbers[LARGEST_RECEIVED]!;
  if (number - highest >= WINDOW_SIZE) words.fill(0, WINDOW_WORDS, WINDOW_WORDS + WINDOW_SIZE / 32);
  else for (let passed = highest + 1; passed < number; passed++) clear(words, passed);
  words[WINDOW_WORDS + ((number & MASK) >> 5)]! |= 1 << (number & 31);
}

function clear(words: Int32Array, number: number): void {
  words[WINDOW_WORDS + ((number & MASK) >> 5)]! &= ~(1 << (number & 31));
}
