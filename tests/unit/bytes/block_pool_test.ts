import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BlockPool, DEFAULT_BLOCK_CLASSES } from "../../../src/bytes/block_pool.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

Deno.test("BlockPool.take() hands out blocks of the class, each alone in its buffer", () => {
  const pool = new BlockPool({ classBytes: DEFAULT_BLOCK_CLASSES, retainBytes: 1 << 20 });
  assertEquals(pool.classCount, 3);
  [4096, 32768, 262144].forEach((size, classIndex) => {
    const block = pool.take(classIndex);
    assertEquals(pool.classBytes(classIndex), size);
    assertEquals([block.length, block.byteOffset, block.buffer.byteLength], [size, 0, size]);
    assertNotStrictEquals(pool.take(classIndex).buffer, block.buffer);
  });
  assertEquals(pool.retainedBytes, 0);
});

Deno.test("BlockPool.take() hands out again what was given back", () => {
  const pool = new BlockPool({ classBytes: [8, 16], retainBytes: 100 });
  const small = pool.take(0);
  const large = pool.take(1);
  pool.give(large);
  pool.give(small);
  assertEquals(pool.retainedBytes, 24);
  assertStrictEquals(pool.take(1), large);
  assertEquals(pool.retainedBytes, 8);
  assertStrictEquals(pool.take(0), small);
  assertEquals(pool.retainedBytes, 0);
  assertNotStrictEquals(pool.take(0), small);
});

Deno.test("BlockPool.give() keeps no more than retainBytes in all", () => {
  const pool = new BlockPool({ classBytes: [8, 16], retainBytes: 24 });
  const blocks = [pool.take(0), pool.take(1), pool.take(0)];
  for (const block of blocks) pool.give(block);
  assertEquals(pool.retainedBytes, 24);
  assertStrictEquals(pool.take(0), blocks[0]);
  assertStrictEquals(pool.take(1), blocks[1]);
  assertEquals(pool.retainedBytes, 0);
});

Deno.test("BlockPool with retainBytes 0 keeps nothing", () => {
  const pool = new BlockPool({ classBytes: [8], retainBytes: 0 });
  const block = pool.take(0);
  pool.give(block);
  assertEquals(pool.retainedBytes, 0);
  assertNotStrictEquals(pool.take(0), block);
});

Deno.test("BlockPool.give() drops what is no whole block of a known size", () => {
  const pool = new BlockPool({ classBytes: [8, 16], retainBytes: 1000 });
  pool.give(new Uint8Array(9));
  pool.give(new Uint8Array(0));
  pool.give(new Uint8Array(16).subarray(0, 8));
  const transferred = pool.take(0);
  (transferred.buffer as ArrayBuffer).transfer();
  pool.give(transferred);
  assertEquals(pool.retainedBytes, 0);
  assertEquals(pool.take(0).length, 8);
});

Deno.test("BlockPool.classFor() finds the smallest class that fits", () => {
  const pool = new BlockPool({ classBytes: [8, 16], retainBytes: 0 });
  assertEquals([0, 1, 8, 9, 16, 17].map((bytes) => pool.classFor(bytes)), [0, 0, 0, 1, 1, -1]);
});

Deno.test("BlockPool refuses classes that do not exist", () => {
  const pool = new BlockPool({ classBytes: [8, 16], retainBytes: 0 });
  for (const classIndex of [-1, 2, 0.5, NaN]) {
    assertThrows(() => pool.take(classIndex), RangeError, `Cannot use block class ${classIndex}`);
    assertThrows(() => pool.classBytes(classIndex), RangeError);
  }
});

Deno.test("BlockPool refuses sizes that are not ascending and limits that are none", () => {
  for (const classBytes of [[], [0], [-4], [8, 8], [16, 8], [1.5], [NaN]]) {
    assertThrows(() => new BlockPool({ classBytes, retainBytes: 0 }), RangeError);
  }
  for (const retainBytes of [-1, NaN]) assertThrows(() => new BlockPool({ classBytes: [8], retainBytes }), RangeError);
});

Deno.test("BlockPool never hands out a block that somebody holds, and counts what it keeps", () => {
  const seed = 31;
  const random = new SeededRandom(seed);
  const pool = new BlockPool({ classBytes: [8, 16, 32], retainBytes: 200 });
  const held: Uint8Array[] = [];
  const known = new Set<Uint8Array>();
  for (let step = 0; step < 3000; step++) {
    if (held.length > 0 && random.nextInt(2) === 0) {
      const [block] = held.splice(random.nextInt(held.length), 1);
      const before = pool.retainedBytes;
      pool.give(block!);
      const fits = before + block!.length <= 200;
      if (!fits) known.delete(block!);
      assertEquals(pool.retainedBytes, fits ? before + block!.length : before, `seed ${seed}, step ${step}`);
    } else {
      const block = pool.take(random.nextInt(3));
      assertEquals(held.includes(block), false, `seed ${seed}, step ${step}`);
      known.add(block);
      held.push(block);
    }
    let free = 0;
    for (const block of known) if (!held.includes(block)) free += block.length;
    assertEquals(pool.retainedBytes, free, `seed ${seed}, step ${step}`);
  }
});

Deno.test("BlockPool.lentBytes counts what is out, whether it was kept or made, and whether it is kept when it returns", () => {
  const pool = new BlockPool({ classBytes: [8, 16], retainBytes: 8 });
  const [small, large] = [pool.take(0), pool.take(1)];
  assertEquals(pool.lentBytes, 24);
  pool.give(large);
  assertEquals([pool.lentBytes, pool.retainedBytes], [8, 0]);
  pool.give(small);
  assertEquals([pool.lentBytes, pool.retainedBytes], [0, 8]);
  pool.take(0);
  assertEquals([pool.lentBytes, pool.retainedBytes], [8, 0]);
});
