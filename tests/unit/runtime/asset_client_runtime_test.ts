import { assert, assertEquals, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import { AssetWriter } from "../../../src/asset/asset_wire.ts";
import { encodeManifest } from "../../../src/asset/manifest.ts";
import { PlainHasher } from "../../../src/asset/plain_hasher.ts";
import { ResourceError } from "../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { memoryAsset } from "../../../src/runtime/asset_catalog.ts";
import { AssetError } from "../../../src/runtime/asset_error.ts";
import { Bench, randomBytes } from "./asset_bench.ts";

const CHUNK = 65_536;
const SEED = 20261120;

Deno.test("a finished file is synced, then gets its name, and nothing stays beside it", async () => {
  const bench = new Bench().join();
  const bytes = randomBytes(3 * CHUNK + 1);
  await bench.file("a", bytes);
  await bench.fetch("a");
  assertEquals(bench.here.files.get("copy"), bytes);
  assertEquals(bench.here.calls, ["sync copy.ringwire-part", "replace copy.ringwire-part copy true"]);
  assertEquals([...bench.here.files.keys()], ["copy"]);
  assertEquals([bench.here.openCount, bench.there.openCount], [0, 0]);
});

Deno.test("a full disk is a ResourceError, what was verified stays, and is used later", async () => {
  const bench = new Bench().join();
  const bytes = randomBytes(40 * CHUNK);
  await bench.file("a", bytes);
  bench.here.files.set("copy", Uint8Array.of(1, 2, 3));
  bench.here.freeBytes = 20 * CHUNK;
  const error = await assertRejects(() => bench.fetch("a"), ResourceError, "no space left");
  assertInstanceOf(error, ResourceError);
  assertEquals(bench.here.files.get("copy"), Uint8Array.of(1, 2, 3));
  assert(bench.here.files.get("copy.ringwire-part")!.length > 0);
  assertEquals(bench.here.openCount, 0);
  assertEquals(bench.client.endpoint.slots.free, bench.client.endpoint.slots.count);
  bench.here.freeBytes = Infinity;
  await bench.fetch("a");
  assertEquals(bench.here.files.get("copy"), bytes);
  const ends = bench.client.endpoint.events.take().filter(({ type }) => type !== "progress");
  assertEquals(ends.map(({ type }) => type), ["failed", "completed"]);
  assert(ends[1]?.type === "completed" && ends[1].statistics.reusedBytes > 0);
});

Deno.test("bytes that were never verified are never written, whatever a server sends", async () => {
  const bench = new Bench({ maxBadCount: 1000, maxRetriesCount: 3 }).join();
  const bytes = randomBytes(10 * CHUNK);
  const root = await bench.file("a", bytes);
  const random = new SeededRandom(SEED);
  bench.fate = (message) => {
    if (message[0] === 5) message[message.length - 1 - random.nextUint32() % 60_000]! ^= 1;
    return message;
  };
  const error = await assertRejects(() => bench.settled(bench.fetch("a", { root })), AssetError);
  assertEquals(error.reason, "Corrupt");
  assertEquals(bench.here.files.get("copy.ringwire-part"), new Uint8Array(0));
  assertEquals(bench.here.files.has("copy"), false);
});

Deno.test("a server that says nothing is not waited for for ever", async () => {
  const bench = new Bench({ openTimeoutMs: 1000, sourceTimeoutMs: 500, chunkTimeoutMs: 100 }).join();
  await bench.file("a", randomBytes(5));
  bench.fate = () => undefined;
  assertEquals((await assertRejects(() => bench.settled(bench.fetch("a")), AssetError)).reason, "TimedOut");
  assertLess(bench.scheduler.clock.now, 3000);
});

Deno.test("a server that sends every chunk but one is not waited for for ever", async () => {
  const bench = new Bench({ chunkTimeoutMs: 100, maxRetriesCount: 2 }).join();
  await bench.file("a", randomBytes(30 * CHUNK));
  bench.fate = (message) => message[0] === 5 && message[2] === 17 ? undefined : message;
  assertEquals((await assertRejects(() => bench.settled(bench.fetch("a")), AssetError)).reason, "TimedOut");
  assertLess(bench.scheduler.clock.now, 3000);
});

Deno.test("a declared length above the limit is refused before a file is made", async () => {
  const bench = new Bench({ maxAssetBytes: 1000 }).join();
  bench.fate = (message) => {
    if (message[0] !== 2) return message;
    const lie = new Uint8Array(64);
    return lie.slice(0, new AssetWriter().opened(lie, message[1]!, 0, 2 ** 52, new Uint8Array(32)));
  };
  await bench.file("a", randomBytes(5));
  assertEquals((await assertRejects(() => bench.settled(bench.fetch("a")), AssetError)).reason, "TooLarge");
  assertEquals(bench.here.files.size, 0);
});

Deno.test("a lie about the length makes no file of that length", async () => {
  const bench = new Bench({ chunkTimeoutMs: 100, maxRetriesCount: 2 }).join();
  const root = await bench.file("a", randomBytes(5));
  bench.fate = (message) => {
    if (message[0] !== 2) return message;
    const lie = new Uint8Array(64);
    return lie.slice(0, new AssetWriter().opened(lie, message[1]!, 0, 2 ** 34, message.slice(-32)));
  };
  await assertRejects(() => bench.settled(bench.fetch("a", { root })), AssetError);
  assertEquals(bench.here.files.get("copy.ringwire-part")?.length ?? 0, 0);
});

for (const name of ["../evil", "/evil", "a/../../evil", "CON", "a\\..\\evil"]) {
  Deno.test(`a manifest with ${JSON.stringify(name)} writes nothing`, async () => {
    const bench = new Bench().join();
    const honest = encodeManifest([{ name: "x".repeat(name.length), length: 1, root: new Uint8Array(32) }]);
    honest.set(new TextEncoder().encode(name), 6);
    const folder = memoryAsset(honest, 1, new PlainHasher());
    bench.server.catalog.peek = () => folder;
    bench.server.catalog.find = () => Promise.resolve(folder);
    assertEquals((await assertRejects(() => bench.fetch("f"), AssetError)).reason, "Malformed");
    assertEquals(bench.here.files.size, 0);
  });
}

Deno.test("a manifest that claims too much is refused before any file is fetched", async () => {
  const bench = new Bench({ maxAssetBytes: 10_000 }).join();
  const root = new Uint8Array(32);
  const folder = memoryAsset(
    encodeManifest([{ name: "a", length: 6000, root }, { name: "b", length: 6000, root }]),
    1,
    new PlainHasher(),
  );
  bench.server.catalog.find = () => Promise.resolve(folder);
  assertEquals((await assertRejects(() => bench.fetch("f"), AssetError)).reason, "TooLarge");
  assertEquals(bench.here.files.size, 0);
});

Deno.test("while the disk is slow no more chunks are taken than there are slots", async () => {
  const bench = new Bench({ slotCount: 4, windowCount: 64 }).join();
  const bytes = randomBytes(60 * CHUNK);
  await bench.file("a", bytes);
  const gate = Promise.withResolvers<void>();
  bench.here.beforeWrite = () => gate.promise;
  const fetching = bench.fetch("a");
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  const [statistics] = bench.client.transfers.ids.map((id) => bench.client.transfers.statistics(id));
  assert(statistics!.chunksReceived <= 5, `${statistics!.chunksReceived} chunks`);
  gate.resolve();
  await fetching;
  assertEquals(bench.here.files.get("copy"), bytes);
});

Deno.test("a link that fails while it is sent to is detached, and the download waits for another", async () => {
  const bench = new Bench({ sourceTimeoutMs: 60_000 });
  const bytes = randomBytes(2 * CHUNK);
  await bench.file("a", bytes);
  bench.client.attach({ send: () => Promise.reject(new Error("broken")) }, "x");
  const fetching = bench.fetch("a");
  await new Promise((resolve) => setTimeout(resolve, 0));
  bench.join();
  await fetching;
  assertEquals(bench.here.files.get("copy"), bytes);
});

Deno.test("close() ends what runs and what waits, and leaves no timer", async () => {
  const bench = new Bench({ maxActiveCount: 1 });
  const first = bench.fetch("a");
  const second = bench.fetch("b", { destination: "other" });
  bench.client.close();
  for (const run of [first, second]) {
    assertEquals((await assertRejects(() => run, AssetError)).reason, "Cancelled");
  }
});

Deno.test("a download that waits for its turn can be cancelled, and others keep theirs", async () => {
  const bench = new Bench({ maxActiveCount: 1, maxWaitingCount: 2 });
  const bytes = randomBytes(CHUNK);
  await bench.file("a", bytes);
  const first = bench.fetch("a");
  const second = bench.fetch("a", { destination: "second" });
  const third = bench.fetch("a", { destination: "third" });
  await assertRejects(() => bench.fetch("a", { destination: "fourth" }), ResourceError, "2 wait already");
  bench.client.transfers.cancel(2);
  assertEquals((await assertRejects(() => second, AssetError)).reason, "Cancelled");
  bench.join();
  await Promise.all([first, third]);
  assertEquals(bench.here.files.get("third"), bytes);
});

Deno.test("an offer that was lost is repeated, and taken once", async () => {
  const bench = new Bench({ chunkTimeoutMs: 100 }, { uploadFolder: "up" }).join();
  const bytes = randomBytes(3 * CHUNK);
  bench.here.files.set("mine", bytes);
  let offers = 0;
  bench.asked = (message) => message[0] === 8 && offers++ === 0 ? undefined : message;
  await bench.settled(bench.client.uploadFile(1, "mine", "x/y", undefined));
  assertEquals(bench.there.files.get("up/x/y"), bytes);
  assertEquals(offers, 2);
  assertEquals(bench.server.endpoint.events.take().map(({ type }) => type), ["progress", "completed"]);
});

Deno.test("a server that does not answer an offer is not waited for for ever", async () => {
  const bench = new Bench({ chunkTimeoutMs: 100, idleTimeoutMs: 500 }, { uploadFolder: "up" }).join();
  bench.here.files.set("mine", randomBytes(5));
  bench.asked = () => undefined;
  const upload = bench.settled(bench.client.uploadFile(1, "mine", "x", undefined));
  assertEquals((await assertRejects(() => upload, AssetError)).reason, "TimedOut");
  assertLess(bench.scheduler.clock.now, 3000);
});

Deno.test("a cancelled upload is told to the server, which keeps no file under the name", async () => {
  const bench = new Bench({ windowCount: 1 }, { uploadFolder: "up", windowCount: 1 }).join();
  bench.here.files.set("mine", randomBytes(50 * CHUNK));
  bench.there.beforeWrite = () =>
    void (bench.there.files.get("up/x.ringwire-part")!.length > 0 && bench.client.cancel(1));
  const upload = bench.settled(bench.client.uploadFile(1, "mine", "x", undefined));
  assertEquals((await assertRejects(() => upload, AssetError)).reason, "Cancelled");
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(bench.there.files.has("up/x"), false);
  assertEquals(bench.server.endpoint.events.take().at(-1)?.type, "failed");
});

Deno.test("a server takes no more offers of one peer at once than it may", async () => {
  const answer = Promise.withResolvers<string | undefined>();
  const options = { onOffer: () => answer.promise, maxTransfersPerPeerCount: 2 };
  const bench = new Bench({}, options).join();
  bench.here.files.set("mine", randomBytes(5));
  const uploads = [1, 2, 3].map((id) => bench.client.uploadFile(id, "mine", `x${id}`, undefined));
  const refused = await Promise.race(uploads.map((upload) => upload.catch((error) => error)));
  assertEquals(refused.reason, "Busy");
  answer.resolve(undefined);
  for (const upload of uploads) await assertRejects(() => upload, AssetError);
});

Deno.test("a download that was paused and resumed before its turn runs when that comes", async () => {
  const bench = new Bench({ maxActiveCount: 1 });
  const bytes = randomBytes(CHUNK);
  await bench.file("a", bytes);
  const first = bench.fetch("a");
  const second = bench.fetch("a", { destination: "second" });
  const { transfers } = bench.client;
  assertEquals([transfers.pause(2), transfers.pause(2), transfers.resume(2), transfers.resume(2)], [
    true,
    false,
    true,
    false,
  ]);
  bench.join();
  await Promise.all([first, second]);
  assertEquals(bench.here.files.get("second"), bytes);
});

Deno.test("a download that is cancelled while it compares stops comparing, and rejects once", async () => {
  const bench = new Bench().join();
  const bytes = randomBytes(40 * CHUNK);
  await bench.file("a", bytes);
  bench.here.files.set("copy", bytes.slice().fill(0, 0, 5));
  let reads = 0;
  const openToRead = bench.here.openToRead.bind(bench.here);
  bench.here.openToRead = async (path) => {
    const file = await openToRead(path);
    return {
      ...file,
      read: (into, position) => {
        if (++reads === 10) bench.client.transfers.cancel(1);
        return file.read(into, position);
      },
    };
  };
  assertEquals((await assertRejects(() => bench.fetch("a"), AssetError)).reason, "Cancelled");
  assertEquals([reads, bench.here.openCount], [10, 0]);
});

Deno.test("the files of a folder tell their progress as that of the folder", async () => {
  const bench = new Bench().join();
  for (const name of ["x", "y"]) bench.there.files.set(`dir/${name}`, randomBytes(CHUNK + 1));
  await bench.server.catalog.addFolder("dir", "dir");
  const seen: number[] = [];
  await bench.fetch("dir", { onProgress: (received, total) => void seen.push(received / total) });
  assertEquals(seen.at(-1), 1);
  const events = bench.client.endpoint.events.take();
  assertEquals(events.map(({ type, transferId }) => [type, transferId]), [["progress", 1], ["completed", 1]]);
  assertEquals(bench.here.files.get("copy/y"), randomBytes(CHUNK + 1));
});

Deno.test("a handler of progress that throws ends its transfer with that error", async () => {
  const bench = new Bench().join();
  await bench.file("a", randomBytes(5 * CHUNK));
  const onProgress = (): void => {
    throw new Error("no more");
  };
  await assertRejects(() => bench.fetch("a", { onProgress }), Error, "no more");
});
