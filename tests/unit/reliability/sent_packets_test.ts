import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { PacketFlag } from "../../../src/reliability/packet_flag.ts";
import { NO_SLOT, PacketFate, SentPackets } from "../../../src/reliability/sent_packets.ts";

const { Eliciting } = PacketFlag;

Deno.test("SentPackets keeps slots and columns while it grows, and takes them in the order that nextSlot tells", () => {
  const packets = new SentPackets(256);
  const slots: number[] = [];
  for (let i = 0; i < 200; i++) {
    const next = packets.nextSlot;
    const slot = packets.add(1000 + 2 * i, i, 100 + i, Eliciting);
    assertEquals(slot, next);
    packets.delivered[slot] = 7 * i;
    packets.deliveredAt[slot] = 8 * i;
    packets.firstSentAt[slot] = 9 * i;
    slots.push(slot);
  }
  assertEquals([new Set(slots).size, packets.capacity, packets.count, packets.room], [200, 256, 200, 56]);
  for (const [i, slot] of slots.entries()) {
    const { number, sentAt, bytes, flags, fate, delivered, deliveredAt, firstSentAt } = packets;
    assertEquals([number[slot], sentAt[slot], bytes[slot], flags[slot]], [1000 + 2 * i, i, 100 + i, Eliciting]);
    assertEquals([delivered[slot], deliveredAt[slot], firstSentAt[slot]], [7 * i, 8 * i, 9 * i]);
    assertEquals([fate[slot], packets.slotAt(i)], [PacketFate.Pending, slot]);
  }
});

Deno.test("SentPackets.placeOf() finds numbers and the places between them", () => {
  const packets = new SentPackets(64);
  for (const number of [10, 12, 17]) packets.add(number, 0, 1, 0);
  assertEquals([9, 10, 11, 12, 13, 17, 18].map((number) => packets.placeOf(number)), [0, 0, 1, 1, 2, 2, 3]);
});

Deno.test("SentPackets refuses a packet beyond its maximum and takes it once another is settled", () => {
  const packets = new SentPackets(32);
  for (let i = 0; i < 32; i++) packets.add(i, 0, 1, Eliciting);
  assertEquals([packets.nextSlot, packets.add(32, 0, 1, Eliciting), packets.room], [NO_SLOT, NO_SLOT, 0]);
  assertEquals([packets.bytesInFlight, packets.eliciting], [32, 32]);
  packets.settle(packets.slotAt(0), PacketFate.Acked);
  assertEquals(packets.add(32, 0, 1, Eliciting), NO_SLOT);
  const slot = packets.takeSettled();
  assertEquals(packets.add(32, 0, 1, Eliciting), slot);
});

Deno.test("SentPackets.takeSettled() gives slots back in the order of numbers, and none before a pending one", () => {
  const packets = new SentPackets(32);
  const [a, b, c] = [0, 1, 2].map((number) => packets.add(number, 0, 10, number === 1 ? 0 : Eliciting));
  packets.settle(b!, PacketFate.Lost);
  assertEquals([packets.takeSettled(), packets.bytesInFlight, packets.eliciting], [NO_SLOT, 20, 2]);
  packets.settle(a!, PacketFate.Acked);
  assertEquals([packets.takeSettled(), packets.takeSettled(), packets.takeSettled()], [a, b, NO_SLOT]);
  assertEquals([packets.count, packets.slotAt(0), packets.eliciting, packets.bytesInFlight], [1, c, 1, 10]);
});

Deno.test("SentPackets keeps its sums and its order over 200,000 packets in a ring that wraps", () => {
  const random = new SeededRandom(5);
  const packets = new SentPackets(128);
  let number = Number.MAX_SAFE_INTEGER - 300_000;
  let [bytes, eliciting, oldest] = [0, 0, -1];
  for (let i = 0; i < 200_000; i++) {
    if (packets.count < 100 && random.nextInt(3) > 0) {
      const flags = random.nextInt(2);
      const slot = packets.add(number += 1 + random.nextInt(2), i, 1 + (i & 63), flags);
      bytes += packets.bytes[slot]!;
      eliciting += flags;
    } else if (packets.count > 0) {
      const slot = packets.slotAt(random.nextInt(packets.count));
      if (packets.fate[slot] === PacketFate.Pending) {
        packets.settle(slot, PacketFate.Acked);
        bytes -= packets.bytes[slot]!;
        eliciting -= packets.flags[slot]!;
      }
    }
    for (let slot = packets.takeSettled(); slot !== NO_SLOT; slot = packets.takeSettled()) {
      if (packets.number[slot]! <= oldest) throw new Error(`packet ${i}: out of order`);
      oldest = packets.number[slot]!;
    }
    if (packets.bytesInFlight !== bytes || packets.eliciting !== eliciting) throw new Error(`packet ${i}: wrong sums`);
  }
  packets.clear();
  assertEquals([packets.count, packets.bytesInFlight, packets.eliciting, packets.room], [0, 0, 0, 128]);
  assertEquals(new Set(Array.from({ length: 128 }, (_, i) => packets.add(i, 0, 1, 0))).size, 128);
});
