import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

function written(size: number, write: (writer: ByteWriter) => void): Uint8Array {
  const memory = new Uint8Array(size);
  const writer = new ByteWriter(memory);
  write(writer);
  assertEquals([writer.overflowed, writer.remaining], [false, 0]);
  return memory;
}

Deno.test("ByteWriter writes big-endian integers", () => {
  assertEquals(written(1, (writer) => writer.writeUint8(0xfe)), Uint8Array.of(0xfe));
  assertEquals(written(2, (writer) => writer.writeUint16(0xf102)), Uint8Array.of(0xf1, 2));
  assertEquals(written(4, (writer) => writer.writeUint32(0xf1020304)), Uint8Array.of(0xf1, 2, 3, 4));
  assertEquals(written(4, (writer) => writer.writeInt32(-2)), Uint8Array.of(0xff, 0xff, 0xff, 0xfe));
});

Deno.test("ByteWriter writes little-endian integers", () => {
  assertEquals(written(2, (writer) => writer.writeUint16Le(0xf102)), Uint8Array.of(2, 0xf1));
  assertEquals(written(4, (writer) => writer.writeUint32Le(0xf1020304)), Uint8Array.of(4, 3, 2, 0xf1));
  assertEquals(written(4, (writer) => writer.writeInt32Le(-2)), Uint8Array.of(0xfe, 0xff, 0xff, 0xff));
});

Deno.test("ByteWriter writes 64-bit integers as the platform does", () => {
  for (const value of [0, 1, 0xffff_ffff, 0x1_0000_0000, 0x8000_0000_0000, 0x1234_5678_9abc_d, 2 ** 53 - 1]) {
    const expected = new DataView(new ArrayBuffer(16));
    expected.setBigUint64(0, BigInt(value));
    expected.setBigUint64(8, BigInt(value), true);
    const bytes = written(16, (writer) => {
      writer.writeUint64(value);
      writer.writeUint64Le(value);
    });
    assertEquals(bytes, new Uint8Array(expected.buffer));
  }
});

Deno.test("ByteWriter writes doubles as the platform does", () => {
  for (const value of [0, -0, 1.5, -Math.PI, Infinity, 5e-324]) {
    const expected = new DataView(new ArrayBuffer(16));
    expected.setFloat64(0, value);
    expected.setFloat64(8, value, true);
    const bytes = written(16, (writer) => {
      writer.writeFloat64(value);
      writer.writeFloat64Le(value);
    });
    assertEquals(bytes, new Uint8Array(expected.buffer));
  }
});

type Write = (writer: ByteWriter, value: number) => void;

const WRITES: readonly [name: string, width: number, min: number, max: number, write: Write][] = [
  ["writeUint8", 1, 0, 0xff, (writer, value) => writer.writeUint8(value)],
  ["writeUint16", 2, 0, 0xffff, (writer, value) => writer.writeUint16(value)],
  ["writeUint16Le", 2, 0, 0xffff, (writer, value) => writer.writeUint16Le(value)],
  ["writeUint32", 4, 0, 0xffff_ffff, (writer, value) => writer.writeUint32(value)],
  ["writeUint32Le", 4, 0, 0xffff_ffff, (writer, value) => writer.writeUint32Le(value)],
  ["writeInt32", 4, -(2 ** 31), 2 ** 31 - 1, (writer, value) => writer.writeInt32(value)],
  ["writeInt32Le", 4, -(2 ** 31), 2 ** 31 - 1, (writer, value) => writer.writeInt32Le(value)],
  ["writeUint64", 8, 0, 2 ** 53 - 1, (writer, value) => writer.writeUint64(value)],
  ["writeUint64Le", 8, 0, 2 ** 53 - 1, (writer, value) => writer.writeUint64Le(value)],
];

for (const [name, width, min, max, write] of WRITES) {
  Deno.test(`ByteWriter.${name}() refuses what is no integer from ${min} to ${max}`, () => {
    const memory = new Uint8Array(32);
    const writer = new ByteWriter(memory);
    for (const value of [min - 1, max + 1, 0.5, NaN, Infinity, -Infinity]) {
      assertThrows(() => write(writer, value), RangeError, "Cannot write");
    }
    assertEquals([writer.offset, writer.overflowed], [0, false]);
    assertEquals(memory, new Uint8Array(32));
    write(writer, min);
    write(writer, max);
    assertEquals(writer.offset, 2 * width);
  });

  Deno.test(`ByteWriter.${name}() writes nothing when one byte is missing`, () => {
    const memory = new Uint8Array(32).fill(0xee);
    const writer = new ByteWriter(memory);
    writer.reset(memory, 3, 3 + width);
    write(writer, 1);
    assertEquals([writer.overflowed, writer.offset, writer.remaining], [false, 3 + width, 0]);

    memory.fill(0xee);
    writer.reset(memory, 3, 3 + width - 1);
    write(writer, 1);
    assertEquals([writer.overflowed, writer.offset, writer.remaining], [true, 3, 0]);
    assertEquals(memory, new Uint8Array(32).fill(0xee));
  });
}

Deno.test("ByteWriter stays overflowed although a later write would have fitted", () => {
  const memory = new Uint8Array(3);
  const writer = new ByteWriter(memory);
  writer.writeUint8(7);
  writer.writeFloat64(1);
  writer.writeFloat64Le(1);
  writer.writeUint8(8);
  writer.writeBytes(Uint8Array.of(9));
  writer.skip(1);
  assertEquals([writer.overflowed, writer.offset, writer.remaining], [true, 1, 0]);
  assertEquals(memory, Uint8Array.of(7, 0, 0));
  writer.reset(memory);
  assertEquals([writer.overflowed, writer.remaining], [false, 3]);
});

Deno.test("ByteWriter.writeBytes() copies, skip() leaves bytes as they are", () => {
  const source = Uint8Array.of(1, 2);
  const memory = new Uint8Array(6).fill(0xee);
  const writer = new ByteWriter(memory.subarray(1));
  writer.skip(1);
  writer.writeBytes(source);
  source.fill(0);
  assertEquals(memory, Uint8Array.of(0xee, 0xee, 1, 2, 0xee, 0xee));
  writer.writeBytes(new Uint8Array(3));
  assertEquals(writer.overflowed, true);
  assertEquals(memory, Uint8Array.of(0xee, 0xee, 1, 2, 0xee, 0xee));
});

Deno.test("ByteWriter writes doubles and 64-bit integers at the very start of the memory", () => {
  const one = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf0, 0x3f);
  assertEquals(written(8, (writer) => writer.writeFloat64Le(1)), one);
  assertEquals(written(8, (writer) => writer.writeFloat64(1)), one.toReversed());
  assertEquals(written(8, (writer) => writer.writeUint64Le(1)), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  assertEquals(written(8, (writer) => writer.writeUint64(1)), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1));
  assertEquals(written(2, (writer) => writer.writeBytes(Uint8Array.of(5, 6))), Uint8Array.of(5, 6));
});

Deno.test("ByteWriter.reset() writes to other memory, at its own offset in a buffer", () => {
  const [first, second] = [new Uint8Array(4), new Uint8Array(8)];
  const writer = new ByteWriter(first);
  writer.reset(second.subarray(2), 1, 5);
  writer.writeUint16(0x0102);
  writer.writeBytes(Uint8Array.of(3, 4, 5));
  assertEquals([writer.offset, writer.overflowed], [3, true]);
  writer.reset(second.subarray(2), 3);
  writer.writeBytes(Uint8Array.of(3));
  assertEquals([first, second], [new Uint8Array(4), Uint8Array.of(0, 0, 0, 1, 2, 3, 0, 0)]);
});

Deno.test("ByteWriter.skip() refuses what is no length", () => {
  const writer = new ByteWriter(new Uint8Array(4));
  for (const length of [-1, 0.5, NaN]) assertThrows(() => writer.skip(length), RangeError);
  writer.skip(0);
  assertEquals([writer.offset, writer.overflowed], [0, false]);
});

Deno.test("ByteWriter.reset() refuses a range outside the memory", () => {
  const memory = new Uint8Array(8);
  const writer = new ByteWriter(memory);
  for (const [start, end] of [[-1, 2], [3, 2], [0, 9], [9, 9], [NaN, 2], [0, NaN]] as const) {
    assertThrows(() => writer.reset(memory, start, end), RangeError, "Cannot write from");
  }
});

Deno.test("ByteReader reads back what ByteWriter wrote", () => {
  const seed = 7;
  const random = new SeededRandom(seed);
  const memory = new Uint8Array(64);
  const writer = new ByteWriter(memory);
  const reader = new ByteReader(memory);
  for (let round = 0; round < 500; round++) {
    const word = random.nextUint32();
    const large = random.nextInt(2 ** 21) * 2 ** 32 + random.nextUint32();
    const fraction = random.visibleFraction();
    writer.reset(memory, random.nextInt(4));
    const start = writer.offset;
    writer.writeUint8(word & 0xff);
    writer.writeUint16(word >>> 16);
    writer.writeUint16Le(word >>> 16);
    writer.writeUint32(word);
    writer.writeUint32Le(word);
    writer.writeInt32(word | 0);
    writer.writeInt32Le(word | 0);
    writer.writeUint64(large);
    writer.writeUint64Le(large);
    writer.writeFloat64(fraction);
    writer.writeFloat64Le(fraction);
    reader.reset(memory, start, writer.offset);
    const back = [
      reader.readUint8(),
      reader.readUint16(),
      reader.readUint16Le(),
      reader.readUint32(),
      reader.readUint32Le(),
      reader.readInt32(),
      reader.readInt32Le(),
      reader.readUint64(),
      reader.readUint64Le(),
      reader.readFloat64(),
      reader.readFloat64Le(),
    ];
    const high = word >>> 16;
    const expected = [word & 0xff, high, high, word, word, word | 0, word | 0, large, large, fraction, fraction];
    assertEquals(back, expected, `seed ${seed}, round ${round}`);
    assertEquals([reader.failed, reader.remaining], [false, 0], `seed ${seed}, round ${round}`);
  }
});
