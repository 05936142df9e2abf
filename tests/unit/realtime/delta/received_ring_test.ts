import { assertEquals } from "@std/assert";
import { ReceivedRing } from "../../../../src/realtime/delta/received_ring.ts";
import { SnapshotHeader } from "../../../../src/realtime/delta/snapshot_header.ts";
import { SnapshotStatus } from "../../../../src/realtime/delta/snapshot_status.ts";

const { Applied, AppliedLate, Duplicate, Old, UnknownBase, EpochMismatch } = SnapshotStatus;

function offer(ring: ReceivedRing, number: number, distance = 0, epoch = 0): SnapshotStatus {
  const header = new SnapshotHeader();
  header.number = number & 0xffff;
  header.distance = distance;
  header.epoch = epoch;
  let status = ring.admit(header);
  if (ring.isOldFull) status = ring.confirmOldFull();
  if (status <= AppliedLate) ring.commit();
  return status;
}

function numbers(ring: ReceivedRing): number[] {
  return Array.from({ length: ring.slots }, (_, slot) => ring.numberAt(slot)).filter((n) => n >= 0).sort((a, b) =>
    a - b
  );
}

Deno.test("ReceivedRing asks for a full snapshot until there is one", () => {
  const ring = new ReceivedRing(4);
  assertEquals([ring.newest, ring.newestSlot, ring.acknowledgement], [-1, -1, -1]);
  assertEquals(offer(ring, 9), Applied);
  assertEquals([ring.newest, ring.acknowledgement], [9, 9]);
});

Deno.test("ReceivedRing.admit() takes newer numbers, also beyond the wrap", () => {
  const ring = new ReceivedRing(4);
  for (const number of [0xfffe, 0xffff, 0x1_0000, 0x1_0001, 0x1_8000, 0x1_ffff, 0x2_0000]) {
    assertEquals(offer(ring, number), Applied, `${number}`);
    assertEquals([ring.newest, ring.acknowledgement], [number, number & 0xffff]);
  }
});

Deno.test("ReceivedRing keeps the newest snapshots and one free slot", () => {
  const ring = new ReceivedRing(3);
  for (let number = 0; number < 10; number++) offer(ring, number);
  assertEquals(numbers(ring), [7, 8, 9]);
  assertEquals(ring.slots, 4);
  assertEquals(ring.numberAt(ring.spareSlot), -1);
});

Deno.test("ReceivedRing.admit() finds the base of a packet", () => {
  const ring = new ReceivedRing(3);
  for (let number = 0; number < 5; number++) offer(ring, number);
  assertEquals(offer(ring, 5, 3), Applied);
  assertEquals(ring.baseSlot >= 0, true);
  assertEquals(offer(ring, 6), Applied);
  assertEquals(ring.baseSlot, -1);
  assertEquals(numbers(ring), [4, 5, 6]);
});

Deno.test("ReceivedRing.admit() refuses an unknown base and asks for a full snapshot until one comes", () => {
  const ring = new ReceivedRing(3);
  for (let number = 0; number < 5; number++) offer(ring, number);
  assertEquals(offer(ring, 5, 4), UnknownBase);
  assertEquals([ring.newest, ring.acknowledgement], [4, -1]);
  assertEquals(offer(ring, 6, 0), Applied);
  assertEquals(ring.acknowledgement, 6);
  assertEquals(offer(new ReceivedRing(3), 5, 1), UnknownBase);
});

Deno.test("ReceivedRing.admit() of a late packet with an unknown base asks for nothing", () => {
  const ring = new ReceivedRing(3);
  for (const number of [2, 5]) offer(ring, number);
  assertEquals(offer(ring, 4, 1), UnknownBase);
  assertEquals(ring.acknowledgement, 5);
});

Deno.test("ReceivedRing.admit() recognises duplicates", () => {
  const ring = new ReceivedRing(3);
  for (const number of [0xffff, 0x1_0001]) offer(ring, number);
  assertEquals(offer(ring, 0x1_0001), Duplicate);
  assertEquals(offer(ring, 0xffff), Duplicate);
});

Deno.test("ReceivedRing.admit() takes late packets that fit in and leaves the newest alone", () => {
  const ring = new ReceivedRing(3);
  for (const number of [1, 5]) offer(ring, number);
  const newest = ring.newestSlot;
  assertEquals(offer(ring, 3), AppliedLate);
  assertEquals([ring.newest, ring.newestSlot, ring.acknowledgement], [5, newest, 5]);
  assertEquals(numbers(ring), [1, 3, 5]);
  assertEquals(offer(ring, 4), AppliedLate);
  assertEquals(numbers(ring), [3, 4, 5]);
});

Deno.test("ReceivedRing.admit() refuses what is older than all that a full ring keeps", () => {
  const ring = new ReceivedRing(3);
  for (const number of [3, 4, 5]) offer(ring, number);
  assertEquals(offer(ring, 2), Old);
  assertEquals(numbers(ring), [3, 4, 5]);
});

Deno.test("ReceivedRing.admit() takes late packets before all others while there is room", () => {
  const ring = new ReceivedRing(4);
  for (const number of [5, 6, 4, 3]) assertEquals(offer(ring, number), number < 5 ? AppliedLate : Applied, `${number}`);
  assertEquals(offer(ring, 2), Old);
  assertEquals(numbers(ring), [3, 4, 5, 6]);
});

Deno.test("ReceivedRing.admit() takes number 0 late", () => {
  const ring = new ReceivedRing(4);
  assertEquals([offer(ring, 1), offer(ring, 0)], [Applied, AppliedLate]);
});

Deno.test("ReceivedRing.admit() refuses what was sent before the count began", () => {
  const ring = new ReceivedRing(3);
  offer(ring, 1);
  assertEquals(offer(ring, 0xffff), Old);
});

Deno.test("ReceivedRing goes on counting after a silence of more than half the number space", () => {
  const ring = new ReceivedRing(3);
  for (const number of [3, 4, 5]) offer(ring, number);
  const far = 5 + 0x9000;
  assertEquals(offer(ring, far), Old);
  assertEquals(offer(ring, far + 1), Old);
  assertEquals(offer(ring, far + 2), Applied);
  assertEquals([ring.newest, ring.acknowledgement], [far + 2, (far + 2) & 0xffff]);
  assertEquals(numbers(ring), [far + 2]);
  assertEquals(offer(ring, far + 3, 1), Applied);
});

Deno.test("ReceivedRing does not start over for old packets between newer ones, nor for old deltas", () => {
  const ring = new ReceivedRing(3);
  for (const number of [13, 14, 15]) offer(ring, number);
  assertEquals([offer(ring, 1), offer(ring, 2)], [Old, Old]);
  offer(ring, 16);
  assertEquals([offer(ring, 3), offer(ring, 4)], [Old, Old]);
  for (let number = 5; number < 9; number++) assertEquals(offer(ring, number, 1), Old);
  assertEquals(offer(ring, 16), Duplicate);
  assertEquals(ring.newest, 16);
});

Deno.test("ReceivedRing.requestFull() asks until a newer snapshot is applied", () => {
  const ring = new ReceivedRing(3);
  for (const number of [3, 5]) offer(ring, number);
  ring.requestFull();
  assertEquals(ring.acknowledgement, -1);
  offer(ring, 4);
  assertEquals(ring.acknowledgement, -1);
  offer(ring, 6);
  assertEquals(ring.acknowledgement, 6);
});

Deno.test("ReceivedRing.clear() forgets all snapshots", () => {
  const ring = new ReceivedRing(3);
  for (const number of [3, 4, 5, 6]) offer(ring, number);
  ring.clear();
  assertEquals([ring.newest, ring.acknowledgement], [-1, -1]);
  assertEquals(offer(ring, 7, 1), UnknownBase);
  assertEquals(offer(ring, 2), Applied);
  assertEquals(numbers(ring), [2]);
});

Deno.test("ReceivedRing does not start over for the same old snapshots again and again", () => {
  const ring = new ReceivedRing(3);
  for (const number of [13, 14, 15]) offer(ring, number);
  for (const number of [1, 1, 1, 2, 1, 2, 1, 2]) assertEquals(offer(ring, number), Old);
  assertEquals(ring.newest, 15);
});

Deno.test("ReceivedRing begins another row of old snapshots with one that lies far before the last", () => {
  const ring = new ReceivedRing(3);
  for (const number of [3, 4, 5]) offer(ring, number);
  assertEquals([0xc000, 0x9000, 0x9001, 0x9002].map((number) => offer(ring, number)), [Old, Old, Old, Applied]);
});

Deno.test("ReceivedRing counts old snapshots only when they are confirmed", () => {
  const ring = new ReceivedRing(3);
  for (const number of [13, 14, 15]) offer(ring, number);
  const header = new SnapshotHeader();
  for (header.number = 1; header.number < 9; header.number++) {
    assertEquals([ring.admit(header), ring.isOldFull, ring.isRestart], [Old, true, false]);
  }
});

Deno.test("ReceivedRing starts over with a full snapshot of another epoch, and asks for one until then", () => {
  const ring = new ReceivedRing(3);
  for (const number of [13, 14, 15]) offer(ring, number);
  assertEquals([offer(ring, 16, 1, 7), ring.acknowledgement, ring.newest], [EpochMismatch, -1, 15]);
  assertEquals([offer(ring, 2, 0, 7), ring.acknowledgement], [Applied, 2]);
  assertEquals(numbers(ring), [2]);
  assertEquals([offer(ring, 3, 1, 7), offer(ring, 4, 1, 0)], [Applied, EpochMismatch]);
});

Deno.test("ReceivedRing goes back to the epoch before only for as many ascending full snapshots as it keeps", () => {
  const ring = new ReceivedRing(3);
  offer(ring, 15);
  offer(ring, 2, 0, 7);
  assertEquals([15, 15, 15, 16].map((number) => offer(ring, number)), [Old, Old, Old, Old]);
  assertEquals(offer(ring, 3, 1, 7), Applied);
  assertEquals([20, 21, 22].map((number) => offer(ring, number)), [Old, Old, Applied]);
  assertEquals(numbers(ring), [22]);
  assertEquals(offer(ring, 4, 0, 7), Old);
});

Deno.test("ReceivedRing counts on beyond 31 bits", () => {
  const ring = new ReceivedRing(3);
  let last = 0;
  for (let number = 0; number < 2 ** 31 + 1e6; number += 32_767) {
    assertEquals(offer(ring, number), Applied);
    last = number;
  }
  assertEquals([ring.newest, numbers(ring).length], [last, 3]);
});
