import { assert, assertEquals, assertThrows } from "@std/assert";
import { lz4CompressBlock, lz4DecompressBlock, lz4MaxBlockBytes } from "../../../src/codec/lz4_block.ts";
import { Lz4Table } from "../../../src/codec/lz4_table.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { oracleCompress, oracleDecompress } from "./lz4_oracle.ts";
import { jsonSample, mixedSample } from "./lz4_samples.ts";

const table = new Lz4Table();
const GUARD = 0xa5;

function compressed(bytes: Uint8Array, into = new Uint8Array(lz4MaxBlockBytes(bytes.length))): Uint8Array {
  return into.subarray(0, lz4CompressBlock(bytes, 0, bytes.length, into, 0, into.length, table));
}

/** Decompresses in the middle of guarded memory; `undefined` where the block is refused. */
function decompressed(block: Uint8Array, size: number): Uint8Array | undefined {
  const source = new Uint8Array(block.length + 40).fill(GUARD);
  source.set(block, 20);
  const memory = new Uint8Array(size + 80).fill(GUARD);
  const isWhole = lz4DecompressBlock(source, 20, 20 + block.length, memory, 40, size);
  for (let i = 0; i < 40; i++) assert(memory[i] === GUARD && memory[40 + size + i] === GUARD, "written outside");
  return isWhole ? memory.slice(40, 40 + size) : undefined;
}

function samples(): [string, Uint8Array][] {
  const all: [string, Uint8Array][] = [];
  for (let length = 0; length < 80; length++) {
    all.push([`run of ${length}`, new Uint8Array(length).fill(7)]);
    all.push([`json of ${length}`, jsonSample(length, length)]);
    all.push([`counted ${length}`, Uint8Array.from({ length }, (_, i) => i % 5)]);
  }
  for (let seed = 1; seed < 80; seed++) all.push([`mixture ${seed}`, mixedSample(seed * seed * 20, seed)]);
  all.push(["long run", new Uint8Array(70_000)], ["long json", jsonSample(300_000, 5)]);
  return all;
}

Deno.test("lz4CompressBlock() makes blocks that lz4DecompressBlock() and lz4js undo", () => {
  for (const [name, bytes] of samples()) {
    const block = compressed(bytes);
    assert(block.length > 0 && block.length <= lz4MaxBlockBytes(bytes.length), name);
    assertEquals(decompressed(block, bytes.length), bytes, name);
    if (bytes.length > 0) assertEquals(oracleDecompress(block, bytes.length), bytes, name);
  }
});

Deno.test("lz4DecompressBlock() undoes the blocks of lz4js", () => {
  for (const [name, bytes] of samples()) {
    const block = oracleCompress(bytes);
    if (block !== undefined) assertEquals(decompressed(block, bytes.length), bytes, name);
  }
});

Deno.test("lz4CompressBlock() finds about what lz4js finds", () => {
  const bytes = jsonSample(64 << 10, 3);
  const ours = compressed(bytes).length;
  assert(ours < oracleCompress(bytes)!.length * 1.1, `${ours} bytes`);
});

Deno.test("lz4CompressBlock() ends every block in five literals, and starts no match in the last twelve bytes", () => {
  assertEquals(compressed(new Uint8Array(12)).length, 13);
  assertEquals([...compressed(new Uint8Array(13))], [0x13, 0, 1, 0, 0x50, 0, 0, 0, 0, 0]);
});

Deno.test("lz4CompressBlock() keeps its limit to the byte, at every limit", () => {
  for (const bytes of [jsonSample(700, 1), mixedSample(3000, 4), new Uint8Array(5000), mixedSample(300, 9)]) {
    const whole = compressed(bytes).length;
    for (let limit = 0; limit <= whole + 2; limit++) {
      const into = new Uint8Array(whole + 20).fill(GUARD);
      const length = lz4CompressBlock(bytes, 0, bytes.length, into, 5, limit, table);
      assertEquals(length, limit < whole ? 0 : whole, `limit ${limit} of ${whole}`);
      for (let i = 0; i < into.length; i++) assert(i >= 5 && i < 5 + limit || into[i] === GUARD, `at ${i}`);
    }
  }
});

Deno.test("lz4CompressBlock() looks at nothing before or behind its stretch", () => {
  const text = jsonSample(400, 2);
  const twice = new Uint8Array(1200);
  for (const at of [0, 400, 800]) twice.set(text, at);
  const into = new Uint8Array(1000);
  const length = lz4CompressBlock(twice, 400, 800, into, 0, 1000, table);
  assertEquals(into.slice(0, length), compressed(text));
});

Deno.test("lz4CompressBlock() finds no match of an earlier block, nor after positions start over", () => {
  const text = jsonSample(400, 2);
  const alone = compressed(text).slice();
  const own = new Lz4Table();
  const into = new Uint8Array(1000);
  for (let round = 0; round < 3; round++) {
    assertEquals(into.slice(0, lz4CompressBlock(text, 0, 400, into, 0, 1000, own)), alone, `round ${round}`);
  }
  assert(own.open(2 ** 30) > 0);
  assert(own.open(2 ** 30 - 1400) > 0);
  for (let round = 0; round < 3; round++) {
    assertEquals(into.slice(0, lz4CompressBlock(text, 0, 400, into, 0, 1000, own)), alone, `later round ${round}`);
  }
});

Deno.test("lz4CompressBlock() works over shared memory and views with an offset", () => {
  const text = jsonSample(2000, 8);
  const shared = new Uint8Array(new SharedArrayBuffer(3000), 100, 2500);
  shared.set(text, 50);
  const into = new Uint8Array(new ArrayBuffer(3000), 77, 2800);
  const length = lz4CompressBlock(shared, 50, 2050, into, 3, 2500, table);
  const back = new Uint8Array(new SharedArrayBuffer(2500), 9, 2100);
  assert(lz4DecompressBlock(into, 3, 3 + length, back, 11, 2000));
  assertEquals(new Uint8Array(back).slice(11, 2011), text);
});

Deno.test("lz4DecompressBlock() refuses any other size and any cut", () => {
  for (const bytes of [jsonSample(500, 1), mixedSample(2000, 6), new Uint8Array(600)]) {
    const block = compressed(bytes);
    for (const size of [0, 1, bytes.length - 6, bytes.length - 1, bytes.length + 1, bytes.length + 300]) {
      assertEquals(decompressed(block, size), undefined, `size ${size}`);
    }
    for (let length = 0; length < block.length; length++) {
      assertEquals(decompressed(block.subarray(0, length), bytes.length), undefined, `cut at ${length}`);
    }
    assertEquals(decompressed(Uint8Array.of(...block, 0), bytes.length), undefined, "a byte too many");
  }
});

const hostile: [string, number[], number][] = [
  ["nothing", [], 0],
  ["an offset of 0", [0x10, 1, 0, 0, 0x50, 1, 1, 1, 1, 1], 10],
  ["an offset before the start", [0x10, 1, 2, 0, 0x50, 1, 1, 1, 1, 1], 10],
  ["a match as the first thing", [0x00, 1, 0, 0x50, 1, 1, 1, 1, 1], 9],
  ["half an offset", [0x10, 1, 1], 10],
  ["a match behind which nothing comes", [0x10, 1, 1, 0], 5],
  ["a match within the last five bytes", [0x10, 1, 1, 0, 0x40, 1, 1, 1, 1], 9],
  ["a match longer than the size", [0x1f, 1, 1, 0, 255, 255, 0, 0x50, 1, 1, 1, 1, 1], 100],
  ["literals longer than the block", [0xf0, 200, 1, 2, 3], 215],
  ["literals longer than the size", [0x60, 1, 2, 3, 4, 5, 6], 5],
  ["a length without an end", [0xf0, 255, 255, 255], 1 << 20],
  ["a match length without an end", [0x1f, 1, 1, 0, 255, 255], 1 << 20],
];

for (const [name, block, size] of hostile) {
  Deno.test(`lz4DecompressBlock() refuses ${name}`, () => {
    assertEquals(decompressed(Uint8Array.from(block), size), undefined);
  });
}

Deno.test("lz4DecompressBlock() takes an empty block, and a match at the earliest place", () => {
  assertEquals(decompressed(Uint8Array.of(0), 0), new Uint8Array(0));
  assertEquals(
    decompressed(Uint8Array.of(0x10, 9, 1, 0, 0x50, 1, 2, 3, 4, 5), 10),
    Uint8Array.of(9, 9, 9, 9, 9, 1, 2, 3, 4, 5),
  );
});

Deno.test("LZ4 blocks refuse stretches outside of their buffers", () => {
  const bytes = new Uint8Array(10);
  for (const [start, end, at, room] of [[-1, 5, 0, 5], [6, 5, 0, 5], [0, 11, 0, 5], [0, 5, 6, 5], [0, 5, -1, 5]]) {
    assertThrows(() => lz4CompressBlock(bytes, start!, end!, bytes, at!, room!, table), RangeError);
    assertThrows(() => lz4DecompressBlock(bytes, start!, end!, bytes, at!, room!), RangeError);
  }
  assertThrows(() => lz4DecompressBlock(bytes, 0, 5, bytes, 5, NaN), RangeError);
  assertThrows(() => new Lz4Table(7), RangeError);
  assertThrows(() => new Lz4Table(17), RangeError);
  assertThrows(() => new Lz4Table(12).open(2 ** 30 + 1), RangeError);
});

Deno.test("lz4CompressBlock() takes a match at the longest distance, and none beyond", () => {
  for (const distance of [65_535, 65_536]) {
    const bytes = new Uint8Array(distance + 40);
    new SeededRandom(distance).fillSecret(bytes);
    bytes.copyWithin(distance, 0, 20);
    // Cells enough that what lies between does not take the place of the first.
    const into = new Uint8Array(lz4MaxBlockBytes(bytes.length));
    const length = lz4CompressBlock(bytes, 0, bytes.length, into, 0, into.length, new Lz4Table(16));
    assertEquals(decompressed(into.subarray(0, length), bytes.length), bytes, `${distance}`);
  }
  const far = new Uint8Array(65_536 + 40).map((_, i) =>
    i < 4 || i >= 65_536 && i < 65_540 ? 200 + (i & 3) : (i >> 8) & 127
  );
  const into = new Uint8Array(lz4MaxBlockBytes(far.length));
  const length = lz4CompressBlock(far, 0, far.length, into, 0, into.length, new Lz4Table(16));
  assertEquals(decompressed(into.subarray(0, length), far.length), far);
});
