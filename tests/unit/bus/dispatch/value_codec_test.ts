import { assert, assertEquals, assertThrows } from "@std/assert";
import { COMPRESSED, ValueCodec, ValueEncoding } from "../../../../src/bus/dispatch/value_codec.ts";

function roundTrip(codec: ValueCodec, value: unknown): unknown {
  const bytes = codec.encode(value).slice();
  const padded = new Uint8Array(bytes.length + 6);
  padded.set(bytes, 3);
  assert(codec.decode(codec.encoding, padded, 3, 3 + bytes.length));
  return codec.value;
}

Deno.test("ValueCodec brings back what it was given", () => {
  const codec = new ValueCodec(1 << 16, 64);
  const long = { text: "again and again and again ".repeat(40), list: new Array(50).fill({ a: 1 }) };
  for (const value of [undefined, null, 0, -7.5, "text", [1, [2]], { a: { b: [true] } }, long]) {
    assertEquals(roundTrip(codec, value), value);
  }
});

Deno.test("ValueCodec carries bytes as they are, in memory of their own", () => {
  const codec = new ValueCodec(1 << 16, Infinity);
  const bytes = Uint8Array.of(1, 2, 3);
  assertEquals(codec.encode(bytes), bytes);
  assertEquals(codec.encoding, ValueEncoding.Bytes);
  assert(codec.decode(ValueEncoding.Bytes, bytes, 0, 3));
  bytes.fill(9);
  assertEquals(codec.value, Uint8Array.of(1, 2, 3));
});

Deno.test("ValueCodec compresses from a size on, and only what shrinks", () => {
  const codec = new ValueCodec(1 << 16, 100);
  const sparse = new Uint8Array(100);
  assert(codec.encode(sparse).length < 50);
  assertEquals(codec.encoding, ValueEncoding.Bytes | COMPRESSED);
  codec.encode(sparse.subarray(1));
  assertEquals(codec.encoding, ValueEncoding.Bytes);
  const dense = new Uint8Array(200).map((_, i) => (i * 2654435761 >>> 13) ^ i * 89);
  assertEquals(codec.encode(dense).length, 200);
  assertEquals(codec.encoding, ValueEncoding.Bytes);
});

Deno.test("ValueCodec refuses values beyond its size, both ways", () => {
  const codec = new ValueCodec(100, Infinity);
  assertThrows(() => codec.encode(new Uint8Array(101)), RangeError);
  assertThrows(() => codec.encode("x".repeat(120)), RangeError);
  assertEquals(codec.decode(ValueEncoding.Bytes, new Uint8Array(101), 0, 101), false);
});

Deno.test("ValueCodec refuses what would be too long once it is decompressed", () => {
  const bytes = new ValueCodec(1 << 20, 1).encode(new Uint8Array(5000)).slice();
  const isTaken = (most: number): boolean =>
    new ValueCodec(most, 1).decode(ValueEncoding.Bytes | COMPRESSED, bytes, 0, bytes.length);
  assertEquals([isTaken(5000), isTaken(4999)], [true, false]);
});

Deno.test("ValueCodec takes no memory for a size that is only announced", () => {
  const codec = new ValueCodec(1 << 20, Infinity);
  const bomb = Uint8Array.of(0, 0, 16, 0, 0x1f, 0, 1, 0);
  assertEquals(codec.decode(ValueEncoding.Bytes | COMPRESSED, bomb, 0, bomb.length), false);
  bomb.set([0xff, 0xff, 0xff, 0xff]);
  assertEquals(codec.decode(ValueEncoding.Bytes | COMPRESSED, bomb, 0, bomb.length), false);
  assertEquals(codec.decode(ValueEncoding.Bytes | COMPRESSED, bomb, 0, 3), false);
});

Deno.test("ValueCodec refuses hostile and broken values without throwing", () => {
  const codec = new ValueCodec(1 << 16, 64);
  const proto = new TextEncoder().encode("\x81\xa9__proto__\xc0");
  const hostile: [number, Uint8Array][] = [
    [ValueEncoding.MessagePack, Uint8Array.of(0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 0xc0)],
    [ValueEncoding.MessagePack, new Uint8Array(1000).fill(0x91)],
    [ValueEncoding.MessagePack, Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    [ValueEncoding.MessagePack, Uint8Array.of(0xc0, 0xc0)],
    [ValueEncoding.MessagePack, new Uint8Array(0)],
    [ValueEncoding.None, Uint8Array.of(1)],
    [3, Uint8Array.of(1)],
    [0x41, Uint8Array.of(0xc0)],
    [ValueEncoding.MessagePack, proto],
  ];
  for (const [encoding, bytes] of hostile) assertEquals(codec.decode(encoding, bytes, 0, bytes.length), false);
  assertEquals(({} as { polluted?: unknown }).polluted, undefined);
});

Deno.test("ValueCodec.decode() takes no memory for a size that it refuses", () => {
  const codec = new ValueCodec(1 << 20, 0);
  const taken: number[] = [];
  const { Uint8Array: original } = globalThis;
  const watched = new Proxy(original, {
    construct(target, args, newTarget) {
      if (typeof args[0] === "number") taken.push(args[0]);
      return Reflect.construct(target, args, newTarget);
    },
  });
  // Above the limit for values, and below it but more than the block can ever give.
  for (const size of [(1 << 20) + 1, 2000]) {
    const bytes = original.of(size, size >>> 8, size >>> 16, size >>> 24, 0x10, 0x61);
    try {
      globalThis.Uint8Array = watched;
      assertEquals(codec.decode(ValueEncoding.Bytes | COMPRESSED, bytes, 0, bytes.length), false);
    } finally {
      globalThis.Uint8Array = original;
    }
  }
  assertEquals(taken, []);
});
