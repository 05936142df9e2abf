/**
 * World snapshots over links that lose, double and reorder: whatever a replica shows is what the world was.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SnapshotStatus } from "../../src/realtime/delta/snapshot_status.ts";
import { WorldReplica } from "../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../src/realtime/delta/world_state.ts";
import { LINKS, LossyLink } from "../unit/realtime/delta/lossy_link.ts";
import { album, live, type Portrait, shownAlbum, zooSchema } from "../unit/realtime/delta/zoo.ts";

const ENTITIES = 40;
const ALL = Array.from({ length: ENTITIES }, (_, id) => id);

interface Sent {
  readonly packet: Uint8Array;
  readonly tick: number;
  readonly album: ReadonlyMap<number, Portrait>;
}

LINKS.forEach((options, index) => {
  Deno.test(`WorldReplica over link ${index} shows each of three observers what it was sent of the world`, () => {
    const seed = 300 + index;
    const random = new SeededRandom(seed);
    const schema = zooSchema(ENTITIES);
    const world = new WorldState(schema, { historyTicks: 40 });
    const out = new Uint8Array(8000);
    const peers = [0, 1, 2].map((peer) => ({
      observer: world.observe({ checksum: peer === 0 }),
      replica: new WorldReplica(schema),
      there: new LossyLink<Sent>(random, options),
      back: new LossyLink<number>(random, options),
      every: peer + 1,
      centre: 10 * peer,
    }));
    for (let tick = 0; tick < 300; tick++) {
      live(world, random, 0.5);
      world.commit();
      for (const peer of peers) {
        if (tick % peer.every === 0) {
          peer.centre = (peer.centre + random.nextInt(3)) % ENTITIES;
          // The first peer sees everything, the others what is near to them.
          const ids = peer.every === 1 ? ALL : ALL.filter((id) => (id - peer.centre + ENTITIES) % ENTITIES < 15);
          const length = peer.observer.encode(out, peer.every === 1 ? undefined : ids);
          peer.there.send({ packet: out.slice(0, length), tick, album: album(world, ids) }, tick);
        }
        for (const sent of peer.there.receive(tick)) {
          const status = peer.replica.handlePacket(sent.packet);
          if (status > SnapshotStatus.AppliedLate) continue;
          const frame = peer.replica.sample(sent.tick);
          assertEquals(shownAlbum(frame), sent.album, `seed ${seed}, tick ${tick}, every ${peer.every}`);
        }
        peer.back.send(peer.replica.ack, tick);
        for (const ack of peer.back.receive(tick)) peer.observer.handleAck(ack);
      }
    }
    for (const { replica, observer } of peers) {
      const { applied, malformed, tooLarge, checksumMismatch, schemaMismatch } = replica.counters();
      assertEquals([malformed, tooLarge, checksumMismatch, schemaMismatch], [0, 0, 0, 0], `seed ${seed}`);
      assertGreater(applied!, options.loss > 0.5 ? 8 : 30, `seed ${seed}`);
      assertGreater(observer.counters().deltas!, 20, `seed ${seed}`);
    }
  });
});
