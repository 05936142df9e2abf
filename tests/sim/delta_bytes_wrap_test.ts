/**
 * Byte snapshots go on when their numbers wrap.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SnapshotReceiver } from "../../src/realtime/delta/snapshot_receiver.ts";
import { MAX_SNAPSHOT_OVERHEAD_BYTES, SnapshotSender } from "../../src/realtime/delta/snapshot_sender.ts";
import { SnapshotStatus } from "../../src/realtime/delta/snapshot_status.ts";

Deno.test("SnapshotSender and SnapshotReceiver agree for two hundred thousand ticks, three times round the numbers", () => {
  const seed = 200;
  const random = new SeededRandom(seed);
  const sender = new SnapshotSender({ maxStateBytes: 32 });
  const receiver = new SnapshotReceiver({ maxStateBytes: 32 });
  const out = new Uint8Array(32 + MAX_SNAPSHOT_OVERHEAD_BYTES);
  const state = new Uint8Array(32);
  const late: number[] = [];
  let applied = 0;
  for (let tick = 0; tick < 200_000; tick++) {
    state[random.nextInt(32)] = tick;
    const length = sender.encode(state, out);
    if (random.nextInt(10) > 0) {
      assertEquals(
        receiver.handlePacket(out.subarray(0, length)),
        SnapshotStatus.Applied,
        `seed ${seed}, tick ${tick}`,
      );
      assertEquals(receiver.number, tick);
      const got = receiver.state;
      for (let i = 0; i < 32; i++) if (got[i] !== state[i]) throw new Error(`seed ${seed}, tick ${tick}: byte ${i}`);
      applied++;
    }
    late.push(receiver.ack);
    if (late.length > 4) sender.handleAck(late.shift()!);
  }
  const { full, deltas, unknownAcks } = sender.counters();
  assertEquals([deltas! + full!, unknownAcks], [200_000, 0]);
  assertLess(full!, 10);
  assertGreater(applied, 150_000);
});
