/**
 * Assets over links of the application: attached ones, and chunks that it carries by itself.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { type AssetAttachment, AssetClient, AssetError, type AssetLink } from "../../src/api/asset_mod.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { AssetPlace, CHUNK, randomBytes } from "./asset_place.ts";

const SEED = 20261120;

/** Two ends of a link within this process, with the rest of a message's way in the middle. */
function join(
  attachServer: (link: AssetLink) => AssetAttachment,
  attachClient: (link: AssetLink) => AssetAttachment,
  fate: (message: Uint8Array) => Uint8Array | undefined = (message) => message,
): readonly [AssetAttachment, AssetAttachment] {
  const ends: AssetAttachment[] = [];
  const toward = (index: number): AssetLink => ({
    send: async (message) => {
      const arrived = fate(message.slice());
      await Promise.resolve();
      if (arrived !== undefined) await ends[index]?.receive(arrived);
    },
  });
  ends.push(attachServer(toward(1)));
  ends.push(attachClient(toward(0)));
  return [ends[0]!, ends[1]!];
}

Deno.test("an asset travels over a link of the application", async () => {
  await using place = new AssetPlace();
  await using client = new AssetClient({ sync: false });
  const bytes = randomBytes(50 * CHUNK + 1, SEED);
  await place.server.register("a", place.write("a", bytes));
  join((link) => place.server.attach(link, "peer"), (link) => client.attach(link));
  await client.download("a", place.path("b"));
  assertEquals(place.read("b"), bytes);
});

Deno.test("an asset travels over a link that loses and changes messages", async () => {
  await using place = new AssetPlace();
  await using client = new AssetClient({
    sync: false,
    chunkTimeoutMs: 20,
    maxRetriesCount: 100,
    maxBadCount: 1000,
  });
  const bytes = randomBytes(30 * CHUNK, SEED);
  await place.server.register("a", place.write("a", bytes));
  const random = new SeededRandom(SEED);
  join((link) => place.server.attach(link, "peer"), (link) => client.attach(link), (message) => {
    const draw = random.visibleFraction();
    if (draw < 0.1 && message[0] !== 9) return undefined;
    if (draw < 0.2 && message[0] === 5) message[message.length - 7]! ^= 16;
    return message;
  });
  const { root } = place.server.assets[0]!;
  await client.download("a", place.path("b"), { root });
  assertEquals(place.read("b"), bytes, `seed ${SEED}`);
});

Deno.test("the limits per peer hold over all links of a peer", async () => {
  await using place = new AssetPlace({ maxTransfersPerPeerCount: 1 });
  await place.server.register("a", place.write("a", "x"));
  assertEquals(place.server.handleRequest("p", "a")?.info.length, 1);
  assertEquals(place.server.handleRequest("p", "a"), undefined);
  assertEquals(place.server.handleRequest("q", "a")?.info.name, "a");
  assertEquals(place.server.handleRequest("r", "../a"), undefined);
});

Deno.test("the application carries chunks by itself, with losses, repeats and damage", async () => {
  await using place = new AssetPlace();
  await using client = new AssetClient({ sync: false });
  const bytes = randomBytes(12 * CHUNK + 5, SEED);
  await place.server.register("map.pak", place.write("forest.pak", bytes));
  const { transferId, info } = place.server.handleRequest("peer", "map.pak")!;
  await client.startDownload(transferId, info, place.path("copy.pak"));
  for (let i = 0; i < 13; i++) {
    const chunk = (await place.server.getNextChunk(transferId))!;
    if (i === 3) continue;
    if (i === 5) chunk[chunk.length - 1]! ^= 1;
    assertEquals(await client.receiveChunk(chunk), i !== 5, `chunk ${i}`);
    if (i === 6) assertEquals(await client.receiveChunk(chunk), false);
  }
  assertEquals(await place.server.getNextChunk(transferId), undefined);
  assertEquals(client.missingChunks(transferId), [{ first: 3, count: 1 }, { first: 5, count: 1 }]);
  for (const { first, count } of client.missingChunks(transferId)) {
    assertEquals(place.server.requestChunks(transferId, first, count), true);
  }
  for (let i = 0; i < 2; i++) await client.receiveChunk((await place.server.getNextChunk(transferId))!);
  assertEquals(client.pollEvents().map(({ type }) => type), ["progress", "completed"]);
  assertEquals(place.read("copy.pak"), bytes);
  assertEquals(place.server.cancelTransfer(transferId), true);
  assertEquals(await place.server.getNextChunk(transferId), undefined);
});

Deno.test("getNextChunk() says that the file has changed", async () => {
  await using place = new AssetPlace();
  await place.server.register("a", place.write("a", randomBytes(2 * CHUNK, SEED)));
  const { transferId } = place.server.handleRequest("peer", "a")!;
  await place.server.getNextChunk(transferId);
  place.write("a", "short");
  const error = await assertRejects(() => place.server.getNextChunk(transferId), AssetError);
  assertEquals(error.reason, "Changed");
});
