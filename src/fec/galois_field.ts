/**
 * The field of 256 elements that Reed–Solomon codes compute in: bytes, with XOR as addition and multiplication modulo
 * x^8 + x^4 + x^3 + x^2 + 1 (0x11d), in which 2 generates all elements but 0.
 *
 * Invariant: the tables never change. Why a table of all products: in the loops over bytes one load is cheaper than two
 * logarithms, a sum and a power.
 *
 * @module
 */

const POLYNOMIAL = 0x11d;
const ORDER = 255;

const powers: Uint8Array = powersOfTwo();
const logarithms: Uint8Array = logarithmsOf(powers);

/** The product of any two elements: that of `a` and `b` is at `(a << 8) | b`. */
export const PRODUCTS: Uint8Array = allProducts();

/**
 * Multiplies two elements.
 *
 * @param a 0 to 255.
 * @param b 0 to 255.
 * @returns Their product, 0 to 255.
 */
export function multiply(a: number, b: number): number {
  return PRODUCTS[(a << 8) | b]!;
}

/**
 * Divides two elements.
 *
 * @param a 0 to 255.
 * @param b 1 to 255.
 * @returns The element whose product with `b` is `a`.
 */
export function divide(a: number, b: number): number {
  return a === 0 ? 0 : powers[(logarithms[a]! + ORDER - logarithms[b]!) % ORDER]!;
}

function powersOfTwo(): Uint8Array {
  const table = new Uint8Array(ORDER);
  let power = 1;
  for (let i = 0; i < ORDER; i++) {
    table[i] = power;
    power <<= 1;
    if (power > 0xff) power ^= POLYNOMIAL;
  }
  return table;
}

function logarithmsOf(table: Uint8Array): Uint8Array {
  const inverse = new Uint8Array(256);
  for (let i = 0; i < ORDER; i++) inverse[table[i]!] = i;
  return inverse;
}

function allProducts(): Uint8Array {
  const products = new Uint8Array(0x1_0000);
  for (let a = 1; a < 256; a++) {
    for (let b = 1; b < 256; b++) products[(a << 8) | b] = powers[(logarithms[a]! + logarithms[b]!) % ORDER]!;
  }
  return products;
}
