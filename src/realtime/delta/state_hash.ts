/**
 * The checksum of a reconstructed state: MurmurHash3_x86_32 by Austin Appleby, over bytes or over words.
 *
 * It finds mistakes, not attackers: whoever can forge packets can forge it too. Invariant: hashing words gives what
 * hashing the same words as little-endian bytes gives, so both levels of the delta share one definition.
 *
 * @module
 */

/**
 * Hashes a range of bytes.
 *
 * @param bytes The memory; only read.
 * @param start The index of the first byte.
 * @param end The index after the last byte.
 * @param seed Any 32-bit integer.
 * @returns The hash, an integer from 0 to 2^32 - 1.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  return finishHash(mixBytes(seed, bytes, start, end), end - start);
}

/**
 * Takes a range of bytes into a running hash, four at a time and the last ones filled up with zeros.
 *
 * @param hash The hash so far; a seed at first.
 * @param bytes The memory; only read.
 * @param start The index of the first byte.
 * @param end The index after the last byte.
 * @returns The new hash so far.
 */
export function mixBytes(hash: number, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = mixWord(
      hash,
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24),
    );
  }
  if (at === end) return hash;
  let tail = 0;
  for (let shift = 0; at < end; at++, shift += 8) tail |= bytes[at]! << shift;
  return hash ^ scramble(tail);
}

/**
 * Takes one word into a running hash.
 *
 * @param hash The hash so far; a seed at first.
 * @param word 32 bits.
 * @returns The new hash so far.
 */
export function mixWord(hash: number, word: number): number {
  const mixed = hash ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/**
 * Ends a running hash.
 *
 * @param hash The hash so far.
 * @param length How many bytes went in; a word counts four.
 * @returns The hash, an integer from 0 to 2^32 - 1.
 */
export function finishHash(hash: number, length: number): number {
  let mixed = hash ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
