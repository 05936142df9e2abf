/**
 * The ChaCha20 block function (RFC 8439 2.3) and the cipher made of it (2.4), xored straight into memory.
 *
 * Invariant: nothing is allocated, and neither a branch nor an index depends on key, nonce or data. Why the sixteen
 * words are local variables, and why a quarter round is four lines that each assign twice: the compiler keeps locals in
 * registers, and one block then takes about as long as its longest chain of dependent operations; two blocks side by
 * side are slower (`bench/variant/chacha20_two_blocks.ts`). Why a `DataView`: it reads words at any alignment and costs
 * the same over shared memory.
 *
 *     x0  x1  x2  x3     "expand 32-byte k"
 *     x4  x5  x6  x7     key
 *     x8  x9  x10 x11    key
 *     x12 x13 x14 x15    counter, nonce
 *
 * @module
 */

/** How many bytes one block of keystream has. */
export const CHACHA20_BLOCK_BYTES = 64;

/** How many words the state has. */
export const CHACHA20_STATE_WORDS = 16;

const SIGMA_0 = 0x61707865;
const SIGMA_1 = 0x3320646e;
const SIGMA_2 = 0x79622d32;
const SIGMA_3 = 0x6b206574;
const DOUBLE_ROUNDS = 10;

/**
 * Xors whole blocks of keystream into memory.
 *
 * @param state 16 words, low byte first, as in the drawing; only read. The first row is constant and not looked at. The
 * counter is that of the first block.
 * @param view The memory.
 * @param start Where to begin.
 * @param end Where to stop: whole blocks after `start`.
 */
export function xorChaCha20(state: Int32Array, view: DataView, start: number, end: number): void {
  const k0 = state[4]!, k1 = state[5]!, k2 = state[6]!, k3 = state[7]!;
  const k4 = state[8]!, k5 = state[9]!, k6 = state[10]!, k7 = state[11]!;
  const n0 = state[13]!, n1 = state[14]!, n2 = state[15]!;
  let count = state[12]!;
  for (let at = start; at < end; at += CHACHA20_BLOCK_BYTES) {
    let x0 = SIGMA_0, x1 = SIGMA_1, x2 = SIGMA_2, x3 = SIGMA_3, x4 = k0, x5 = k1, x6 = k2, x7 = k3;
    let x8 = k4, x9 = k5, x10 = k6, x11 = k7, x12 = count, x13 = n0, x14 = n1, x15 = n2;
    for (let round = 0; round < DOUBLE_ROUNDS; round++) {
      x12 = rotl(x12 ^ (x0 = (x0 + x4) | 0), 16);
      x4 = rotl(x4 ^ (x8 = (x8 + x12) | 0), 12);
      x12 = rotl(x12 ^ (x0 = (x0 + x4) | 0), 8);
      x4 = rotl(x4 ^ (x8 = (x8 + x12) | 0), 7);
      x13 = rotl(x13 ^ (x1 = (x1 + x5) | 0), 16);
      x5 = rotl(x5 ^ (x9 = (x9 + x13) | 0), 12);
      x13 = rotl(x13 ^ (x1 = (x1 + x5) | 0), 8);
      x5 = rotl(x5 ^ (x9 = (x9 + x13) | 0), 7);
      x14 = rotl(x14 ^ (x2 = (x2 + x6) | 0), 16);
      x6 = rotl(x6 ^ (x10 = (x10 + x14) | 0), 12);
      x14 = rotl(x14 ^ (x2 = (x2 + x6) | 0), 8);
      x6 = rotl(x6 ^ (x10 = (x10 + x14) | 0), 7);
      x15 = rotl(x15 ^ (x3 = (x3 + x7) | 0), 16);
      x7 = rotl(x7 ^ (x11 = (x11 + x15) | 0), 12);
      x15 = rotl(x15 ^ (x3 = (x3 + x7) | 0), 8);
      x7 = rotl(x7 ^ (x11 = (x11 + x15) | 0), 7);
      x15 = rotl(x15 ^ (x0 = (x0 + x5) | 0), 16);
      x5 = rotl(x5 ^ (x10 = (x10 + x15) | 0), 12);
      x15 = rotl(x15 ^ (x0 = (x0 + x5) | 0), 8);
      x5 = rotl(x5 ^ (x10 = (x10 + x15) | 0), 7);
      x12 = rotl(x12 ^ (x1 = (x1 + x6) | 0), 16);
      x6 = rotl(x6 ^ (x11 = (x11 + x12) | 0), 12);
      x12 = rotl(x12 ^ (x1 = (x1 + x6) | 0), 8);
      x6 = rotl(x6 ^ (x11 = (x11 + x12) | 0), 7);
      x13 = rotl(x13 ^ (x2 = (x2 + x7) | 0), 16);
      x7 = rotl(x7 ^ (x8 = (x8 + x13) | 0), 12);
      x13 = rotl(x13 ^ (x2 = (x2 + x7) | 0), 8);
      x7 = rotl(x7 ^ (x8 = (x8 + x13) | 0), 7);
      x14 = rotl(x14 ^ (x3 = (x3 + x4) | 0), 16);
      x4 = rotl(x4 ^ (x9 = (x9 + x14) | 0), 12);
      x14 = rotl(x14 ^ (x3 = (x3 + x4) | 0), 8);
      x4 = rotl(x4 ^ (x9 = (x9 + x14) | 0), 7);
    }
    view.setInt32(at, view.getInt32(at, true) ^ (x0 + SIGMA_0), true);
    view.setInt32(at + 4, view.getInt32(at + 4, true) ^ (x1 + SIGMA_1), true);
    view.setInt32(at + 8, view.getInt32(at + 8, true) ^ (x2 + SIGMA_2), true);
    view.setInt32(at + 12, view.getInt32(at + 12, true) ^ (x3 + SIGMA_3), true);
    view.setInt32(at + 16, view.getInt32(at + 16, true) ^ (x4 + k0), true);
    view.setInt32(at + 20, view.getInt32(at + 20, true) ^ (x5 + k1), true);
    view.setInt32(at + 24, view.getInt32(at + 24, true) ^ (x6 + k2), true);
    view.setInt32(at + 28, view.getInt32(at + 28, true) ^ (x7 + k3), true);
    view.setInt32(at + 32, view.getInt32(at + 32, true) ^ (x8 + k4), true);
    view.setInt32(at + 36, view.getInt32(at + 36, true) ^ (x9 + k5), true);
    view.setInt32(at + 40, view.getInt32(at + 40, true) ^ (x10 + k6), true);
    view.setInt32(at + 44, view.getInt32(at + 44, true) ^ (x11 + k7), true);
    view.setInt32(at + 48, view.getInt32(at + 48, true) ^ (x12 + count), true);
    view.setInt32(at + 52, view.getInt32(at + 52, true) ^ (x13 + n0), true);
    view.setInt32(at + 56, view.getInt32(at + 56, true) ^ (x14 + n1), true);
    view.setInt32(at + 60, view.getInt32(at + 60, true) ^ (x15 + n2), true);
    count = (count + 1) | 0;
  }
}

function rotl(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
