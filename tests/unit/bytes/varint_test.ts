import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeVarint,
  encodeVarint,
  VARINT_INCOMPLETE,
  VARINT_TOO_LARGE,
  varintLength,
  varintLengthFrom,
} from "../../../src/bytes/varint.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

/** The simple form that the code under test is held equal to. */
function referenceEncode(value: number): Uint8Array {
  const [length, prefix] = value < 2 ** 6 ? [1, 0n] : value < 2 ** 14 ? [2, 1n] : value < 2 ** 30 ? [4, 2n] : [8, 3n];
  let bits = BigInt(value) | (prefix << BigInt(length * 8 - 2));
  const bytes = new Uint8Array(length);
  for (let i = length - 1; i >= 0; i--, bits >>= 8n) bytes[i] = Number(bits & 0xffn);
  return bytes;
}

Deno.test("decodeVarint() decodes the samples of RFC 9000 appendix A.1", () => {
  assertEquals(decodeVarint(Uint8Array.of(0x25), 0), 37);
  assertEquals(decodeVarint(Uint8Array.of(0x40, 0x25), 0), 37);
  assertEquals(decodeVarint(Uint8Array.of(0x7b, 0xbd), 0), 15293);
  assertEquals(decodeVarint(Uint8Array.of(0x9d, 0x7f, 0x3e, 0x7d), 0), 494878333);
});

Deno.test("decodeVarint() refuses the 8-byte sample of RFC 9000, which is beyond 2^53", () => {
  const sample = Uint8Array.of(0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c);
  assertEquals(decodeVarint(sample, 0), VARINT_TOO_LARGE);
  assertEquals(decodeVarint(Uint8Array.of(0xc0, 0x20, 0, 0, 0, 0, 0, 0), 0), VARINT_TOO_LARGE);
  assertEquals(decodeVarint(new Uint8Array(8).fill(0xff), 0), VARINT_TOO_LARGE);
  assertEquals(decodeVarint(Uint8Array.of(0xc0, 0x1f, 255, 255, 255, 255, 255, 255), 0), 2 ** 53 - 1);
});

Deno.test("encodeVarint() encodes the samples of RFC 9000 appendix A.1", () => {
  for (const [value, bytes] of [[37, [0x25]], [15293, [0x7b, 0xbd]], [494878333, [0x9d, 0x7f, 0x3e, 0x7d]]] as const) {
    const into = new Uint8Array(bytes.length);
    assertEquals(encodeVarint(value, into, 0), bytes.length);
    assertEquals(into, Uint8Array.from(bytes));
  }
});

Deno.test("varints change their length where RFC 9000 table 4 says", () => {
  const expected = [[0, 1], [63, 1], [64, 2], [16383, 2], [16384, 4], [2 ** 30 - 1, 4], [2 ** 30, 8], [2 ** 53 - 1, 8]];
  for (const [value, length] of expected as [number, number][]) {
    const into = new Uint8Array(12).fill(0xee);
    assertEquals(varintLength(value), length);
    assertEquals(encodeVarint(value, into, 2), length);
    assertEquals(varintLengthFrom(into[2]!), length);
    assertEquals(into.subarray(2, 2 + length), referenceEncode(value));
    assertEquals(into.filter((byte) => byte === 0xee).length >= 12 - length, true);
    assertEquals([into[1], into[2 + length]], [0xee, 0xee]);
    assertEquals(decodeVarint(into, 2), value);
  }
});

Deno.test("encodeVarint() writes nothing when there is no room", () => {
  for (const value of [1, 100, 20_000, 2 ** 40]) {
    const length = varintLength(value);
    const into = new Uint8Array(length + 1).fill(0xee);
    assertEquals(encodeVarint(value, into, 2), 0);
    assertEquals(into, new Uint8Array(length + 1).fill(0xee));
    assertEquals(encodeVarint(value, into, 1), length);
  }
});

Deno.test("encodeVarint() and varintLength() refuse what is no integer from 0 to 2^53 - 1", () => {
  for (const value of [-1, 0.5, 2 ** 53, NaN, Infinity]) {
    assertThrows(() => varintLength(value), RangeError);
    assertThrows(() => encodeVarint(value, new Uint8Array(8), 0), RangeError);
  }
});

Deno.test("decodeVarint() tells an integer that is cut off by the range or by the memory", () => {
  for (const value of [1, 100, 20_000, 2 ** 40]) {
    const bytes = referenceEncode(value);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(decodeVarint(bytes.subarray(0, length), 0), VARINT_INCOMPLETE);
      assertEquals(decodeVarint(bytes, 0, length), VARINT_INCOMPLETE);
      assertEquals(decodeVarint(bytes.subarray(0, length), 0, bytes.length), VARINT_INCOMPLETE);
    }
    assertEquals(decodeVarint(bytes, bytes.length), VARINT_INCOMPLETE);
    assertEquals(decodeVarint(bytes, 0, bytes.length), value);
  }
});

Deno.test("varints agree with a reference on random values", () => {
  const seed = 9000;
  const random = new SeededRandom(seed);
  const into = new Uint8Array(16);
  for (let round = 0; round < 5000; round++) {
    const value = Math.floor(2 ** (random.visibleFraction() * 53));
    const offset = random.nextInt(9);
    const length = encodeVarint(value, into, offset);
    assertEquals(into.subarray(offset, offset + length), referenceEncode(value), `seed ${seed}, value ${value}`);
    assertEquals(decodeVarint(into, offset), value, `seed ${seed}, value ${value}`);
  }
});
