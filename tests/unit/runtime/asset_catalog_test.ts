import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { AssetKind } from "../../../src/asset/asset_wire.ts";
import { PlainHasher } from "../../../src/asset/plain_hasher.ts";
import { MisuseError, ResourceError } from "../../../src/error/transport_error.ts";
import { AssetCatalog } from "../../../src/runtime/asset_catalog.ts";
import { AssetEventQueue } from "../../../src/runtime/asset_event.ts";
import { treeOf } from "../asset/tree_hash.ts";
import { MemoryStore } from "./asset_memory_store.ts";

const CHUNK = 65_536;

function made(): { store: MemoryStore; catalog: AssetCatalog } {
  const store = new MemoryStore();
  return { store, catalog: new AssetCatalog(store, new PlainHasher(), 10) };
}

Deno.test("addFile() makes the tree of files of any number of blocks", async () => {
  for (const length of [0, 1, 16 * CHUNK - 1, 16 * CHUNK, 16 * CHUNK + 1, 33 * CHUNK]) {
    const { store, catalog } = made();
    const bytes = Uint8Array.from({ length }, (_, i) => i ^ (i >> 9));
    store.files.set("f", bytes);
    const info = await catalog.addFile("f", "f");
    assertEquals([info.length, info.root], [length, treeOf(bytes, new PlainHasher()).root], `${length} bytes`);
    assertEquals(store.openCount, 0);
  }
});

Deno.test("find() gives a file that has changed a new root, and peek() does not look", async () => {
  const { store, catalog } = made();
  store.files.set("f", new Uint8Array(5));
  const { root } = await catalog.addFile("f", "f");
  store.files.set("f", new Uint8Array(6));
  assertEquals(catalog.peek("f")!.tree.root, root);
  assertNotEquals((await catalog.find("f"))!.tree.root, root);
  assertEquals(catalog.peek("f")!.tree.length, 6);
});

Deno.test("find() finds the files of a folder, new ones with the folder, and no others", async () => {
  const { store, catalog } = made();
  store.files.set("d/a", new Uint8Array(1));
  store.files.set("secret", new Uint8Array(1));
  await catalog.addFolder("x/y", "d");
  assertEquals((await catalog.find("x/y"))!.kind, AssetKind.Folder);
  assertEquals((await catalog.find("x/y/a"))!.path, "d/a");
  store.files.set("d/b", new Uint8Array(2));
  assertEquals(await catalog.find("x/y/b"), undefined);
  const before = catalog.peek("x/y")!.tree.root;
  assertNotEquals((await catalog.find("x/y"))!.tree.root, before);
  assertEquals((await catalog.find("x/y/b"))!.path, "d/b");
  for (const name of ["x", "x/y/../secret", "secret", "x/y/a/b", "d/a"]) {
    assertEquals(await catalog.find(name), undefined, name);
  }
});

Deno.test("many requests at once for a file that has changed all get the new one", async () => {
  const { store, catalog } = made();
  store.files.set("d/a", new Uint8Array(1));
  store.files.set("d/b", new Uint8Array(1));
  await catalog.addFolder("d", "d");
  store.files.set("d/a", new Uint8Array(3));
  store.files.set("d/b", new Uint8Array(4));
  const found = await Promise.all(["d/a", "d/b", "d/a", "d/b"].map((name) => catalog.find(name)));
  assertEquals(found.map((asset) => asset!.tree.length), [3, 4, 3, 4]);
});

Deno.test("find() of a file that is gone rejects, and the next request is not held up", async () => {
  const { store, catalog } = made();
  store.files.set("f", new Uint8Array(5));
  await catalog.addFile("f", "f");
  store.files.delete("f");
  await assertRejects(() => catalog.find("f"), ResourceError);
  store.files.set("f", new Uint8Array(9));
  assertEquals((await catalog.find("f"))!.tree.length, 9);
});

Deno.test("a file that changes all the time is refused", async () => {
  const { store, catalog } = made();
  store.files.set("f", new Uint8Array(5));
  const openToRead = store.openToRead.bind(store);
  store.openToRead = async (path) => {
    const file = await openToRead(path);
    let length = 5;
    return { ...file, stamp: () => Promise.resolve({ length, modifiedMs: length++ }) };
  };
  await assertRejects(() => catalog.addFile("f", "f"), ResourceError, "changes all the time");
  assertEquals(store.openCount, 0);
});

Deno.test("names are taken once, and must be names", async () => {
  const { store, catalog } = made();
  store.files.set("f", new Uint8Array(5));
  await catalog.addFile("f", "f");
  await assertRejects(() => catalog.addFile("f", "f"), MisuseError);
  await assertRejects(() => catalog.addFile("../f", "f"), TypeError);
  assertEquals([catalog.remove("f"), catalog.remove("f"), catalog.list()], [true, false, []]);
});

Deno.test("a newer progress of a transfer takes the place of an older one, and the queue is bounded", () => {
  const queue = new AssetEventQueue(undefined);
  const progress = (transferId: number, received: number): void =>
    queue.push({ type: "progress", transferId, name: "a", received, total: 9 });
  progress(1, 1);
  progress(2, 1);
  progress(1, 5);
  assertEquals(queue.take().map((event) => [event.transferId, event.type === "progress" && event.received]), [
    [2, 1],
    [1, 5],
  ]);
  assertEquals(queue.take(), []);
  for (let i = 0; i < 5000; i++) queue.push({ type: "failed", transferId: i, name: "a", error: undefined });
  const kept = queue.take();
  assertEquals([kept.length, kept[0]!.transferId], [4096, 904]);
});
