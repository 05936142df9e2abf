/**
 * One Poly1305 (RFC 8439 2.5) at a time: the key goes in, blocks go in, the tag comes out.
 *
 * Invariant: nothing is allocated after the constructor, and neither a branch nor an index depends on key or message;
 * whether four blocks are taken at once depends on lengths alone. The powers of r that this takes are made when the
 * first long run comes, because they cost as much as three blocks.
 *
 * @module
 */
import {
  absorbBlocks,
  absorbQuads,
  BLOCK_HIGH_BIT,
  LIMB_BITS,
  LIMB_MASK,
  LIMBS,
  multiplyRows,
  POLY1305_QUAD_BYTES,
  ROW_LENGTH,
  WRAP_FACTOR,
} from "./poly1305_blocks.ts";

/** From this length on the powers of r are worth their price. */
const MIN_QUADS_BYTES = 5 * POLY1305_QUAD_BYTES;

/** The powers of r: as many as a quad has blocks. */
const ROWS = 4;

/** The part of limb 5 below 2^130. */
const TOP_BITS = 20;
const TOP_MASK = (1 << TOP_BITS) - 1;

/** The limbs of 4 p = 2^132 - 20: added, they make every limb of a sum positive and leave it the same mod p. */
const LIFT_LOW = LIMB_MASK + 1 - WRAP_FACTOR;
const LIFT = LIMB_MASK;

/** A one-time authenticator that is used again and again, each time under another key. */
export class Poly1305 {
  readonly #sum = new Float64Array(LIMBS);
  readonly #rows = new Float64Array(ROWS * ROW_LENGTH);
  readonly #pad = new Int32Array(4);
  #hasPowers = false;

  /**
   * Starts over with another key.
   *
   * @param key The memory whose first 32 bytes are the key; only read.
   */
  begin(key: DataView): void {
    const rows = this.#rows;
    const w0 = key.getInt32(0, true) & 0x0fffffff, w1 = key.getInt32(4, true) & 0x0ffffffc;
    const w2 = key.getInt32(8, true) & 0x0ffffffc, w3 = key.getInt32(12, true) & 0x0ffffffc;
    const r1 = (w0 >>> 22 | w1 << 10) & LIMB_MASK, r2 = (w1 >>> 12 | w2 << 20) & LIMB_MASK;
    const r3 = w2 >>> 2 & LIMB_MASK, r4 = (w2 >>> 24 | w3 << 8) & LIMB_MASK, r5 = w3 >>> 14;
    rows[0] = w0 & LIMB_MASK, rows[1] = r1, rows[2] = r2, rows[3] = r3, rows[4] = r4, rows[5] = r5;
    rows[6] = r1 * WRAP_FACTOR, rows[7] = r2 * WRAP_FACTOR, rows[8] = r3 * WRAP_FACTOR;
    rows[9] = r4 * WRAP_FACTOR, rows[10] = r5 * WRAP_FACTOR;
    const pad = this.#pad;
    pad[0] = key.getInt32(16, true), pad[1] = key.getInt32(20, true);
    pad[2] = key.getInt32(24, true), pad[3] = key.getInt32(28, true);
    const sum = this.#sum;
    sum[0] = 0, sum[1] = 0, sum[2] = 0, sum[3] = 0, sum[4] = 0, sum[5] = 0;
    this.#hasPowers = false;
  }

  /**
   * Takes in whole blocks.
   *
   * @param view The memory; only read.
   * @param start Where they start.
   * @param end Where they end: whole blocks after `start`.
   * @param high What stands above the 16 bytes of each block: {@linkcode BLOCK_HIGH_BIT}, or 0 for a last block that
   * was shorter and is filled up with a 1 and zeros (RFC 8439 2.5.1).
   */
  absorb(view: DataView, start: number, end: number, high: number = BLOCK_HIGH_BIT): void {
    let at = start;
    if (end - start >= (this.#hasPowers ? POLY1305_QUAD_BYTES : MIN_QUADS_BYTES)) {
      if (!this.#hasPowers) this.#makePowers();
      at = end - (end - start) % POLY1305_QUAD_BYTES;
      absorbQuads(this.#sum, this.#rows, view, start, at);
    }
    if (at < end) absorbBlocks(this.#sum, this.#rows, view, at, end, high);
  }

  /**
   * Ends, and writes the tag.
   *
   * @param into Memory whose first 16 bytes become the tag.
   */
  finish(into: DataView): void {
    const sum = this.#sum;
    let l0 = (sum[0]! + LIFT_LOW) | 0, l1 = (sum[1]! + LIFT) | 0, l2 = (sum[2]! + LIFT) | 0;
    let l3 = (sum[3]! + LIFT) | 0, l4 = (sum[4]! + LIFT) | 0, l5 = (sum[5]! + LIFT) | 0;
    // Twice: what the first round leaves above 2^130 counts 5 times at the bottom, and may carry up again.
    for (let round = 0; round < 2; round++) {
      l1 += l0 >>> LIMB_BITS, l0 &= LIMB_MASK;
      l2 += l1 >>> LIMB_BITS, l1 &= LIMB_MASK;
      l3 += l2 >>> LIMB_BITS, l2 &= LIMB_MASK;
      l4 += l3 >>> LIMB_BITS, l3 &= LIMB_MASK;
      l5 += l4 >>> LIMB_BITS, l4 &= LIMB_MASK;
      l0 += (l5 >>> TOP_BITS) * 5, l5 &= TOP_MASK;
    }
    // The sum is at least p when adding 5 reaches 2^130; then what is below that bit is the sum less p.
    let g0 = l0 + 5, g1 = l1 + (g0 >>> LIMB_BITS), g2 = l2 + (g1 >>> LIMB_BITS);
    let g3 = l3 + (g2 >>> LIMB_BITS), g4 = l4 + (g3 >>> LIMB_BITS), g5 = l5 + (g4 >>> LIMB_BITS);
    const reduced = 0 - (g5 >>> TOP_BITS);
    g0 &= LIMB_MASK, g1 &= LIMB_MASK, g2 &= LIMB_MASK, g3 &= LIMB_MASK, g4 &= LIMB_MASK, g5 &= TOP_MASK;
    l0 ^= (l0 ^ g0) & reduced, l1 ^= (l1 ^ g1) & reduced, l2 ^= (l2 ^ g2) & reduced;
    l3 ^= (l3 ^ g3) & reduced, l4 ^= (l4 ^ g4) & reduced, l5 ^= (l5 ^ g5) & reduced;
    const pad = this.#pad;
    const p0 = pad[0]!, p1 = pad[1]!, p2 = pad[2]!, p3 = pad[3]!;
    const w0 = l0 | l1 << 22, w1 = l1 >>> 10 | l2 << 12, w2 = l2 >>> 20 | l3 << 2 | l4 << 24, w3 = l4 >>> 8 | l5 << 14;
    const t0 = (w0 + p0) | 0, t1 = (w1 + p1 + carryOf(w0, p0, t0)) | 0, t2 = (w2 + p2 + carryOf(w1, p1, t1)) | 0;
    into.setInt32(0, t0, true);
    into.setInt32(4, t1, true);
    into.setInt32(8, t2, true);
    into.setInt32(12, (w3 + p3 + carryOf(w2, p2, t2)) | 0, true);
  }

  /** Makes the rows of r^2, r^3 and r^4. */
  #makePowers(): void {
    const rows = this.#rows;
    multiplyRows(rows, 0, 0, ROW_LENGTH);
    multiplyRows(rows, ROW_LENGTH, 0, 2 * ROW_LENGTH);
    multiplyRows(rows, ROW_LENGTH, ROW_LENGTH, 3 * ROW_LENGTH);
    this.#hasPowers = true;
  }
}

/** What an addition of two words carries, told by its 32 bits. */
function carryOf(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31;
}
