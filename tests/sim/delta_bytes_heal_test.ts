/**
 * Byte snapshots heal a receiver that lost its state or was not heard for long.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SnapshotReceiver } from "../../src/realtime/delta/snapshot_receiver.ts";
import { SnapshotSender } from "../../src/realtime/delta/snapshot_sender.ts";
import { SnapshotStatus } from "../../src/realtime/delta/snapshot_status.ts";

Deno.test("SnapshotSender heals a receiver that starts over, within one round trip", () => {
  const sender = new SnapshotSender();
  let receiver = new SnapshotReceiver();
  const out = new Uint8Array(500);
  const state = new Uint8Array(100);
  const statuses: SnapshotStatus[] = [];
  const acks: number[] = [];
  for (let tick = 0; tick < 60; tick++) {
    if (tick === 40) receiver = new SnapshotReceiver();
    state[tick] = 1;
    statuses.push(receiver.handlePacket(out.subarray(0, sender.encode(state, out))));
    acks.push(receiver.ack);
    if (acks.length > 3) sender.handleAck(acks.shift()!);
  }
  assertEquals(statuses.map((status, tick) => status === SnapshotStatus.Applied ? -1 : tick).filter((t) => t >= 0), [
    40,
    41,
    42,
    43,
  ]);
  assertEquals(receiver.state, state);
});

Deno.test("SnapshotSender heals a receiver whose acknowledgements were lost for longer than the ring", () => {
  const sender = new SnapshotSender();
  const receiver = new SnapshotReceiver();
  const out = new Uint8Array(500);
  const state = new Uint8Array(100);
  for (let tick = 0; tick < 200; tick++) {
    state[tick % 100] = tick;
    assertEquals(receiver.handlePacket(out.subarray(0, sender.encode(state, out))), SnapshotStatus.Applied);
    if (tick < 20 || tick >= 150) sender.handleAck(receiver.ack);
  }
  const { full, expiredBases } = sender.counters();
  assertEquals([expiredBases, full], [1, 1 + 150 - 51]);
  assertEquals(receiver.state, state);
});
