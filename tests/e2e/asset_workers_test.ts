/**
 * Files are hashed by workers as by this thread: roots, comparisons, and what becomes of a block whose worker is lost.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AssetError } from "../../src/api/asset_mod.ts";
import { PlainHasher } from "../../src/asset/plain_hasher.ts";
import { systemHasher } from "../../src/io/file/simd_hasher.ts";
import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import { InlineLane } from "../../src/runtime/asset_hash_lane.ts";
import { HashTeam } from "../../src/runtime/asset_hash_team.ts";
import { AssetPlace, CHUNK, randomBytes } from "./asset_place.ts";

const SEED = 20261120;

Deno.test("with workers the roots of files of all sizes are the same, also of many at once", async () => {
  await using plain = new AssetPlace();
  await using place = new AssetPlace({ workers: 2 });
  const lengths = [0, 1, CHUNK, CHUNK + 1, 16 * CHUNK, 16 * CHUNK + 1, 70 * CHUNK + 7];
  const roots = await Promise.all(lengths.map(async (length, i) => {
    const path = place.write(`f${i}`, randomBytes(length, SEED + i));
    return [await plain.server.register(`f${i}`, path), await place.server.register(`f${i}`, path)] as const;
  }));
  for (const [a, b] of roots) assertEquals(b, a);
});

Deno.test("with workers a resumed download takes what is right from disk, and no more", async () => {
  await using place = await new AssetPlace().start();
  const bytes = randomBytes(60 * CHUNK + 9, SEED);
  await place.server.register("a", place.write("a", bytes));
  const client = place.client({ workers: 1, windowCount: 4 });
  const first = client.download("a", place.path("b"), {
    onProgress: (received) => void (received > 40 * CHUNK && client.cancelTransfer(first.id)),
  });
  await assertRejects(() => first.completed, AssetError);
  const kept = client.getTransferStats(first.id)!.receivedBytes;
  const part = place.read(".b.ringwire-part");
  part[3 * CHUNK]! ^= 1;
  place.write(".b.ringwire-part", part);
  const { statistics } = await client.download("a", place.path("b"));
  assert(statistics.reusedBytes >= kept - CHUNK && statistics.reusedBytes < bytes.length - CHUNK);
  assertEquals(place.read("b"), bytes);
});

Deno.test("a block whose worker is lost is hashed on this thread, and so is what follows", async () => {
  const team = new HashTeam(1, systemHasher(), new SystemScheduler());
  const lane = await team.take();
  assertEquals([lane instanceof InlineLane, team.runningCount], [false, 1]);
  const block = randomBytes(lane.block.length, SEED);
  lane.block.set(block);
  const hashing = lane.hash(7, block.length, false);
  team.failed(0);
  await hashing;
  const plain = new InlineLane(new PlainHasher());
  plain.block.set(block);
  plain.hash(7, block.length, false);
  assertEquals(lane.leaves, plain.leaves);
  team.release(lane);
  assert(await team.take() instanceof InlineLane);
  await team.stop();
});

Deno.test("who waits for a lane of a worker that is lost gets another one", async () => {
  const team = new HashTeam(1, systemHasher(), new SystemScheduler());
  const [a, b] = [await team.take(), await team.take()];
  const third = team.take();
  const fourth = team.take();
  team.release(a);
  assertEquals(await third === a, true);
  team.failed(0);
  assert(await fourth instanceof InlineLane);
  team.release(b);
  await team.stop();
  assert(await team.take() instanceof InlineLane);
});

Deno.test("a team that nobody needs starts nothing", async () => {
  const team = new HashTeam(2, systemHasher(), new SystemScheduler());
  await team.stop();
  assertEquals(team.runningCount, 0);
});

Deno.test("a lane of a lost worker is not given out again while others run", async () => {
  const team = new HashTeam(2, systemHasher(), new SystemScheduler());
  const lanes = [];
  for (let i = 0; i < 4; i++) lanes.push(await team.take());
  team.failed(0);
  assertEquals(team.runningCount, 1);
  for (const lane of lanes) team.release(lane);
  const hashing = [await team.take(), await team.take()].map((lane) => lane.hash(0, CHUNK, true));
  assertEquals(hashing.map((promise) => promise === undefined), [false, false]);
  await Promise.all(hashing);
  await team.stop();
});
