/**
 * Byte snapshots over links that lose, double and reorder: whatever a receiver applies is what the sender had.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SnapshotReceiver } from "../../src/realtime/delta/snapshot_receiver.ts";
import { MAX_SNAPSHOT_OVERHEAD_BYTES, SnapshotSender } from "../../src/realtime/delta/snapshot_sender.ts";
import { SnapshotStatus } from "../../src/realtime/delta/snapshot_status.ts";
import { drawState, editState } from "../unit/realtime/delta/byte_edits.ts";
import { LINKS, LossyLink } from "../unit/realtime/delta/lossy_link.ts";

const MAX = 300;

LINKS.forEach((options, index) => {
  Deno.test(`SnapshotReceiver over link ${index} applies only what the sender had`, () => {
    const seed = 100 + index;
    const random = new SeededRandom(seed);
    const sender = new SnapshotSender({ maxStateBytes: MAX, checksum: index % 2 === 0, firstNumber: 65_000 });
    const receiver = new SnapshotReceiver({ maxStateBytes: MAX });
    const there = new LossyLink<{ packet: Uint8Array; state: Uint8Array }>(random, options);
    const back = new LossyLink<number>(random, options);
    const out = new Uint8Array(MAX + MAX_SNAPSHOT_OVERHEAD_BYTES);
    let state: Uint8Array = drawState(random, 100);
    let newest = -1;
    for (let tick = 0; tick < 1500; tick++) {
      const about = `seed ${seed}, tick ${tick}`;
      state = editState(random, state, MAX);
      const length = sender.encode(state, out);
      assertLessOrEqual(length, state.length + MAX_SNAPSHOT_OVERHEAD_BYTES, about);
      there.send({ packet: out.slice(0, length), state }, tick);
      for (const { packet, state: sent } of there.receive(tick)) {
        const status = receiver.handlePacket(packet);
        if (status === SnapshotStatus.Applied) {
          assertEquals(receiver.state, sent, about);
          assertGreater(receiver.number, newest, about);
          newest = receiver.number;
        }
      }
      back.send(receiver.ack, tick);
      for (const ack of back.receive(tick)) sender.handleAck(ack);
    }
    const { applied, malformed, tooLarge, checksumMismatch, unknownBase } = receiver.counters();
    assertEquals([malformed, tooLarge, checksumMismatch], [0, 0, 0], `seed ${seed}`);
    assertGreater(applied!, options.loss > 0.5 ? 50 : 500, `seed ${seed}`);
    assertLess(unknownBase!, 200, `seed ${seed}`);
    assertGreater(sender.counters().deltas!, options.loss > 0.5 ? 500 : 1300, `seed ${seed}`);
  });
});
