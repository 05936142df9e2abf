import { assertEquals } from "@std/assert";
import { Poly1305 } from "../../../src/crypto/poly1305.ts";
import { BLOCK_HIGH_BIT } from "../../../src/crypto/poly1305_blocks.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { referenceTag } from "./reference_aead.ts";
import { TAGS } from "./rfc8439_vectors.ts";

const poly = new Poly1305();

/** The tag of a text that is absorbed in pieces of these lengths, and the rest of it. */
function tagOf(key: Uint8Array, text: Uint8Array, pieces: readonly number[] = []): Uint8Array {
  const tag = new DataView(new ArrayBuffer(16));
  const view = new DataView(text.buffer, text.byteOffset, text.length);
  const whole = text.length - text.length % 16;
  poly.begin(new DataView(key.buffer, key.byteOffset, key.length));
  let at = 0;
  for (const length of [...pieces, whole - pieces.reduce((sum, piece) => sum + piece, 0)]) {
    poly.absorb(view, at, at += length);
  }
  if (whole < text.length) {
    const last = new Uint8Array(16);
    last.set(text.subarray(whole));
    last[text.length - whole] = 1;
    poly.absorb(new DataView(last.buffer), 0, 16, 0);
  }
  poly.finish(tag);
  return new Uint8Array(tag.buffer);
}

Deno.test("Poly1305 gives the tags of RFC 8439", () => {
  for (const { section, key, text, tag } of TAGS) assertEquals(tagOf(key, text), tag, section);
});

Deno.test("Poly1305 equals the reference for every number of blocks and of bytes behind them", () => {
  const random = new SeededRandom(1305);
  for (let length = 0; length < 1300; length += 7) {
    const [key, text] = [new Uint8Array(32), new Uint8Array(length)];
    random.fillSecret(key);
    random.fillSecret(text);
    assertEquals(tagOf(key, text), referenceTag(key, text), `${length} bytes`);
  }
});

Deno.test("Poly1305 equals the reference however a text is cut into pieces", () => {
  const random = new SeededRandom(77);
  const [key, text] = [new Uint8Array(32), new Uint8Array(2048)];
  random.fillSecret(key);
  random.fillSecret(text);
  const expected = referenceTag(key, text);
  for (let turn = 0; turn < 200; turn++) {
    const pieces = Array.from({ length: 4 }, () => 16 * random.nextInt(32));
    assertEquals(tagOf(key, text, pieces), expected, `turn ${turn}: ${pieces}`);
  }
});

Deno.test("Poly1305 stays exact where limbs, columns and carries are as large as they get", () => {
  const random = new SeededRandom(130);
  const extremes = [0x00, 0x01, 0x7f, 0x80, 0xfb, 0xfe, 0xff];
  for (let turn = 0; turn < 600; turn++) {
    const key = new Uint8Array(32).fill(0xff);
    const text = new Uint8Array(16 * (1 + random.nextInt(64))).fill(extremes[turn % extremes.length]!);
    for (let i = random.nextInt(8); i > 0; i--) {
      key[random.nextInt(32)] = extremes[random.nextInt(extremes.length)]!;
      text[random.nextInt(text.length)] = extremes[random.nextInt(extremes.length)]!;
    }
    assertEquals(tagOf(key, text), referenceTag(key, text), `turn ${turn}`);
  }
});

Deno.test("Poly1305 reduces sums on both sides of p, of 2^128 and of 2^130", () => {
  const one = new Uint8Array(32);
  one[0] = 1;
  // With r = 1 the sum of a text is the sum of its blocks, each with 2^128 on top.
  for (let blocks = 1; blocks <= 12; blocks++) {
    for (let low = -12; low <= 12; low++) {
      for (const below of [2n ** 130n - 5n, 2n ** 130n, 2n ** 128n, 2n ** 131n]) {
        const sum = below + BigInt(low) - BigInt(blocks) * 2n ** 128n;
        const text = splitOver(((sum % 2n ** 128n) + 2n ** 128n) % 2n ** 128n, blocks);
        assertEquals(tagOf(one, text), referenceTag(one, text), `${blocks} blocks, ${below} ${low}`);
      }
    }
  }
});

Deno.test("Poly1305.absorb() takes the bit above a block from its caller", () => {
  const key = new Uint8Array(32).fill(3);
  const text = new Uint8Array(16).fill(9);
  const view = new DataView(text.buffer);
  const tags = [BLOCK_HIGH_BIT, 0].map((high) => {
    const tag = new DataView(new ArrayBuffer(16));
    poly.begin(new DataView(key.buffer));
    poly.absorb(view, 0, 16, high);
    poly.finish(tag);
    return new Uint8Array(tag.buffer);
  });
  assertEquals(tags[0], referenceTag(key, text));
  assertEquals(tags[1]!.join() === tags[0]!.join(), false);
});

/** Blocks that add up to a sum below 2^128. */
function splitOver(sum: bigint, blocks: number): Uint8Array {
  const text = new Uint8Array(16 * blocks);
  const view = new DataView(text.buffer);
  const part = sum / BigInt(blocks);
  for (let i = 0; i < blocks; i++) {
    const block = i === 0 ? sum - part * BigInt(blocks - 1) : part;
    view.setBigUint64(16 * i, block & (2n ** 64n - 1n), true);
    view.setBigUint64(16 * i + 8, block >> 64n, true);
  }
  return text;
}
