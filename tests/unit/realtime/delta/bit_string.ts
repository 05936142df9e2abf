/**
 * The reference of the bit codes: strings of 0 and 1, written one bit at a time.
 *
 * @module
 */

/**
 * A number in binary.
 *
 * @param value 32 bits.
 * @param bits How many of the low ones.
 * @returns As many digits.
 */
export function binary(value: number, bits: number): string {
  return bits === 0 ? "" : (value >>> 0).toString(2).padStart(32, "0").slice(32 - bits);
}

/**
 * The limited Rice code of a number.
 *
 * @param value 32 bits.
 * @param parameter How many low bits are written as they are.
 * @param bits The width of the largest value.
 * @returns Its digits.
 */
export function riceCode(value: number, parameter: number, bits: number): string {
  const quotient = Math.floor((value >>> 0) / 2 ** parameter);
  return quotient < 12 ? "1".repeat(quotient) + "0" + binary(value, parameter) : "1".repeat(12) + binary(value, bits);
}

/**
 * Packs digits into bytes.
 *
 * @param digits The digits.
 * @returns The bytes, the last one filled up with zeros.
 */
export function packed(digits: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(digits.length / 8));
  for (let i = 0; i < digits.length; i++) if (digits[i] === "1") bytes[i >> 3]! |= 0x80 >> (i & 7);
  return bytes;
}
