import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { BitReader } from "../../../../src/realtime/delta/bit_reader.ts";
import { BitWriter } from "../../../../src/realtime/delta/bit_writer.ts";
import { binary, packed, riceCode } from "./bit_string.ts";

Deno.test("BitWriter and BitReader agree with bits written one at a time", () => {
  const seed = 4;
  const random = new SeededRandom(seed);
  const bytes = new Uint8Array(4000);
  const writer = new BitWriter();
  const reader = new BitReader();
  for (let round = 0; round < 300; round++) {
    const items = Array.from({ length: random.nextInt(60) }, () => {
      const kind = random.nextInt(3);
      const bits = kind === 0 ? random.nextInt(25) : kind === 1 ? random.nextInt(33) : 1 + random.nextInt(32);
      const value = bits === 0 ? 0 : random.nextUint32() >>> (32 - bits) >>> random.nextInt(bits);
      return { kind, bits, value, parameter: random.nextInt(Math.max(1, bits)) };
    });
    let digits = "";
    writer.reset(bytes, 5, bytes.length);
    for (const { kind, bits, value, parameter } of items) {
      if (kind === 0) writer.write(value, bits);
      else if (kind === 1) writer.writeWide(value | 0, bits);
      else writer.writeRice(value | 0, parameter, bits);
      digits += kind === 2 ? riceCode(value, parameter, bits) : binary(value, bits);
    }
    const length = writer.finish();
    const about = `seed ${seed}, round ${round}`;
    assertEquals(bytes.slice(5, 5 + length), packed(digits), about);
    reader.reset(bytes, 5, 5 + length);
    for (const { kind, bits, value, parameter } of items) {
      const read = kind === 0
        ? reader.read(bits)
        : kind === 1
        ? reader.readWide(bits)
        : reader.readRice(parameter, bits);
      assertEquals(read, kind === 0 ? value : value | 0, about);
    }
    assertEquals([reader.failed, reader.isAtEnd], [false, true], about);
  }
});

Deno.test("BitWriter.writeRice() writes quotients of 12 and more in full width", () => {
  for (
    const [value, parameter, digits] of [[11, 0, "1".repeat(11) + "0"], [12, 0, "1".repeat(12) + "00001100"]] as const
  ) {
    const bytes = new Uint8Array(8);
    const writer = new BitWriter();
    writer.reset(bytes, 0, 8);
    writer.writeRice(value, parameter, 8);
    assertEquals(bytes.slice(0, writer.finish()), packed(digits));
  }
});

Deno.test("BitWriter writes nothing beyond its range and counts what it would take", () => {
  const bytes = new Uint8Array(10).fill(0xee);
  const writer = new BitWriter();
  writer.reset(bytes, 2, 5);
  for (let i = 0; i < 3; i++) writer.write(0xff, 8);
  assertEquals(writer.overflowed, false);
  writer.write(1, 1);
  assertEquals(writer.overflowed, true);
  for (let i = 0; i < 3; i++) writer.write(0xff, 8);
  assertEquals(writer.finish(), 7);
  assertEquals(writer.overflowed, true);
  assertEquals(bytes, Uint8Array.of(0xee, 0xee, 0xff, 0xff, 0xff, 0xee, 0xee, 0xee, 0xee, 0xee));
});

Deno.test("BitWriter.reset() forgets what was held", () => {
  const bytes = new Uint8Array(2);
  const writer = new BitWriter();
  writer.reset(bytes, 0, 2);
  writer.write(7, 3);
  writer.reset(bytes, 1, 2);
  writer.write(1, 1);
  assertEquals([writer.finish(), bytes[1]], [1, 0x80]);
});

Deno.test("BitReader gives zeros beyond its range and stays failed", () => {
  const reader = new BitReader();
  reader.reset(Uint8Array.of(0xff, 0xff, 0xff), 1, 2);
  assertEquals(reader.read(6), 0b111111);
  assertEquals([reader.failed, reader.isAtEnd], [false, false]);
  assertEquals(reader.read(6), 0b110000);
  assertEquals([reader.failed, reader.isAtEnd], [true, false]);
  assertEquals([reader.readWide(32), reader.readRice(3, 32)], [0, 0]);
  assertEquals(reader.failed, true);
  reader.reset(Uint8Array.of(1), 0, 1);
  assertEquals(reader.failed, false);
  assertEquals(reader.read(8), 1);
});

Deno.test("BitReader.isAtEnd is for less than a byte of zeros", () => {
  const reader = new BitReader();
  reader.reset(Uint8Array.of(0b1010_0000), 0, 1);
  assertEquals(reader.isAtEnd, false);
  reader.read(3);
  assertEquals(reader.isAtEnd, true);
  reader.reset(Uint8Array.of(0b1010_0001), 0, 1);
  reader.read(3);
  assertEquals(reader.isAtEnd, false);
  reader.reset(Uint8Array.of(0b1010_0000, 0), 0, 2);
  reader.read(3);
  assertEquals(reader.isAtEnd, false);
});
