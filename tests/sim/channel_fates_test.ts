/**
 * What became of packets, told late, twice or wrongly: nothing is sent that has arrived, nothing is lost that has not;
 * and what only traffic needs is given back.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChannelContext } from "../../src/channel/channel_context.ts";
import { type ChannelSetOptions, resolveChannelSetOptions } from "../../src/channel/channel_options.ts";
import { ChannelSet, NO_PACKET_SLOT } from "../../src/channel/channel_set.ts";
import { MisuseError } from "../../src/error/transport_error.ts";
import { ClockCell } from "../../src/time/clock.ts";

const packet = new Uint8Array(1200);

function setUp(options: ChannelSetOptions = {}) {
  const clock = new ClockCell();
  const context = new ChannelContext(resolveChannelSetOptions(options), clock);
  const sets = [new ChannelSet(context, 0), new ChannelSet(context, 1)] as const;
  const record = { channel: 0, buffer: packet, length: 0, credit: 0 };
  const deliver = (length: number): void => {
    for (let at = 0; at < length;) at = sets[1].handleFrame(packet, at, length);
  };
  const read = (): number[] => {
    const sizes: number[] = [];
    while (sets[1].pollMessage(record)) sizes.push(record.length);
    return sizes;
  };
  return { clock, context, a: sets[0], b: sets[1], deliver, read };
}

Deno.test("a packet that was given up and arrived after all is not sent again", () => {
  const { a, context } = setUp();
  a.send(0, new Uint8Array(3000), 0, 3000);
  const lengths = [0, 1, 2].map((slot) => a.writeFrames(packet, 0, 1100, slot));
  assert(lengths.every((length) => length > 0));
  a.handlePacketLost(1);
  assertEquals(a.hasPending, true);
  a.handleLateAck(1);
  assertEquals(a.writeFrames(packet, 0, 1100, 3), 0);
  a.handlePacketAcked(0);
  a.handlePacketAcked(2);
  assertEquals([a.isIdle, context.counters.snapshot(0).spuriousFrames, context.lentBytes], [true, 1, 0]);
});

Deno.test("late word of the first packet settles what is under way in a second one", () => {
  const { a, context } = setUp();
  a.send(0, packet, 0, 500);
  a.writeFrames(packet, 0, 1100, 0);
  a.handlePacketLost(0);
  assert(a.writeFrames(packet, 0, 1100, 1) > 500);
  a.handleLateAck(0);
  a.handlePacketLost(1);
  assertEquals([a.hasPending, a.writeFrames(packet, 0, 1100, 2)], [false, 0]);
  a.handlePacketForgotten(1);
  assertEquals([a.isIdle, context.lentRecords], [true, 0]);
});

Deno.test("a slot that is forgotten or used again without a word counts as lost", () => {
  const { a, deliver, read } = setUp();
  a.send(2, packet, 0, 100);
  a.writeFrames(packet, 0, 1100, 7);
  a.handlePacketForgotten(7);
  assert(a.writeFrames(packet, 0, 1100, 7) > 100);
  a.send(2, packet, 0, 40);
  const length = a.writeFrames(packet, 0, 1100, 7);
  deliver(length);
  assertEquals(read().sort(), [100, 40]);
  a.handlePacketAcked(7);
  assertEquals(a.isIdle, true);
});

Deno.test("a packet may get its slot after it was written, before the next one", () => {
  const { a } = setUp();
  a.send(0, packet, 0, 10);
  assert(a.writeFrames(packet, 0, 1100, NO_PACKET_SLOT) > 0);
  assertThrows(() => a.writeFrames(packet, 0, 1100, NO_PACKET_SLOT), MisuseError);
  a.bindPacket(3);
  a.bindPacket(4);
  a.handlePacketAcked(4);
  assertEquals(a.isIdle, false);
  a.handlePacketAcked(3);
  assertEquals(a.isIdle, true);
  a.send(0, packet, 0, 20);
  a.writeFrames(packet, 0, 1100, NO_PACKET_SLOT);
  a.bindPacket(NO_PACKET_SLOT);
  assertEquals(a.writeFrames(packet, 0, 1100, 0), 28, "a packet of which nothing will be heard counts as lost");
});

Deno.test("a message that is under way in another packet as well is not sent again", () => {
  const { a } = setUp({ channels: { 2: { redundancyBytes: 200 } } });
  a.send(2, packet, 0, 50);
  a.writeFrames(packet, 0, 1100, 0);
  a.send(2, packet, 0, 60);
  assertEquals(a.writeFrames(packet, 0, 1100, 1), 68 + 58, "with a repetition");
  a.handlePacketLost(0);
  assertEquals(a.hasPending, false);
  a.handlePacketLost(1);
  assertEquals(a.writeFrames(packet, 0, 1100, 2), 68 + 58);
});

Deno.test("what is lost waits for parity, and is not sent again when the peer recovers it", () => {
  for (const isRecovered of [true, false]) {
    const { a, b, clock, deliver, read, context } = setUp({
      channels: { 0: { fec: { sources: 2, adaptive: false } } },
    });
    a.roundTripMs = 40;
    a.send(0, packet, 0, 100);
    a.writeFrames(packet, 0, 1100, 0);
    a.handlePacketLost(0);
    a.send(0, packet, 0, 30);
    const second = a.writeFrames(packet, 0, 1100, 1);
    assertEquals(second, 42, "nothing but the second message");
    deliver(second);
    const parity = a.writeFrames(packet, 0, 1100, 2);
    assertEquals([parity, a.writeFrames(packet, 0, 1100, 3)], [9 + 2 + 108, 0]);
    if (isRecovered) {
      deliver(parity);
      assertEquals(read(), [100, 30]);
      const word = b.writeFrames(packet, 0, 1100, 0);
      for (let at = 0; at < word;) at = a.handleFrame(packet, at, word);
    }
    if (!isRecovered) assertEquals(a.pollTimeout(), 80);
    clock.advance(clock.now + 200);
    a.handleTimeout();
    assertEquals(a.hasPending, !isRecovered);
    assertEquals(context.counters.snapshot(0).recoveredByPeer, isRecovered ? 1 : 0);
  }
});

Deno.test("a lost parity, or one that arrives without a word, ends the turn early", () => {
  for (const isLost of [true, false]) {
    const { a, clock } = setUp({ channels: { 0: { fec: { sources: 1, adaptive: false, maxOverhead: 1 } } } });
    a.roundTripMs = 400;
    a.send(0, packet, 0, 100);
    a.writeFrames(packet, 0, 1100, 0);
    a.writeFrames(packet, 0, 1100, 1);
    a.handlePacketLost(0);
    assertEquals(a.hasPending, false);
    if (isLost) a.handlePacketLost(1);
    else a.handlePacketAcked(1);
    assertEquals(a.pollTimeout(), isLost ? 0 : 50);
    clock.advance(50);
    a.handleTimeout();
    assertEquals(a.hasPending, true);
  }
});

Deno.test("an empty message that no room is left for waits for the next packet", () => {
  const { a, deliver, read } = setUp();
  a.send(0, packet, 0, 0);
  assertEquals([a.writeFrames(packet, 0, 7, 0), a.hasPending], [0, true]);
  assertEquals(a.writeFrames(packet, 0, 8, 0), 8);
  a.handlePacketLost(0);
  assertEquals(a.writeFrames(packet, 0, 7, 1), 0);
  deliver(a.writeFrames(packet, 0, 8, 1));
  assertEquals(read(), [0]);
});

Deno.test("credit whose packet is lost is told again", () => {
  const { a, b, deliver, read } = setUp();
  a.send(0, packet, 0, 100);
  deliver(a.writeFrames(packet, 0, 1100, 0));
  read();
  assertEquals(b.writeFrames(packet, 0, 1100, 0), 20, "the windows of the channel and of the connection");
  assertEquals(b.hasPending, false);
  b.handlePacketLost(0);
  assertEquals(b.writeFrames(packet, 0, 1100, 1), 20);
  b.handlePacketForgotten(0);
  b.handlePacketAcked(1);
  assertEquals([b.hasPending, b.isIdle], [false, true]);
});

Deno.test("a Recovered for a place that no frame was sent in is a violation", () => {
  const { a } = setUp({ channels: { 0: { fec: true } } });
  a.send(0, packet, 0, 100);
  a.writeFrames(packet, 0, 1100, 0);
  assertEquals(a.handleFrame(Uint8Array.of(0x18, 0, 0, 0, 1, 1), 0, 6), -64);
  assertEquals(a.handleFrame(Uint8Array.of(0x18, 0, 0, 9, 1, 1), 0, 6), 6, "an old group means nothing");
  assertEquals(a.handleFrame(Uint8Array.of(0x18, 2, 0, 0, 1, 1), 0, 6), -64, "a channel without parity");
});

Deno.test("small messages share a packet, and one that fits a packet of its own is not cut", () => {
  const { a, deliver, read } = setUp();
  for (let i = 0; i < 10; i++) a.send(0, packet, 0, 64);
  a.send(0, packet, 0, 1000);
  let length = a.writeFrames(packet, 0, 1100, 0);
  assertEquals(length, 10 * 72);
  deliver(length);
  length = a.writeFrames(packet, 0, 1100, 1);
  assertEquals(length, 1008);
  deliver(length);
  assertEquals(read(), [...Array.from({ length: 10 }, () => 64), 1000]);
});

Deno.test("a message whose packets shrink goes on in fragments", () => {
  const { a, deliver, read } = setUp();
  a.send(0, packet, 0, 1000);
  a.writeFrames(packet, 0, 1100, 0);
  a.handlePacketLost(0);
  for (let slot = 1, length = 1; length > 0; slot++) {
    length = a.writeFrames(packet, 0, 200, slot);
    assert(length <= 200);
    deliver(length);
    a.handlePacketAcked(slot);
  }
  assertEquals([read(), a.isIdle], [[1000], false], "the first packet is not forgotten");
  a.handlePacketForgotten(0);
  assertEquals(a.isIdle, true);
});

Deno.test("a moment after the last traffic nothing is held but numbers", () => {
  const { a, b, clock, context, deliver, read } = setUp({ channels: { 0: { fec: true } } });
  const slots = 200;
  for (let slot = 0; slot < slots; slot++) {
    a.send(0, packet, 0, 200);
    deliver(a.writeFrames(packet, 0, 1100, slot));
    read();
    a.handlePacketAcked(slot);
  }
  while (a.hasPending) {
    deliver(a.writeFrames(packet, 0, 1100, 0));
    a.handlePacketAcked(0);
  }
  for (let i = 0; i < 6; i++) {
    for (const set of [a, b]) if (set.pollTimeout() < Infinity) clock.advance(set.pollTimeout());
    for (const set of [a, b]) set.handleTimeout();
    while (a.hasPending) a.handlePacketAcked(a.writeFrames(packet, 0, 1100, 0) * 0);
  }
  assertEquals([a.pollTimeout(), b.pollTimeout()], [Infinity, Infinity]);
  assertEquals([a.hasPending, a.isIdle, context.lentRecords, context.lentBytes], [false, true, 0, 0]);
  a.send(0, packet, 0, 50);
  deliver(a.writeFrames(packet, 0, 1100, 0));
  assertEquals(read(), [50], "and all goes on where it was");
});

Deno.test("a peer that gives no credit is asked again, less and less often", () => {
  const { a, clock } = setUp();
  a.roundTripMs = 10;
  a.send(0, new Uint8Array(100_000), 0, 100_000);
  const asked: number[] = [];
  for (let i = 0; i < 4; i++) {
    assertEquals([a.writeFrames(packet, 0, 1100, i), packet[0]], [2, 0x15]);
    a.handlePacketAcked(i);
    assertEquals(a.writeFrames(packet, 0, 1100, i), 0);
    asked.push(clock.now);
    while (!a.hasPending) {
      clock.advance(a.pollTimeout());
      a.handleTimeout();
    }
  }
  assertEquals(asked, [0, 200, 600, 1400]);
  a.handleFrame(Uint8Array.of(0x14, 0, 0, 0, 0, 0, 0, 2, 0, 0), 0, 10);
  assert(a.writeFrames(packet, 0, 1100, 9) > 1000);
});

Deno.test("messages expire each at its own time", () => {
  const { a, clock, context } = setUp();
  for (const ttlMs of [100, 50, 0, 150]) a.send(0, packet, 0, 10, { ttlMs });
  const left: number[] = [];
  for (const now of [50, 100, 150]) {
    assertEquals(a.pollTimeout(), now);
    clock.advance(now);
    a.handleTimeout();
    left.push(a.queuedBytes("normal") / 74);
  }
  assertEquals([left, a.pollTimeout(), context.counters.snapshot(0).expired], [[3, 2, 1], Infinity, 3]);
});

Deno.test("fragments that disagree about their message are a violation", () => {
  const fragment = (channel: number, id: number, total: number, start: number): Uint8Array => {
    const bytes = new Uint8Array(14 + 16);
    bytes.set([0x12, channel, 0, 0, 0, id, 0, 0, total, 0, 0, start, 0, 16]);
    return bytes;
  };
  for (const channel of [0, 1, 2, 3]) {
    const { b } = setUp();
    assertEquals(b.handleFrame(fragment(channel, 0, 64, 0), 0, 30), 30);
    assertEquals(b.handleFrame(fragment(channel, 0, 80, 16), 0, 30), -64, `channel ${channel}`);
  }
  const { b, context } = setUp({ maxReassemblyMessages: 1 });
  for (const [id, start] of [[0, 0], [1, 0], [0, 16], [0, 0]] as const) {
    b.handleFrame(fragment(1, id, 64, start), 0, 30);
  }
  assertEquals(
    [b.reassemblyBytes, context.counters.snapshot(1).reassemblyEvicted],
    [64, 1],
    "evicted once and for all",
  );
});

Deno.test("ids under way are less than 4096 apart, and the oldest one's end lets the next begin", () => {
  const { a, context } = setUp();
  for (const channel of [0, 255]) a.handleFrame(Uint8Array.of(0x14, channel, 0, 0, 0, 0, 1, 0, 0, 0), 0, 10);
  for (let i = 0; i < 4100; i++) assertEquals(a.send(0, packet, 0, 1), 0);
  let slots = 0;
  const begun = (): number => {
    while (a.writeFrames(packet, 0, 900, slots) > 0) slots++;
    return context.counters.snapshot(0).messagesOut!;
  };
  assertEquals([begun(), a.hasPending], [4096, false]);
  a.handlePacketAcked(1);
  assertEquals(begun(), 4096, "the oldest is under way still");
  a.handlePacketAcked(0);
  assertEquals(begun(), 4100);
});
