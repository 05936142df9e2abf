/**
 * Ids as bytes, as map keys and as text.
 *
 * Why a number as key: a text for every id in every datagram would be garbage by the megabyte. Two ids with one key are
 * told apart by their bytes; the second one is refused where a table has the first.
 *
 * @module
 */

/**
 * Mixes 16 bytes to an integer below 2^52.
 *
 * @param bytes The memory.
 * @param at Where the id starts.
 * @returns The key.
 */
export function idKey(bytes: Uint8Array, at: number): number {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = at; i < at + 16; i += 4) {
    const word = bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24;
    a = Math.imul(a ^ word, 0x01000193) ^ (a >>> 15);
    b = Math.imul(b + word, 0xc2b2ae35) ^ (b >>> 13);
  }
  return ((a ^ a >>> 16) >>> 6) * 0x400_0000 + ((b ^ b >>> 16) >>> 6);
}

/**
 * Whether two ranges have the same bytes. Not for secrets.
 *
 * @param a One memory.
 * @param aAt Where its range starts.
 * @param b The other.
 * @param bAt Where its range starts.
 * @param count How many bytes.
 * @returns Whether they do.
 */
export function sameBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/**
 * Writes bytes as text.
 *
 * @param bytes The bytes.
 * @returns Two lower-case hexadecimal digits for each.
 */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}
