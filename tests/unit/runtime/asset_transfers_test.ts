import { assert, assertEquals, assertRejects } from "@std/assert";
import { AssetMessage, AssetWriter } from "../../../src/asset/asset_wire.ts";
import { ResourceError } from "../../../src/error/transport_error.ts";
import { AssetError } from "../../../src/runtime/asset_error.ts";
import { Bench, randomBytes } from "./asset_bench.ts";

const CHUNK = 65_536;

/** A server with a folder of three files. */
async function folderBench(): Promise<Bench> {
  const bench = new Bench({ maxActiveCount: 1 }).join();
  for (const name of ["x", "y", "z"]) bench.there.files.set(`dir/${name}`, randomBytes(CHUNK + name.charCodeAt(0)));
  await bench.server.catalog.addFolder("dir", "dir");
  return bench;
}

Deno.test("a folder that is there already costs one request", async () => {
  const bench = await folderBench();
  await bench.fetch("dir");
  let opens = 0;
  bench.asked = (message) => {
    if (message[0] === 1) opens++;
    return message;
  };
  await bench.fetch("dir");
  assertEquals(opens, 1);
});

Deno.test("a paused folder begins no further file", async () => {
  const bench = await folderBench();
  const { transfers } = bench.client;
  let opens = 0;
  bench.asked = (message) => {
    if (message[0] === 1 && ++opens === 2) transfers.pause(1);
    return message;
  };
  const fetching = bench.fetch("dir");
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(opens, 2);
  assertEquals(transfers.resume(1), true);
  await fetching;
  assertEquals(bench.here.files.get("copy/z"), bench.there.files.get("dir/z"));
});

Deno.test("one file of a folder that fails ends the others, and its error is that of the folder", async () => {
  const bench = new Bench({ maxActiveCount: 1 }).join();
  for (let i = 0; i < 30; i++) bench.there.files.set(`dir/${i + 10}`, randomBytes(CHUNK + i));
  const { catalog } = bench.server;
  await catalog.addFolder("dir", "dir");
  const find = catalog.find.bind(catalog);
  let finds = 0;
  catalog.find = (name) => {
    finds++;
    return name === "dir/10" ? Promise.resolve(undefined) : find(name);
  };
  assertEquals((await assertRejects(() => bench.fetch("dir"), AssetError)).reason, "NotFound");
  assert(finds <= 4, `${finds} assets were asked for`);
});

Deno.test("a range of a folder is refused", async () => {
  const bench = await folderBench();
  await assertRejects(() => bench.fetch("dir", { range: { start: 0, end: 1 } }), ResourceError, "manifest");
});

Deno.test("what an upload has left in a served folder is no part of it", async () => {
  const bench = await folderBench();
  bench.there.files.set("dir/.a.ringwire-part", new Uint8Array(5));
  bench.there.files.set("dir/.a.ringwire-state", new Uint8Array(5));
  await bench.fetch("dir");
  assertEquals([...bench.here.files.keys()].sort(), ["copy/x", "copy/y", "copy/z"]);
});

Deno.test("a file that is there already leaves nothing beside it", async () => {
  const bench = new Bench().join();
  const bytes = randomBytes(3 * CHUNK);
  await bench.file("a", bytes);
  bench.here.files.set("copy", bytes.slice());
  await bench.fetch("a");
  assertEquals([...bench.here.files.keys()], ["copy"]);
  assertEquals(bench.here.calls, []);
});

Deno.test("a signal that has fired already ends the transfer before anything is asked", async () => {
  const bench = new Bench().join();
  let asked = 0;
  bench.asked = (message) => (asked++, message);
  await bench.file("a", randomBytes(5));
  await assertRejects(() => bench.fetch("a", { signal: AbortSignal.abort(new Error("too late")) }), Error, "too late");
  assertEquals(asked, 0);
});

Deno.test("a download that is cancelled in the middle of a write is over only after that write", async () => {
  const bench = new Bench().join();
  await bench.file("a", randomBytes(5 * CHUNK));
  const gate = Promise.withResolvers<void>();
  bench.here.beforeWrite = () => gate.promise;
  let isOver = false;
  const fetching = bench.fetch("a").finally(() => isOver = true);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  bench.client.transfers.cancel(1);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(isOver, false);
  gate.resolve();
  await assertRejects(() => fetching, AssetError);
  const { slots } = bench.client.endpoint;
  assertEquals([slots.free, bench.here.openCount], [slots.count, 0]);
});

/** Offers by a raw peer: what the server answers. */
async function answerTo(bench: Bench, name: string, length: number): Promise<number[]> {
  const answers: number[] = [];
  const message = new AssetMessage();
  const raw = bench.server.attach({
    send: (bytes) => {
      message.decode(bytes);
      answers.push(message.type, message.code);
    },
  }, "raw");
  const into = new Uint8Array(2048);
  void raw.receive(into.subarray(0, new AssetWriter().offer(into, 1, name, length, new Uint8Array(32))));
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  raw.detach();
  return answers;
}

Deno.test("a server refuses offers with bad names, and of more than it takes", async () => {
  const bench = new Bench({}, { uploadFolder: "up", maxAssetBytes: 100 });
  assertEquals(await answerTo(bench, "../x", 5), [3, 11]);
  assertEquals(await answerTo(bench, "x", 101), [3, 4]);
  assertEquals(await answerTo(new Bench(), "x", 5), [3, 5]);
  assertEquals(bench.there.files.size, 0);
});

Deno.test("the limit on transfers of a peer holds over all of its links", async () => {
  const bench = new Bench({}, { maxTransfersPerPeerCount: 1 });
  await bench.file("a", new Uint8Array(5));
  const writer = new AssetWriter();
  const answers: number[][] = [[], []];
  for (const [i, mine] of answers.entries()) {
    const message = new AssetMessage();
    const raw = bench.server.attach({
      send: (bytes) => {
        message.decode(bytes);
        mine.push(message.type, message.code);
      },
    }, "the same peer");
    const into = new Uint8Array(2048);
    void raw.receive(into.subarray(0, writer.open(into, i, "a", undefined)));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(answers, [[2, 0], [3, 2]]);
});

Deno.test("a peer that asks without an end and takes no answer is held up", () => {
  const bench = new Bench();
  const raw = bench.server.attach({ send: () => new Promise(() => {}) }, "raw");
  const into = new Uint8Array(64);
  const want = into.subarray(0, new AssetWriter().want(into, 9, 0, 1, false));
  let held: Promise<void> | undefined;
  for (let i = 0; i < 3000 && held === undefined; i++) held = raw.receive(want);
  assert(held !== undefined);
  raw.detach();
});
