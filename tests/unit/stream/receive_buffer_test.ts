import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { equals } from "@std/bytes";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { INT32_FRAMING } from "../../../src/stream/framing.ts";
import { ReceiveBuffer } from "../../../src/stream/receive_buffer.ts";
import { frameOf, joined } from "./int32_stream.ts";
import { spyingPool } from "./spying_pool.ts";

const CLASSES = [512, 16_384, 262_144];
const BLOCK = 262_144;
const limits = { minBytes: 0, maxBytes: 0x7fff_ffff, prefixBytes: 0 };

/** What a read brought, and how many held bytes had to move for the room that it went into. */
interface Read {
  readonly memory: number;
  readonly moved: number;
  readonly room: number;
}

/** Reads a stream through a buffer and checks every payload; `sizeOf` says how much each read brings. */
function readAll(stream: Uint8Array, sizeOf: (room: number) => number, spy = spyingPool(CLASSES)): Read[] {
  const buffer = new ReceiveBuffer(spy.pool);
  const frames = INT32_FRAMING.parser(limits);
  const reads: Read[] = [];
  let consumed = 0;
  for (let at = 0; at < stream.length;) {
    frames.load(buffer.bytes, buffer.start, buffer.end);
    const pending = frames.pendingBytes();
    const held = buffer.end - buffer.start;
    const before = [buffer.bytes, buffer.start];
    const span = buffer.span(pending);
    const moved = before[0] === buffer.bytes && before[1] === buffer.start ? 0 : held;
    assert(span.length > 0);
    const count = Math.min(stream.length - at, Math.max(1, Math.min(span.length, sizeOf(span.length))));
    span.set(stream.subarray(at, at + count));
    buffer.received(count);
    at += count;
    reads.push({ memory: buffer.bytes.length, moved, room: span.length });
    frames.load(buffer.bytes, buffer.start, buffer.end);
    while (frames.next()) {
      const start = consumed + 4;
      consumed = start + frames.length;
      assert(equals(frames.payload(), stream.subarray(start, consumed)));
    }
    buffer.start = frames.position;
    assertEquals(buffer.end - buffer.start, at - consumed);
  }
  buffer.release();
  assertEquals([buffer.bytes.length, spy.out.size], [0, 0]);
  return reads;
}

function payloadOf(random: SeededRandom, length: number): Uint8Array {
  const payload = new Uint8Array(length);
  random.fillSecret(payload);
  return payload;
}

Deno.test("ReceiveBuffer keeps what was not consumed, whatever the reads and frames", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const frames = Array.from({ length: 1 + random.nextInt(40) }, () => {
      const most = [10, 600, 20_000, 300_000][random.nextInt(random.nextInt(8) === 0 ? 4 : 3)]!;
      return frameOf(payloadOf(random, random.nextInt(most)));
    });
    const chunk = 1 + random.nextInt([50, 5000, 400_000][random.nextInt(3)]!);
    try {
      readAll(
        joined(frames).subarray(0, 400_000),
        (room) => random.nextInt(2) === 0 ? room : 1 + random.nextInt(chunk),
      );
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

Deno.test("ReceiveBuffer takes no memory for a length that was only announced", () => {
  for (const chunk of [1, 100, 5000, Infinity]) {
    let arrived = 0;
    const length = chunk === 1 ? 20_000 : 3_000_000;
    const stream = joined([Uint8Array.of(0xff, 0xff, 0xff, 0x7f), new Uint8Array(length)]);
    for (const { memory, room } of readAll(stream, () => chunk)) {
      arrived += Math.min(chunk, room, stream.length - arrived);
      assert(memory <= 4 * arrived + BLOCK, `${memory} bytes of memory when ${arrived} had arrived`);
    }
    assertEquals(arrived, stream.length);
  }
});

Deno.test("ReceiveBuffer moves the bytes of large frames less than once on average", () => {
  const payloads = [256, 512, 1024, 2048, 4096, 8192].map((kib) => kib << 10);
  for (const length of [8192, ...payloads, 1_000_000, 3_333_333]) {
    const count = Math.max(1, Math.round(8_000_000 / length));
    const stream = joined(Array.from({ length: count }, () => frameOf(new Uint8Array(length))));
    for (const chunk of [1460, 65_536, Infinity]) {
      const moved = readAll(stream, () => chunk).reduce((sum, read) => sum + read.moved, 0);
      assert(moved < stream.length, `${moved} of ${stream.length} bytes moved: frames of ${length}, reads of ${chunk}`);
    }
  }
});

Deno.test("ReceiveBuffer moves few bytes of a steady stream of small and of 1 MiB frames", () => {
  for (const length of [64, 8192, 1 << 20]) {
    const count = Math.ceil((16 << 20) / length);
    const stream = joined(Array.from({ length: Math.min(count, 20_000) }, () => frameOf(new Uint8Array(length))));
    const moved = readAll(stream, () => Infinity).reduce((sum, read) => sum + read.moved, 0);
    assert(moved < stream.length / 10, `${moved} of ${stream.length} bytes moved`);
  }
});

/** Brings `count` zero bytes and consumes everything. */
function take(buffer: ReceiveBuffer, count: number): void {
  buffer.span(0);
  buffer.received(count);
  buffer.start = buffer.end;
}

Deno.test("ReceiveBuffer starts small, and grows while reads fill it", () => {
  const buffer = new ReceiveBuffer(spyingPool(CLASSES).pool);
  const sizes = [];
  for (let i = 0; i < 4; i++) {
    sizes.push(buffer.span(0).length);
    take(buffer, buffer.bytes.length);
  }
  assertEquals(sizes, [...CLASSES, BLOCK]);
});

Deno.test("ReceiveBuffer keeps the large block while few are out, and gives it back when it is quiet", () => {
  const { pool, out } = spyingPool(CLASSES);
  const buffer = new ReceiveBuffer(pool);
  for (let i = 0; i < 3; i++) take(buffer, buffer.span(0).length);
  for (let i = 0; i < 20; i++) {
    take(buffer, 1000);
    assertEquals(buffer.span(0).length, BLOCK);
  }
  for (let i = 0; i < 8; i++) take(buffer, 100);
  assertEquals(buffer.span(0).length, 512);
  assertEquals(out.size, 1);
});

Deno.test("ReceiveBuffer gives the large block back as soon as a read leaves room, once many are out", () => {
  const { pool, out } = spyingPool(CLASSES);
  const buffer = new ReceiveBuffer(pool);
  const others = Array.from({ length: 128 }, () => pool.take(2));
  for (let i = 0; i < 3; i++) take(buffer, buffer.span(0).length);
  assertEquals(buffer.bytes.length, BLOCK);
  take(buffer, 1000);
  assertEquals(buffer.span(0).length, 16_384);
  for (let i = 0; i < 8; i++) take(buffer, 100);
  assertEquals(buffer.span(0).length, 512);
  assertEquals(out.size, 1 + others.length);
  assertEquals(pool.retainedBytes, 16_384 + BLOCK);
});

Deno.test("ReceiveBuffer lets go of a frame's own buffer, with one, two and three sizes of blocks", () => {
  for (const classes of [[512], [512, 4096], [512, 4096, 8192]]) {
    const buffer = new ReceiveBuffer(spyingPool(classes).pool);
    while (buffer.end < 20_000) buffer.received(buffer.span(20_000).length);
    assert(buffer.bytes.length >= 20_000);
    buffer.start = buffer.end;
    for (let i = 0; i < 10; i++) take(buffer, 10);
    assertEquals(buffer.span(0).length, 512);
  }
});

Deno.test("ReceiveBuffer keeps the large block while a frame in progress needs it", () => {
  const buffer = new ReceiveBuffer(spyingPool(CLASSES).pool);
  for (let i = 0; i < 3; i++) take(buffer, buffer.span(0).length);
  buffer.span(0);
  buffer.received(20_000);
  const block = buffer.bytes;
  buffer.span(100_000);
  assertStrictEquals(buffer.bytes, block);
});

Deno.test("ReceiveBuffer.received() refuses more than the span had", () => {
  const buffer = new ReceiveBuffer(spyingPool(CLASSES).pool);
  for (const count of [513, -1, NaN]) assertThrows(() => buffer.received(count), RangeError);
  buffer.span(0);
  buffer.received(512);
  assertThrows(() => buffer.received(1), RangeError);
});
