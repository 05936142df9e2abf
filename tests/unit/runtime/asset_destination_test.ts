import { assertEquals, assertThrows } from "@std/assert";
import { PlainHasher } from "../../../src/asset/plain_hasher.ts";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { AssetDestination, DestinationLocks } from "../../../src/runtime/asset_destination.ts";
import { MemoryStore } from "./asset_memory_store.ts";

const CHUNK = 65_536;
const root = new Uint8Array(32).fill(3);
const LENGTH = 3 * CHUNK;
const whole = { start: 0, end: LENGTH };

async function opened(store: MemoryStore, resume = true, range = whole): Promise<[AssetDestination, number]> {
  const destination = new AssetDestination("f", store, new PlainHasher());
  return [destination, await destination.open(root, LENGTH, range, resume)];
}

Deno.test("open() tells what an earlier attempt left, where its state is whole and of the same range", async () => {
  const store = new MemoryStore();
  const [first, none] = await opened(store);
  assertEquals(none, 0);
  await first.write(0, new Uint8Array(2 * CHUNK).fill(1));
  first.close();
  assertEquals((await opened(store))[1], 2 * CHUNK);
  assertEquals((await opened(store, true, { start: 0, end: CHUNK }))[1], 0);
  assertEquals(store.files.get("f.ringwire-part")!.length, 0);
});

Deno.test("open() believes no state that was changed, and starts anew without one", async () => {
  for (const change of ["flip", "cut", "remove", "not wanted"]) {
    const store = new MemoryStore();
    const [first] = await opened(store);
    await first.write(0, new Uint8Array(CHUNK).fill(1));
    const state = store.files.get("f.ringwire-state")!;
    if (change === "flip") state[40]! ^= 1;
    if (change === "cut") store.files.set("f.ringwire-state", state.slice(0, 50));
    if (change === "remove") store.files.delete("f.ringwire-state");
    assertEquals((await opened(store, change !== "not wanted"))[1], 0, change);
    assertEquals(store.files.get("f.ringwire-part")!.length, 0, change);
  }
});

Deno.test("open() keeps bytes of another root, because they are compared chunk by chunk", async () => {
  const store = new MemoryStore();
  const [first] = await opened(store);
  await first.write(0, new Uint8Array(CHUNK));
  const second = new AssetDestination("f", store, new PlainHasher());
  assertEquals(await second.open(new Uint8Array(32), LENGTH + 5, { start: 0, end: LENGTH + 5 }, true), CHUNK);
});

Deno.test("write() keeps only what lies in the range", async () => {
  const store = new MemoryStore();
  const [destination] = await opened(store, false, { start: 10, end: CHUNK + 20 });
  await destination.write(0, new Uint8Array(CHUNK).fill(1));
  await destination.write(1, new Uint8Array(CHUNK).fill(2));
  await destination.write(2, new Uint8Array(CHUNK).fill(3));
  await destination.finish(false);
  const file = store.files.get("f")!;
  assertEquals([file.length, file[CHUNK - 11], file[CHUNK - 10], file.at(-1)], [CHUNK + 10, 1, 2, 2]);
});

Deno.test("comparePart() looks at whole chunks only", async () => {
  const store = new MemoryStore();
  const range = { start: 10, end: 2 * CHUNK + 5 };
  const [destination] = await opened(store, true, range);
  await destination.write(0, new Uint8Array(3 * CHUNK));
  const found: number[] = [];
  await destination.comparePart({ leaf: () => true, bytes: () => false }, 0, 3, (index) => void found.push(index));
  assertEquals(found, [1]);
});

Deno.test("compareStanding() copies nothing that is not right any more when it is copied", async () => {
  const store = new MemoryStore();
  store.files.set("f", new Uint8Array(LENGTH + 1).fill(1));
  const [destination] = await opened(store);
  const found: number[] = [];
  const check = { leaf: () => true, bytes: () => false };
  const isThere = await destination.compareStanding(check, 3, () => true, (index) => void found.push(index));
  assertEquals([isThere, found, store.files.get("f.ringwire-part")!.length], [false, [], 0]);
});

Deno.test("finish() cuts what was there beyond the asset", async () => {
  const store = new MemoryStore();
  const [destination] = await opened(store);
  await destination.write(0, new Uint8Array(LENGTH));
  store.files.set("f.ringwire-part", new Uint8Array(LENGTH + 9));
  const replace = store.replace.bind(store);
  let heldCount = 0;
  store.replace = (from, to, sync) => {
    heldCount = store.openCount;
    return replace(from, to, sync);
  };
  await destination.finish(true);
  assertEquals([heldCount, store.openCount], [1, 0]);
  assertEquals(store.files.get("f")!.length, LENGTH);
  assertEquals(store.calls, ["sync f.ringwire-part", "replace f.ringwire-part f true"]);
});

Deno.test("DestinationLocks.take() lets one in at a time", () => {
  const locks = new DestinationLocks();
  locks.take("a");
  assertThrows(() => locks.take("a"), MisuseError);
  locks.release("a");
  locks.take("a");
});
