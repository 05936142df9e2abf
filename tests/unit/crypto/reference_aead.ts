/**
 * ChaCha20 and Poly1305 as RFC 8439 writes them down: arrays and big integers, no thought of speed.
 *
 * @module
 */

const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc_0ffffffc_0ffffffc_0fffffffn;
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

/** The columns and then the diagonals of the state (RFC 8439 2.3). */
const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

/**
 * Makes one block of keystream.
 *
 * @param key 32 bytes.
 * @param counter The number of the block.
 * @param nonce 12 bytes.
 * @returns 64 bytes.
 */
export function referenceBlock(key: Uint8Array, counter: number, nonce: Uint8Array): Uint8Array {
  const start = Uint32Array.from([...SIGMA, ...wordsOf(key), counter, ...wordsOf(nonce)]);
  const state = start.slice();
  for (let round = 0; round < 10; round++) {
    for (const [a, b, c, d] of QUARTERS) {
      for (const [left, right, into, bits] of [[a, b, d, 16], [c, d, b, 12], [a, b, d, 8], [c, d, b, 7]] as const) {
        state[left]! += state[right]!;
        const mixed = state[into]! ^ state[left]!;
        state[into] = (mixed << bits) | (mixed >>> (32 - bits));
      }
    }
  }
  return Uint8Array.from({ length: 64 }, (_, i) => (state[i >> 2]! + start[i >> 2]!) >>> (8 * (i & 3)));
}

/**
 * Encrypts or decrypts.
 *
 * @param key 32 bytes.
 * @param counter The number of the first block.
 * @param nonce 12 bytes.
 * @param text Any bytes.
 * @returns As many bytes.
 */
export function referenceXor(key: Uint8Array, counter: number, nonce: Uint8Array, text: Uint8Array): Uint8Array {
  const result = text.slice();
  for (let at = 0; at < text.length; at += 64) {
    const block = referenceBlock(key, counter + at / 64, nonce);
    for (let i = at; i < Math.min(at + 64, text.length); i++) result[i]! ^= block[i - at]!;
  }
  return result;
}

/**
 * Computes a Poly1305 tag.
 *
 * @param key 32 bytes.
 * @param text Any bytes.
 * @returns 16 bytes.
 */
export function referenceTag(key: Uint8Array, text: Uint8Array): Uint8Array {
  const r = bigOf(key.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let at = 0; at < text.length; at += 16) {
    const block = text.subarray(at, at + 16);
    sum = (sum + bigOf(block) + (1n << BigInt(8 * block.length))) * r % PRIME;
  }
  const tag = sum + bigOf(key.subarray(16));
  return Uint8Array.from({ length: 16 }, (_, i) => Number((tag >> BigInt(8 * i)) & 255n));
}

/**
 * Seals a text.
 *
 * @param key 32 bytes.
 * @param nonce 12 bytes.
 * @param aad The associated data.
 * @param text The plaintext.
 * @returns The ciphertext and the tag.
 */
export function referenceSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Uint8Array {
  const ciphertext = referenceXor(key, 1, nonce, text);
  const lengths = new DataView(new ArrayBuffer(16));
  lengths.setBigUint64(0, BigInt(aad.length), true);
  lengths.setBigUint64(8, BigInt(text.length), true);
  const message = Uint8Array.of(...padded(aad), ...padded(ciphertext), ...new Uint8Array(lengths.buffer));
  const tag = referenceTag(referenceBlock(key, 0, nonce).subarray(0, 32), message);
  return Uint8Array.of(...ciphertext, ...tag);
}

/**
 * Makes the nonce of a packet (RFC 9001 5.3).
 *
 * @param iv 12 bytes.
 * @param packetNumber The number of the packet.
 * @returns 12 bytes.
 */
export function referenceNonce(iv: Uint8Array, packetNumber: number): Uint8Array {
  const nonce = iv.slice();
  for (let i = 0; i < 8; i++) nonce[11 - i]! ^= Number((BigInt(packetNumber) >> BigInt(8 * i)) & 255n);
  return nonce;
}

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(bytes.length / 16) * 16);
  result.set(bytes);
  return result;
}

function bigOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}
