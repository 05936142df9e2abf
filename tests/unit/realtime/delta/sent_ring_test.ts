import { assertEquals } from "@std/assert";
import { SentRing } from "../../../../src/realtime/delta/sent_ring.ts";
import { SenderCounter } from "../../../../src/realtime/delta/snapshot_status.ts";

function filled(slots: number, first: number, count: number): SentRing {
  const ring = new SentRing(slots - 1);
  for (let i = 0; i < count; i++) {
    ring.release();
    ring.commit(first + i);
  }
  return ring;
}

Deno.test("SentRing has no base before the first acknowledgement", () => {
  const ring = filled(4, 0, 3);
  assertEquals(ring.baseSlot, -1);
  assertEquals(ring.release(0), false);
});

Deno.test("SentRing.acknowledge() makes a sent snapshot the base", () => {
  const ring = filled(4, 10, 3);
  assertEquals(ring.acknowledge(11), SenderCounter.Acks);
  assertEquals([ring.baseSlot, ring.baseNumber], [1, 11]);
  assertEquals(ring.acknowledge(12), SenderCounter.Acks);
  assertEquals([ring.baseSlot, ring.baseNumber], [2, 12]);
});

Deno.test("SentRing.acknowledge() keeps the newest base", () => {
  const ring = filled(4, 10, 3);
  ring.acknowledge(11);
  assertEquals(ring.acknowledge(11), SenderCounter.StaleAcks);
  assertEquals(ring.acknowledge(10), SenderCounter.StaleAcks);
  assertEquals(ring.baseNumber, 11);
});

Deno.test("SentRing.acknowledge() does not know what was not sent or fell out", () => {
  const ring = filled(4, 10, 6);
  for (const number of [11, 10, 9, 0, 0xffff]) {
    assertEquals(ring.acknowledge(number), SenderCounter.UnknownAcks, `${number}`);
  }
  assertEquals([ring.baseSlot, ring.strangers], [-1, 0]);
  assertEquals(ring.acknowledge(12), SenderCounter.Acks);
});

Deno.test("SentRing.acknowledge() passes over numbers that nobody sent", () => {
  const ring = new SentRing(3);
  for (const number of [10, 20, 30]) ring.commit(number);
  assertEquals(ring.acknowledge(15), SenderCounter.UnknownAcks);
  assertEquals(ring.acknowledge(20), SenderCounter.Acks);
});

Deno.test("SentRing.acknowledge() takes anything from a peer", () => {
  const ring = filled(4, 0, 3);
  for (const ack of [NaN, Infinity, 0.5, -2, 0x1_0000, 0x1_0001, -0x1_0000]) {
    assertEquals(ring.acknowledge(ack), SenderCounter.UnknownAcks, `${ack}`);
  }
  assertEquals(new SentRing(3).acknowledge(0), SenderCounter.UnknownAcks);
});

Deno.test("SentRing.acknowledge() finds numbers across the wrap", () => {
  const ring = filled(8, 0x1_fffd, 6);
  assertEquals(ring.acknowledge(0xfffe), SenderCounter.Acks);
  assertEquals(ring.baseNumber, 0x1_fffe);
  assertEquals(ring.acknowledge(1), SenderCounter.Acks);
  assertEquals(ring.baseNumber, 0x2_0001);
  assertEquals(ring.acknowledge(0xffff), SenderCounter.StaleAcks);
});

Deno.test("SentRing.acknowledge() of no snapshot gives the base up", () => {
  const ring = filled(4, 0, 3);
  ring.acknowledge(2);
  assertEquals(ring.acknowledge(-1), SenderCounter.FullRequests);
  assertEquals(ring.baseSlot, -1);
  assertEquals(ring.acknowledge(1), SenderCounter.Acks);
});

Deno.test("SentRing.release() gives the base up when its slot comes round", () => {
  const ring = filled(4, 0, 3);
  ring.acknowledge(0);
  assertEquals(ring.release(), false); // 3 goes beside it
  ring.commit(3);
  assertEquals(ring.nextSlot, ring.baseSlot);
  assertEquals(ring.release(), true);
  assertEquals(ring.baseSlot, -1);
  assertEquals(ring.release(), false);
});

Deno.test("SentRing.release() gives a base up that lies too far behind", () => {
  const ring = filled(4, 10, 2);
  ring.acknowledge(10);
  assertEquals(ring.release(10), false);
  assertEquals(ring.release(11), true);
  assertEquals(ring.baseSlot, -1);
});

Deno.test("SentRing.clear() forgets what was sent", () => {
  const ring = filled(4, 10, 2);
  ring.acknowledge(10);
  ring.clear();
  assertEquals(ring.baseSlot, -1);
  assertEquals(ring.acknowledge(11), SenderCounter.UnknownAcks);
  ring.commit(12);
  assertEquals(ring.acknowledge(12), SenderCounter.Acks);
});

Deno.test("SentRing.acknowledge() notices a peer that begins with a number that was not sent yet", () => {
  const ring = filled(4, 10, 3);
  assertEquals([ring.acknowledge(9), ring.strangers], [SenderCounter.UnknownAcks, 0]);
  assertEquals([ring.acknowledge(13), ring.strangers], [SenderCounter.UnknownAcks, 1]);
  assertEquals(ring.acknowledge(12), SenderCounter.UnknownAcks); // it was sent under the old epoch
  ring.commit(13);
  assertEquals(ring.acknowledge(13), SenderCounter.Acks);
  assertEquals([ring.acknowledge(20), ring.strangers, ring.baseNumber], [SenderCounter.StaleAcks, 1, 13]);
});

Deno.test("SentRing counts on beyond 31 bits", () => {
  const ring = filled(4, 2 ** 31 - 1, 3);
  assertEquals(ring.acknowledge(0), SenderCounter.Acks);
  assertEquals(ring.baseNumber, 2 ** 31);
});
