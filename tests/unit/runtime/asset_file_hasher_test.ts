import { assertEquals, assertRejects } from "@std/assert";
import { PlainHasher } from "../../../src/asset/plain_hasher.ts";
import { FileHasher } from "../../../src/runtime/asset_file_hasher.ts";
import { type HashLane, InlineLane } from "../../../src/runtime/asset_hash_lane.ts";
import type { StoredFile } from "../../../src/transport/file_store.ts";
import { chainingValue } from "../asset/plain_bao.ts";
import { MemoryStore } from "./asset_memory_store.ts";

const CHUNK = 65_536;

/** Lanes that count how many are held, and hash in a later turn where that is wanted. */
class CountedLanes {
  held = 0;
  readonly #later: boolean;

  constructor(later: boolean) {
    this.#later = later;
  }

  take(): Promise<HashLane> {
    this.held++;
    const lane = new InlineLane(new PlainHasher());
    if (!this.#later) return Promise.resolve(lane);
    return Promise.resolve({
      block: lane.block,
      leaves: lane.leaves,
      hash: async (first, bytes, isRoot) => {
        await new Promise((resolve) => setTimeout(resolve, 0));
        lane.hash(first, bytes, isRoot);
      },
    });
  }

  release(): void {
    this.held--;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

async function fileOf(length: number): Promise<StoredFile> {
  const store = new MemoryStore();
  store.files.set("f", Uint8Array.from({ length }, (_, i) => i % 249));
  return await store.openToRead("f");
}

for (const later of [false, true]) {
  const how = later ? "by others" : "inline";

  Deno.test(`hash() tells the leaf of every chunk once, ${how}`, async () => {
    const lanes = new CountedLanes(later);
    const length = 35 * CHUNK + 9;
    const leaves = new Map<number, string>();
    const span = { length: length + 5, first: 2, end: 36, offset: 5 };
    const isWhole = await new FileHasher(lanes).hash(await fileOf(length), span, (index, words, at) => {
      assertEquals(leaves.has(index), false);
      leaves.set(index, new Uint8Array(words.slice(at, at + 8).buffer).toHex());
    });
    assertEquals([isWhole, leaves.size, lanes.held], [true, 34, 0]);
    for (const index of [2, 17, 18, 35]) {
      const start = index * CHUNK - 5;
      const bytes = Uint8Array.from({ length: Math.min(CHUNK, length - start) }, (_, i) => (start + i) % 249);
      assertEquals(leaves.get(index), chainingValue(bytes, index * 64, false).toHex(), `chunk ${index}`);
    }
  });

  Deno.test(`hash() ends with a file that is too short, and tells nothing of what was not there, ${how}`, async () => {
    const lanes = new CountedLanes(later);
    const told: number[] = [];
    const span = { length: 40 * CHUNK, first: 0, end: 40, offset: 0 };
    const isWhole = await new FileHasher(lanes).hash(await fileOf(20 * CHUNK), span, (index) => void told.push(index));
    assertEquals([isWhole, told, lanes.held], [false, Array.from({ length: 16 }, (_, i) => i), 0]);
  });

  Deno.test(`hash() rejects with what its receiver throws, and holds no lane then, ${how}`, async () => {
    const lanes = new CountedLanes(later);
    let told = 0;
    const take = (): void => {
      told++;
      throw new Error("enough");
    };
    const span = { length: 60 * CHUNK, first: 0, end: 60, offset: 0 };
    await assertRejects(async () => new FileHasher(lanes).hash(await fileOf(60 * CHUNK), span, take), Error, "enough");
    assertEquals([told, lanes.held], [1, 0]);
  });
}

Deno.test("hash() rejects when the file cannot be read, and holds no lane then", async () => {
  const lanes = new CountedLanes(true);
  const file = await fileOf(40 * CHUNK);
  let reads = 0;
  const bad = { ...file, read: (into: Uint8Array, at: number) => ++reads === 2 ? fail() : file.read(into, at) };
  const span = { length: 40 * CHUNK, first: 0, end: 40, offset: 0 };
  await assertRejects(() => new FileHasher(lanes).hash(bad, span, () => {}), Error, "a bad sector");
  assertEquals(lanes.held, 0);
});

function fail(): Promise<number> {
  return Promise.reject(new Error("a bad sector"));
}
