import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { SnapshotReceiver } from "../../../../src/realtime/delta/snapshot_receiver.ts";
import { MAX_SNAPSHOT_OVERHEAD_BYTES, SnapshotSender } from "../../../../src/realtime/delta/snapshot_sender.ts";

const packet = new Uint8Array(400);

function counting(length: number, change = 0): Uint8Array {
  const state = Uint8Array.from({ length }, (_, i) => i * 91 >> 2);
  state[0] = change;
  return state;
}

function send(sender: SnapshotSender, state: Uint8Array): Uint8Array {
  return packet.slice(0, sender.encode(state, packet));
}

Deno.test("SnapshotSender.encode() sends whole states until one is acknowledged", () => {
  const sender = new SnapshotSender();
  assertEquals(sender.baseNumber, -1);
  for (let number = 0; number < 3; number++) {
    const bytes = send(sender, counting(100, number));
    assertEquals([bytes.length, bytes[2], bytes[5]], [107, number, 0]);
  }
  sender.handleAck(1);
  assertEquals(sender.baseNumber, 1);
  const bytes = send(sender, counting(100, 9));
  assertEquals([...bytes.subarray(0, 6)], [0x50, 0, 3, 0, 0, 2]);
  assertLessOrEqual(bytes.length, 14);
  assertEquals(sender.counters(), {
    deltas: 1,
    full: 3,
    expiredBases: 0,
    acks: 1,
    staleAcks: 0,
    unknownAcks: 0,
    fullRequests: 0,
    refusedNoRoom: 0,
    deferredEntities: 0,
    overLimitEntities: 0,
  });
});

Deno.test("SnapshotSender.encode() builds on the newest acknowledged state and on no later one", () => {
  const sender = new SnapshotSender();
  const receiver = new SnapshotReceiver();
  for (let number = 0; number < 5; number++) {
    const bytes = send(sender, counting(100, number));
    if (number < 3) receiver.handlePacket(bytes);
  }
  for (const ack of [0, 2, 1]) sender.handleAck(ack);
  assertEquals(sender.baseNumber, 2);
  receiver.handlePacket(send(sender, counting(100, 77)));
  assertEquals(receiver.state, counting(100, 77));
  assertEquals(sender.counters().staleAcks, 1);
});

Deno.test("SnapshotSender.encode() falls back to a whole state when the base falls out of the ring", () => {
  const sender = new SnapshotSender({ ringSnapshots: 32 });
  send(sender, counting(100));
  sender.handleAck(0);
  for (let number = 1; number <= 32; number++) assertLessOrEqual(send(sender, counting(100, number)).length, 14);
  assertEquals(send(sender, counting(100, 33)).length, 107);
  assertEquals(sender.counters(), { ...sender.counters(), deltas: 32, full: 2, expiredBases: 1 });
  sender.handleAck(0);
  assertEquals(sender.counters().unknownAcks, 1);
  sender.handleAck(2);
  assertLessOrEqual(send(sender, counting(100, 34)).length, 14);
});

Deno.test("SnapshotSender.encode() keeps as many states as it is told to", () => {
  const sender = new SnapshotSender({ ringSnapshots: 100, maxStateBytes: 200 });
  send(sender, counting(100));
  sender.handleAck(0);
  for (let number = 1; number <= 100; number++) assertLessOrEqual(send(sender, counting(100, number)).length, 15);
  assertEquals(send(sender, counting(100)).length, 107);
});

Deno.test("SnapshotSender.handleAck() of no snapshot makes the next one whole", () => {
  const sender = new SnapshotSender();
  send(sender, counting(100));
  sender.handleAck(0);
  sender.handleAck(-1);
  assertEquals(send(sender, counting(100)).length, 107);
  assertEquals(sender.counters().fullRequests, 1);
});

Deno.test("SnapshotSender.reset() makes the next snapshot whole, under the next number", () => {
  const sender = new SnapshotSender();
  send(sender, counting(100));
  sender.handleAck(0);
  sender.reset();
  const bytes = send(sender, counting(100));
  assertEquals([bytes.length, bytes[2]], [107, 1]);
});

Deno.test("SnapshotSender.encode() starts at the number that it is told", () => {
  const sender = new SnapshotSender({ firstNumber: 0xffff });
  assertEquals([...send(sender, counting(5)).subarray(1, 3)], [0xff, 0xff]);
  sender.handleAck(0xffff);
  assertEquals([...send(sender, counting(5)).subarray(1, 6)], [0, 0, 0, 0, 1]);
});

Deno.test("SnapshotSender.encode() adds a checksum when it is told to", () => {
  const plain = send(new SnapshotSender(), counting(50));
  const checked = send(new SnapshotSender({ checksum: true }), counting(50));
  assertEquals(checked.length, plain.length + 4);
  assertEquals(checked.subarray(10), plain.subarray(6));
});

Deno.test("SnapshotSender.encode() returns 0 and sends nothing when there is too little room", () => {
  const sender = new SnapshotSender({ checksum: true });
  for (const room of [0, 5, 6, 9, 10, 20, 110]) {
    assertEquals(sender.encode(counting(100), new Uint8Array(room)), 0, `${room}`);
  }
  assertEquals(sender.encode(counting(100), new Uint8Array(111)), 111);
  assertEquals(packet.slice(1, 3).length, 2);
  assertEquals(sender.counters(), { ...sender.counters(), full: 1, refusedNoRoom: 7 });
  sender.handleAck(0);
  assertEquals(sender.baseNumber, 0);
});

Deno.test("SnapshotSender.encode() never exceeds the state by more than its overhead", () => {
  const sender = new SnapshotSender({ checksum: true, maxStateBytes: 64, ringSnapshots: 1024 });
  const noise = new Uint8Array(64);
  send(sender, noise);
  sender.handleAck(0);
  for (let round = 1; round < 300; round++) {
    for (let i = 0; i < 64; i++) noise[i] = (round * 7919 + i * 104_729) >>> 3;
    assertLessOrEqual(send(sender, noise).length, 64 + MAX_SNAPSHOT_OVERHEAD_BYTES, `round ${round}`);
  }
});

Deno.test("SnapshotSender refuses states and options out of bounds", () => {
  const sender = new SnapshotSender({ maxStateBytes: 64 });
  assertThrows(() => sender.encode(new Uint8Array(65), packet), RangeError, "65 bytes");
  for (const ringSnapshots of [31, 1025, 40.5, NaN]) {
    assertThrows(() => new SnapshotSender({ ringSnapshots }), RangeError, "ringSnapshots");
    assertThrows(() => new SnapshotReceiver({ ringSnapshots }), RangeError, "ringSnapshots");
  }
  for (const maxStateBytes of [0, 2 ** 24 + 1]) {
    assertThrows(() => new SnapshotSender({ maxStateBytes }), RangeError, "maxStateBytes");
    assertThrows(() => new SnapshotReceiver({ maxStateBytes }), RangeError, "maxStateBytes");
  }
  for (const firstNumber of [-1, 65_536]) assertThrows(() => new SnapshotSender({ firstNumber }), RangeError);
  for (const epoch of [-1, 65_536, 0.5]) assertThrows(() => new SnapshotSender({ epoch }), RangeError, "epoch");
  assertThrows(() => new SnapshotSender({ checksum: 1 as unknown as boolean }), TypeError, "checksum");
  assertThrows(() => new SnapshotSender({ ring: 32 } as object), TypeError, "ring");
  assertThrows(() => new SnapshotReceiver({ checksum: true } as object), TypeError, "checksum");
});
