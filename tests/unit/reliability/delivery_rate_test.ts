import { assertEquals } from "@std/assert";
import { AckSample } from "../../../src/reliability/congestion_controller.ts";
import { DeliveryRate } from "../../../src/reliability/delivery_rate.ts";
import { PacketFate, SentPackets } from "../../../src/reliability/sent_packets.ts";

function setup() {
  const packets = new SentPackets(256);
  const rates = new DeliveryRate();
  let number = 0;
  const send = (at: number, bytes = 1000): number => {
    const slot = packets.add(number++, at, bytes, 0);
    rates.handleSent(packets, slot, at);
    return slot;
  };
  const ack = (at: number, slots: number[], minRttMs = 0): AckSample => {
    const sample = new AckSample();
    for (const slot of slots) {
      packets.settle(slot, PacketFate.Acked);
      rates.handleAcked(packets, slot, at);
    }
    rates.finish(sample, minRttMs);
    return sample;
  };
  return { packets, rates, send, ack };
}

Deno.test("DeliveryRate measures what arrives at a steady pace", () => {
  const { send, ack } = setup();
  const slots: number[] = [];
  const seen: number[] = [];
  // A packet each 2 ms, acknowledged 20 ms later: 500 bytes per ms.
  for (let at = 0; at < 100; at += 2) {
    slots.push(send(at));
    if (at >= 20) seen.push(ack(at, [slots[(at - 20) / 2]!]).rate);
  }
  assertEquals(new Set(seen.slice(11)), new Set([500]));
});

Deno.test("DeliveryRate takes no burst of acknowledgements for bandwidth", () => {
  const { send, ack } = setup();
  const slots = Array.from({ length: 10 }, (_, i) => send(2 * i));
  // All of them come at once: what counts is the 18 ms that sending took and the 30 ms since the flight began.
  assertEquals(ack(30, slots).rate, 10_000 / 30);
  const more = Array.from({ length: 10 }, (_, i) => send(40 + 2 * i));
  assertEquals(ack(61, more).rate, 10_000 / 21);
});

Deno.test("DeliveryRate takes the longer time of sending and acknowledging", () => {
  const { send, ack } = setup();
  const first = send(0);
  const second = send(50);
  const third = send(100);
  assertEquals(ack(101, [first]).rate, 1000 / 101);
  // Sending the second and the third took 100 ms, acknowledging them 2 ms.
  assertEquals(ack(103, [second, third]).rate, 3000 / 103);
});

Deno.test("DeliveryRate starts a flight anew after silence", () => {
  const { send, ack } = setup();
  ack(20, [send(0)]);
  assertEquals(ack(5020, [send(5000)]).rate, 1000 / 20);
});

Deno.test("DeliveryRate gives no rate for an interval below the smallest round trip, or without acknowledgements", () => {
  const { send, ack } = setup();
  const slot = send(0);
  assertEquals(ack(10, [], 0).rate, 0);
  assertEquals([ack(10, [slot], 10.5).rate, ack(20, [send(10)], 10).rate], [0, 100]);
});

Deno.test("DeliveryRate marks what went out while the application had nothing more, and nothing after that", () => {
  const { send, ack, rates, packets } = setup();
  const before = send(0);
  rates.handleAppLimited(packets.bytesInFlight);
  const during = send(5);
  assertEquals(ack(20, [before]).isAppLimited, false);
  const still = send(21);
  assertEquals([ack(25, [during]).isAppLimited, ack(41, [still]).isAppLimited], [true, true]);
  assertEquals(ack(60, [send(40)]).isAppLimited, false);
});

Deno.test("DeliveryRate judges by the newest packet, and tells the counts of delivered bytes", () => {
  const { send, ack } = setup();
  const a = send(0);
  const b = send(1);
  ack(20, [a]);
  const c = send(21);
  const sample = ack(41, [b, c]);
  assertEquals([sample.priorDeliveredBytes, sample.deliveredBytes, sample.rate], [1000, 3000, 2000 / 21]);
});
