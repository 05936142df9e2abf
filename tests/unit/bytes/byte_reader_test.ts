import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../../src/bytes/byte_reader.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

const SAMPLE = Uint8Array.of(0xf1, 0x02, 0x83, 0x04, 0x05, 0x06, 0x07, 0x88);

Deno.test("ByteReader reads big-endian integers", () => {
  const reader = new ByteReader(SAMPLE);
  assertEquals(reader.readUint8(), 0xf1);
  reader.reset(SAMPLE);
  assertEquals(reader.readUint16(), 0xf102);
  reader.reset(SAMPLE);
  assertEquals(reader.readUint32(), 0xf1028304);
  reader.reset(SAMPLE);
  assertEquals(reader.readInt32(), 0xf1028304 - 2 ** 32);
  assertEquals(reader.offset, 4);
  assertEquals(reader.remaining, 4);
  assertEquals(reader.failed, false);
});

Deno.test("ByteReader reads little-endian integers", () => {
  const reader = new ByteReader(SAMPLE);
  assertEquals(reader.readUint16Le(), 0x02f1);
  reader.reset(SAMPLE, 4);
  assertEquals(reader.readUint32Le(), 0x88070605);
  reader.reset(SAMPLE, 4);
  assertEquals(reader.readInt32Le(), 0x88070605 - 2 ** 32);
  assertEquals(reader.failed, false);
});

Deno.test("ByteReader reads doubles in both orders", () => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setFloat64(0, -1234.5625);
  new DataView(bytes.buffer).setFloat64(8, Math.PI, true);
  const reader = new ByteReader(bytes);
  assertEquals(reader.readFloat64(), -1234.5625);
  assertEquals(reader.readFloat64Le(), Math.PI);
  assertEquals(reader.failed, false);
});

Deno.test("ByteReader reads 64-bit integers exactly up to 2^53 - 1 and refuses more", () => {
  for (const value of [0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 0x1234_5678_9abc_den, 2n ** 53n - 1n]) {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setBigUint64(0, value);
    new DataView(bytes.buffer).setBigUint64(8, value, true);
    const reader = new ByteReader(bytes);
    assertEquals(reader.readUint64(), Number(value));
    assertEquals(reader.readUint64Le(), Number(value));
    assertEquals(reader.failed, false);
  }
  for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    const bytes = new Uint8Array(9);
    new DataView(bytes.buffer).setBigUint64(1, value);
    const reader = new ByteReader(bytes);
    reader.skip(1);
    assertEquals(reader.readUint64(), 0);
    assertEquals([reader.failed, reader.offset, reader.remaining], [true, 1, 0]);

    new DataView(bytes.buffer).setBigUint64(1, value, true);
    reader.reset(bytes, 1);
    assertEquals(reader.readUint64Le(), 0);
    assertEquals([reader.failed, reader.offset, reader.remaining], [true, 1, 0]);
  }
});

const READS: readonly [string, number, (reader: ByteReader) => number][] = [
  ["readUint8", 1, (reader) => reader.readUint8()],
  ["readUint16", 2, (reader) => reader.readUint16()],
  ["readUint16Le", 2, (reader) => reader.readUint16Le()],
  ["readUint32", 4, (reader) => reader.readUint32()],
  ["readUint32Le", 4, (reader) => reader.readUint32Le()],
  ["readInt32", 4, (reader) => reader.readInt32()],
  ["readInt32Le", 4, (reader) => reader.readInt32Le()],
  ["readUint64", 8, (reader) => reader.readUint64()],
  ["readUint64Le", 8, (reader) => reader.readUint64Le()],
  ["readFloat64", 8, (reader) => reader.readFloat64()],
  ["readFloat64Le", 8, (reader) => reader.readFloat64Le()],
];

for (const [name, width, read] of READS) {
  Deno.test(`ByteReader.${name}() takes ${width} bytes at the end of the range and fails one byte short of it`, () => {
    const bytes = new Uint8Array(32);
    bytes[3 + (width >> 1)] = 1;
    const reader = new ByteReader(bytes);
    reader.reset(bytes, 3, 3 + width);
    const value = read(reader);
    assertNotEquals(value, 0);
    assertEquals([reader.failed, reader.offset, reader.remaining], [false, 3 + width, 0]);

    reader.reset(bytes, 3, 3 + width - 1);
    assertEquals(read(reader), 0);
    assertEquals([reader.failed, reader.offset, reader.remaining], [true, 3, 0]);

    // The very start of the memory is a place like any other.
    reader.reset(bytes.slice(3));
    assertEquals(read(reader), value);
  });
}

Deno.test("ByteReader stays failed although a later read would have fitted", () => {
  const reader = new ByteReader(Uint8Array.of(9, 9, 9));
  assertEquals(reader.readUint32(), 0);
  assertEquals(reader.readUint8(), 0);
  assertEquals(reader.readBytes(1).length, 0);
  assertEquals(reader.readBytes(0).length, 0);
  assertEquals(reader.failed, true);
  reader.reset(Uint8Array.of(9, 9, 9));
  assertEquals(reader.failed, false);
  assertEquals(reader.readUint8(), 9);
});

Deno.test("ByteReader.readBytes() hands out a view into the caller's memory", () => {
  const memory = Uint8Array.from({ length: 10 }, (_, i) => i);
  const reader = new ByteReader(memory.subarray(2, 8));
  reader.skip(1);
  const view = reader.readBytes(4);
  assertEquals(new ByteReader(memory).readBytes(2), Uint8Array.of(0, 1));
  assertEquals(view, Uint8Array.of(3, 4, 5, 6));
  assertStrictEquals(view.buffer, memory.buffer);
  assertEquals(reader.readBytes(0).length, 0);
  assertEquals(reader.failed, false);
  assertEquals(reader.remaining, 1);
});

Deno.test("ByteReader.readBytes() and skip() fail on lengths that only a peer could mean", () => {
  for (const length of [-1, -(2 ** 31), 5, 2 ** 31, 2 ** 53, Infinity, -Infinity, NaN, 1.5]) {
    const reader = new ByteReader(new Uint8Array(4));
    assertEquals(reader.readBytes(length).length, 0, `readBytes(${length})`);
    assertEquals([reader.failed, reader.remaining], [true, 0], `readBytes(${length})`);
    reader.reset(new Uint8Array(4));
    reader.skip(length);
    assertEquals([reader.failed, reader.remaining], [true, 0], `skip(${length})`);
  }
});

Deno.test("ByteReader.reset() reads a range of other memory, at its own offset in a buffer", () => {
  const reader = new ByteReader(SAMPLE);
  reader.readUint32();
  const memory = Uint8Array.from({ length: 10 }, (_, i) => i).subarray(4);
  reader.reset(memory, 1, 3);
  assertEquals(reader.readBytes(2), Uint8Array.of(5, 6));
  reader.reset(memory, 1, 3);
  assertEquals([reader.offset, reader.remaining], [1, 2]);
  assertEquals(reader.readUint16(), 0x0506);
  assertEquals(reader.readUint8(), 0);
  assertEquals(reader.failed, true);
});

Deno.test("ByteReader.reset() refuses a range outside the memory", () => {
  const reader = new ByteReader(SAMPLE);
  for (const [start, end] of [[-1, 2], [3, 2], [0, 9], [9, 9], [NaN, 2], [0, NaN]] as const) {
    assertThrows(() => reader.reset(SAMPLE, start, end), RangeError, "Cannot read from");
  }
});

Deno.test("ByteReader never throws and never leaves its range, whatever is read", () => {
  const seed = 20_240_101;
  const random = new SeededRandom(seed);
  const memory = new Uint8Array(64);
  const reader = new ByteReader(memory);
  for (let round = 0; round < 2000; round++) {
    random.fillSecret(memory);
    const start = random.nextInt(memory.length + 1);
    const end = start + random.nextInt(memory.length - start + 1);
    reader.reset(memory, start, end);
    for (let step = 0; step < 12; step++) {
      const before = reader.offset;
      const kind = random.nextInt(READS.length + 2);
      if (kind < READS.length) READS[kind]![2](reader);
      else if (kind === READS.length) reader.skip(reader.readInt32());
      else reader.readBytes(reader.readUint8());
      const inRange = reader.offset >= before && reader.offset <= end && reader.remaining >= 0;
      assertEquals(inRange, true, `seed ${seed}, round ${round}, step ${step}`);
      assertEquals(reader.failed && reader.remaining > 0, false, `seed ${seed}, round ${round}, step ${step}`);
    }
  }
});
