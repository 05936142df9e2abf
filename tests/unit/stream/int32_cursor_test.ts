import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { CloseCode } from "../../../src/error/close_code.ts";
import { Histogram } from "../../../src/metric/histogram.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import type { FrameLimits } from "../../../src/stream/frame_cursor.ts";
import { INT32_FRAMING } from "../../../src/stream/framing.ts";
import { Int32Cursor } from "../../../src/stream/int32_cursor.ts";
import { encodeTimestamp } from "../../../src/wire/timestamp_prefix.ts";
import { frameOf, joined, LIMITS, randomStream } from "./int32_stream.ts";
import { type Parsed, parseInt32 } from "./reference_parser.ts";

const anything: FrameLimits = { minBytes: 0, maxBytes: 1 << 20, prefixBytes: 0 };

/** Walks a stream whose bytes become visible chunk by chunk, each time from the first frame that was incomplete. */
function walk(cursor: Int32Cursor, bytes: Uint8Array, chunk: () => number): Parsed {
  const payloads: [number, number][] = [];
  let position = 0;
  for (let end = 0; end < bytes.length && cursor.fault === undefined;) {
    end = Math.min(bytes.length, end + chunk());
    cursor.load(bytes, position, end);
    let count = 0;
    while (cursor.next()) {
      payloads.push([cursor.offset, cursor.offset + cursor.length]);
      assertEquals(cursor.count, ++count);
    }
    position = cursor.position;
  }
  return { payloads, fault: cursor.fault, position };
}

Deno.test("Int32Cursor finds what the reference parser finds, under all chunkings, limits and prefixes", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = new SeededRandom(seed);
    for (const limits of LIMITS) {
      const bytes = randomStream(random, limits);
      const expected = parseInt32(bytes, limits);
      const most = 1 + random.nextInt(1 + random.nextInt(300));
      const found = walk(new Int32Cursor(limits), bytes, () => 1 + random.nextInt(most));
      assertEquals(found, expected, `seed ${seed}`);
    }
  }
});

Deno.test("Int32Cursor finds what the reference parser finds in arbitrary bytes", () => {
  const limit = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), limit, limit, fc.boolean(), (bytes, a, b, sparse) => {
      // Mostly zero bytes make small lengths, so that frames are found at all.
      if (sparse) bytes.forEach((byte, i) => bytes[i] = byte & 3 ? 0 : byte & 15);
      const limits = { minBytes: Math.min(a, b), maxBytes: Math.max(a, b), prefixBytes: 0 };
      assertEquals(walk(new Int32Cursor(limits), bytes, () => 1), parseInt32(bytes, limits));
    }),
    { numRuns: 500 },
  );
});

Deno.test("Int32Cursor.next() stops for good at a refused length", () => {
  for (const limits of LIMITS) {
    const good = frameOf(new Uint8Array(limits.minBytes));
    const bytes = joined([good, frameOf(new Uint8Array(0), -1), good, good]);
    const cursor = new Int32Cursor(limits);
    cursor.load(bytes, 0, bytes.length);
    assertEquals([cursor.next(), cursor.next(), cursor.next()], [true, false, false]);
    assertEquals([cursor.fault, cursor.position], [CloseCode.NegativeLength, good.length]);
    cursor.load(bytes, good.length + 4, bytes.length);
    assertEquals([cursor.next(), cursor.pendingBytes()], [false, 0]);
  }
});

Deno.test("Int32Cursor judges a length on its four bytes alone", () => {
  const limits = { minBytes: 1, maxBytes: 1000, prefixBytes: 0 };
  const expected = [[-1, CloseCode.NegativeLength], [0, CloseCode.EmptyFrame], [1000, undefined]] as const;
  for (const [length, fault] of [...expected, [1001, CloseCode.FrameTooLarge], [0x7fff_ffff, 6]] as const) {
    const cursor = new Int32Cursor(limits);
    cursor.load(frameOf(new Uint8Array(0), length), 0, 3);
    assertEquals([cursor.next(), cursor.fault, cursor.pendingBytes()], [false, undefined, 0]);
    cursor.load(frameOf(new Uint8Array(0), length), 0, 4);
    assertEquals(cursor.pendingBytes(), fault === undefined ? 4 + length : 0);
    assertEquals([cursor.next(), cursor.fault], [false, fault]);
  }
});

Deno.test("Int32Cursor tells a missing timestamp from an empty message", () => {
  const limits = { minBytes: 9, maxBytes: 100, prefixBytes: 8 };
  for (const [length, fault] of [[0, CloseCode.MissingTimestamp], [7, CloseCode.MissingTimestamp], [8, 7]] as const) {
    const cursor = new Int32Cursor(limits);
    cursor.load(frameOf(new Uint8Array(length)), 0, 4 + length);
    assertEquals([cursor.next(), cursor.fault], [false, fault]);
  }
});

Deno.test("Int32Cursor strips the prefix and records the age of a message", () => {
  const cursor = new Int32Cursor({ minBytes: 8, maxBytes: 100, prefixBytes: 8 });
  cursor.latency = new Histogram();
  cursor.wallNow = 1_700_000_000_010;
  const old = new Uint8Array(11).fill(7);
  encodeTimestamp(old, 0, 1_700_000_000_000);
  const future = new Uint8Array(8);
  encodeTimestamp(future, 0, 1_700_000_009_000);
  const bytes = joined([frameOf(old), frameOf(future)]);
  cursor.load(bytes, 0, bytes.length);
  assertEquals(cursor.next(), true);
  assertEquals([...cursor.payload()], [7, 7, 7]);
  assertEquals([cursor.next(), cursor.length], [true, 0]);
  const { count, max, min } = cursor.latency.snapshot();
  assertEquals(count, 2);
  assertEquals(min, 0);
  assertEquals(Math.abs(max - 10_000) <= 10_000 / 32, true);
});

Deno.test("Int32Cursor.limit() holds from the next frame on", () => {
  const bytes = joined([frameOf(new Uint8Array(5)), frameOf(new Uint8Array(50))]);
  const cursor = new Int32Cursor({ minBytes: 1, maxBytes: 10, prefixBytes: 0 });
  cursor.load(bytes, 0, bytes.length);
  assertEquals(cursor.next(), true);
  cursor.limit(anything);
  assertEquals([cursor.next(), cursor.length], [true, 50]);
});

Deno.test("Int32Cursor.payload() is a view, and works over a view into a larger buffer", () => {
  const whole = new Uint8Array(40);
  const bytes = whole.subarray(7, 33);
  bytes.set(frameOf(Uint8Array.of(1, 2, 3)), 2);
  const cursor = INT32_FRAMING.parser(anything);
  cursor.load(bytes, 2, 9);
  assertEquals(cursor.next(), true);
  assertEquals([...cursor.payload()], [1, 2, 3]);
  assertStrictEquals(cursor.payload().buffer, whole.buffer);
});
