/**
 * The compression function of BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn: "BLAKE3, one function, fast
 * everywhere", section 2.2) on words of the caller's memory.
 *
 * Invariant: nothing is allocated; words are those of a little-endian machine. Why one loop over the seven rounds that
 * renames the message words at its end: the words stay in local variables, and the function stays short enough for the
 * compiler to keep them in registers where it can.
 *
 * @module
 */

/** How many words a chaining value has. */
export const CHAINING_WORDS = 8;
/** How many bytes one compression takes in. */
export const BLOCK_BYTES = 64;

/** What a compression stands for (section 2.2, table 3). */
export const BlockFlag = {
  /** The first block of a chunk. */
  ChunkStart: 1,
  /** The last block of a chunk. */
  ChunkEnd: 2,
  /** A parent of two chaining values. */
  Parent: 4,
  /** The last compression of the whole tree. */
  Root: 8,
} as const;

/** The initial chaining value: the first eight words of SHA-256's. */
export const INITIAL_CHAINING: Int32Array = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

const ROUNDS = 7;

function rotate(value: number, count: number): number {
  return (value >>> count) | (value << (32 - count));
}

/**
 * Compresses one block into a chaining value, in place.
 *
 * @param chaining Eight words from `at`; overwritten with the result.
 * @param at Where they start.
 * @param m The block, sixteen words from `w`.
 * @param w Where it starts.
 * @param counter The number of the chunk, low word; 0 for a parent.
 * @param counterHigh The same, high word.
 * @param blockBytes How many bytes of the block are input, 0 to 64.
 * @param flags A sum of {@linkcode BlockFlag}.
 */
export function compress(
  chaining: Int32Array,
  at: number,
  m: Int32Array,
  w: number,
  counter: number,
  counterHigh: number,
  blockBytes: number,
  flags: number,
): void {
  let m0 = m[w]!, m1 = m[w + 1]!, m2 = m[w + 2]!, m3 = m[w + 3]!, m4 = m[w + 4]!, m5 = m[w + 5]!, m6 = m[w + 6]!;
  let m7 = m[w + 7]!, m8 = m[w + 8]!, m9 = m[w + 9]!, mA = m[w + 10]!, mB = m[w + 11]!, mC = m[w + 12]!;
  let mD = m[w + 13]!, mE = m[w + 14]!, mF = m[w + 15]!, round = ROUNDS;
  let a0 = chaining[at]!, a1 = chaining[at + 1]!, a2 = chaining[at + 2]!, a3 = chaining[at + 3]!;
  let b0 = chaining[at + 4]!, b1 = chaining[at + 5]!, b2 = chaining[at + 6]!, b3 = chaining[at + 7]!;
  let c0 = 0x6a09e667, c1 = 0xbb67ae85 | 0, c2 = 0x3c6ef372, c3 = 0xa54ff53a | 0;
  let d0 = counter | 0, d1 = counterHigh | 0, d2 = blockBytes, d3 = flags;
  for (;;) {
    d0 = rotate(d0 ^ (a0 = (a0 + b0 + m0) | 0), 16), b0 = rotate(b0 ^ (c0 = (c0 + d0) | 0), 12);
    d1 = rotate(d1 ^ (a1 = (a1 + b1 + m2) | 0), 16), b1 = rotate(b1 ^ (c1 = (c1 + d1) | 0), 12);
    d2 = rotate(d2 ^ (a2 = (a2 + b2 + m4) | 0), 16), b2 = rotate(b2 ^ (c2 = (c2 + d2) | 0), 12);
    d3 = rotate(d3 ^ (a3 = (a3 + b3 + m6) | 0), 16), b3 = rotate(b3 ^ (c3 = (c3 + d3) | 0), 12);
    d0 = rotate(d0 ^ (a0 = (a0 + b0 + m1) | 0), 8), b0 = rotate(b0 ^ (c0 = (c0 + d0) | 0), 7);
    d1 = rotate(d1 ^ (a1 = (a1 + b1 + m3) | 0), 8), b1 = rotate(b1 ^ (c1 = (c1 + d1) | 0), 7);
    d2 = rotate(d2 ^ (a2 = (a2 + b2 + m5) | 0), 8), b2 = rotate(b2 ^ (c2 = (c2 + d2) | 0), 7);
    d3 = rotate(d3 ^ (a3 = (a3 + b3 + m7) | 0), 8), b3 = rotate(b3 ^ (c3 = (c3 + d3) | 0), 7);
    d3 = rotate(d3 ^ (a0 = (a0 + b1 + m8) | 0), 16), b1 = rotate(b1 ^ (c2 = (c2 + d3) | 0), 12);
    d0 = rotate(d0 ^ (a1 = (a1 + b2 + mA) | 0), 16), b2 = rotate(b2 ^ (c3 = (c3 + d0) | 0), 12);
    d1 = rotate(d1 ^ (a2 = (a2 + b3 + mC) | 0), 16), b3 = rotate(b3 ^ (c0 = (c0 + d1) | 0), 12);
    d2 = rotate(d2 ^ (a3 = (a3 + b0 + mE) | 0), 16), b0 = rotate(b0 ^ (c1 = (c1 + d2) | 0), 12);
    d3 = rotate(d3 ^ (a0 = (a0 + b1 + m9) | 0), 8), b1 = rotate(b1 ^ (c2 = (c2 + d3) | 0), 7);
    d0 = rotate(d0 ^ (a1 = (a1 + b2 + mB) | 0), 8), b2 = rotate(b2 ^ (c3 = (c3 + d0) | 0), 7);
    d1 = rotate(d1 ^ (a2 = (a2 + b3 + mD) | 0), 8), b3 = rotate(b3 ^ (c0 = (c0 + d1) | 0), 7);
    d2 = rotate(d2 ^ (a3 = (a3 + b0 + mF) | 0), 8), b0 = rotate(b0 ^ (c1 = (c1 + d2) | 0), 7);
    if (--round === 0) break;
    let t = m0;
    m0 = m2, m2 = m3, m3 = mA, mA = mC, mC = m9, m9 = mB, mB = m5, m5 = t;
    t = m1, m1 = m6, m6 = m4, m4 = m7, m7 = mD, mD = mE, mE = mF, mF = m8, m8 = t;
  }
  chaining[at] = a0 ^ c0, chaining[at + 1] = a1 ^ c1, chaining[at + 2] = a2 ^ c2, chaining[at + 3] = a3 ^ c3;
  chaining[at + 4] = b0 ^ d0, chaining[at + 5] = b1 ^ d1, chaining[at + 6] = b2 ^ d2, chaining[at + 7] = b3 ^ d3;
}
