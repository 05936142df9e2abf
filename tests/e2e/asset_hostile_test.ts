/**
 * What others have put on disk, or send, does not lead a download or a server astray: links, folders, changed files.
 *
 * @module
 */
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { AssetError, ResourceError } from "../../src/api/asset_mod.ts";
import { AssetMessage, AssetWriter } from "../../src/asset/asset_wire.ts";
import { DenoFileStore } from "../../src/io/file/deno_file_store.ts";
import { AssetPlace, CHUNK, randomBytes } from "./asset_place.ts";

const SEED = 20261120;

Deno.test("a link under the destination's name is replaced, and its target stays", async () => {
  await using place = await new AssetPlace().start();
  await place.server.register("a", place.write("a", "new"));
  const target = place.write("target", "old");
  await Deno.symlink(target, place.path("b"));
  await place.client().download("a", place.path("b"));
  assertEquals(new TextDecoder().decode(place.read("b")), "new");
  assertEquals(new TextDecoder().decode(place.read("target")), "old");
});

Deno.test("a link in the place of the temporary file is refused, and its target stays", async () => {
  await using place = await new AssetPlace().start();
  await place.server.register("a", place.write("a", "new"));
  const target = place.write("target", "old");
  await Deno.symlink(target, place.path(".b.ringwire-part"));
  await assertRejects(() => place.client().download("a", place.path("b")).completed, ResourceError, "no regular file");
  assertEquals(new TextDecoder().decode(place.read("target")), "old");
});

Deno.test("a link among the folders of a destination is refused", async () => {
  await using place = await new AssetPlace().start();
  place.write("src/sub/f", "content");
  place.write("outside/keep", "kept");
  await Deno.mkdir(place.path("dst"));
  await Deno.symlink(place.path("outside"), place.path("dst/sub"));
  await place.server.register("src", place.path("src"));
  await assertRejects(() => place.client().download("src", place.path("dst")).completed, ResourceError, "no folder");
  assertEquals(place.names("outside"), ["keep"]);
});

Deno.test("links in a served folder are passed over", async () => {
  await using place = await new AssetPlace().start();
  place.write("src/f", "content");
  await Deno.symlink("/etc/passwd", place.path("src/leak"));
  await Deno.symlink("/etc", place.path("src/etc"));
  await place.server.register("src", place.path("src"));
  await place.client().download("src", place.path("dst"));
  assertEquals(place.names("dst"), ["f"]);
  const client = place.client();
  for (const name of ["src/leak", "src/etc/passwd"]) {
    const error = await assertRejects(() => client.download(name, place.path("x")).completed, AssetError);
    assertEquals(error.reason, "NotFound");
  }
});

Deno.test("a folder under the destination's name is an error, and stays", async () => {
  await using place = await new AssetPlace().start();
  await place.server.register("a", place.write("a", "file"));
  place.write("b/inside", "kept");
  await assertRejects(() => place.client().download("a", place.path("b")).completed, ResourceError, "it is a folder");
  assertEquals(place.names("b"), ["inside"]);
});

Deno.test("placeIn() refuses every name that leaves the folder", async () => {
  await using place = new AssetPlace();
  const store = new DenoFileStore();
  for (const name of ["../x", "/x", "a/../../x", "a\\x", "", "a//x", "nul", "a\0"]) {
    assertInstanceOf(await store.placeIn(place.path("dst"), name).catch((error) => error), ResourceError, name);
  }
  assertEquals(await store.placeIn(place.path("dst"), "a/b/c"), place.path("dst/a/b/c"));
  assertEquals(place.names("dst/a"), ["b"]);
});

Deno.test("beside() keeps long names apart and short enough for a file system", () => {
  const store = new DenoFileStore();
  const [a, b] = [`/x/${"n".repeat(250)}1`, `/x/${"n".repeat(250)}2`].map((path) => store.beside(path, "part"));
  assertEquals(a === b, false);
  assertEquals(a!.length < 200, true);
  assertEquals(store.beside("f", "part"), ".f.part");
});

Deno.test("list() stops at its limit", async () => {
  await using place = new AssetPlace();
  for (const name of ["a", "b/c", "d"]) place.write(`s/${name}`, "");
  const store = new DenoFileStore();
  assertEquals(await store.list(place.path("s"), 3), ["a", "b/c", "d"]);
  await assertRejects(() => store.list(place.path("s"), 2), ResourceError, "more than 2");
});

/** A raw peer: sends messages and keeps what comes back. */
class RawPeer {
  readonly types: number[] = [];
  readonly codes: number[] = [];
  readonly #into = new Uint8Array(2048);
  readonly writer = new AssetWriter();
  readonly attachment;

  constructor(place: AssetPlace) {
    const message = new AssetMessage();
    this.attachment = place.server.attach({
      send: (bytes) => {
        message.decode(bytes);
        this.types.push(message.type);
        this.codes.push(message.code);
      },
    }, "raw");
  }

  bring(write: (into: Uint8Array) => number): void {
    void this.attachment.receive(this.#into.subarray(0, write(this.#into)));
  }

  async until(count: number): Promise<void> {
    for (let i = 0; i < 400 && this.types.length < count; i++) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

Deno.test("a server answers another root, bad names and unknown names with their codes", async () => {
  await using place = new AssetPlace();
  await place.server.register("a", place.write("a", "x"));
  const peer = new RawPeer(place);
  peer.bring((into) => peer.writer.open(into, 1, "a", new Uint8Array(32)));
  await peer.until(1);
  peer.bring((into) => peer.writer.open(into, 2, "../a", undefined));
  await peer.until(2);
  peer.bring((into) => peer.writer.open(into, 3, "b", undefined));
  await peer.until(3);
  assertEquals([peer.types, peer.codes], [[3, 3, 3], [9, 11, 1]]);
});

Deno.test("a server compares a chunk that was not believed with its tree, and says that the file has changed", async () => {
  await using place = new AssetPlace();
  const bytes = randomBytes(2 * CHUNK, SEED);
  const path = place.write("a", bytes);
  const { mtime } = await Deno.stat(path);
  await place.server.register("a", path);
  const peer = new RawPeer(place);
  peer.bring((into) => peer.writer.open(into, 1, "a", undefined));
  await peer.until(1);
  bytes[5]! ^= 1;
  place.write("a", bytes);
  await Deno.utime(path, mtime!, mtime!);
  peer.bring((into) => peer.writer.want(into, 1, 0, 1, true));
  await peer.until(2);
  assertEquals([peer.types, peer.codes[1]], [[2, 9], 3]);
});

Deno.test("a file that another process writes is refused", async () => {
  await using place = new AssetPlace();
  const store = new DenoFileStore();
  const file = await store.openToWrite(place.path("f"));
  await assertRejects(() => store.openToWrite(place.path("f")), ResourceError, "another process");
  file.close();
  (await store.openToWrite(place.path("f"))).close();
});

for (const isMadeAnew of [false, true]) {
  Deno.test(`a file that got its final name while it was opened as a part is not written ${isMadeAnew}`, async () => {
    await using place = new AssetPlace();
    place.write("part", "whole");
    const { tryLock } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.tryLock = function (isExclusive) {
      Deno.renameSync(place.path("part"), place.path("final"));
      if (isMadeAnew) place.write("part", "of the next download");
      return tryLock.call(this, isExclusive);
    };
    try {
      await assertRejects(() => new DenoFileStore().openToWrite(place.path("part")), ResourceError, "another process");
    } finally {
      Deno.FsFile.prototype.tryLock = tryLock;
    }
    assertEquals(new TextDecoder().decode(place.read("final")), "whole");
  });
}

Deno.test("a destination's folder that goes while a download runs is an error", async () => {
  await using place = await new AssetPlace().start();
  await place.server.register("a", place.write("a", randomBytes(60 * CHUNK, SEED)));
  place.write("dst/keep", "");
  const transfer = place.client({ windowCount: 4 }).download("a", place.path("dst/b"), {
    onProgress: () => Deno.removeSync(place.path("dst"), { recursive: true }),
  });
  await assertRejects(() => transfer.completed);
  assertEquals(place.names(), ["a"]);
});

Deno.test("a file that is removed or cut off while it is served ends its transfer, and the server goes on", async () => {
  for (const harm of [(path: string) => Deno.truncateSync(path, CHUNK), (path: string) => Deno.removeSync(path)]) {
    await using place = await new AssetPlace({ idleTimeoutMs: 100 }).start();
    const path = place.write("a", randomBytes(300 * CHUNK, SEED));
    await place.server.register("a", path);
    await place.server.register("other", place.write("other", "fine"));
    const client = place.client({ windowCount: 2 });
    let isDone = false;
    const transfer = client.download("a", place.path("b"), {
      onProgress: () => {
        if (!isDone) harm(path);
        isDone = true;
      },
    });
    // A file without a name is read to its end: that is the file that was registered.
    const error = await transfer.completed.then(() => undefined, (error) => error as AssetError);
    if (error !== undefined) assertEquals(error.reason, "Changed");
    assertEquals(place.names().includes("b"), error === undefined);
    await client.download("other", place.path("c"));
  }
});

Deno.test("a link that nobody uses is closed by the server, and the client comes back for the next download", async () => {
  await using place = await new AssetPlace({ linkIdleTimeoutMs: 20 }).start();
  await place.server.register("a", place.write("a", "x"));
  const raw = await Deno.connect({ port: place.server.port });
  const client = place.client();
  await client.download("a", place.path("b"));
  while (await raw.read(new Uint8Array(100)) !== null);
  raw.close();
  await client.download("a", place.path("c"));
  assertEquals(new TextDecoder().decode(place.read("c")), "x");
});

Deno.test("two clients that write one file do not spoil it: the second one is refused", async () => {
  await using place = await new AssetPlace().start();
  const bytes = randomBytes(200 * CHUNK, SEED);
  await place.server.register("a", place.write("a", bytes));
  const other = place.client();
  let second: Promise<unknown> | undefined;
  await place.client({ windowCount: 4 }).download("a", place.path("b"), {
    onProgress: () => second ??= other.download("a", place.path("b")).completed.catch((error) => error),
  });
  assertInstanceOf(await second, ResourceError);
  assertEquals(place.read("b"), bytes);
});
