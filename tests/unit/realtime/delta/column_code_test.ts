import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { BitReader } from "../../../../src/realtime/delta/bit_reader.ts";
import { BitWriter } from "../../../../src/realtime/delta/bit_writer.ts";
import { ColumnCoder, ColumnForm } from "../../../../src/realtime/delta/column_code.ts";
import { binary, packed, riceCode } from "./bit_string.ts";

const MOST = 300;
const bytes = new Uint8Array(4000);
const writer = new BitWriter();
const reader = new BitReader();
const encoder = new ColumnCoder(MOST);
const decoder = new ColumnCoder(MOST);

/** Encodes differences; the numbers are their complements, so that it shows which of the two were sent. */
function encode(differences: readonly number[], bits: number): Uint8Array {
  const mask = bits === 32 ? -1 : (1 << bits) - 1;
  differences.forEach((difference, i) => {
    encoder.differences[i] = difference;
    encoder.numbers[i] = ~difference & mask;
  });
  writer.reset(bytes, 0, bytes.length);
  encoder.encode(writer, differences.length, bits);
  return bytes.slice(0, writer.finish());
}

function decode(code: Uint8Array, count: number, bits: number): { form: ColumnForm; differences: number[] } {
  const mask = bits === 32 ? -1 : (1 << bits) - 1;
  reader.reset(code, 0, code.length);
  decoder.differences.fill(-7);
  const form = decoder.decode(reader, count, bits);
  if (form === ColumnForm.Malformed) return { form, differences: [] };
  if (form === ColumnForm.Expected) return { form, differences: new Array(count).fill(0) };
  const found = form === ColumnForm.Plain ? decoder.numbers.map((n) => ~n & mask) : decoder.differences;
  return { form, differences: [...found.subarray(0, count)] };
}

Deno.test("ColumnCoder decodes what it encoded, in each of its forms", () => {
  const seed = 9;
  const random = new SeededRandom(seed);
  const seen = new Set<ColumnForm>();
  for (let round = 0; round < 800; round++) {
    const bits = 1 + random.nextInt(32);
    const share = [0, 0.02, 0.3, 0.9, 1][random.nextInt(5)]!;
    const width = random.nextInt(4) === 0 ? bits : 1 + random.nextInt(Math.min(bits, 6));
    const differences = Array.from({ length: 1 + random.nextInt(MOST) }, () => {
      if (random.visibleFraction() >= share) return 0;
      return (random.nextUint32() >>> (random.nextInt(20) === 0 ? 32 - bits : 32 - width)) | 0;
    });
    const result = decode(encode(differences, bits), differences.length, bits);
    assertEquals(result.differences, differences, `seed ${seed}, round ${round}`);
    assertEquals(reader.isAtEnd, true, `seed ${seed}, round ${round}`);
    seen.add(result.form);
  }
  assertEquals(seen.size, 4);
});

Deno.test("ColumnCoder.encode() writes one bit when all is as expected", () => {
  assertEquals(encode(new Array(200).fill(0), 32), Uint8Array.of(0));
  writer.reset(bytes, 0, 9);
  encoder.encodeExpected(writer);
  assertEquals([writer.finish(), bytes[0]], [1, 0]);
});

Deno.test("ColumnCoder.encode() writes few changes as gaps and differences less one", () => {
  const differences = new Array<number>(64).fill(0);
  differences[10] = 5;
  differences[40] = 6;
  const gaps = [riceCode(10, 5, 6) + riceCode(4, 1, 12), riceCode(29, 5, 6) + riceCode(5, 1, 12)];
  assertEquals(encode(differences, 12), packed("10" + binary(1, 6) + binary(5, 5) + binary(1, 5) + gaps.join("")));
});

Deno.test("ColumnCoder.encode() writes many changes as differences", () => {
  const differences = Array.from({ length: 40 }, (_, i) => 4 + i % 3);
  const codes = differences.map((difference) => riceCode(difference, 2, 16)).join("");
  assertEquals(encode(differences, 16), packed("110" + binary(2, 5) + codes));
});

Deno.test("ColumnCoder.encode() writes noise as numbers, for a few bits more than they are", () => {
  const random = new SeededRandom(2);
  for (const bits of [1, 2, 9, 16, 24, 31, 32]) {
    const differences = Array.from({ length: 200 }, () => (random.nextUint32() >>> (32 - bits)) | 0);
    const code = encode(differences, bits);
    assertLessOrEqual(code.length, Math.ceil((200 * bits + 3) / 8), `${bits} bits`);
  }
});

Deno.test("ColumnCoder.encode() writes the flips of a flag as gaps alone", () => {
  const differences = new Array<number>(64).fill(0);
  differences[63] = 1;
  assertEquals(encode(differences, 1), packed("10" + binary(0, 6) + binary(6, 5) + binary(0, 5) + riceCode(63, 6, 6)));
});

Deno.test("ColumnCoder.encode() takes the form that is about the shortest", () => {
  const seed = 12;
  const random = new SeededRandom(seed);
  for (let round = 0; round < 100; round++) {
    const bits = 4 + random.nextInt(20);
    const mean = 2 ** random.nextInt(bits - 1);
    const share = [0.05, 0.5, 1][random.nextInt(3)]!;
    const differences = Array.from({ length: 256 }, () => {
      const draw = Math.floor(-Math.log(1 - random.visibleFraction()) * mean);
      return random.visibleFraction() < share ? Math.min(draw, 2 ** bits - 1) : 0;
    });
    let best = 256 * bits + 3;
    for (let k = 0; k < bits; k++) {
      best = Math.min(best, 8 + differences.reduce((sum, d) => sum + riceCode(d, k, bits).length, 0));
    }
    assertLess(8 * encode(differences, bits).length, best * 1.04 + 16, `seed ${seed}, round ${round}`);
  }
});

Deno.test("ColumnCoder.decode() refuses more changes than entities and places beyond them", () => {
  assertEquals(decode(packed("10" + binary(9, 4) + binary(0, 10) + "00".repeat(10)), 10, 8).form, ColumnForm.Sparse);
  assertEquals(
    decode(packed("10" + binary(10, 4) + binary(0, 10) + "00".repeat(11)), 10, 8).form,
    ColumnForm.Malformed,
  );
  const far = binary(0, 4) + binary(0, 10);
  assertEquals(decode(packed("10" + far + riceCode(9, 0, 4) + "0"), 10, 8).form, ColumnForm.Sparse);
  assertEquals(decode(packed("10" + far + riceCode(10, 0, 4) + "0"), 10, 8).form, ColumnForm.Malformed);
  const wild = "10" + binary(0, 4) + binary(31, 5) + binary(0, 5) + "10" + "0".repeat(31) + "0";
  assertEquals(decode(packed(wild), 10, 8).form, ColumnForm.Malformed);
});
