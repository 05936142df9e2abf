/**
 * Assets over framed TCP on loopback: what users do with them, from files to files.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import { blake3 } from "@noble/hashes/blake3.js";
import { AssetError, type AssetEvent, MisuseError } from "../../src/api/asset_mod.ts";
import { AssetPlace, CHUNK, randomBytes } from "./asset_place.ts";

const SEED = 20261120;

Deno.test("files of all sizes around a chunk arrive, and the root is their BLAKE3 hash", async () => {
  await using place = await new AssetPlace().start();
  const client = place.client();
  for (const length of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 40 * CHUNK + 3]) {
    const bytes = randomBytes(length, SEED + length);
    await place.server.register(`f${length}`, place.write(`f${length}`, bytes));
    const { root, statistics } = await client.download(`f${length}`, place.path(`g${length}`));
    assertEquals(place.read(`g${length}`), bytes, `seed ${SEED + length}`);
    assertEquals(root, blake3(bytes).toHex());
    assertEquals(statistics.receivedBytes, length);
  }
  assertEquals(place.names().filter((name) => name.includes("ringwire")), []);
});

Deno.test("a large sparse file arrives, and takes little of the link", async () => {
  await using place = await new AssetPlace().start();
  const length = 48 * 2 ** 20 + 1;
  const file = await Deno.create(place.path("sparse"));
  await file.truncate(length);
  file.close();
  await place.server.register("sparse", place.path("sparse"));
  const { statistics } = await place.client().download("sparse", place.path("copy"));
  assertEquals((await Deno.stat(place.path("copy"))).size, length);
  assertLess(statistics.wireBytes, length / 50);
});

Deno.test("a given root is held to, and another one refused", async () => {
  await using place = await new AssetPlace().start();
  const { root } = await place.server.register("a", place.write("a", "the asset"));
  const client = place.client();
  await client.download("a", place.path("b"), { root });
  await client.download("a", place.path("c"), { root: root.toHex() });
  const error = await assertRejects(() =>
    client.download("a", place.path("d"), { root: new Uint8Array(32) }).completed
  );
  assertInstanceOf(error, AssetError);
  assertEquals(error.reason, "OtherRoot");
  assertEquals(place.names(), ["a", "b", "c"]);
});

Deno.test("events tell progress and completion, and the handler in their place gets them at once", async () => {
  await using place = await new AssetPlace().start();
  await place.server.register("a", place.write("a", randomBytes(9 * CHUNK, SEED)));
  const heard: AssetEvent[] = [];
  const client = place.client({ onEvent: (event) => heard.push(event) });
  const seen: number[] = [];
  const transfer = client.download("a", place.path("b"), {
    onProgress: (received, total) => seen.push(received / total),
  });
  await transfer;
  assertEquals(heard.at(-1)?.type, "completed");
  assertEquals(heard.at(-1)?.transferId, transfer.id);
  assertEquals(seen.at(-1), 1);
  assertEquals(seen, seen.toSorted((a, b) => a - b));
  assertEquals(client.pollEvents(), []);
  const polling = place.client();
  await assertRejects(() => polling.download("nothing", place.path("c")).completed, AssetError);
  assertEquals(polling.pollEvents().map(({ type }) => type), ["failed"]);
});

Deno.test("a range of a file is fetched with the chunks that it lies in", async () => {
  await using place = await new AssetPlace().start();
  const bytes = randomBytes(10 * CHUNK + 9, SEED);
  await place.server.register("a", place.write("a", bytes));
  const client = place.client();
  for (const [start, end] of [[0, 1], [5, 3 * CHUNK], [3 * CHUNK, 4 * CHUNK], [9 * CHUNK + 1, 10 * CHUNK + 9]]) {
    const range = { start: start!, end: end! };
    const { statistics } = await client.download("a", place.path(`r${start}`), { range });
    assertEquals(place.read(`r${start}`), bytes.slice(start, end));
    assertEquals(statistics.receivedBytes, end! - start!);
  }
  const outside = client.download("a", place.path("no"), { range: { start: 0, end: bytes.length + 1 } });
  assertEquals((await assertRejects(() => outside.completed, AssetError)).reason, "TooLarge");
});

Deno.test("of a file that changed only the chunks that changed travel", async () => {
  await using place = await new AssetPlace().start();
  const bytes = randomBytes(20 * CHUNK, SEED);
  place.write("old", bytes);
  bytes[7 * CHUNK + 5]! ^= 1;
  await place.server.register("a", place.write("a", bytes));
  const client = place.client();
  const { statistics } = await client.download("a", place.path("old"));
  assertEquals(place.read("old"), bytes);
  assertEquals([statistics.chunksReceived, statistics.reusedBytes], [1, 19 * CHUNK]);
  const again = await client.download("a", place.path("old"));
  assertEquals([again.statistics.chunksReceived, again.statistics.reusedBytes], [0, 20 * CHUNK]);
  const anew = await client.download("a", place.path("old"), { resume: false });
  assertEquals(anew.statistics.chunksReceived, 20);
});

Deno.test("a folder arrives whole, then only with what changed", async () => {
  await using place = await new AssetPlace().start();
  const files = new Map<string, Uint8Array>();
  for (let i = 0; i < 30; i++) files.set(`d${i % 3}/f${i}`, randomBytes(i * 5000, SEED + i));
  files.set("deep/er/file with spaces é", randomBytes(3 * CHUNK, SEED));
  for (const [name, bytes] of files) place.write(`src/${name}`, bytes);
  await place.server.register("maps", place.path("src"));
  const client = place.client();
  const first = await client.download("maps", place.path("dst"));
  for (const [name, bytes] of files) assertEquals(place.read(`dst/${name}`), bytes, name);
  const total = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  assertEquals([first.length, first.statistics.receivedBytes, first.statistics.reusedBytes], [total, total, 0]);
  const changed = files.get("deep/er/file with spaces é")!;
  changed[CHUNK]! ^= 1;
  place.write("src/deep/er/file with spaces é", changed);
  place.write("src/new", "a new file");
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await client.download("maps", place.path("dst"));
  assertEquals(place.read("dst/deep/er/file with spaces é"), changed);
  assertEquals(new TextDecoder().decode(place.read("dst/new")), "a new file");
  assertEquals(second.statistics.chunksReceived, 2);
  const one = await client.download("maps/d0/f0", place.path("single"));
  assertEquals(one.length, 0);
});

Deno.test("paused, a download stands still; resumed, it completes", async () => {
  await using place = await new AssetPlace().start();
  const bytes = randomBytes(200 * CHUNK, SEED);
  await place.server.register("a", place.write("a", bytes));
  const client = place.client({ windowCount: 4 });
  const paused = Promise.withResolvers<void>();
  let isPaused = false;
  const transfer = client.download("a", place.path("b"), {
    onProgress: (received) => {
      if (isPaused || received < 20 * CHUNK) return;
      isPaused = client.pauseTransfer(transfer.id);
      paused.resolve();
    },
  });
  await paused.promise;
  const before = client.getTransferStats(transfer.id)!;
  assertEquals(before.state, "paused");
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertLess(client.getTransferStats(transfer.id)!.receivedBytes - before.receivedBytes, 10 * CHUNK);
  assertEquals(client.pauseTransfer(transfer.id), false);
  assertEquals(client.resumeDownload(transfer.id), true);
  await transfer;
  assertEquals(place.read("b"), bytes);
  assertEquals(client.getTransferStats(transfer.id)!.state, "completed");
  assertEquals(client.resumeDownload(transfer.id), false);
});

Deno.test("cancelled or aborted, a download rejects, and what was verified is not fetched again", async () => {
  await using place = await new AssetPlace().start();
  const bytes = randomBytes(100 * CHUNK, SEED);
  await place.server.register("a", place.write("a", bytes));
  const client = place.client({ windowCount: 4 });
  const transfer = client.download("a", place.path("b"), {
    onProgress: (received) => void (received >= 30 * CHUNK && client.cancelTransfer(transfer.id)),
  });
  assertEquals((await assertRejects(() => transfer.completed, AssetError)).reason, "Cancelled");
  const kept = client.getTransferStats(transfer.id)!.receivedBytes;
  assertGreater(kept, 0);
  const abort = new AbortController();
  const second = client.download("a", place.path("b"), {
    signal: abort.signal,
    onProgress: (received) => void (received >= 60 * CHUNK && abort.abort(new Error("enough"))),
  });
  await assertRejects(() => second.completed, Error, "enough");
  const { receivedBytes, reusedBytes } = client.getTransferStats(second.id)!;
  assert(reusedBytes >= kept, `${reusedBytes} of ${kept}`);
  const last = await client.download("a", place.path("b"));
  assert(last.statistics.reusedBytes >= receivedBytes);
  assertEquals(place.read("b"), bytes);
  assertEquals(place.names(), ["a", "b"]);
});

Deno.test("bytes on disk that an attempt has left are not believed", async () => {
  await using place = await new AssetPlace().start();
  const bytes = randomBytes(30 * CHUNK, SEED);
  await place.server.register("a", place.write("a", bytes));
  const client = place.client({ windowCount: 2 });
  const transfer = client.download("a", place.path("b"), {
    onProgress: (received) => void (received >= 20 * CHUNK && client.cancelTransfer(transfer.id)),
  });
  await assertRejects(() => transfer.completed, AssetError);
  const part = place.names().find((name) => name.endsWith("part"))!;
  const written = place.read(part);
  written.fill(7, CHUNK, CHUNK + 3);
  place.write(part, written);
  await client.download("a", place.path("b"));
  assertEquals(place.read("b"), bytes);
});

Deno.test("two hundred transfers at once complete", async () => {
  await using place = await new AssetPlace({ maxTransfersPerPeerCount: 16 }).start();
  const client = place.client({ maxActiveCount: 32 });
  const transfers = [];
  for (let i = 0; i < 200; i++) {
    await place.server.register(`f${i}`, place.write(`f${i}`, randomBytes(i * 700, i)));
  }
  for (let i = 0; i < 200; i++) transfers.push(client.download(`f${i}`, place.path(`g${i}`)));
  await Promise.all(transfers);
  for (let i = 0; i < 200; i++) assertEquals(place.read(`g${i}`), randomBytes(i * 700, i), `seed ${i}`);
});

Deno.test("several servers serve one download, and the loss of one does not end it", async () => {
  await using place = await new AssetPlace().start();
  await using other = await new AssetPlace().start();
  const bytes = randomBytes(300 * CHUNK, SEED);
  const { root } = await place.server.register("a", place.write("a", bytes));
  await other.server.register("a", other.write("a", bytes));
  const client = place.client({ servers: [{ port: place.server.port }, { port: other.server.port }], windowCount: 8 });
  await client.connected;
  let isStopped = false;
  await client.download("a", place.path("b"), {
    root,
    onProgress: (received) => {
      if (isStopped || received < 50 * CHUNK) return;
      isStopped = true;
      void other.server.stop();
    },
  });
  assertEquals(isStopped, true);
  assertEquals(place.read("b"), bytes);
});

Deno.test("a server that restarts is found again, and the download goes on", async () => {
  await using place = await new AssetPlace().start();
  const bytes = randomBytes(300 * CHUNK, SEED);
  await place.server.register("a", place.write("a", bytes));
  const { port } = place.server;
  const client = place.client({ windowCount: 4, sourceTimeoutMs: 20_000 });
  const stopped = Promise.withResolvers<void>();
  let isStopping = false;
  const transfer = client.download("a", place.path("b"), {
    onProgress: (received) => {
      if (isStopping || received < 50 * CHUNK) return;
      isStopping = true;
      stopped.resolve(place.server.stop());
    },
  });
  await stopped.promise;
  await using again = new AssetPlace({ port });
  await again.server.register("a", place.path("a"));
  await again.start();
  const { statistics } = await transfer;
  assertEquals(place.read("b"), bytes);
  assertLess(statistics.chunksReceived, 300 + 8);
});

Deno.test("a file that changes while it is served ends its transfer with that reason", async () => {
  await using place = await new AssetPlace().start();
  await place.server.register("a", place.write("a", randomBytes(200 * CHUNK, SEED)));
  const client = place.client({ windowCount: 4 });
  let isChanged = false;
  const transfer = client.download("a", place.path("b"), {
    onProgress: (received) => {
      if (isChanged || received < 20 * CHUNK) return;
      isChanged = true;
      place.write("a", randomBytes(200 * CHUNK + 1, SEED + 1));
    },
  });
  assertEquals((await assertRejects(() => transfer.completed, AssetError)).reason, "Changed");
  await client.download("a", place.path("b"));
  assertEquals(place.read("b"), place.read("a"));
});

Deno.test("uploads go where the server allows them, verified, and nowhere else", async () => {
  let folder = "";
  await using place = new AssetPlace({
    onOffer: ({ name, length }) => length < 10 * CHUNK ? `${folder}/${name}` : undefined,
  });
  folder = place.folder;
  await place.start();
  const client = place.client();
  const bytes = randomBytes(5 * CHUNK + 5, SEED);
  const { root } = await client.upload(place.write("mine", bytes), "theirs");
  assertEquals(place.read("theirs"), bytes);
  assertEquals(root, blake3(bytes).toHex());
  const large = client.upload(place.write("large", randomBytes(11 * CHUNK, SEED)), "large2");
  assertEquals((await assertRejects(() => large.completed, AssetError)).reason, "Forbidden");
  assertEquals(place.server.pollEvents().map(({ type }) => type), ["progress", "completed"]);
  await using closed = await new AssetPlace().start();
  const refused = closed.client().upload(place.path("mine"), "x");
  assertEquals((await assertRejects(() => refused.completed, AssetError)).reason, "Forbidden");
});

Deno.test("uploads into a folder are served where that is wanted", async () => {
  await using place = new AssetPlace({ uploadFolder: await Deno.makeTempDir(), serveUploads: true });
  await place.start();
  const client = place.client();
  const bytes = randomBytes(2 * CHUNK, SEED);
  await client.upload(place.write("mine", bytes), "some/where");
  for (let i = 0; i < 100 && place.server.assets.length === 0; i++) await new Promise((r) => setTimeout(r, 5));
  await client.download("some/where", place.path("back"));
  assertEquals(place.read("back"), bytes);
});

Deno.test("a download into a destination that another one writes is refused", async () => {
  await using place = await new AssetPlace().start();
  await place.server.register("a", place.write("a", randomBytes(100 * CHUNK, SEED)));
  const client = place.client();
  const first = client.download("a", place.path("b"));
  await assertRejects(() => client.download("a", place.path("b")).completed, MisuseError, "another transfer");
  await first;
});

Deno.test("without a server the download fails when its time is up", async () => {
  await using place = await new AssetPlace().start();
  const client = place.client({ servers: [{ port: 1 }], sourceTimeoutMs: 50 });
  const error = await assertRejects(() => client.download("a", place.path("b")).completed, AssetError);
  assertEquals([error.reason, error.code], ["NoSource", "CONNECT"]);
  assertEquals(place.names(), []);
});
