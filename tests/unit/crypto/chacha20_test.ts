import { assertEquals } from "@std/assert";
import { CHACHA20_BLOCK_BYTES, xorChaCha20 } from "../../../src/crypto/chacha20.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { referenceXor } from "./reference_aead.ts";
import { CIPHERTEXTS, KEYSTREAMS } from "./rfc8439_vectors.ts";

/** The state of a key, a nonce and a counter; its first row is left to the caller. */
function stateOf(key: Uint8Array, counter: number, nonce: Uint8Array): Int32Array {
  const state = new Int32Array(16).fill(0x5a5a5a5a);
  const bytes = new Uint8Array(state.buffer);
  bytes.set(key, 16);
  state[12] = counter;
  bytes.set(nonce, 52);
  return state;
}

/** The text under the cipher, in whole blocks at an offset, cut to its length. */
function crypted(key: Uint8Array, counter: number, nonce: Uint8Array, text: Uint8Array): Uint8Array {
  const end = 3 + Math.ceil(text.length / CHACHA20_BLOCK_BYTES) * CHACHA20_BLOCK_BYTES;
  const bytes = new Uint8Array(end + 5);
  bytes.set(text, 3);
  xorChaCha20(stateOf(key, counter, nonce), new DataView(bytes.buffer), 3, end);
  return bytes.slice(3, 3 + text.length);
}

Deno.test("xorChaCha20() gives the keystreams and one-time keys of RFC 8439", () => {
  for (const { section, key, counter, nonce, keystream } of KEYSTREAMS) {
    assertEquals(crypted(key, counter, nonce, new Uint8Array(keystream.length)), keystream, section);
  }
});

Deno.test("xorChaCha20() gives the ciphertexts of RFC 8439", () => {
  for (const { section, key, counter, nonce, plaintext, ciphertext } of CIPHERTEXTS) {
    assertEquals(crypted(key, counter, nonce, plaintext), ciphertext, section);
    assertEquals(crypted(key, counter, nonce, ciphertext), plaintext, section);
  }
});

Deno.test("xorChaCha20() equals the reference at every alignment, shared or not, and writes nothing else", () => {
  const random = new SeededRandom(20);
  for (let turn = 0; turn < 200; turn++) {
    const at = turn % 16;
    const length = CHACHA20_BLOCK_BYTES * (turn % 5);
    const memory = turn % 2 === 0 ? new ArrayBuffer(400) : new SharedArrayBuffer(400);
    const bytes = new Uint8Array(memory);
    const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)];
    for (const part of [bytes, key, nonce]) random.fillSecret(part);
    const expected = Uint8Array.from(bytes);
    const counter = random.nextUint32();
    expected.set(referenceXor(key, counter, nonce, expected.slice(at, at + length)), at);
    xorChaCha20(stateOf(key, counter, nonce), new DataView(memory), at, at + length);
    assertEquals(Uint8Array.from(bytes), expected, `turn ${turn}`);
  }
});

Deno.test("xorChaCha20() lets the counter wrap and leaves the state as it is", () => {
  const state = stateOf(new Uint8Array(32).fill(1), -1, new Uint8Array(12).fill(2));
  const before = state.slice();
  const both = new DataView(new ArrayBuffer(128));
  xorChaCha20(state, both, 0, 128);
  assertEquals(state, before);
  const second = new DataView(new ArrayBuffer(64));
  state[12] = 0;
  xorChaCha20(state, second, 0, 64);
  assertEquals(new Uint8Array(both.buffer, 64), new Uint8Array(second.buffer));
});
