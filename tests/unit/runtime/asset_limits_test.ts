import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { AssetMessage, AssetWriter } from "../../../src/asset/asset_wire.ts";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { AssetError } from "../../../src/runtime/asset_error.ts";
import { Bench, randomBytes } from "./asset_bench.ts";

const CHUNK = 65_536;
const writer = new AssetWriter();

async function turns(count = 30): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** A raw peer of the server: what it hears, by type and code. */
function rawPeer(bench: Bench, peer: string, close?: () => void) {
  const heard: [number, number, number][] = [];
  const message = new AssetMessage();
  const into = new Uint8Array(2048);
  const link = bench.server.attach({
    send: (bytes) => void (message.decode(bytes) && heard.push([message.type, message.id, message.code])),
    ...(close === undefined ? {} : { close }),
  }, peer);
  const offer = (id: number, name: string, length: number): Promise<void> | undefined =>
    link.receive(into.subarray(0, writer.offer(into, id, name, length, new Uint8Array(32))));
  return { heard, link, offer, into };
}

Deno.test("a paused download gives its turn to another one, and waits for one when it goes on", async () => {
  const bench = new Bench({ maxActiveCount: 1, windowCount: 1 }).join();
  const { transfers } = bench.client;
  const bytes = randomBytes(40 * CHUNK);
  await bench.file("a", bytes);
  await bench.file("b", bytes.subarray(CHUNK));
  const states: (string | undefined)[] = [];
  let isPaused = false;
  const first = bench.fetch("a", {
    destination: "a",
    onProgress: () => {
      if (!isPaused) isPaused = transfers.pause(1);
    },
  });
  await turns();
  const second = bench.fetch("b", {
    destination: "b",
    onProgress: () => {
      if (transfers.resume(1)) states.push(transfers.statistics(1)?.state);
    },
  });
  await Promise.all([first, second]);
  assertEquals(states, ["waiting"]);
  assertEquals(bench.here.files.get("a"), bytes);
  assertEquals(bench.here.files.get("b"), bytes.subarray(CHUNK));
});

Deno.test("a download that is paused again before its turn comes does not run", async () => {
  const bench = new Bench({ maxActiveCount: 1 }).join();
  await bench.file("a", randomBytes(2 * CHUNK));
  const { transfers, endpoint } = bench.client;
  const fetching = bench.fetch("a");
  transfers.pause(1);
  transfers.resume(1);
  transfers.pause(1);
  await turns();
  assertEquals([transfers.statistics(1)?.state, endpoint.turns.activeCount], ["paused", 0]);
  transfers.resume(1);
  await bench.settled(fetching);
  assertEquals(endpoint.turns.activeCount, 0);
});

Deno.test("a peer whose uploads stand still does not hold up those of others", async () => {
  const bench = new Bench({}, { uploadFolder: "up", maxActiveCount: 2 }).join();
  const slow = rawPeer(bench, "slow");
  for (let id = 1; id <= 4; id++) slow.offer(id, `slow${id}`, 100 * CHUNK);
  await turns();
  assertEquals([...new Set(slow.heard.map(([type, id]) => `${type} ${id}`))], ["4 1"]);
  const bytes = randomBytes(3 * CHUNK);
  bench.here.files.set("mine", bytes);
  await bench.client.uploadFile(1, "mine", "x", undefined);
  assertEquals(bench.there.files.get("up/x"), bytes);
});

Deno.test("an upload that waits for its turn ends with its link", async () => {
  const bench = new Bench({}, { uploadFolder: "up", maxActiveCount: 1 });
  const peer = rawPeer(bench, "p");
  peer.offer(1, "a", CHUNK);
  peer.offer(2, "b", CHUNK);
  await turns();
  peer.link.detach();
  await turns();
  assertEquals(bench.server.transfers.ids, []);
});

Deno.test("uploads beyond what all may take are refused, and one to the same name counts once", async () => {
  const bench = new Bench({}, { uploadFolder: "up", maxUploadBytes: 5 * CHUNK }).join();
  const upload = (name: string, chunks: number): Promise<unknown> => {
    bench.here.files.set("mine", randomBytes(chunks * CHUNK));
    return bench.client.uploadFile(bench.client.endpoint.nextTransferId(), "mine", name, undefined);
  };
  await upload("a", 3);
  await upload("a", 4);
  assertEquals((await assertRejects(() => upload("b", 2), AssetError)).reason, "TooLarge");
  await upload("tiny", 0);
  assertEquals((await assertRejects(() => upload("tiny2", 0), AssetError)).reason, "TooLarge");
});

Deno.test("an upload never takes a name that was registered, nor one in a registered folder", async () => {
  const bench = new Bench({}, { uploadFolder: "up", serveUploads: true }).join();
  const bytes = randomBytes(10);
  await bench.file("map", bytes);
  bench.there.files.set("dir/x", bytes);
  await bench.server.catalog.addFolder("dir", "dir");
  bench.here.files.set("mine", randomBytes(CHUNK));
  const upload = (name: string): Promise<unknown> =>
    bench.client.uploadFile(bench.client.endpoint.nextTransferId(), "mine", name, undefined);
  for (const name of ["map", "dir/x", "dir/new"]) {
    assertEquals((await assertRejects(() => upload(name), AssetError)).reason, "Forbidden", name);
  }
  await upload("mine");
  await turns();
  assertEquals(bench.server.catalog.peek("mine")?.tree.length, CHUNK);
  bench.here.files.set("mine", randomBytes(CHUNK + 1));
  await upload("mine");
  await turns();
  assertEquals(bench.server.catalog.peek("mine")?.tree.length, CHUNK + 1);
  assertEquals(bench.server.catalog.peek("map")?.tree.length, 10);
});

Deno.test("an upload that waits for a link is ended by cancel and by a signal, at once", async () => {
  const bench = new Bench();
  bench.here.files.set("mine", randomBytes(10));
  const cancelled = bench.client.uploadFile(1, "mine", "x", undefined);
  assertEquals(bench.client.cancel(1), true);
  assertEquals((await assertRejects(() => cancelled, AssetError)).reason, "Cancelled");
  const abort = new AbortController();
  const aborted = bench.client.uploadFile(2, "mine", "x", abort.signal);
  await turns();
  abort.abort(new Error("enough"));
  await assertRejects(() => aborted, Error, "enough");
  assertEquals(bench.scheduler.clock.now, 0);
});

Deno.test("after the end nothing begins, and what was under way is over", async () => {
  const bench = new Bench();
  bench.here.files.set("mine", randomBytes(10));
  const upload = bench.client.uploadFile(1, "mine", "x", undefined);
  await bench.client.close();
  assertEquals((await assertRejects(() => upload, AssetError)).reason, "Cancelled");
  await assertRejects(() => bench.fetch("a"), MisuseError, "closed");
  await assertRejects(() => bench.client.uploadFile(2, "mine", "x", undefined), MisuseError, "closed");
});

Deno.test("a peer that offers without an end and takes no answer is held up", async () => {
  const bench = new Bench();
  const into = new Uint8Array(200);
  const link = bench.server.attach({ send: () => new Promise(() => {}) }, "p");
  let waits: Promise<void> | undefined;
  let offers = 0;
  for (; offers < 5000 && waits === undefined; offers++) {
    waits = link.receive(into.subarray(0, writer.offer(into, offers, "x", 1, new Uint8Array(32))));
  }
  assertLess(offers, 200);
  await bench.server.close();
});

Deno.test("a link without a transfer is closed when its time is up, one with a transfer is not", async () => {
  const bench = new Bench({}, { uploadFolder: "up", linkIdleTimeoutMs: 1000, idleTimeoutMs: 10_000 });
  const closed: string[] = [];
  await bench.file("a", randomBytes(10));
  rawPeer(bench, "idle", () => closed.push("idle"));
  const reading = rawPeer(bench, "reading", () => closed.push("reading"));
  void reading.link.receive(reading.into.subarray(0, writer.open(reading.into, 1, "a", undefined)));
  rawPeer(bench, "offering", () => closed.push("offering")).offer(1, "x", CHUNK);
  await turns();
  bench.scheduler.advance(999);
  assertEquals(closed, []);
  bench.scheduler.advance(2);
  assertEquals(closed, ["idle"]);
  await turns();
  bench.scheduler.advance(1000);
  void reading.link.receive(reading.into.subarray(0, writer.end(reading.into, 9, 1, 0)));
  await turns();
  bench.scheduler.advance(999);
  assertEquals(closed.includes("reading"), false);
  bench.scheduler.advance(2);
  assertEquals(closed.includes("reading"), true);
  assertEquals(closed.includes("offering"), false);
  await bench.server.close();
});

Deno.test("several sources that wait for one slot do not cost retries", async () => {
  const bench = new Bench({ slotCount: 1, windowCount: 4, maxRetriesCount: 0 }).join();
  for (let i = 0; i < 3; i++) bench.join();
  const bytes = randomBytes(40 * CHUNK);
  await bench.file("a", bytes);
  await bench.settled(bench.fetch("a"));
  assertEquals(bench.here.files.get("copy"), bytes);
  assertEquals(bench.client.transfers.statistics(1)?.retriedChunks, 0);
});

Deno.test("many who ask for a folder at once share the look at it", async () => {
  const bench = new Bench();
  bench.there.files.set("dir/x", randomBytes(10));
  const { catalog } = bench.server;
  await catalog.addFolder("dir", "dir");
  const list = bench.there.list.bind(bench.there);
  let lists = 0;
  bench.there.list = (path, most) => {
    lists++;
    return list(path, most);
  };
  const found = await Promise.all(Array.from({ length: 50 }, () => catalog.find("dir")));
  assert(found.every((asset) => asset === found[0]));
  assertEquals(lists, 1);
  bench.there.files.set("dir/y", randomBytes(10));
  assert(await catalog.find("dir") !== found[0]);
  assertEquals((await catalog.find("dir/y"))?.tree.length, 10);
});

Deno.test("receiveChunk() tells of its own chunk, also while another one is written", async () => {
  const bench = new Bench();
  await bench.file("a", randomBytes(3 * CHUNK));
  const { transferId, info } = bench.server.handleRequest("p", "a")!;
  await bench.client.startDownload(transferId, info, "copy");
  const chunks = [];
  for (let i = 0; i < 3; i++) chunks.push((await bench.server.nextChunk(transferId))!);
  chunks[1]!.set([chunks[1]!.at(-1)! ^ 1], chunks[1]!.length - 1);
  assertEquals(await Promise.all(chunks.map((chunk) => bench.client.receiveChunk(chunk))), [true, false, true]);
  bench.client.endCarried(transferId);
});

Deno.test("startDownload() refuses an info that makes no sense", async () => {
  const { client } = new Bench();
  const info = { name: "a", kind: "file", length: 5, root: new Uint8Array(32) } as const;
  await assertRejects(() => client.startDownload(1, { ...info, root: new Uint8Array(31) }, "x"), TypeError);
  for (const length of [-1, 0.5, NaN]) {
    await assertRejects(() => client.startDownload(1, { ...info, length }, "x"), RangeError);
  }
  await assertRejects(() => client.startDownload(1, { ...info, kind: "folder" }, "x"), MisuseError, "folder");
  await client.startDownload(1, info, "x");
  client.endCarried(1);
});

Deno.test("a turn that came in the moment of a pause is not used after it", async () => {
  const bench = new Bench({ maxActiveCount: 1 });
  const { transfers, endpoint } = bench.client;
  const first = bench.fetch("a", { destination: "a" });
  transfers.pause(1);
  const second = bench.fetch("b", { destination: "b" });
  transfers.resume(1);
  await turns();
  assertEquals([1, 2].map((id) => transfers.statistics(id)?.state), ["waiting", "opening"]);
  assertEquals(endpoint.turns.activeCount, 1);
  await bench.client.close();
  for (const fetching of [first, second]) await assertRejects(() => fetching, AssetError);
});

Deno.test("what was written under a length that was a lie is fetched again", async () => {
  const bench = new Bench();
  const bytes = randomBytes(3 * CHUNK);
  const root = await bench.file("a", bytes);
  const { transferId } = bench.server.handleRequest("p", "a")!;
  const chunk = (await bench.server.nextChunk(transferId))!;
  const message = new AssetMessage();
  const into = new Uint8Array(2048);
  const liar = bench.client.attach({
    send: async (bytes) => {
      message.decode(bytes);
      const { type, id } = message;
      await Promise.resolve();
      if (type === 1) await liar.receive(into.slice(0, writer.opened(into, id, 0, 3 * CHUNK - 1, root)));
      // The first chunk is right under both lengths.
      if (type === 4) await liar.receive(chunk);
    },
  }, "liar");
  const gate = Promise.withResolvers<void>();
  let writes = 0;
  bench.here.beforeWrite = () => ++writes === 1 ? gate.promise : undefined;
  const fetching = bench.fetch("a", { root, resume: false });
  await turns();
  assertEquals(writes, 1);
  bench.join();
  await turns();
  liar.detach();
  await turns();
  gate.resolve();
  await bench.settled(fetching);
  assertEquals(bench.here.files.get("copy"), bytes);
});

/** Runs a download with something on disk already, and does something at one of its messages, both ways counted. */
async function interrupted(
  at: number,
  act: (bench: Bench) => void,
): Promise<{ bench: Bench; error: unknown; bytes: Uint8Array }> {
  const bench = new Bench({ windowCount: 2, maxActiveCount: 1 }).join();
  const bytes = randomBytes(7 * CHUNK + 5);
  await bench.file("a", bytes);
  bench.here.files.set("copy", bytes.slice(0, 3 * CHUNK));
  let count = 0;
  bench.fate = bench.asked = (message) => {
    if (count++ === at) act(bench);
    return message;
  };
  const error = await bench.settled(bench.fetch("a")).then(() => undefined, (error) => error);
  await turns(5);
  const { slots, turns: taken } = bench.client.endpoint;
  assertEquals([slots.free, taken.activeCount, bench.here.openCount], [slots.count, 0, 0], `message ${at}`);
  return { bench, error, bytes };
}

Deno.test("paused and resumed at any message, a download completes, and holds nothing afterwards", async () => {
  for (let at = 0; at < 24; at++) {
    const { bench, error, bytes } = await interrupted(at, ({ client }) => {
      client.transfers.pause(1);
      setTimeout(() => client.transfers.resume(1), 0);
    });
    assertEquals(error, undefined, `message ${at}`);
    assertEquals(bench.here.files.get("copy"), bytes, `message ${at}`);
  }
});

Deno.test("cancelled at any message, a download holds nothing afterwards, and goes on when it is asked for again", async () => {
  for (let at = 0; at < 24; at++) {
    const { bench, error, bytes } = await interrupted(at, ({ client }) => void client.transfers.cancel(1));
    if (error !== undefined) assertEquals((error as AssetError).reason, "Cancelled");
    await bench.settled(bench.fetch("a"));
    assertEquals(bench.here.files.get("copy"), bytes, `message ${at}`);
    assertEquals([...bench.here.files.keys()], ["copy"]);
  }
});

Deno.test("with a link that is lost and made anew at any message, a download completes", async () => {
  for (let at = 0; at < 24; at++) {
    const { bench, error, bytes } = await interrupted(at, (bench) => {
      bench.toClient?.detach();
      bench.toServer?.detach();
      bench.join();
    });
    assertEquals(error, undefined, `message ${at}`);
    assertEquals(bench.here.files.get("copy"), bytes, `message ${at}`);
  }
});
