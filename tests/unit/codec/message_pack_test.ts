import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { encode } from "@msgpack/msgpack";
import { MessagePack } from "../../../src/codec/message_pack.ts";
import { type MessagePackOptions, resolveMessagePackOptions } from "../../../src/codec/message_pack_options.ts";
import { MESSAGE_PACK_COUNTER_NAMES, MessagePackRefusal } from "../../../src/codec/message_pack_refusal.ts";

const R = MessagePackRefusal;

function codec(options: MessagePackOptions = {}): MessagePack {
  return new MessagePack(resolveMessagePackOptions(options));
}

/** Decodes bytes in the middle of others. */
function refusalOf(bytes: readonly number[] | Uint8Array, options: MessagePackOptions = {}): MessagePackRefusal {
  const memory = new Uint8Array(bytes.length + 20).fill(0xc0);
  memory.set(bytes, 10);
  return codec(options).decode(memory, 10, 10 + bytes.length);
}

function roundTrip(value: unknown, options: MessagePackOptions = {}): unknown {
  const pack = codec(options);
  const bytes = pack.encode(value).slice();
  assertEquals(pack.decode(bytes, 0, bytes.length), R.None);
  return pack.takeValue();
}

const values: unknown[] = [
  null,
  true,
  false,
  ...[0, 1, 31, 32, 127, 128, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1],
  ...[-1, -31, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53) + 1],
  ...[0.5, -1e300, Infinity, -Infinity, NaN],
  ...["", "a", "x".repeat(31), "x".repeat(32), "x".repeat(255), "x".repeat(256), "ä€😀".repeat(40), "y".repeat(70_000)],
  ...[new Uint8Array(0), new Uint8Array(255).fill(3), new Uint8Array(256), new Uint8Array(70_000)],
  ...[0n, 5n, -5n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n],
  ...[new Date(0), new Date(1.7e12), new Date(1.7e12 + 123), new Date(-1), new Date(8.6e15), new Date(-8.6e15)],
  [],
  {},
  [1, [2, [3]]],
  { a: { b: [{ c: null }] }, "": 1, ["k".repeat(300)]: 2 },
  Array.from({ length: 20 }, (_, i) => i),
  Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key${i}`, [i]])),
  Array.from({ length: 2000 }, () => 7),
];

Deno.test("MessagePack gives every value back with its type", () => {
  for (const value of values) assertEquals(roundTrip(value), value);
});

Deno.test("MessagePack numbers stay numbers where 64 bits become numbers", () => {
  for (const value of [2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1]) {
    assertEquals(roundTrip(value, { int64: "number" }), value);
  }
  assertThrows(() => codec({ int64: "number" }).encode(5n), TypeError);
  const high = (lead: number, bytes: number[]): MessagePackRefusal => refusalOf([lead, ...bytes], { int64: "number" });
  assertEquals(high(0xcf, [0, 0x1f, 255, 255, 255, 255, 255, 255]), R.None);
  assertEquals(high(0xcf, [0, 0x20, 0, 0, 0, 0, 0, 0]), R.UnsafeInteger);
  assertEquals(high(0xd3, [0xff, 0xe0, 0, 0, 0, 0, 0, 1]), R.None);
  assertEquals(high(0xd3, [0xff, 0xe0, 0, 0, 0, 0, 0, 0]), R.UnsafeInteger);
  assertEquals(high(0xd3, [0xff, 0xdf, 255, 255, 255, 255, 255, 255]), R.UnsafeInteger);
});

Deno.test("MessagePack leaves out properties that are undefined, and makes null of it elsewhere", () => {
  assertEquals(roundTrip({ a: undefined, b: 1 }), { b: 1 });
  assertEquals(roundTrip([undefined]), [null]);
});

Deno.test("MessagePack.decode() hands out binaries of its own", () => {
  const pack = codec();
  const bytes = pack.encode([Uint8Array.of(1, 2, 3)]).slice();
  pack.decode(bytes, 0, bytes.length);
  const [binary] = pack.takeValue() as [Uint8Array];
  bytes.fill(9);
  assertEquals(binary, Uint8Array.of(1, 2, 3));
  assertEquals(pack.takeValue(), undefined);
});

Deno.test("MessagePack.decode() reads shared memory", () => {
  const pack = codec();
  const bytes = pack.encode({ a: "x".repeat(300), b: Uint8Array.of(5) });
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  assertEquals(pack.decode(shared, 0, shared.length), R.None);
  assertEquals(pack.takeValue(), { a: "x".repeat(300), b: Uint8Array.of(5) });
  assertEquals(codec({ maxBytes: 10 }).decode(shared, 0, shared.length), R.TooLarge);
});

Deno.test("MessagePack.decode() refuses every cut of a message, and a byte behind it", () => {
  const bytes = codec().encode({
    a: [1, 300, 70_000, -5.5, "text", new Date(1.7e12 + 1)],
    b: { c: new Uint8Array(300) },
  });
  const whole = bytes.slice();
  for (let length = 0; length < whole.length; length++) {
    const refusal = refusalOf(whole.subarray(0, length));
    assert(refusal === R.Truncated || refusal === R.TooManyItems, `${length} bytes: ${refusal}`);
  }
  assertEquals(refusalOf(whole), R.None);
  assertEquals(refusalOf(Uint8Array.of(...whole, 0xc0)), R.TrailingBytes);
});

const nested = (depth: number, lead = 0x91): number[] => [...new Array(depth).fill(lead), 0xc0];

const refusals: [string, number[] | Uint8Array, MessagePackOptions, MessagePackRefusal][] = [
  ["nothing", [], {}, R.Truncated],
  ["the byte 0xc1", [0xc1], {}, R.ReservedByte],
  ["a message that is too large", [0x92, 1, 2], { maxBytes: 2 }, R.TooLarge],
  ["33 levels", nested(33), {}, R.TooDeep],
  ["200000 levels", nested(200_000), {}, R.TooDeep],
  ["maps in maps", encode({ a: { a: { a: 1 } } }), { maxDepth: 2 }, R.TooDeep],
  ["an array where none is allowed", [0x90], { maxDepth: 0 }, R.TooDeep],
  ["an array of four billion", [0xdd, 255, 255, 255, 255, 0], {}, R.TooManyItems],
  ["a map of four billion", [0xdf, 255, 255, 255, 255, 0], {}, R.TooManyItems],
  ["an array of more than is left", [0x93, 1, 2], {}, R.TooManyItems],
  ["a map of more than is left", [0x81, 0xa0], {}, R.TooManyItems],
  ["an array longer than allowed", [0xdc, 0, 3, 1, 2, 3], { maxItems: 2 }, R.TooManyItems],
  ["a map longer than allowed", [0x82, 0xa0, 1, 0xa1, 65, 2], { maxItems: 1 }, R.TooManyItems],
  ["more values than allowed", [0x94, 0x80, 0x80, 0x80, 0x80], { maxValues: 4 }, R.TooManyValues],
  ["keys as values", [0x81, 0xa1, 65, 1], { maxValues: 2 }, R.TooManyValues],
  ["a text that is too long", [0xa3, 65, 65, 65], { maxTextBytes: 2 }, R.TextTooLong],
  ["a text of four billion", [0xdb, 255, 255, 255, 255], { maxTextBytes: 2 ** 30 }, R.TextTooLong],
  ["a binary that is too long", [0xc4, 3, 1, 2, 3], { maxBinaryBytes: 2 }, R.BinaryTooLong],
  ["a binary beyond the end", [0xc4, 3, 1, 2], {}, R.Truncated],
  ["an overlong text", [0xa2, 0xc1, 0xbf], {}, R.BadText],
  ["a text that is cut within a character", [0xa2, 0xe2, 0x82], {}, R.BadText],
  ["a surrogate", [0xa3, 0xed, 0xa0, 0x80], {}, R.BadText],
  ["a key that is no text", [0x81, 1, 1], {}, R.BadKey],
  ["a key that is nil", [0x81, 0xc0, 1], {}, R.BadKey],
  ["a key that is a map", [0x81, 0x80, 1], {}, R.BadKey],
  ["an overlong key", [0x81, 0xa2, 0xc1, 0x9f, 1], {}, R.BadText],
  ["an unknown extension", [0xd4, 5, 0], {}, R.UnknownExtension],
  ["a fixed extension of 16", [0xd8, 255, ...new Array(16).fill(0)], {}, R.BadTimestamp],
  ["a timestamp of 5 bytes", [0xc7, 5, 255, 0, 0, 0, 0, 0], {}, R.BadTimestamp],
  ["a timestamp with too many nanoseconds", [0xd7, 255, 0xee, 0x6b, 0x28, 0, 0, 0, 0, 0], {}, R.BadTimestamp],
  ["a timestamp beyond all dates", [0xc7, 12, 255, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], {}, R.BadTimestamp],
  ["a long timestamp with too many nanoseconds", [0xc7, 12, 255, 255, ...new Array(11).fill(0)], {}, R.BadTimestamp],
  ["an extension that is cut", [0xc7, 12, 255, 0], {}, R.Truncated],
  ["an extension of four billion", [0xc9, 255, 255, 255, 255, 255], {}, R.Truncated],
];

for (const [name, bytes, options, expected] of refusals) {
  Deno.test(`MessagePack.decode() refuses ${name}`, () => {
    assertEquals(refusalOf(bytes, options), expected);
  });
}

for (const key of ["__proto__", "constructor", "prototype"]) {
  Deno.test(`MessagePack refuses the key ${key} at any depth and in any form, both ways`, () => {
    const text = [...new TextEncoder().encode(key)];
    assertEquals(refusalOf([0x81, 0xa0 + text.length, ...text, 0x80]), R.ForbiddenKey);
    assertEquals(refusalOf([0x81, 0xd9, text.length, ...text, 0x80]), R.ForbiddenKey);
    assertEquals(refusalOf([0x91, 0x82, 0xa1, 65, 1, 0xda, 0, text.length, ...text, 1]), R.ForbiddenKey);
    assertEquals(refusalOf([0x81, 0xa1, 65, 0xa0 + text.length, ...text]), R.None);
    assertThrows(() => codec().encode({ a: JSON.parse(`{"${key}": 1}`) }), TypeError);
  });
}

Deno.test("MessagePack takes what is just allowed", () => {
  assertEquals(refusalOf([0xdd, 0, 1, 0, 0, ...new Array(65_536).fill(7)]), R.None);
  assertEquals(refusalOf(nested(32)), R.None);
  assertEquals(
    refusalOf([0x92, 0xa2, 65, 65, 0xc4, 1, 0], { maxTextBytes: 2, maxBinaryBytes: 1, maxItems: 2 }),
    R.None,
  );
  assertEquals(refusalOf([0x93, 1, 2, 3], { maxValues: 4, maxBytes: 4 }), R.None);
  assertEquals(refusalOf([0xd7, 255, 0xee, 0x6b, 0x27, 0xfc, 0, 0, 0, 0]), R.None);
});

Deno.test("MessagePack.encode() refuses what decode() would refuse, as the caller's fault", () => {
  const deep = (levels: number): unknown => levels === 0 ? [] : [deep(levels - 1)];
  const cycle: unknown[] = [];
  cycle.push(cycle);
  for (
    const [value, options] of [
      [deep(3), { maxDepth: 3 }],
      [cycle, {}],
      ["abc", { maxTextBytes: 2 }],
      [[1, 2, 3], { maxItems: 2 }],
      [new Uint8Array(3), { maxBinaryBytes: 2 }],
      ["x".repeat(100), { maxBytes: 100 }],
      [2n ** 64n, {}],
      [{ a: [-(2n ** 63n) - 1n] }, {}],
    ] as [unknown, MessagePackOptions][]
  ) {
    assertThrows(() => codec(options).encode(value), RangeError);
  }
  assertEquals(roundTrip(deep(2), { maxDepth: 3 }), deep(2));
});

Deno.test("MessagePack.encode() refuses what has no form as bytes, and goes on", () => {
  const pack = codec();
  const bad = [
    new Map([[1, 2]]),
    new Set([1]),
    /x/,
    new ArrayBuffer(4),
    new Error("x"),
    Promise.resolve(1),
    () => 1,
    Symbol("s"),
    new Date(NaN),
  ];
  const circular: unknown[] = [];
  circular.push(circular);
  assertThrows(() => pack.encode(circular), RangeError, "it is circular, or deeper than 32");
  for (const value of [...bad, "\ud800"]) {
    assertThrows(() => pack.encode({ deep: [value] }), TypeError);
    assertEquals([...pack.encode([1])], [0x91, 1]);
  }
});

Deno.test("MessagePack.encode() does not keep the memory of a large message", () => {
  const pack = codec();
  const large = pack.encode("x".repeat(500_000));
  assert(large.buffer.byteLength >= 500_000);
  assert(pack.encode(1).buffer.byteLength < 100_000);
});

Deno.test("MessagePack.decode() refuses stretches outside of the memory", () => {
  for (const [start, end] of [[-1, 1], [2, 1], [0, 4], [NaN, 1]]) {
    assertThrows(() => codec().decode(new Uint8Array(3), start!, end!), RangeError);
  }
});

Deno.test("resolveMessagePackOptions() names what is wrong", () => {
  for (const options of [{ maxBytes: 0 }, { maxDepth: 513 }, { maxItems: -1 }, { maxValues: 0 }]) {
    assertThrows(() => resolveMessagePackOptions(options as MessagePackOptions), RangeError, Object.keys(options)[0]);
  }
  assertThrows(() => resolveMessagePackOptions({ int64: "x" } as unknown as MessagePackOptions), TypeError, "int64");
  assertThrows(() => resolveMessagePackOptions({ depth: 3 } as MessagePackOptions), TypeError, "depth");
  assertEquals(resolveMessagePackOptions({ maxBytes: 77 }).maxTextBytes, 77);
  assertEquals(MESSAGE_PACK_COUNTER_NAMES.length, Object.keys(R).length - 1);
  assertEquals(MESSAGE_PACK_COUNTER_NAMES[R.ForbiddenKey - 1], "messagePackForbiddenKey");
  assertInstanceOf(codec(), MessagePack);
});
