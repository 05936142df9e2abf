/**
 * BLAKE3 and Bao as their papers write them down: recursive, slow, and the reference of what `src/asset` computes.
 *
 * @module
 */

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const LEAF_BYTES = 1024;
const [START, END, PARENT, ROOT] = [1, 2, 4, 8];

function rotated(value: number, count: number): number {
  return ((value >>> count) | (value << (32 - count))) >>> 0;
}

function mix(v: number[], a: number, b: number, c: number, d: number, x: number, y: number): void {
  v[a] = (v[a]! + v[b]! + x) >>> 0;
  v[d] = rotated(v[d]! ^ v[a]!, 16);
  v[c] = (v[c]! + v[d]!) >>> 0;
  v[b] = rotated(v[b]! ^ v[c]!, 12);
  v[a] = (v[a]! + v[b]! + y) >>> 0;
  v[d] = rotated(v[d]! ^ v[a]!, 8);
  v[c] = (v[c]! + v[d]!) >>> 0;
  v[b] = rotated(v[b]! ^ v[c]!, 7);
}

function compressed(chaining: number[], block: Uint8Array, counter: number, flags: number): number[] {
  const padded = new Uint8Array(64);
  padded.set(block);
  const view = new DataView(padded.buffer);
  let m = Array.from({ length: 16 }, (_, i) => view.getUint32(i * 4, true));
  const low = counter % 2 ** 32;
  const v = [...chaining, ...IV.slice(0, 4), low, (counter - low) / 2 ** 32, block.length, flags];
  for (let round = 0; round < 7; round++) {
    for (let i = 0; i < 4; i++) mix(v, i, 4 + i, 8 + i, 12 + i, m[2 * i]!, m[2 * i + 1]!);
    for (let i = 0; i < 4; i++) {
      mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i]!, m[9 + 2 * i]!);
    }
    m = PERMUTATION.map((from) => m[from]!);
  }
  return v.slice(0, 8).map((word, i) => (word ^ v[i + 8]!) >>> 0);
}

function bytesOfWords(words: number[]): Uint8Array {
  const bytes = new Uint8Array(32);
  words.forEach((word, i) => new DataView(bytes.buffer).setUint32(i * 4, word, true));
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The chaining value of a subtree that starts at a chunk of 1 KiB. */
export function chainingValue(input: Uint8Array, firstChunk: number, isRoot: boolean): Uint8Array {
  if (input.length <= LEAF_BYTES) {
    let words = IV;
    const blocks = Math.max(1, Math.ceil(input.length / 64));
    for (let i = 0; i < blocks; i++) {
      const isLast = i === blocks - 1;
      const flags = (i === 0 ? START! : 0) | (isLast ? END! : 0) | (isLast && isRoot ? ROOT! : 0);
      words = compressed(words, input.subarray(i * 64, i * 64 + 64), firstChunk, flags);
    }
    return bytesOfWords(words);
  }
  const left = leftLength(input.length);
  return parentValue(
    chainingValue(input.subarray(0, left), firstChunk, false),
    chainingValue(input.subarray(left), firstChunk + left / LEAF_BYTES, false),
    isRoot,
  );
}

/** The chaining value of a parent. */
export function parentValue(left: Uint8Array, right: Uint8Array, isRoot: boolean): Uint8Array {
  return bytesOfWords(compressed(IV, joined([left, right]), 0, PARENT! | (isRoot ? ROOT! : 0)));
}

/** The hash of a whole input. */
export function plainBlake3(input: Uint8Array): Uint8Array {
  return chainingValue(input, 0, true);
}

function leftLength(length: number): number {
  let left = LEAF_BYTES;
  while (left * 2 < length) left *= 2;
  return left;
}

function headerOf(length: number): Uint8Array {
  const header = new Uint8Array(8);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  return header;
}

/**
 * The encoding of Bao: length, then parents before children.
 *
 * @param input The file.
 * @param isOutboard Whether the content is left out.
 * @param groupBytes What a leaf has: 1024 in Bao itself.
 */
export function baoEncoding(input: Uint8Array, isOutboard: boolean, groupBytes = LEAF_BYTES): Uint8Array {
  return joined([headerOf(input.length), subtreeEncoding(input, 0, isOutboard, groupBytes)]);
}

function subtreeEncoding(input: Uint8Array, first: number, isOutboard: boolean, groupBytes: number): Uint8Array {
  if (input.length <= groupBytes) return isOutboard ? new Uint8Array(0) : input;
  const left = leftLength(input.length);
  const [a, b] = [input.subarray(0, left), input.subarray(left)];
  const second = first + left / LEAF_BYTES;
  return joined([
    chainingValue(a, first, false),
    chainingValue(b, second, false),
    subtreeEncoding(a, first, isOutboard, groupBytes),
    subtreeEncoding(b, second, isOutboard, groupBytes),
  ]);
}

/** The siblings of a group of 64 KiB, from below. */
export function plainProof(input: Uint8Array, index: number, first = 0): Uint8Array {
  if (input.length <= 65_536) return new Uint8Array(0);
  const left = leftLength(input.length);
  const [a, b] = [input.subarray(0, left), input.subarray(left)];
  const second = first + left / LEAF_BYTES;
  return index < left / 65_536
    ? joined([plainProof(a, index, first), chainingValue(b, second, false)])
    : joined([plainProof(b, index - left / 65_536, second), chainingValue(a, first, false)]);
}

/** The input of the official vectors of BLAKE3. */
export function blake3Input(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

/** The input of the official vectors of Bao: counting words. */
export function baoInput(length: number): Uint8Array {
  const words = new Uint8Array(Math.ceil(length / 4) * 4);
  for (let i = 0; i < words.length / 4; i++) new DataView(words.buffer).setUint32(i * 4, i + 1, true);
  return words.subarray(0, length);
}
