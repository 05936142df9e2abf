/**
 * Sources of a download come, go, stall, lie, share the work, and are asked again where that makes sense.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { AssetCode } from "../../src/asset/asset_code.ts";
import { AssetWriter } from "../../src/asset/asset_wire.ts";
import { DownloadEvent } from "../../src/asset/download_setup.ts";
import { AssetPair, CHUNK, type Fate, randomBytes, served } from "./asset_pair.ts";

const SEED = 20261120;
const CHUNK_TYPE = 5;
const LEAVES_TYPE = 7;

/** Changes one bit of the chunks that `when` picks. */
function corrupting(when: (index: number) => boolean): Fate {
  return (message) => {
    if (message[0] === CHUNK_TYPE && when(message[2]!)) message[message.length - 1]! ^= 1;
    return message;
  };
}

Deno.test("a chunk that came bad is asked of the other source next", () => {
  const bytes = randomBytes(12 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 12, maxBadCount: 1000, maxRetriesCount: 1 });
  const [bad, good] = [pair.source(served(bytes)), pair.source(served(bytes))];
  bad.fate = corrupting((index) => index % 2 === 0);
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(pair.content(), bytes);
  assertGreater(good.sentChunks, 0);
});

Deno.test("a chunk that comes from one source after another was asked is not waited for any more", () => {
  const bytes = randomBytes(60 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 1, chunkTimeoutMs: 1000 });
  const [slow, other] = [pair.source(served(bytes)), pair.source(served(bytes))];
  const held: Uint8Array[] = [];
  slow.fate = (message) => {
    if (message[0] !== CHUNK_TYPE || held.length > 0) return message;
    held.push(message.slice());
    return undefined;
  };
  pair.run(20);
  assertEquals(slow.sentChunks, 1);
  // What the slow source owes comes over the other link: unasked there, and right. The slow one has room again.
  for (const message of held) other.toClient.push([pair.clock.now, message]);
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertGreater(slow.sentChunks, 5);
});

Deno.test("a source that stalls again and again is dropped where there is another one", () => {
  const bytes = randomBytes(100 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 2, chunkTimeoutMs: 10, maxRetriesCount: 200 }, 4);
  const silent = pair.source(served(bytes));
  silent.fate = (message) => message[0] === CHUNK_TYPE ? undefined : message;
  pair.source(served(bytes));
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(silent.sentChunks, 6);
});

Deno.test("two sources share the work", () => {
  const bytes = randomBytes(40 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 4, slots: 64 });
  const [a, b] = [pair.source(served(bytes)), pair.source(served(bytes))];
  pair.run();
  assertEquals(pair.content(), bytes);
  assertEquals(a.sentChunks + b.sentChunks, 40);
  assertGreater(Math.min(a.sentChunks, b.sentChunks), 10);
});

Deno.test("a source that closes for want of requests is asked again", () => {
  const bytes = randomBytes(20 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 4 });
  const source = pair.source(served(bytes));
  pair.run(4);
  assertEquals(pair.download.over, false);
  source.machine.end(7, AssetCode.Cancelled);
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(pair.content(), bytes);
});

Deno.test("a link that is lost and comes back goes on where it was", () => {
  const bytes = randomBytes(30 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 4 });
  const source = pair.source(served(bytes));
  pair.run(4);
  assertEquals(pair.download.over, false);
  pair.download.removeSource(0);
  source.toClient.length = source.toServer.length = 0;
  const before = pair.stored.size;
  assertGreater(before, 0);
  pair.download.addSource(0);
  source.machine.end(7, AssetCode.Cancelled);
  source.machine.pollMessage(new Uint8Array(100));
  const sent = source.sentChunks;
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(source.sentChunks - sent, 30 - before);
});

Deno.test("without a source that comes back the download fails when its time is up", () => {
  const pair = new AssetPair({ sourceTimeoutMs: 300 });
  pair.source(served(randomBytes(9 * CHUNK, SEED)));
  pair.run(2);
  pair.download.removeSource(0);
  pair.run();
  assertEquals([pair.last, pair.download.code], [DownloadEvent.Failed, AssetCode.NoSource]);
  assertEquals(pair.clock.now, 302);
});

Deno.test("a busy source is asked again", () => {
  const bytes = randomBytes(CHUNK, SEED);
  const pair = new AssetPair();
  const source = pair.source(AssetCode.Busy);
  pair.run(600);
  assertEquals(pair.download.over, false);
  source.file = served(bytes);
  pair.run();
  assertEquals(pair.content(), bytes);
});

Deno.test("a source that always sends bad chunks is dropped, and the other one serves them", () => {
  const bytes = randomBytes(12 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 4 });
  pair.source(served(bytes)).fate = corrupting(() => true);
  pair.source(served(bytes));
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(pair.content(), bytes);
  assertEquals(pair.download.counts.badChunks, 3);
});

Deno.test("while it is paused nothing is asked for and no time runs", () => {
  const bytes = randomBytes(20 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 4, sourceTimeoutMs: 100, chunkTimeoutMs: 50 });
  const source = pair.source(served(bytes));
  pair.run(4);
  pair.download.pause();
  pair.run(10_000);
  const { sentChunks } = source;
  assertEquals([pair.download.over, pair.download.pollTimeout()], [false, Infinity]);
  assertEquals(source.machine.transferCount, 0);
  pair.run(10_000);
  assertEquals(source.sentChunks, sentChunks);
  pair.download.resume();
  pair.download.addSource(0);
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(pair.content(), bytes);
});

Deno.test("a link that comes back again and again without a chunk does not keep the download for ever", () => {
  const times = { openTimeoutMs: 1000, sourceTimeoutMs: 1000, chunkTimeoutMs: 1000, maxRetriesCount: 1 };
  const pair = new AssetPair(times);
  const source = pair.source(served(randomBytes(4 * CHUNK, SEED)));
  source.fate = (message) => message[0] === CHUNK_TYPE ? undefined : message;
  for (let i = 0; i < 100 && !pair.download.over; i++) {
    pair.run(500);
    pair.download.removeSource(0);
    pair.download.addSource(0);
  }
  assertEquals([pair.download.over, pair.download.code], [true, AssetCode.TimedOut]);
  assertEquals(pair.clock.now < 4100, true);
});

Deno.test("while files are worked on no time runs, however long that takes", () => {
  const pair = new AssetPair({ openTimeoutMs: 5000, sourceTimeoutMs: 100, chunkTimeoutMs: 100, maxRetriesCount: 0 });
  pair.prepare = () => {};
  pair.source(served(randomBytes(4 * CHUNK, SEED)));
  pair.run(1_000_000);
  assertEquals([pair.events, pair.download.over], [[DownloadEvent.Opened], false]);
  pair.download.fetchLeaves();
  pair.run(1_000_000);
  assertEquals([pair.events.at(-1), pair.download.over], [DownloadEvent.LeavesReady, false]);
  pair.download.begin();
  pair.run();
  assertEquals([pair.last, pair.events.length], [DownloadEvent.Completed, 3]);
});

Deno.test("leaves that come one by one do not keep the download for ever", () => {
  const pair = new AssetPair({ openTimeoutMs: 100, sourceTimeoutMs: 100, chunkTimeoutMs: 100, maxRetriesCount: 0 });
  pair.prepare = () => pair.download.fetchLeaves();
  const file = served(randomBytes(40 * CHUNK, SEED));
  const source = pair.source(file);
  source.fate = (message) => message[0] === LEAVES_TYPE ? undefined : message;
  const writer = new AssetWriter();
  for (let first = 0; first < 40 && !pair.download.over; first++) {
    pair.run(50);
    const bytes = new Uint8Array(64);
    const at = writer.leaves(bytes, 7, first);
    file.tree.writeLeaves(first, 1, bytes, at);
    source.toClient.push([pair.clock.now, bytes.slice(0, at + 32)]);
  }
  assertEquals([pair.download.over, pair.download.code], [true, AssetCode.TimedOut]);
  assertEquals(pair.clock.now < 500, true);
});

Deno.test("a source that repeats one chunk and owes all others is dropped like one that stalls", () => {
  const bytes = randomBytes(100 * CHUNK, SEED);
  const pair = new AssetPair({ windowCount: 2, chunkTimeoutMs: 10, maxRetriesCount: 200 }, 4);
  const bad = pair.source(served(bytes));
  let first: Uint8Array | undefined;
  bad.fate = (message) => message[0] === CHUNK_TYPE ? first ??= message.slice() : message;
  pair.source(served(bytes)).fate = (message) => {
    if (first !== undefined) bad.toClient.push([pair.clock.now, first]);
    return message;
  };
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(bad.sentChunks < 10, true, `${bad.sentChunks} chunks were asked of it`);
});

Deno.test("a chunk that did not come in time is asked of the other source next", () => {
  const pair = new AssetPair({ windowCount: 12, chunkTimeoutMs: 50, maxRetriesCount: 1 });
  const silent = pair.source(served(randomBytes(40 * CHUNK, SEED)));
  silent.fate = (message) => message[0] === CHUNK_TYPE ? undefined : message;
  pair.source(served(randomBytes(40 * CHUNK, SEED)));
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
});
