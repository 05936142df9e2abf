/**
 * The inner loops of Poly1305 (RFC 8439 2.5): the sum so far takes in blocks of 16 bytes, sum = (sum + block) r mod p.
 *
 * Numbers are six limbs of 22 bits, each a double that holds an integer. Invariant: no intermediate leaves the integers
 * that a double holds exactly. A limb of a sum, or of a power of r above the first, is at most 2^21 + 2^13 in size,
 * one of a block below 2^22; a product that wraps at 2^132 counts 20 times, because 2^132 = 20 mod 2^130 - 5. So the
 * largest column, 101 products for each of four blocks, stays below 2^52.2.
 *
 * Why doubles: one instruction multiplies 22 by 22 bits exactly, in a time that does not depend on them; with the
 * integers of the language a block takes twice as long (`bench/variant/poly1305_integers.ts`). Why four blocks at once:
 * one carry serves them all, and their columns wait for nothing; that halves the time again. Tried and left:
 * two blocks (a fifth slower), seven (a tenth faster, for twice the constants to make and load), a carry from limb to
 * limb (slower), and one loop that does the cipher's work too (no faster, and far too long).
 *
 *     row of a power:  r0 r1 r2 r3 r4 r5 | 20 r1 … 20 r5      column k takes limb i times r[k - i], or r[k - i + 11]
 *
 * @module
 */

/** How many bytes a block has. */
export const POLY1305_BLOCK_BYTES = 16;

/** How many bytes {@linkcode absorbQuads} takes at once. */
export const POLY1305_QUAD_BYTES = 64;

/** How many limbs a number has. */
export const LIMBS = 6;

/** How many bits a limb has. */
export const LIMB_BITS = 22;

/** The bits of a limb. */
export const LIMB_MASK = 0x3fffff;

/** How many numbers stand in the row of one power of r. */
export const ROW_LENGTH = 11;

/** What a multiple of 2^132 counts in the lowest limb. */
export const WRAP_FACTOR = 20;

/** The bit above 16 bytes, as it stands in the highest limb; every whole block has it. */
export const BLOCK_HIGH_BIT = 1 << 18;

/** Adding and subtracting this rounds to a multiple of 2^22: there the last bit of a double counts 2^22. */
const ROUND = 1.5 * 2 ** 74;

/** From a carry to what it counts in the next limb. */
const NEXT = 2 ** -22;

/** From the carry of the highest limb to what it counts in the lowest. */
const WRAP = WRAP_FACTOR * NEXT;

/**
 * Takes in whole blocks, one after the other.
 *
 * @param sum The limbs of the sum so far; changed.
 * @param rows The row of r; only read. More may follow.
 * @param view The memory with the blocks; only read.
 * @param start Where they start.
 * @param end Where they end: whole blocks after `start`.
 * @param high What stands above the 16 bytes of a block, in the highest limb: {@linkcode BLOCK_HIGH_BIT}, or 0
 * for a last block that is filled up with a 1 and zeros.
 */
export function absorbBlocks(
  sum: Float64Array,
  rows: Float64Array,
  view: DataView,
  start: number,
  end: number,
  high: number,
): void {
  const r0 = rows[0]!, r1 = rows[1]!, r2 = rows[2]!, r3 = rows[3]!, r4 = rows[4]!, r5 = rows[5]!;
  const r6 = rows[6]!, r7 = rows[7]!, r8 = rows[8]!, r9 = rows[9]!, r10 = rows[10]!;
  let h0 = sum[0]!, h1 = sum[1]!, h2 = sum[2]!, h3 = sum[3]!, h4 = sum[4]!, h5 = sum[5]!;
  for (let at = start; at < end; at += POLY1305_BLOCK_BYTES) {
    const w0 = view.getInt32(at, true), w1 = view.getInt32(at + 4, true), w2 = view.getInt32(at + 8, true);
    const w3 = view.getInt32(at + 12, true);
    const m0 = h0 + (w0 & LIMB_MASK), m1 = h1 + ((w0 >>> 22 | w1 << 10) & LIMB_MASK);
    const m2 = h2 + ((w1 >>> 12 | w2 << 20) & LIMB_MASK), m3 = h3 + (w2 >>> 2 & LIMB_MASK);
    const m4 = h4 + ((w2 >>> 24 | w3 << 8) & LIMB_MASK), m5 = h5 + (w3 >>> 14 | high);
    const d0 = m0 * r0 + m1 * r10 + m2 * r9 + m3 * r8 + m4 * r7 + m5 * r6;
    const d1 = m0 * r1 + m1 * r0 + m2 * r10 + m3 * r9 + m4 * r8 + m5 * r7;
    const d2 = m0 * r2 + m1 * r1 + m2 * r0 + m3 * r10 + m4 * r9 + m5 * r8;
    const d3 = m0 * r3 + m1 * r2 + m2 * r1 + m3 * r0 + m4 * r10 + m5 * r9;
    const d4 = m0 * r4 + m1 * r3 + m2 * r2 + m3 * r1 + m4 * r0 + m5 * r10;
    const d5 = m0 * r5 + m1 * r4 + m2 * r3 + m3 * r2 + m4 * r1 + m5 * r0;
    const c0 = (d0 + ROUND) - ROUND, c1 = (d1 + ROUND) - ROUND, c2 = (d2 + ROUND) - ROUND;
    const c3 = (d3 + ROUND) - ROUND, c4 = (d4 + ROUND) - ROUND, c5 = (d5 + ROUND) - ROUND;
    const e0 = d0 - c0 + c5 * WRAP, e1 = d1 - c1 + c0 * NEXT, e2 = d2 - c2 + c1 * NEXT;
    const e3 = d3 - c3 + c2 * NEXT, e4 = d4 - c4 + c3 * NEXT, e5 = d5 - c5 + c4 * NEXT;
    const f0 = (e0 + ROUND) - ROUND, f1 = (e1 + ROUND) - ROUND, f2 = (e2 + ROUND) - ROUND;
    const f3 = (e3 + ROUND) - ROUND, f4 = (e4 + ROUND) - ROUND, f5 = (e5 + ROUND) - ROUND;
    h0 = e0 - f0 + f5 * WRAP, h1 = e1 - f1 + f0 * NEXT, h2 = e2 - f2 + f1 * NEXT;
    h3 = e3 - f3 + f2 * NEXT, h4 = e4 - f4 + f3 * NEXT, h5 = e5 - f5 + f4 * NEXT;
  }
  sum[0] = h0, sum[1] = h1, sum[2] = h2, sum[3] = h3, sum[4] = h4, sum[5] = h5;
}

/**
 * Takes in whole blocks, four at a time: sum = (sum + block 0) r^4 + block 1 r^3 + block 2 r^2 + block 3 r.
 *
 * @param sum The limbs of the sum so far; changed.
 * @param rows The rows of r, r^2, r^3 and r^4; only read.
 * @param view The memory with the blocks; only read.
 * @param start Where they start.
 * @param end Where they end: whole quads of blocks after `start`.
 */
export function absorbQuads(sum: Float64Array, rows: Float64Array, view: DataView, start: number, end: number): void {
  const r0 = rows[0]!, r1 = rows[1]!, r2 = rows[2]!, r3 = rows[3]!, r4 = rows[4]!, r5 = rows[5]!;
  const r6 = rows[6]!, r7 = rows[7]!, r8 = rows[8]!, r9 = rows[9]!, r10 = rows[10]!;
  const s0 = rows[11]!, s1 = rows[12]!, s2 = rows[13]!, s3 = rows[14]!, s4 = rows[15]!, s5 = rows[16]!;
  const s6 = rows[17]!, s7 = rows[18]!, s8 = rows[19]!, s9 = rows[20]!, s10 = rows[21]!;
  const t0 = rows[22]!, t1 = rows[23]!, t2 = rows[24]!, t3 = rows[25]!, t4 = rows[26]!, t5 = rows[27]!;
  const t6 = rows[28]!, t7 = rows[29]!, t8 = rows[30]!, t9 = rows[31]!, t10 = rows[32]!;
  const u0 = rows[33]!, u1 = rows[34]!, u2 = rows[35]!, u3 = rows[36]!, u4 = rows[37]!, u5 = rows[38]!;
  const u6 = rows[39]!, u7 = rows[40]!, u8 = rows[41]!, u9 = rows[42]!, u10 = rows[43]!;
  let h0 = sum[0]!, h1 = sum[1]!, h2 = sum[2]!, h3 = sum[3]!, h4 = sum[4]!, h5 = sum[5]!;
  for (let at = start; at < end; at += POLY1305_QUAD_BYTES) {
    const w0 = view.getInt32(at, true), w1 = view.getInt32(at + 4, true), w2 = view.getInt32(at + 8, true);
    const w3 = view.getInt32(at + 12, true), w4 = view.getInt32(at + 16, true), w5 = view.getInt32(at + 20, true);
    const w6 = view.getInt32(at + 24, true), w7 = view.getInt32(at + 28, true), w8 = view.getInt32(at + 32, true);
    const w9 = view.getInt32(at + 36, true), w10 = view.getInt32(at + 40, true), w11 = view.getInt32(at + 44, true);
    const w12 = view.getInt32(at + 48, true), w13 = view.getInt32(at + 52, true), w14 = view.getInt32(at + 56, true);
    const w15 = view.getInt32(at + 60, true);
    const k0 = w4 & LIMB_MASK, k1 = (w4 >>> 22 | w5 << 10) & LIMB_MASK;
    const k2 = (w5 >>> 12 | w6 << 20) & LIMB_MASK, k3 = w6 >>> 2 & LIMB_MASK;
    const k4 = (w6 >>> 24 | w7 << 8) & LIMB_MASK, k5 = w7 >>> 14 | BLOCK_HIGH_BIT;
    const m0 = w8 & LIMB_MASK, m1 = (w8 >>> 22 | w9 << 10) & LIMB_MASK;
    const m2 = (w9 >>> 12 | w10 << 20) & LIMB_MASK, m3 = w10 >>> 2 & LIMB_MASK;
    const m4 = (w10 >>> 24 | w11 << 8) & LIMB_MASK, m5 = w11 >>> 14 | BLOCK_HIGH_BIT;
    const n0 = w12 & LIMB_MASK, n1 = (w12 >>> 22 | w13 << 10) & LIMB_MASK;
    const n2 = (w13 >>> 12 | w14 << 20) & LIMB_MASK, n3 = w14 >>> 2 & LIMB_MASK;
    const n4 = (w14 >>> 24 | w15 << 8) & LIMB_MASK, n5 = w15 >>> 14 | BLOCK_HIGH_BIT;
    const g0 = h0 + (w0 & LIMB_MASK), g1 = h1 + ((w0 >>> 22 | w1 << 10) & LIMB_MASK);
    const g2 = h2 + ((w1 >>> 12 | w2 << 20) & LIMB_MASK), g3 = h3 + (w2 >>> 2 & LIMB_MASK);
    const g4 = h4 + ((w2 >>> 24 | w3 << 8) & LIMB_MASK), g5 = h5 + (w3 >>> 14 | BLOCK_HIGH_BIT);
    const d0 = k0 * t0 + k1 * t10 + k2 * t9 + k3 * t8 + k4 * t7 + k5 * t6 + m0 * s0 + m1 * s10 + m2 * s9 + m3 * s8 +
      m4 * s7 + m5 * s6 + n0 * r0 + n1 * r10 + n2 * r9 + n3 * r8 + n4 * r7 + n5 * r6 + g0 * u0 + g1 * u10 + g2 * u9 +
      g3 * u8 + g4 * u7 + g5 * u6;
    const d1 = k0 * t1 + k1 * t0 + k2 * t10 + k3 * t9 + k4 * t8 + k5 * t7 + m0 * s1 + m1 * s0 + m2 * s10 + m3 * s9 +
      m4 * s8 + m5 * s7 + n0 * r1 + n1 * r0 + n2 * r10 + n3 * r9 + n4 * r8 + n5 * r7 + g0 * u1 + g1 * u0 + g2 * u10 +
      g3 * u9 + g4 * u8 + g5 * u7;
    const d2 = k0 * t2 + k1 * t1 + k2 * t0 + k3 * t10 + k4 * t9 + k5 * t8 + m0 * s2 + m1 * s1 + m2 * s0 + m3 * s10 +
      m4 * s9 + m5 * s8 + n0 * r2 + n1 * r1 + n2 * r0 + n3 * r10 + n4 * r9 + n5 * r8 + g0 * u2 + g1 * u1 + g2 * u0 +
      g3 * u10 + g4 * u9 + g5 * u8;
    const d3 = k0 * t3 + k1 * t2 + k2 * t1 + k3 * t0 + k4 * t10 + k5 * t9 + m0 * s3 + m1 * s2 + m2 * s1 + m3 * s0 +
      m4 * s10 + m5 * s9 + n0 * r3 + n1 * r2 + n2 * r1 + n3 * r0 + n4 * r10 + n5 * r9 + g0 * u3 + g1 * u2 + g2 * u1 +
      g3 * u0 + g4 * u10 + g5 * u9;
    const d4 = k0 * t4 + k1 * t3 + k2 * t2 + k3 * t1 + k4 * t0 + k5 * t10 + m0 * s4 + m1 * s3 + m2 * s2 + m3 * s1 +
      m4 * s0 + m5 * s10 + n0 * r4 + n1 * r3 + n2 * r2 + n3 * r1 + n4 * r0 + n5 * r10 + g0 * u4 + g1 * u3 + g2 * u2 +
      g3 * u1 + g4 * u0 + g5 * u10;
    const d5 = k0 * t5 + k1 * t4 + k2 * t3 + k3 * t2 + k4 * t1 + k5 * t0 + m0 * s5 + m1 * s4 + m2 * s3 + m3 * s2 +
      m4 * s1 + m5 * s0 + n0 * r5 + n1 * r4 + n2 * r3 + n3 * r2 + n4 * r1 + n5 * r0 + g0 * u5 + g1 * u4 + g2 * u3 +
      g3 * u2 + g4 * u1 + g5 * u0;
    const c0 = (d0 + ROUND) - ROUND, c1 = (d1 + ROUND) - ROUND, c2 = (d2 + ROUND) - ROUND;
    const c3 = (d3 + ROUND) - ROUND, c4 = (d4 + ROUND) - ROUND, c5 = (d5 + ROUND) - ROUND;
    const e0 = d0 - c0 + c5 * WRAP, e1 = d1 - c1 + c0 * NEXT, e2 = d2 - c2 + c1 * NEXT;
    const e3 = d3 - c3 + c2 * NEXT, e4 = d4 - c4 + c3 * NEXT, e5 = d5 - c5 + c4 * NEXT;
    const f0 = (e0 + ROUND) - ROUND, f1 = (e1 + ROUND) - ROUND, f2 = (e2 + ROUND) - ROUND;
    const f3 = (e3 + ROUND) - ROUND, f4 = (e4 + ROUND) - ROUND, f5 = (e5 + ROUND) - ROUND;
    h0 = e0 - f0 + f5 * WRAP, h1 = e1 - f1 + f0 * NEXT, h2 = e2 - f2 + f1 * NEXT;
    h3 = e3 - f3 + f2 * NEXT, h4 = e4 - f4 + f3 * NEXT, h5 = e5 - f5 + f4 * NEXT;
  }
  sum[0] = h0, sum[1] = h1, sum[2] = h2, sum[3] = h3, sum[4] = h4, sum[5] = h5;
}

/**
 * Makes the row of a product of two powers of r.
 *
 * @param rows The rows; one of them changes.
 * @param left Where the row of one power starts.
 * @param right Where that of the other starts.
 * @param into Where that of the product starts.
 */
export function multiplyRows(rows: Float64Array, left: number, right: number, into: number): void {
  const m0 = rows[left]!, m1 = rows[left + 1]!, m2 = rows[left + 2]!;
  const m3 = rows[left + 3]!, m4 = rows[left + 4]!, m5 = rows[left + 5]!;
  const r0 = rows[right]!, r1 = rows[right + 1]!, r2 = rows[right + 2]!, r3 = rows[right + 3]!;
  const r4 = rows[right + 4]!, r5 = rows[right + 5]!, r6 = rows[right + 6]!, r7 = rows[right + 7]!;
  const r8 = rows[right + 8]!, r9 = rows[right + 9]!, r10 = rows[right + 10]!;
  const d0 = m0 * r0 + m1 * r10 + m2 * r9 + m3 * r8 + m4 * r7 + m5 * r6;
  const d1 = m0 * r1 + m1 * r0 + m2 * r10 + m3 * r9 + m4 * r8 + m5 * r7;
  const d2 = m0 * r2 + m1 * r1 + m2 * r0 + m3 * r10 + m4 * r9 + m5 * r8;
  const d3 = m0 * r3 + m1 * r2 + m2 * r1 + m3 * r0 + m4 * r10 + m5 * r9;
  const d4 = m0 * r4 + m1 * r3 + m2 * r2 + m3 * r1 + m4 * r0 + m5 * r10;
  const d5 = m0 * r5 + m1 * r4 + m2 * r3 + m3 * r2 + m4 * r1 + m5 * r0;
  const c0 = (d0 + ROUND) - ROUND, c1 = (d1 + ROUND) - ROUND, c2 = (d2 + ROUND) - ROUND;
  const c3 = (d3 + ROUND) - ROUND, c4 = (d4 + ROUND) - ROUND, c5 = (d5 + ROUND) - ROUND;
  const e0 = d0 - c0 + c5 * WRAP, e1 = d1 - c1 + c0 * NEXT, e2 = d2 - c2 + c1 * NEXT;
  const e3 = d3 - c3 + c2 * NEXT, e4 = d4 - c4 + c3 * NEXT, e5 = d5 - c5 + c4 * NEXT;
  const f0 = (e0 + ROUND) - ROUND, f1 = (e1 + ROUND) - ROUND, f2 = (e2 + ROUND) - ROUND;
  const f3 = (e3 + ROUND) - ROUND, f4 = (e4 + ROUND) - ROUND, f5 = (e5 + ROUND) - ROUND;
  const h0 = e0 - f0 + f5 * WRAP, h1 = e1 - f1 + f0 * NEXT, h2 = e2 - f2 + f1 * NEXT;
  const h3 = e3 - f3 + f2 * NEXT, h4 = e4 - f4 + f3 * NEXT, h5 = e5 - f5 + f4 * NEXT;
  rows[into] = h0, rows[into + 1] = h1, rows[into + 2] = h2;
  rows[into + 3] = h3, rows[into + 4] = h4, rows[into + 5] = h5;
  rows[into + 6] = h1 * WRAP_FACTOR, rows[into + 7] = h2 * WRAP_FACTOR, rows[into + 8] = h3 * WRAP_FACTOR;
  rows[into + 9] = h4 * WRAP_FACTOR, rows[into + 10] = h5 * WRAP_FACTOR;
}
