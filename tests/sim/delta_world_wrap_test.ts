/**
 * World snapshots go on when their numbers wrap.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SnapshotStatus } from "../../src/realtime/delta/snapshot_status.ts";
import { WorldReplica } from "../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../src/realtime/delta/world_state.ts";
import { live, portrait, shown, zooSchema } from "../unit/realtime/delta/zoo.ts";

Deno.test("WorldObserver and WorldReplica agree for two hundred thousand ticks, three times round the numbers", () => {
  const seed = 500;
  const random = new SeededRandom(seed);
  const schema = zooSchema(3);
  const world = new WorldState(schema);
  const observer = world.observe({ checksum: true });
  const replica = new WorldReplica(schema);
  const out = new Uint8Array(500);
  const late: number[] = [];
  world.spawn(1);
  for (let tick = 0; tick < 200_000; tick++) {
    if (random.nextInt(3) === 0) live(world, random, 0.3);
    if (!world.has(1)) world.spawn(1);
    world.fields.score.set(1, tick);
    world.commit();
    const length = observer.encode(out);
    if (random.nextInt(10) > 0) {
      const status = replica.handlePacket(out.subarray(0, length));
      if (status !== SnapshotStatus.Applied) throw new Error(`seed ${seed}, tick ${tick}: ${status}`);
      if (replica.latestTick !== tick) throw new Error(`seed ${seed}, tick ${tick}: shows ${replica.latestTick}`);
      if (tick % 97 === 0) {
        const frame = replica.sample(tick);
        assertEquals(shown(frame, 1), portrait(world, 1), `seed ${seed}, tick ${tick}`);
        assertEquals(frame.fields.score.at(1), tick);
      }
    }
    late.push(replica.ack);
    if (late.length > 4) observer.handleAck(late.shift()!);
  }
  const { full, unknownAcks, staleAcks } = observer.counters();
  assertLess(full!, 10, `seed ${seed}`);
  assertEquals(unknownAcks, 0, `seed ${seed}`);
  assertGreater(staleAcks!, 0);
});
