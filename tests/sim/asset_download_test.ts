/**
 * A download gets the right bytes from honest, lossy, slow, changed and hostile sources, or says why not, in time.
 *
 * @module
 */
import { assertEquals, assertLess } from "@std/assert";
import { AssetCode } from "../../src/asset/asset_code.ts";
import { AssetKind } from "../../src/asset/asset_wire.ts";
import { DownloadEvent } from "../../src/asset/download_setup.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { AssetPair, CHUNK, type Fate, randomBytes, served } from "./asset_pair.ts";

const SEED = 20261120;
const CHUNK_TYPE = 5;

/** Changes one bit of the chunks that `when` picks. */
function corrupting(when: (index: number) => boolean): Fate {
  return (message) => {
    if (message[0] === CHUNK_TYPE && when(message[2]!)) message[message.length - 1]! ^= 1;
    return message;
  };
}

for (const length of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 20 * CHUNK + 77]) {
  Deno.test(`a file of ${length} bytes arrives whole`, () => {
    const bytes = randomBytes(length, SEED);
    const pair = new AssetPair();
    pair.source(served(bytes));
    pair.run();
    assertEquals(pair.last, DownloadEvent.Completed);
    assertEquals(pair.content(), bytes, `seed ${SEED}`);
    assertEquals(pair.slots.free, pair.slots.count);
  });
}

Deno.test("text travels compressed, and the bytes are right", () => {
  const bytes = new TextEncoder().encode("the same words again and again, ".repeat(10_000));
  const pair = new AssetPair();
  pair.source(served(bytes));
  pair.run();
  assertEquals(pair.content(), bytes);
  assertLess(pair.download.counts.bytesReceived, bytes.length / 10);
});

Deno.test("the last chunk comes first, because it proves the length", () => {
  const order: number[] = [];
  const pair = new AssetPair();
  pair.source(served(randomBytes(5 * CHUNK, SEED))).fate = (message) => {
    if (message[0] === CHUNK_TYPE) order.push(message[2]!);
    return message;
  };
  pair.run();
  assertEquals(order, [4, 0, 1, 2, 3]);
});

Deno.test("every chunk corrupted once is fetched again, and counted", () => {
  const bytes = randomBytes(9 * CHUNK + 5, SEED);
  const seen = new Set<number>();
  const pair = new AssetPair({ maxBadCount: 100 });
  pair.source(served(bytes)).fate = corrupting((index) => !seen.has(index) && seen.add(index).size > 0);
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(pair.content(), bytes);
  assertEquals(pair.download.counts.badChunks, 10);
  for (let i = 0; i < 10; i++) assertEquals(pair.download.plan!.retriesOf(i), 1);
});

Deno.test("with only a bad source the download fails, and nothing was stored", () => {
  const pair = new AssetPair();
  pair.source(served(randomBytes(3 * CHUNK, SEED))).fate = corrupting(() => true);
  pair.run();
  assertEquals([pair.last, pair.download.code], [DownloadEvent.Failed, AssetCode.Corrupt]);
  assertEquals(pair.stored.size, 0);
});

Deno.test("lost messages are asked for again", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const bytes = randomBytes(20 * CHUNK, seed);
    const random = new SeededRandom(seed);
    const pair = new AssetPair({ chunkTimeoutMs: 100, maxRetriesCount: 50, sourceTimeoutMs: 1000 });
    const source = pair.source(served(bytes));
    source.fate = (message) => message[0]! < 4 || random.visibleFraction() > 0.2 ? message : undefined;
    pair.run();
    assertEquals(pair.last, DownloadEvent.Completed, `seed ${seed}`);
    assertEquals(pair.content(), bytes, `seed ${seed}`);
  }
});

Deno.test("a chunk that was passed over is missed while others still arrive", () => {
  const pair = new AssetPair({ chunkTimeoutMs: 50, windowCount: 4 }, 20);
  let isLost = false;
  pair.source(served(randomBytes(30 * CHUNK, SEED))).fate = (message) => {
    if (isLost || message[0] !== CHUNK_TYPE || message[2] !== 1) return message;
    isLost = true;
    return undefined;
  };
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals(pair.download.counts.timedOutChunks, 1);
});

Deno.test("a source that falls silent does not keep the download for ever", () => {
  let isSilent = false;
  const pair = new AssetPair({ chunkTimeoutMs: 100, maxRetriesCount: 2 });
  pair.source(served(randomBytes(30 * CHUNK, SEED))).fate = (message) => {
    if (message[0] === CHUNK_TYPE && message[2] === 9) isSilent = true;
    return isSilent ? undefined : message;
  };
  pair.run();
  assertEquals([pair.last, pair.download.code], [DownloadEvent.Failed, AssetCode.TimedOut]);
  assertLess(pair.clock.now, 1000);
});

Deno.test("a source that never answers is given up", () => {
  const pair = new AssetPair({ openTimeoutMs: 500, sourceTimeoutMs: 200 });
  pair.source(served(randomBytes(1, SEED))).fate = () => undefined;
  pair.run();
  assertEquals([pair.last, pair.download.code], [DownloadEvent.Failed, AssetCode.TimedOut]);
  assertLess(pair.clock.now, 1000);
});

Deno.test("a name that nobody has fails at once", () => {
  const pair = new AssetPair();
  pair.source(AssetCode.NotFound);
  pair.run();
  assertEquals([pair.last, pair.download.code], [DownloadEvent.Failed, AssetCode.NotFound]);
  assertLess(pair.clock.now, 10);
});

Deno.test("with a given root another asset is refused", () => {
  const pair = new AssetPair({ root: served(randomBytes(5, 1)).tree.root });
  pair.source(served(randomBytes(5, 2)));
  pair.run();
  assertEquals([pair.last, pair.download.code], [DownloadEvent.Failed, AssetCode.OtherRoot]);
});

Deno.test("an asset above the limit is refused before anything is allocated for it", () => {
  const pair = new AssetPair({ maxAssetBytes: CHUNK });
  pair.source(served(randomBytes(CHUNK + 1, SEED)));
  pair.run();
  assertEquals([pair.last, pair.download.code], [DownloadEvent.Failed, AssetCode.TooLarge]);
  assertEquals(pair.download.plan, undefined);
});

/** Tells the length in `Opened` otherwise: type, id, kind, then a varint. */
function lyingAbout(length: number): Fate {
  return (message, toServer) => {
    if (toServer || message[0] !== 2) return message;
    const lie = new Uint8Array(3 + 4 + 32);
    lie.set(message.subarray(0, 3));
    new DataView(lie.buffer).setUint32(3, (0x8000_0000 | length) >>> 0);
    lie.set(message.subarray(-32), 7);
    return lie;
  };
}

for (const lie of [1, CHUNK, 3 * CHUNK, 5 * CHUNK + 1, 6 * CHUNK, 9 * CHUNK]) {
  Deno.test(`a source that says ${lie} bytes instead of ${5 * CHUNK} never completes`, () => {
    const bytes = randomBytes(5 * CHUNK, SEED);
    const pair = new AssetPair({ root: served(bytes).tree.root, chunkTimeoutMs: 100, maxRetriesCount: 2 });
    pair.source(served(bytes)).fate = lyingAbout(lie);
    pair.run();
    assertEquals(pair.last, DownloadEvent.Failed);
    for (const [index, chunk] of pair.stored) {
      assertEquals(chunk, bytes.slice(index * CHUNK, (index + 1) * CHUNK), `chunk ${index}`);
    }
  });

  Deno.test(`a source that says ${lie} bytes loses to one that tells the truth`, () => {
    const bytes = randomBytes(5 * CHUNK, SEED);
    const pair = new AssetPair({ root: served(bytes).tree.root, chunkTimeoutMs: 100 });
    pair.source(served(bytes)).fate = lyingAbout(lie);
    pair.source(served(bytes));
    pair.run();
    assertEquals(pair.last, DownloadEvent.Completed);
    for (let i = 0; i < 5; i++) {
      assertEquals(pair.stored.get(i), bytes.slice(i * CHUNK, (i + 1) * CHUNK), `chunk ${i}`);
    }
  });
}

Deno.test("a range fetches the chunks that it lies in, and no others", () => {
  const bytes = randomBytes(10 * CHUNK, SEED);
  const pair = new AssetPair({ range: { start: 2 * CHUNK + 5, end: 4 * CHUNK } });
  const source = pair.source(served(bytes));
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
  assertEquals([...pair.stored.keys()].sort(), [2, 3]);
  assertEquals(source.sentChunks, 2);
});

Deno.test("leaves tell which chunks are there already, and those are not fetched", () => {
  const bytes = randomBytes(1500 * 16, SEED);
  const large = new Uint8Array(1100 * CHUNK);
  for (let i = 0; i < 1100; i++) large.set(bytes.subarray(i, i + 64), i * CHUNK);
  const pair = new AssetPair();
  const source = pair.source(served(large));
  pair.prepare = ({ download, events }) => {
    if (events.at(-1) === DownloadEvent.Opened) return download.fetchLeaves();
    for (let i = 0; i < 1100; i++) {
      if (i === 5 || i === 1099) continue;
      if (download.leaves!.matches(i, large, i * CHUNK, (i + 1) * CHUNK)) download.markStored(i);
    }
    assertEquals(download.leaves!.matches(3, large, 4 * CHUNK, 5 * CHUNK), false);
    download.begin();
  };
  pair.run();
  assertEquals(pair.events, [DownloadEvent.Opened, DownloadEvent.LeavesReady, DownloadEvent.Completed]);
  assertEquals(source.sentChunks, 2);
});

Deno.test("leaves that do not give the root are not believed", () => {
  const bytes = randomBytes(4 * CHUNK, SEED);
  const pair = new AssetPair({ maxRetriesCount: 1 });
  pair.source(served(bytes)).fate = (message) => {
    if (message[0] === 7) message[40]! ^= 1;
    return message;
  };
  pair.prepare = ({ download, events }) => {
    if (events.at(-1) === DownloadEvent.Opened) return download.fetchLeaves();
    download.begin();
  };
  pair.run();
  assertEquals(pair.events, [DownloadEvent.Opened, DownloadEvent.LeavesFailed, DownloadEvent.Completed]);
  assertEquals(pair.content(), bytes);
});

Deno.test("chunks that come twice are stored and counted once", () => {
  const bytes = randomBytes(6 * CHUNK, SEED);
  const pair = new AssetPair();
  const source = pair.source(served(bytes));
  source.fate = (message) => {
    if (message[0] === CHUNK_TYPE) source.toClient.push([pair.clock.now + 1, message.slice()]);
    return message;
  };
  pair.run();
  assertEquals(pair.content(), bytes);
  assertEquals(pair.download.counts.duplicateChunks, 5);
});

Deno.test("a failed write fails the download and gives the memory back", () => {
  const pair = new AssetPair();
  pair.source(served(randomBytes(3 * CHUNK, SEED)));
  pair.run(3);
  pair.download.fail(AssetCode.StorageFailed);
  assertEquals(pair.download.code, AssetCode.StorageFailed);
  assertEquals(pair.slots.free, pair.slots.count);
});

Deno.test("a folder says that it is one", () => {
  const pair = new AssetPair();
  pair.source(served(randomBytes(10, SEED), AssetKind.Folder));
  pair.run();
  assertEquals(pair.download.kind, AssetKind.Folder);
});

Deno.test("what is said of an earlier transfer of the number before the answer is of no account", () => {
  const bytes = randomBytes(CHUNK, SEED);
  const pair = new AssetPair();
  const source = pair.source(served(bytes));
  source.toClient.push([0, Uint8Array.of(9, 7, AssetCode.Changed)]);
  pair.run();
  assertEquals(pair.last, DownloadEvent.Completed);
});

Deno.test("checked chunks that were not written when it ends give their memory back", () => {
  const pair = new AssetPair({ windowCount: 8 });
  const bytes = randomBytes(8 * CHUNK, SEED);
  pair.source(served(bytes));
  const { download } = pair;
  const write = download.pollBlock.bind(download);
  download.pollBlock = () => false;
  pair.run(10);
  assertEquals(pair.slots.free, 0);
  download.pollBlock = write;
  download.fail(AssetCode.Cancelled);
  assertEquals(pair.slots.free, pair.slots.count);
});
