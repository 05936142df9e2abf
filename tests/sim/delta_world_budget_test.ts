/**
 * World snapshots in a narrow channel: what is said to be up to date is, and what has to wait comes later.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SnapshotStatus } from "../../src/realtime/delta/snapshot_status.ts";
import { WorldReplica } from "../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../src/realtime/delta/world_state.ts";
import { LossyLink } from "../unit/realtime/delta/lossy_link.ts";
import { album, live, type Portrait, shown, shownAlbum, zooSchema } from "../unit/realtime/delta/zoo.ts";

const ENTITIES = 40;
const ALL = Array.from({ length: ENTITIES }, (_, id) => id);

interface Sent {
  readonly packet: Uint8Array;
  readonly tick: number;
  readonly album: ReadonlyMap<number, Portrait>;
}

Deno.test("WorldReplica in a narrow channel is right in what is said to be up to date, and ends up right in all", () => {
  const seed = 400;
  const random = new SeededRandom(seed);
  const schema = zooSchema(ENTITIES);
  const world = new WorldState(schema, { historyTicks: 32 });
  const observer = world.observe({ checksum: true });
  const replica = new WorldReplica(schema);
  const options = { loss: 0.1, doubled: 0.1, delayTicks: 2, jitterTicks: 3 };
  const there = new LossyLink<Sent>(random, options);
  const back = new LossyLink<number>(random, options);
  const urgency = new Float64Array(ENTITIES);
  const out = new Uint8Array(120);
  let deferred = 0;
  for (let tick = 0; tick < 700; tick++) {
    if (tick < 600) live(world, random, 0.7);
    world.commit();
    for (let id = 0; id < ENTITIES; id++) urgency[id]! += 1 + (id % 3);
    const ids = ALL.filter((id) => world.has(id)).sort((a, b) => urgency[b]! - urgency[a]!);
    const length = observer.encode(out, ids);
    const current = ids.slice(0, observer.upToDateCount);
    deferred += observer.deferredCount;
    for (const id of current) urgency[id] = 0;
    if (length > 0) there.send({ packet: out.slice(0, length), tick, album: album(world, current) }, tick);
    for (const sent of there.receive(tick)) {
      const status = replica.handlePacket(sent.packet);
      if (status > SnapshotStatus.AppliedLate) continue;
      const frame = replica.sample(sent.tick);
      for (const [id, expected] of sent.album) {
        assertEquals(shown(frame, id), expected, `seed ${seed}, tick ${tick}, entity ${id}`);
      }
    }
    back.send(replica.ack, tick);
    for (const ack of back.receive(tick)) observer.handleAck(ack);
  }
  assertGreater(deferred, 1000);
  assertEquals(observer.deferredCount, 0);
  assertEquals(shownAlbum(replica.sample(replica.latestTick)), album(world, ALL));
  const { malformed, checksumMismatch, tooLarge } = replica.counters();
  assertEquals([malformed, checksumMismatch, tooLarge], [0, 0, 0], `seed ${seed}`);
});
