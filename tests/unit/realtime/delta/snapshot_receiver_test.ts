import { assertEquals } from "@std/assert";
import { SnapshotReceiver } from "../../../../src/realtime/delta/snapshot_receiver.ts";
import { SnapshotSender } from "../../../../src/realtime/delta/snapshot_sender.ts";
import { SnapshotStatus } from "../../../../src/realtime/delta/snapshot_status.ts";

const { Applied, AppliedLate, Duplicate, Old, UnknownBase, Malformed, TooLarge, ChecksumMismatch, EpochMismatch } =
  SnapshotStatus;
const packet = new Uint8Array(400);

function counting(length: number, change = 0): Uint8Array {
  const state = Uint8Array.from({ length }, (_, i) => i * 91 >> 2);
  state[0] = change;
  return state;
}

function send(sender: SnapshotSender, state: Uint8Array): Uint8Array {
  return packet.slice(0, sender.encode(state, packet));
}

/** A sender and the packets of its first states, the second of which builds on the first. */
function started(options = {}): { sender: SnapshotSender; first: Uint8Array; second: Uint8Array } {
  const sender = new SnapshotSender(options);
  const first = send(sender, counting(100, 1));
  sender.handleAck(0);
  return { sender, first, second: send(sender, counting(100, 2)) };
}

Deno.test("SnapshotReceiver has nothing at first and asks for a full snapshot", () => {
  const receiver = new SnapshotReceiver();
  assertEquals([receiver.ack, receiver.number, receiver.state.length], [-1, -1, 0]);
});

Deno.test("SnapshotReceiver.handlePacket() applies and acknowledges", () => {
  const { first, second } = started();
  const receiver = new SnapshotReceiver();
  assertEquals([receiver.handlePacket(first), receiver.ack, receiver.number], [Applied, 0, 0]);
  assertEquals(receiver.state, counting(100, 1));
  assertEquals([receiver.handlePacket(second), receiver.ack], [Applied, 1]);
  assertEquals(receiver.state, counting(100, 2));
  assertEquals(receiver.counters(), {
    applied: 2,
    appliedLate: 0,
    duplicate: 0,
    old: 0,
    unknownBase: 0,
    malformed: 0,
    tooLarge: 0,
    checksumMismatch: 0,
    schemaMismatch: 0,
    epochMismatch: 0,
    full: 1,
    restarts: 0,
  });
});

Deno.test("SnapshotReceiver.handlePacket() refuses an unknown base, asks for a full snapshot and heals by it", () => {
  const { sender, second } = started();
  const receiver = new SnapshotReceiver();
  assertEquals([receiver.handlePacket(second), receiver.ack, receiver.state.length], [UnknownBase, -1, 0]);
  sender.handleAck(receiver.ack);
  assertEquals(receiver.handlePacket(send(sender, counting(90, 3))), Applied);
  assertEquals([receiver.state, receiver.ack], [counting(90, 3), 2]);
});

Deno.test("SnapshotReceiver.handlePacket() drops doubled packets", () => {
  const { first, second } = started();
  const receiver = new SnapshotReceiver();
  for (const bytes of [first, second]) receiver.handlePacket(bytes);
  assertEquals([receiver.handlePacket(first), receiver.handlePacket(second)], [Duplicate, Duplicate]);
  assertEquals([receiver.state, receiver.counters().duplicate], [counting(100, 2), 2]);
});

Deno.test("SnapshotReceiver.handlePacket() keeps the newest state when an older one comes late", () => {
  const { sender, first, second } = started();
  const third = send(sender, counting(100, 3));
  const receiver = new SnapshotReceiver();
  assertEquals([first, third, second].map((bytes) => receiver.handlePacket(bytes)), [Applied, Applied, AppliedLate]);
  assertEquals([receiver.state, receiver.ack], [counting(100, 3), 2]);
});

Deno.test("SnapshotReceiver.handlePacket() drops what is older than its ring", () => {
  const sender = new SnapshotSender();
  const receiver = new SnapshotReceiver();
  const first = send(sender, counting(10));
  for (let i = 0; i < 32; i++) receiver.handlePacket(send(sender, counting(10, i)));
  assertEquals([receiver.handlePacket(first), receiver.counters().old], [Old, 1]);
});

Deno.test("SnapshotReceiver keeps as many states as it is told to", () => {
  const sender = new SnapshotSender({ ringSnapshots: 100 });
  const receivers = [new SnapshotReceiver({ ringSnapshots: 99 }), new SnapshotReceiver({ ringSnapshots: 98 })];
  const first = send(sender, counting(50));
  for (const receiver of receivers) receiver.handlePacket(first);
  for (let i = 1; i < 99; i++) {
    const bytes = send(sender, counting(50, i));
    for (const receiver of receivers) receiver.handlePacket(bytes);
  }
  sender.handleAck(0);
  const bytes = send(sender, counting(50, 99));
  assertEquals(receivers.map((receiver) => receiver.handlePacket(bytes)), [Applied, UnknownBase]);
});

Deno.test("SnapshotReceiver.handlePacket() refuses every packet that was cut short, and changes nothing", () => {
  const { first, second } = started({ checksum: true });
  const receiver = new SnapshotReceiver();
  for (const bytes of [first, second]) {
    for (let length = 0; length < bytes.length; length++) {
      const status = receiver.handlePacket(bytes.slice(0, length));
      assertEquals(status === Malformed || status === ChecksumMismatch, true, `${length}: ${status}`);
    }
    assertEquals(receiver.handlePacket(bytes), Applied);
  }
  assertEquals(receiver.state, counting(100, 2));
});

Deno.test("SnapshotReceiver.handlePacket() refuses states beyond its maximum", () => {
  const receiver = new SnapshotReceiver({ maxStateBytes: 50 });
  const sender = new SnapshotSender();
  assertEquals(receiver.handlePacket(send(sender, counting(51))), TooLarge);
  assertEquals([receiver.ack, receiver.counters().tooLarge], [-1, 1]);
  assertEquals(receiver.handlePacket(send(sender, counting(50))), Applied);
});

Deno.test("SnapshotReceiver.handlePacket() notices a wrong checksum and heals by a full snapshot", () => {
  const { sender, first, second } = started({ checksum: true });
  const receiver = new SnapshotReceiver();
  receiver.handlePacket(first);
  for (let bit = 0; bit < 8; bit++) {
    const bent = second.slice();
    bent[bent.length - 1]! ^= 1 << bit;
    assertEquals(receiver.handlePacket(bent), ChecksumMismatch);
  }
  assertEquals([receiver.state, receiver.ack], [counting(100, 1), -1]);
  sender.handleAck(receiver.ack);
  assertEquals(receiver.handlePacket(send(sender, counting(100, 3))), Applied);
  assertEquals([receiver.state, receiver.ack], [counting(100, 3), 2]);
});

Deno.test("SnapshotReceiver.handlePacket() does not take a packet with no checksum for a wrong one", () => {
  const { first } = started();
  assertEquals(new SnapshotReceiver().handlePacket(first), Applied);
});

Deno.test("SnapshotReceiver.handlePacket() goes on after a silence of more than half the number space", () => {
  const before = new SnapshotSender();
  const receiver = new SnapshotReceiver();
  for (let i = 0; i < 40; i++) receiver.handlePacket(send(before, counting(30, i)));
  const after = new SnapshotSender({ firstNumber: 0x9000 });
  const statuses = Array.from({ length: 32 }, (_, i) => receiver.handlePacket(send(after, counting(30, 100 + i))));
  assertEquals(statuses, [...new Array(31).fill(Old), Applied]);
  assertEquals([receiver.number, receiver.state], [0x9000 + 31, counting(30, 131)]);
  assertEquals(receiver.counters().restarts, 1);
  after.handleAck(receiver.ack);
  assertEquals(receiver.handlePacket(send(after, counting(30, 3))), Applied);
});

Deno.test("SnapshotReceiver.reset() forgets everything", () => {
  const { first, second } = started();
  const receiver = new SnapshotReceiver();
  receiver.handlePacket(first);
  receiver.reset();
  assertEquals([receiver.ack, receiver.number, receiver.state.length], [-1, -1, 0]);
  assertEquals(receiver.handlePacket(second), UnknownBase);
  assertEquals(receiver.handlePacket(first), Applied);
});

Deno.test("SnapshotReceiver.handlePacket() does not keep the packet", () => {
  const { first } = started();
  const receiver = new SnapshotReceiver();
  receiver.handlePacket(first);
  first.fill(0);
  assertEquals(receiver.state, counting(100, 1));
});

Deno.test("SnapshotReceiver starts over with a sender that was started again under another epoch", () => {
  const before = new SnapshotSender();
  const receiver = new SnapshotReceiver();
  for (let i = 0; i < 40; i++) receiver.handlePacket(send(before, counting(30, i)));
  const after = new SnapshotSender({ epoch: 0x100 });
  after.encode(counting(30, 100), packet);
  after.handleAck(0);
  assertEquals([receiver.handlePacket(send(after, counting(30, 101))), receiver.ack], [EpochMismatch, -1]);
  assertEquals([receiver.state, receiver.counters().epochMismatch], [counting(30, 39), 1]);
  after.handleAck(receiver.ack);
  assertEquals(receiver.handlePacket(send(after, counting(30, 102))), Applied);
  assertEquals([receiver.state, receiver.ack, receiver.counters().restarts], [counting(30, 102), 2, 1]);
  after.handleAck(receiver.ack);
  assertEquals(receiver.handlePacket(send(after, counting(30, 103))), Applied);
});

Deno.test("SnapshotReceiver and a sender that was started again find each other without an epoch", () => {
  const before = new SnapshotSender();
  const receiver = new SnapshotReceiver();
  for (let i = 0; i < 40; i++) receiver.handlePacket(send(before, counting(300, i)));
  const after = new SnapshotSender();
  for (let i = 0; i < 100; i++) {
    const state = counting(300, i);
    state[200] = 9;
    if (receiver.handlePacket(send(after, state)) === Applied) assertEquals(receiver.state, state);
    after.handleAck(receiver.ack);
  }
  assertEquals([receiver.number, after.counters().deltas! > 90], [99, true]);
});

Deno.test("SnapshotReceiver.handlePacket() stays with the newest state when an old full snapshot comes again and again", () => {
  const sender = new SnapshotSender();
  const receiver = new SnapshotReceiver();
  const first = send(sender, counting(10));
  for (let i = 0; i < 40; i++) receiver.handlePacket(send(sender, counting(10, i)));
  for (let i = 0; i < 100; i++) assertEquals(receiver.handlePacket(first), Old);
  assertEquals([receiver.number, receiver.state], [40, counting(10, 39)]);
});
