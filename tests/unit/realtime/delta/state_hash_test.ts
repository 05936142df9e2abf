import { assertEquals, assertNotEquals } from "@std/assert";
import { finishHash, hashBytes, mixBytes, mixWord } from "../../../../src/realtime/delta/state_hash.ts";

/** Published values of MurmurHash3_x86_32. */
const VECTORS: readonly [text: string, seed: number, hash: number][] = [
  ["", 0, 0],
  ["", 1, 0x514e28b7],
  ["", 0xffffffff, 0x81f16f39],
  ["test", 0, 0xba6bd213],
  ["test", 0x9747b28c, 0x704b81dc],
  ["Hello, world!", 0, 0xc0363e43],
  ["Hello, world!", 0x9747b28c, 0x24884cba],
  ["The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723],
  ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ["aaa", 0x9747b28c, 0x283e0130],
  ["aa", 0x9747b28c, 0x5d211726],
  ["a", 0x9747b28c, 0x7fa09ea6],
];

for (const [text, seed, hash] of VECTORS) {
  Deno.test(`hashBytes() of "${text}" with seed ${seed} is that of MurmurHash3_x86_32`, () => {
    const bytes = new TextEncoder().encode(`xy${text}z`);
    assertEquals(hashBytes(bytes, 2, bytes.length - 1, seed), hash);
    if (seed === 0) assertEquals(hashBytes(bytes, 2, bytes.length - 1), hash);
  });
}

Deno.test("mixWord() of words is mixBytes() of the same words as little-endian bytes", () => {
  const words = [0, 1, -1, 0x7fff_ffff, -0x8000_0000, 0x1234_5678];
  const bytes = new Uint8Array(Int32Array.from(words).buffer);
  let hash = 5;
  for (const word of words) hash = mixWord(hash, word);
  assertEquals(hash, mixBytes(5, bytes, 0, bytes.length));
  assertEquals(finishHash(hash, bytes.length), hashBytes(bytes, 0, bytes.length, 5));
});

Deno.test("hashBytes() tells states apart that differ in one bit or in their length", () => {
  const state = new Uint8Array(37);
  const plain = hashBytes(state, 0, 37);
  for (let bit = 0; bit < 37 * 8; bit++) {
    state[bit >> 3]! ^= 1 << (bit & 7);
    assertNotEquals(hashBytes(state, 0, 37), plain, `bit ${bit}`);
    state[bit >> 3]! ^= 1 << (bit & 7);
  }
  assertNotEquals(hashBytes(state, 0, 36), plain);
});
