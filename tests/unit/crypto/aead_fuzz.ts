/**
 * One seeded case after another in which our packet keys, `@noble/ciphers` and `node:crypto` must agree.
 *
 * Case i has a text of i mod 2049 bytes at an alignment of i / 2049 mod 16, so that 32,784 cases in a row meet every
 * length at every alignment. The rest is drawn: key, IV, number, associated text, and which bit is forged. Even cases
 * are in unshared memory, odd ones in shared memory.
 *
 * @module
 */
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadProvider } from "../../../src/crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../../src/crypto/chacha20_poly1305.ts";
import { NobleAead } from "../../../src/crypto/noble_aead.ts";
import { NodeAead } from "../../../src/io/system/node_aead.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

/** How many cases meet every length at every alignment. */
export const FULL_ROUND = 2049 * 16;

const LENGTHS = 2049;
const ALIGNMENTS = 16;
const MAX_AAD_BYTES = 64;
const GUARD_BYTES = 8;
const MEMORY_BYTES = MAX_AAD_BYTES + ALIGNMENTS + LENGTHS + AEAD_TAG_BYTES + GUARD_BYTES;
const POOL_BYTES = 1 << 16;

/** Runs cases. */
export class AeadFuzz {
  readonly #ours: AeadProvider = new ChaCha20Poly1305();
  readonly #others: readonly AeadProvider[] = [new NobleAead(), new NodeAead()];
  readonly #pool = new Uint8Array(POOL_BYTES);
  readonly #unshared = new Uint8Array(MEMORY_BYTES);
  readonly #shared = new Uint8Array(new SharedArrayBuffer(MEMORY_BYTES));
  readonly #other = new Uint8Array(MEMORY_BYTES);

  /** Draws what the texts are cut from. */
  constructor() {
    new SeededRandom(8439).fillSecret(this.#pool);
  }

  /**
   * Runs one case.
   *
   * @param seed What the case follows from.
   * @throws {Error} When two providers disagree, or ours opens what it must not.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    const length = seed % LENGTHS;
    const start = MAX_AAD_BYTES + Math.floor(seed / LENGTHS) % ALIGNMENTS;
    const aadStart = start - random.nextInt(MAX_AAD_BYTES + 1);
    const end = start + length;
    const size = end + AEAD_TAG_BYTES + GUARD_BYTES;
    const number = random.nextInt(1 << 21) * 2 ** 32 + random.nextUint32();
    const key = this.#cut(random, AEAD_KEY_BYTES);
    const iv = this.#cut(random, AEAD_NONCE_BYTES);
    const before = this.#cut(random, MEMORY_BYTES);
    const buffer = seed % 2 === 0 ? this.#unshared : this.#shared;
    const packetKey = this.#ours.packetKey(key, iv);
    buffer.set(before);
    packetKey.seal(buffer, aadStart, start, end, number);
    for (const provider of this.#others) {
      this.#other.set(before);
      provider.packetKey(key, iv).seal(this.#other, aadStart, start, end, number);
      expectSame(buffer, this.#other, size, `what ours and ${provider.name} sealed`);
    }
    const bit = random.nextInt(8 * (end + AEAD_TAG_BYTES - aadStart));
    const at = aadStart + (bit >> 3);
    buffer[at]! ^= 1 << (bit & 7);
    this.#other.set(buffer);
    expect(!packetKey.open(buffer, aadStart, start, end + AEAD_TAG_BYTES, number), `byte ${at} was forged`);
    expectSame(buffer, this.#other, size, "a refused packet and what it was");
    buffer[at]! ^= 1 << (bit & 7);
    expect(packetKey.open(buffer, aadStart, start, end + AEAD_TAG_BYTES, number), "ours refuses what it sealed");
    expectSame(buffer, before, end, "what was opened and what was sealed");
  }

  #cut(random: SeededRandom, length: number): Uint8Array {
    const at = random.nextInt(POOL_BYTES - length);
    return this.#pool.subarray(at, at + length);
  }
}

function expect(isSo: boolean, fault: string): void {
  if (!isSo) throw new Error(fault);
}

function expectSame(left: Uint8Array, right: Uint8Array, length: number, what: string): void {
  for (let i = 0; i < length; i++) {
    if (left[i] !== right[i]) throw new Error(`${what} differ at byte ${i}: ${left[i]} and ${right[i]}`);
  }
}
