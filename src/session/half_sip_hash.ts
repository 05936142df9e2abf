/**
 * HalfSipHash-2-4 (Aumasson and Bernstein, the 32-bit sibling of SipHash): a short keyed hash that is cheap on 32-bit
 * words.
 *
 * It masks worker indices inside connection ids and spreads addresses over tables, so that nobody without the key
 * steers either. It guards no secret: what has to be unforgeable is an HMAC. Only whole words are hashed.
 *
 * @module
 */

/**
 * Hashes words under a key.
 *
 * @param key0 The first word of the key.
 * @param key1 The second word of the key.
 * @param words The words to hash, each standing for four bytes, low byte first.
 * @param count How many of them, from the first; at most 63.
 * @returns A 32-bit integer, signed.
 */
export function halfSipHash(key0: number, key1: number, words: Int32Array, count: number): number {
  let v0 = key0;
  let v1 = key1;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  for (let i = 0; i <= count + 2; i++) {
    // After the words comes one with the length in bytes, then the end mark and twice as many rounds.
    const word = i < count ? words[i]! : i === count ? count << 26 : 0;
    v3 ^= word;
    if (i === count + 1) v2 ^= 0xff;
    for (let round = 0; round < 2; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
  }
  return v1 ^ v3;
}
