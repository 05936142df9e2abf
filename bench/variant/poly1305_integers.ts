/**
 * A variant of Poly1305 that lost: ten limbs of 13 bits, multiplied as integers.
 *
 * It is the usual way where integers have 32 bits. It needs 100 products for a block where six doubles of 22 bits need
 * 36, and carries within each column because ten products of 26 bits fill a word, so that several blocks at once would
 * gain nothing. `absorbBlocks` in `src/crypto/poly1305_blocks.ts` is twice as fast, `absorbQuads` four times.
 *
 * @module
 */

const LIMB_BITS = 13;
const LIMB_MASK = (1 << LIMB_BITS) - 1;
const HIGH_BIT = 1 << 11;
const { imul } = Math;

/**
 * Takes in whole blocks.
 *
 * @param sum The ten limbs of the sum; changed.
 * @param r The ten limbs of r.
 * @param view The memory with the blocks.
 * @param start Where they start.
 * @param end Where they end.
 */
export function absorbIntegers(sum: Int32Array, r: Int32Array, view: DataView, start: number, end: number): void {
  const r0 = r[0]!, r1 = r[1]!, r2 = r[2]!, r3 = r[3]!, r4 = r[4]!;
  const r5 = r[5]!, r6 = r[6]!, r7 = r[7]!, r8 = r[8]!, r9 = r[9]!;
  const s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5, s5 = r5 * 5;
  const s6 = r6 * 5, s7 = r7 * 5, s8 = r8 * 5, s9 = r9 * 5;
  for (let at = start; at < end; at += 16) {
    const w0 = view.getInt32(at, true), w1 = view.getInt32(at + 4, true);
    const w2 = view.getInt32(at + 8, true), w3 = view.getInt32(at + 12, true);
    const h0 = sum[0]! + (w0 & LIMB_MASK), h1 = sum[1]! + ((w0 >>> 13) & LIMB_MASK);
    const h2 = sum[2]! + ((w0 >>> 26 | w1 << 6) & LIMB_MASK), h3 = sum[3]! + ((w1 >>> 7) & LIMB_MASK);
    const h4 = sum[4]! + ((w1 >>> 20 | w2 << 12) & LIMB_MASK), h5 = sum[5]! + ((w2 >>> 1) & LIMB_MASK);
    const h6 = sum[6]! + ((w2 >>> 14) & LIMB_MASK), h7 = sum[7]! + ((w2 >>> 27 | w3 << 5) & LIMB_MASK);
    const h8 = sum[8]! + ((w3 >>> 8) & LIMB_MASK), h9 = sum[9]! + (w3 >>> 21 | HIGH_BIT);
    let d = imul(h0, r0) + imul(h1, s9) + imul(h2, s8) + imul(h3, s7) + imul(h4, s6);
    const e0 = (d & LIMB_MASK) + imul(h5, s5) + imul(h6, s4) + imul(h7, s3) + imul(h8, s2) + imul(h9, s1);
    let carry = ((d >>> LIMB_BITS) + (e0 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r1) + imul(h1, r0) + imul(h2, s9) + imul(h3, s8) + imul(h4, s7);
    const e1 = (d & LIMB_MASK) + imul(h5, s6) + imul(h6, s5) + imul(h7, s4) + imul(h8, s3) + imul(h9, s2);
    carry = ((d >>> LIMB_BITS) + (e1 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r2) + imul(h1, r1) + imul(h2, r0) + imul(h3, s9) + imul(h4, s8);
    const e2 = (d & LIMB_MASK) + imul(h5, s7) + imul(h6, s6) + imul(h7, s5) + imul(h8, s4) + imul(h9, s3);
    carry = ((d >>> LIMB_BITS) + (e2 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r3) + imul(h1, r2) + imul(h2, r1) + imul(h3, r0) + imul(h4, s9);
    const e3 = (d & LIMB_MASK) + imul(h5, s8) + imul(h6, s7) + imul(h7, s6) + imul(h8, s5) + imul(h9, s4);
    carry = ((d >>> LIMB_BITS) + (e3 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r4) + imul(h1, r3) + imul(h2, r2) + imul(h3, r1) + imul(h4, r0);
    const e4 = (d & LIMB_MASK) + imul(h5, s9) + imul(h6, s8) + imul(h7, s7) + imul(h8, s6) + imul(h9, s5);
    carry = ((d >>> LIMB_BITS) + (e4 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r5) + imul(h1, r4) + imul(h2, r3) + imul(h3, r2) + imul(h4, r1);
    const e5 = (d & LIMB_MASK) + imul(h5, r0) + imul(h6, s9) + imul(h7, s8) + imul(h8, s7) + imul(h9, s6);
    carry = ((d >>> LIMB_BITS) + (e5 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r6) + imul(h1, r5) + imul(h2, r4) + imul(h3, r3) + imul(h4, r2);
    const e6 = (d & LIMB_MASK) + imul(h5, r1) + imul(h6, r0) + imul(h7, s9) + imul(h8, s8) + imul(h9, s7);
    carry = ((d >>> LIMB_BITS) + (e6 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r7) + imul(h1, r6) + imul(h2, r5) + imul(h3, r4) + imul(h4, r3);
    const e7 = (d & LIMB_MASK) + imul(h5, r2) + imul(h6, r1) + imul(h7, r0) + imul(h8, s9) + imul(h9, s8);
    carry = ((d >>> LIMB_BITS) + (e7 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r8) + imul(h1, r7) + imul(h2, r6) + imul(h3, r5) + imul(h4, r4);
    const e8 = (d & LIMB_MASK) + imul(h5, r3) + imul(h6, r2) + imul(h7, r1) + imul(h8, r0) + imul(h9, s9);
    carry = ((d >>> LIMB_BITS) + (e8 >>> LIMB_BITS)) | 0;
    d = carry + imul(h0, r9) + imul(h1, r8) + imul(h2, r7) + imul(h3, r6) + imul(h4, r5);
    const e9 = (d & LIMB_MASK) + imul(h5, r4) + imul(h6, r3) + imul(h7, r2) + imul(h8, r1) + imul(h9, r0);
    carry = ((d >>> LIMB_BITS) + (e9 >>> LIMB_BITS)) | 0;
    const low = carry * 5 + (e0 & LIMB_MASK);
    sum[0] = low & LIMB_MASK, sum[1] = (e1 & LIMB_MASK) + (low >>> LIMB_BITS), sum[2] = e2 & LIMB_MASK;
    sum[3] = e3 & LIMB_MASK, sum[4] = e4 & LIMB_MASK, sum[5] = e5 & LIMB_MASK, sum[6] = e6 & LIMB_MASK;
    sum[7] = e7 & LIMB_MASK, sum[8] = e8 & LIMB_MASK, sum[9] = e9 & LIMB_MASK;
  }
}
