/**
 * Our provider of packet keys: ChaCha20-Poly1305 (RFC 8439 2.8) in place, on words of the caller's memory.
 *
 * Invariant: nothing is allocated per packet while at most 8 buffers take turns (see `view_cache.ts`); no branch and no
 * index depends on key, data or tag; what does not authenticate is not decrypted. What is left of a packet in the
 * provider's own memory, its one-time key and the end of its keystream, is overwritten by the next packet.
 *
 *     row of a key in a slab, in words:   key 0 … 7 | iv 0 1 2 | unused
 *
 * Why slabs: a typed array of its own costs a key 300 bytes, its share of a slab 60, and an endpoint has keys by the
 * hundred thousand. A slab goes with the last of its keys; rows are not used again, so that a key that nobody destroyed
 * is no leak.
 *
 * @module
 */
import { constantTimeEqual } from "../bytes/constant_time.ts";
import { AEAD_KEY_BYTES, AEAD_TAG_BYTES, type AeadProvider, type PacketKey } from "./aead.ts";
import { CHACHA20_BLOCK_BYTES, CHACHA20_STATE_WORDS, xorChaCha20 } from "./chacha20.ts";
import { checkKeyMaterial, checkOpen, checkSeal, destroyedKeyError } from "./packet_bounds.ts";
import { Poly1305 } from "./poly1305.ts";
import { POLY1305_BLOCK_BYTES } from "./poly1305_blocks.ts";
import { ViewCache } from "./view_cache.ts";

/** Where key, counter and nonce stand in the cipher's state. */
const KEY_WORD = 4;
const COUNTER_WORD = 12;
const NONCE_WORD = 13;

/** A row of a slab. */
const KEY_WORDS = AEAD_KEY_BYTES / 4;
const IV_WORD = KEY_WORDS;
const ROW_WORDS = 12;
const SLAB_ROWS = 16;

const WORD = 2 ** 32;

/**
 * Makes packet keys that seal and open in pure TypeScript; one provider per thread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChaCha20Poly1305 } from "./chacha20_poly1305.ts";
 *
 * const key = new ChaCha20Poly1305().packetKey(new Uint8Array(32).fill(7), new Uint8Array(12));
 * const packet = new Uint8Array(4 + 5 + 16).fill(1, 4, 9);
 * key.seal(packet, 0, 4, 9, 0);
 * assertEquals(key.open(packet, 0, 4, 25, 0), true);
 * assertEquals(packet.subarray(4, 9), new Uint8Array(5).fill(1));
 * ```
 */
export class ChaCha20Poly1305 implements AeadProvider {
  /** The name of this provider. */
  readonly name = "in place";
  readonly #cipher = new PacketCipher();
  #slab = new Int32Array(SLAB_ROWS * ROW_WORDS);
  #rowsUsed = 0;

  /**
   * Makes a packet key.
   *
   * @param key 32 bytes; copied.
   * @param iv 12 bytes; copied.
   * @returns A packet key, which shares this provider's memory for what it works on.
   * @throws {RangeError} When one of them has another length.
   */
  packetKey(key: Uint8Array, iv: Uint8Array): PacketKey {
    checkKeyMaterial(key, iv);
    if (this.#rowsUsed === SLAB_ROWS) {
      this.#slab = new Int32Array(SLAB_ROWS * ROW_WORDS);
      this.#rowsUsed = 0;
    }
    const row = ROW_WORDS * this.#rowsUsed++;
    copyWords(key, this.#slab, row);
    copyWords(iv, this.#slab, row + IV_WORD);
    return new InPlacePacketKey(this.#cipher, this.#slab, row);
  }
}

class InPlacePacketKey implements PacketKey {
  readonly #cipher: PacketCipher;
  readonly #slab: Int32Array;
  /** Where the row starts, -1 once it is overwritten. */
  #row: number;

  constructor(cipher: PacketCipher, slab: Int32Array, row: number) {
    this.#cipher = cipher;
    this.#slab = slab;
    this.#row = row;
  }

  seal(buffer: Uint8Array, aadStart: number, start: number, end: number, packetNumber: number): void {
    if (this.#row < 0) throw destroyedKeyError();
    checkSeal(buffer, aadStart, start, end, packetNumber);
    this.#cipher.load(this.#slab, this.#row, packetNumber);
    this.#cipher.seal(buffer, aadStart, start, end);
  }

  open(buffer: Uint8Array, aadStart: number, start: number, end: number, packetNumber: number): boolean {
    if (this.#row < 0) throw destroyedKeyError();
    checkOpen(buffer, aadStart, start, end, packetNumber);
    if (end - start < AEAD_TAG_BYTES) return false;
    this.#cipher.load(this.#slab, this.#row, packetNumber);
    return this.#cipher.open(buffer, aadStart, start, end - AEAD_TAG_BYTES);
  }

  destroy(): void {
    if (this.#row >= 0) this.#slab.fill(0, this.#row, this.#row + ROW_WORDS);
    this.#row = -1;
  }
}

/** Works on one packet at a time; its memory serves every key of a provider. */
class PacketCipher {
  readonly #views = new ViewCache();
  readonly #poly = new Poly1305();
  readonly #state = new Int32Array(CHACHA20_STATE_WORDS);
  /** The block that is in work outside of the buffer; room for the lengths behind it. */
  readonly #block = new DataView(new ArrayBuffer(CHACHA20_BLOCK_BYTES + POLY1305_BLOCK_BYTES));
  readonly #blockWords = new Int32Array(this.#block.buffer);
  readonly #tag = new DataView(new ArrayBuffer(AEAD_TAG_BYTES));
  readonly #tagBytes = new Uint8Array(this.#tag.buffer);
  readonly #given = new DataView(new ArrayBuffer(AEAD_TAG_BYTES));
  readonly #givenBytes = new Uint8Array(this.#given.buffer);

  /** Takes a key and makes the nonce: the IV xor the packet number as 64 bits, high byte first (RFC 9001 5.3). */
  load(slab: Int32Array, row: number, packetNumber: number): void {
    const state = this.#state;
    for (let i = 0; i < KEY_WORDS; i++) state[KEY_WORD + i] = slab[row + i]!;
    state[NONCE_WORD] = slab[row + IV_WORD]!;
    state[NONCE_WORD + 1] = slab[row + IV_WORD + 1]! ^ reversed(Math.floor(packetNumber / WORD));
    state[NONCE_WORD + 2] = slab[row + IV_WORD + 2]! ^ reversed(packetNumber | 0);
  }

  seal(buffer: Uint8Array, aadStart: number, start: number, end: number): void {
    const view = this.#views.viewOf(buffer);
    const state = this.#state;
    const block = this.#block;
    const rest = (end - start) % CHACHA20_BLOCK_BYTES;
    const restAt = end - rest;
    this.#beginTag(view, aadStart, start);
    state[COUNTER_WORD] = 1;
    if (start < restAt) {
      xorChaCha20(state, view, start, restAt);
      this.#poly.absorb(view, start, restAt);
    }
    if (rest > 0) {
      copyPadded(view, restAt, rest, block);
      state[COUNTER_WORD] = 1 + (restAt - start) / CHACHA20_BLOCK_BYTES;
      xorChaCha20(state, block, 0, CHACHA20_BLOCK_BYTES);
      copyBack(block, rest, view, restAt);
      copyPadded(block, 0, rest, block);
    }
    this.#finishTag(rest, start - aadStart, end - start);
    copyTag(this.#tag, 0, view, end);
  }

  open(buffer: Uint8Array, aadStart: number, start: number, end: number): boolean {
    const view = this.#views.viewOf(buffer);
    const state = this.#state;
    const block = this.#block;
    const rest = (end - start) % CHACHA20_BLOCK_BYTES;
    const restAt = end - rest;
    this.#beginTag(view, aadStart, start);
    if (start < restAt) this.#poly.absorb(view, start, restAt);
    copyPadded(view, restAt, rest, block);
    this.#finishTag(rest, start - aadStart, end - start);
    copyTag(view, end, this.#given, 0);
    if (!constantTimeEqual(this.#tagBytes, this.#givenBytes)) return false;
    state[COUNTER_WORD] = 1;
    if (start < restAt) xorChaCha20(state, view, start, restAt);
    if (rest > 0) {
      state[COUNTER_WORD] = 1 + (restAt - start) / CHACHA20_BLOCK_BYTES;
      xorChaCha20(state, block, 0, CHACHA20_BLOCK_BYTES);
      copyBack(block, rest, view, restAt);
    }
    return true;
  }

  /** Starts a tag with the one-time key, which is block 0 of the keystream (RFC 8439 2.6), and the associated data. */
  #beginTag(view: DataView, aadStart: number, start: number): void {
    const state = this.#state;
    const block = this.#block;
    const words = this.#blockWords;
    for (let i = 0; i < words.length; i++) words[i] = 0;
    state[COUNTER_WORD] = 0;
    xorChaCha20(state, block, 0, CHACHA20_BLOCK_BYTES);
    this.#poly.begin(block);
    const rest = (start - aadStart) % CHACHA20_BLOCK_BYTES;
    const restAt = start - rest;
    if (aadStart < restAt) this.#poly.absorb(view, aadStart, restAt);
    if (rest === 0) return;
    copyPadded(view, restAt, rest, block);
    this.#poly.absorb(block, 0, paddedLength(rest));
  }

  /** Ends a tag with the rest of the text, which lies padded in the block, and the lengths. */
  #finishTag(rest: number, aadBytes: number, textBytes: number): void {
    const block = this.#block;
    const at = paddedLength(rest);
    block.setInt32(at, aadBytes, true);
    block.setInt32(at + 4, Math.floor(aadBytes / WORD), true);
    block.setInt32(at + 8, textBytes, true);
    block.setInt32(at + 12, Math.floor(textBytes / WORD), true);
    this.#poly.absorb(block, 0, at + POLY1305_BLOCK_BYTES);
    this.#poly.finish(this.#tag);
  }
}

function reversed(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** A mask for the first 1 to 3 bytes of a word in memory. */
function firstBytes(count: number): number {
  return (1 << (8 * count)) - 1;
}

/** The length of a text once zeros fill up its last block (RFC 8439 2.8, `pad16`). */
function paddedLength(length: number): number {
  return (length + POLY1305_BLOCK_BYTES - 1) & -POLY1305_BLOCK_BYTES;
}

/** Copies less than a block of ciphertext, with the zeros of `pad16`. Reads up to 3 bytes more: a tag follows it. */
function copyPadded(from: DataView, at: number, length: number, into: DataView): void {
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) into.setInt32(i, from.getInt32(at + i, true), true);
  if (whole === length) return clearTo(into, whole, paddedLength(length));
  into.setInt32(whole, from.getInt32(at + whole, true) & firstBytes(length - whole), true);
  clearTo(into, whole + 4, paddedLength(length));
}

function clearTo(view: DataView, start: number, end: number): void {
  for (let i = start; i < end; i += 4) view.setInt32(i, 0, true);
}

/** Copies less than a block into the buffer; what follows there, up to 3 bytes of the tag's place, is written again. */
function copyBack(from: DataView, length: number, into: DataView, at: number): void {
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) into.setInt32(at + i, from.getInt32(i, true), true);
  if (whole === length) return;
  const mask = firstBytes(length - whole);
  into.setInt32(at + whole, (into.getInt32(at + whole, true) & ~mask) | (from.getInt32(whole, true) & mask), true);
}

function copyTag(from: DataView, at: number, into: DataView, intoAt: number): void {
  for (let i = 0; i < AEAD_TAG_BYTES; i += 4) into.setInt32(intoAt + i, from.getInt32(at + i, true), true);
}

function copyWords(bytes: Uint8Array, into: Int32Array, at: number): void {
  for (let i = 0; i < bytes.length; i += 4) {
    into[at + i / 4] = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
  }
}
