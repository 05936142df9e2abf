import { assertEquals } from "@std/assert";
import { zstdCompressSync } from "node:zlib";
import { NODE_COMPRESSIONS } from "../../../../src/io/system/node_zlib.ts";
import { CONTENT_UNSTATED, NOT_ONE_FRAME, zstdContentBytes } from "../../../../src/io/system/zstd_frame.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

for (const compression of NODE_COMPRESSIONS) {
  const name = compression.code === 1 ? "zstd" : "zlib";

  Deno.test(`${name} gives back what it took, up to the exact bound`, () => {
    const random = new SeededRandom(1);
    for (const length of [0, 1, 255, 256, 257, 4096, 300_000]) {
      const payload = new Uint8Array(length);
      random.fillSecret(payload.subarray(0, length >>> 1));
      const packed = compression.compress(payload);
      assertEquals(compression.decompress(packed, length), payload, `length ${length}`);
      if (length > 0) assertEquals(compression.decompress(packed, length - 1), undefined, `length ${length}`);
    }
  });

  Deno.test(`${name} refuses a bomb without unpacking it`, () => {
    const packed = compression.compress(new Uint8Array(64 << 20));
    const before = Deno.memoryUsage().external;
    assertEquals(compression.decompress(packed, 1 << 20), undefined);
    assertEquals(Deno.memoryUsage().external - before < 16 << 20, true);
  });

  Deno.test(`${name} refuses what was cut off or damaged, and never throws`, () => {
    const random = new SeededRandom(2);
    const payload = new Uint8Array(2000).map((_, i) => i % 97);
    const packed = compression.compress(payload);
    for (let cut = 0; cut < packed.length; cut++) {
      assertEquals(compression.decompress(packed.subarray(0, cut), 1 << 16), undefined, `cut at ${cut}`);
    }
    for (let i = 0; i < 300; i++) {
      const damaged = packed.slice();
      damaged[random.nextInt(damaged.length)]! ^= 1 << random.nextInt(8);
      assertEquals((compression.decompress(damaged, 5000)?.length ?? 0) <= 5000, true);
    }
  });
}

/** A frame of one segment with one raw block, which states its size in a field of the given bits. */
function sizedFrame(sizeField: number[], descriptor: number, content: number[]): Uint8Array {
  const block = [content.length << 3 | 1, content.length >>> 5, 0];
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, descriptor, ...sizeField, ...block, ...content);
}

Deno.test("zstdContentBytes() reads the size that a frame states, whatever its width", () => {
  assertEquals(zstdContentBytes(sizedFrame([2], 0x20, [7, 8])), 2);
  assertEquals(zstdContentBytes(sizedFrame([1, 0], 0x60, [7])), 257);
  assertEquals(zstdContentBytes(sizedFrame([2, 0, 1, 0], 0xa0, [7])), 65_538);
  assertEquals(zstdContentBytes(sizedFrame([2, 0, 0, 0, 1, 0, 0, 0], 0xe0, [7])), 2 ** 32 + 2);
  assertEquals(NODE_COMPRESSIONS[0]!.decompress(sizedFrame([2], 0x20, [7, 8]), 2), Uint8Array.of(7, 8));
  assertEquals(NODE_COMPRESSIONS[0]!.decompress(sizedFrame([2], 0x20, [7, 8]), 1), undefined);
});

Deno.test("zstdContentBytes() knows frames that state no size", () => {
  // Magic, descriptor 0, window, one last raw block of two bytes.
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 0x11, 0, 0, 7, 8);
  assertEquals(zstdContentBytes(frame), CONTENT_UNSTATED);
  assertEquals(NODE_COMPRESSIONS[0]!.decompress(frame, 2), Uint8Array.of(7, 8));
  assertEquals(NODE_COMPRESSIONS[0]!.decompress(frame, 1), undefined);
});

Deno.test("zstdContentBytes() refuses what is not exactly one frame", () => {
  const frame = zstdCompressSync(new Uint8Array(100));
  const longer = new Uint8Array(frame.length + 1);
  longer.set(frame);
  const reserved = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 0x07, 0, 0);
  const cases = [longer, frame.subarray(1), new Uint8Array(0), new Uint8Array(20), reserved];
  assertEquals(cases.map((bytes) => zstdContentBytes(bytes)), cases.map(() => NOT_ONE_FRAME));
});
