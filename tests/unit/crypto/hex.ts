/**
 * Bytes written as hexadecimal digits.
 *
 * @module
 */

/**
 * Reads bytes.
 *
 * @param digits Pairs of hexadecimal digits; white space between them is passed over.
 * @returns The bytes.
 */
export function hex(digits: string): Uint8Array {
  const text = digits.replace(/\s+/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new Error(`No bytes: ${digits}`);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
