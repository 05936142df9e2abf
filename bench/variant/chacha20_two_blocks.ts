/**
 * A variant of the ChaCha20 block function that lost: two blocks at once, their quarter rounds side by side.
 *
 * One block waits for its own results: 240 operations, each of which needs the one before. Two would fill that time,
 * but their 32 words do not fit into the registers of a common machine, and moving them to and from the stack costs
 * more than that gains: a tenth slower than `xorChaCha20` in `src/crypto/chacha20.ts`.
 *
 * @module
 */

const SIGMA_0 = 0x61707865;
const SIGMA_1 = 0x3320646e;
const SIGMA_2 = 0x79622d32;
const SIGMA_3 = 0x6b206574;

/**
 * Writes the sums of two blocks of keystream, word by word.
 *
 * @param state The 16 words of the first block's state.
 * @param out 32 words: the first block, then the second.
 */
export function twoBlocks(state: Int32Array, out: Int32Array): void {
  const count = state[12]!;
  let x0 = SIGMA_0, x1 = SIGMA_1, x2 = SIGMA_2, x3 = SIGMA_3, x4 = state[4]!, x5 = state[5]!, x6 = state[6]!;
  let x7 = state[7]!, x8 = state[8]!, x9 = state[9]!, x10 = state[10]!, x11 = state[11]!, x12 = count;
  let x13 = state[13]!, x14 = state[14]!, x15 = state[15]!;
  let y0 = x0, y1 = x1, y2 = x2, y3 = x3, y4 = x4, y5 = x5, y6 = x6, y7 = x7, y8 = x8, y9 = x9, y10 = x10, y11 = x11;
  let y12 = (count + 1) | 0, y13 = x13, y14 = x14, y15 = x15;
  for (let round = 0; round < 10; round++) {
    x12 = rotl(x12 ^ (x0 = (x0 + x4) | 0), 16), y12 = rotl(y12 ^ (y0 = (y0 + y4) | 0), 16);
    x4 = rotl(x4 ^ (x8 = (x8 + x12) | 0), 12), y4 = rotl(y4 ^ (y8 = (y8 + y12) | 0), 12);
    x12 = rotl(x12 ^ (x0 = (x0 + x4) | 0), 8), y12 = rotl(y12 ^ (y0 = (y0 + y4) | 0), 8);
    x4 = rotl(x4 ^ (x8 = (x8 + x12) | 0), 7), y4 = rotl(y4 ^ (y8 = (y8 + y12) | 0), 7);
    x13 = rotl(x13 ^ (x1 = (x1 + x5) | 0), 16), y13 = rotl(y13 ^ (y1 = (y1 + y5) | 0), 16);
    x5 = rotl(x5 ^ (x9 = (x9 + x13) | 0), 12), y5 = rotl(y5 ^ (y9 = (y9 + y13) | 0), 12);
    x13 = rotl(x13 ^ (x1 = (x1 + x5) | 0), 8), y13 = rotl(y13 ^ (y1 = (y1 + y5) | 0), 8);
    x5 = rotl(x5 ^ (x9 = (x9 + x13) | 0), 7), y5 = rotl(y5 ^ (y9 = (y9 + y13) | 0), 7);
    x14 = rotl(x14 ^ (x2 = (x2 + x6) | 0), 16), y14 = rotl(y14 ^ (y2 = (y2 + y6) | 0), 16);
    x6 = rotl(x6 ^ (x10 = (x10 + x14) | 0), 12), y6 = rotl(y6 ^ (y10 = (y10 + y14) | 0), 12);
    x14 = rotl(x14 ^ (x2 = (x2 + x6) | 0), 8), y14 = rotl(y14 ^ (y2 = (y2 + y6) | 0), 8);
    x6 = rotl(x6 ^ (x10 = (x10 + x14) | 0), 7), y6 = rotl(y6 ^ (y10 = (y10 + y14) | 0), 7);
    x15 = rotl(x15 ^ (x3 = (x3 + x7) | 0), 16), y15 = rotl(y15 ^ (y3 = (y3 + y7) | 0), 16);
    x7 = rotl(x7 ^ (x11 = (x11 + x15) | 0), 12), y7 = rotl(y7 ^ (y11 = (y11 + y15) | 0), 12);
    x15 = rotl(x15 ^ (x3 = (x3 + x7) | 0), 8), y15 = rotl(y15 ^ (y3 = (y3 + y7) | 0), 8);
    x7 = rotl(x7 ^ (x11 = (x11 + x15) | 0), 7), y7 = rotl(y7 ^ (y11 = (y11 + y15) | 0), 7);
    x15 = rotl(x15 ^ (x0 = (x0 + x5) | 0), 16), y15 = rotl(y15 ^ (y0 = (y0 + y5) | 0), 16);
    x5 = rotl(x5 ^ (x10 = (x10 + x15) | 0), 12), y5 = rotl(y5 ^ (y10 = (y10 + y15) | 0), 12);
    x15 = rotl(x15 ^ (x0 = (x0 + x5) | 0), 8), y15 = rotl(y15 ^ (y0 = (y0 + y5) | 0), 8);
    x5 = rotl(x5 ^ (x10 = (x10 + x15) | 0), 7), y5 = rotl(y5 ^ (y10 = (y10 + y15) | 0), 7);
    x12 = rotl(x12 ^ (x1 = (x1 + x6) | 0), 16), y12 = rotl(y12 ^ (y1 = (y1 + y6) | 0), 16);
    x6 = rotl(x6 ^ (x11 = (x11 + x12) | 0), 12), y6 = rotl(y6 ^ (y11 = (y11 + y12) | 0), 12);
    x12 = rotl(x12 ^ (x1 = (x1 + x6) | 0), 8), y12 = rotl(y12 ^ (y1 = (y1 + y6) | 0), 8);
    x6 = rotl(x6 ^ (x11 = (x11 + x12) | 0), 7), y6 = rotl(y6 ^ (y11 = (y11 + y12) | 0), 7);
    x13 = rotl(x13 ^ (x2 = (x2 + x7) | 0), 16), y13 = rotl(y13 ^ (y2 = (y2 + y7) | 0), 16);
    x7 = rotl(x7 ^ (x8 = (x8 + x13) | 0), 12), y7 = rotl(y7 ^ (y8 = (y8 + y13) | 0), 12);
    x13 = rotl(x13 ^ (x2 = (x2 + x7) | 0), 8), y13 = rotl(y13 ^ (y2 = (y2 + y7) | 0), 8);
    x7 = rotl(x7 ^ (x8 = (x8 + x13) | 0), 7), y7 = rotl(y7 ^ (y8 = (y8 + y13) | 0), 7);
    x14 = rotl(x14 ^ (x3 = (x3 + x4) | 0), 16), y14 = rotl(y14 ^ (y3 = (y3 + y4) | 0), 16);
    x4 = rotl(x4 ^ (x9 = (x9 + x14) | 0), 12), y4 = rotl(y4 ^ (y9 = (y9 + y14) | 0), 12);
    x14 = rotl(x14 ^ (x3 = (x3 + x4) | 0), 8), y14 = rotl(y14 ^ (y3 = (y3 + y4) | 0), 8);
    x4 = rotl(x4 ^ (x9 = (x9 + x14) | 0), 7), y4 = rotl(y4 ^ (y9 = (y9 + y14) | 0), 7);
  }
  out[0] = x0 + SIGMA_0, out[1] = x1 + SIGMA_1, out[2] = x2 + SIGMA_2, out[3] = x3 + SIGMA_3;
  out[4] = x4, out[5] = x5, out[6] = x6, out[7] = x7, out[8] = x8, out[9] = x9, out[10] = x10, out[11] = x11;
  out[12] = x12, out[13] = x13, out[14] = x14, out[15] = x15;
  out[16] = y0 + SIGMA_0, out[17] = y1 + SIGMA_1, out[18] = y2 + SIGMA_2, out[19] = y3 + SIGMA_3;
  out[20] = y4, out[21] = y5, out[22] = y6, out[23] = y7, out[24] = y8, out[25] = y9, out[26] = y10, out[27] = y11;
  out[28] = y12, out[29] = y13, out[30] = y14, out[31] = y15;
  for (let i = 4; i < 16; i++) {
    out[i]! += state[i]!;
    out[16 + i]! += state[i]!;
  }
  out[28]! += 1;
}

function rotl(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
