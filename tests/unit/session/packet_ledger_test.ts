import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { PacketLedger, TRACKED } from "../../../src/session/packet_ledger.ts";
import { ClockCell } from "../../../src/time/clock.ts";

function ledgerAt(): { ledger: PacketLedger; clock: ClockCell } {
  const clock = new ClockCell();
  return { ledger: new PacketLedger(clock), clock };
}

function settled(ledger: PacketLedger): number[] {
  return [ledger.acked, ledger.lost, ledger.largestSentAt];
}

Deno.test("PacketLedger settles what is acknowledged, once, and tells when the largest went out", () => {
  const { ledger, clock } = ledgerAt();
  for (let number = 0; number < 5; number++) {
    clock.advance(10 * number);
    ledger.sent(number, 100);
  }
  ledger.acknowledge(1, 2);
  assertEquals([settled(ledger), ledger.isEmpty], [[2, 0, 20], false]);
  ledger.acknowledge(0, 2);
  assertEquals(settled(ledger), [1, 0, -1]);
  ledger.acknowledge(3, 4);
  assertEquals([settled(ledger), ledger.isEmpty], [[2, 0, 40], true]);
  ledger.acknowledge(0, 4);
  assertEquals(settled(ledger), [0, 0, -1]);
});

Deno.test("PacketLedger takes a packet for lost when one three later was acknowledged", () => {
  const { ledger } = ledgerAt();
  for (let number = 0; number < 10; number++) ledger.sent(number, 100);
  ledger.acknowledge(2, 2);
  assertEquals(ledger.lost, 0);
  ledger.acknowledge(3, 3);
  assertEquals([ledger.acked, ledger.lost], [1, 1]);
  ledger.acknowledge(9, 9);
  assertEquals([ledger.acked, ledger.lost, ledger.isEmpty], [1, 4, false]);
  ledger.acknowledge(7, 8);
  assertEquals([ledger.acked, ledger.lost, ledger.isEmpty], [2, 0, true]);
});

Deno.test("PacketLedger passes over numbers that were not sent", () => {
  const { ledger } = ledgerAt();
  for (const number of [3, 7, 20]) ledger.sent(number, 100);
  ledger.acknowledge(0, 20);
  assertEquals([ledger.acked, ledger.lost, ledger.isEmpty], [3, 0, true]);
});

Deno.test("PacketLedger forgets the oldest beyond its size, and counts them", () => {
  const { ledger } = ledgerAt();
  for (let number = 0; number < TRACKED + 10; number++) ledger.sent(number, 100);
  assertEquals(ledger.forgotten, 10);
  ledger.acknowledge(0, TRACKED + 9);
  assertEquals([ledger.acked, ledger.isEmpty], [TRACKED, true]);
  ledger.sent(10 * TRACKED, 100);
  ledger.sent(20 * TRACKED, 100);
  assertEquals(ledger.forgotten, 11);
  ledger.acknowledge(20 * TRACKED, 20 * TRACKED);
  assertEquals([ledger.acked, ledger.isEmpty], [1, true]);
});

Deno.test("PacketLedger counts no packet as forgotten that was settled before", () => {
  const { ledger } = ledgerAt();
  for (let number = 0; number < 4; number++) ledger.sent(number, 100);
  ledger.acknowledge(1, 2);
  for (let number = 4; number < TRACKED + 3; number++) ledger.sent(number, 100);
  assertEquals(ledger.forgotten, 1);
  ledger.sent(TRACKED + 3, 100);
  assertEquals(ledger.forgotten, 2);
});

Deno.test("PacketLedger is as new after clear()", () => {
  const { ledger } = ledgerAt();
  ledger.sent(5, 100);
  ledger.clear();
  assertEquals([ledger.isEmpty, ledger.forgotten], [true, 0]);
  ledger.sent(2, 100);
  ledger.acknowledge(0, 5);
  assertEquals([ledger.acked, ledger.isEmpty], [1, true]);
});

Deno.test("PacketLedger settles every packet exactly once, across the wrap of its ring", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    const { ledger } = ledgerAt();
    let [sent, settledCount, number] = [0, 0, seed % 2 === 0 ? 2 ** 40 : 0];
    for (let i = 0; i < 5000; i++) {
      number += 1 + (random.nextInt(20) === 0 ? random.nextInt(5) : 0);
      ledger.sent(number, 1 + random.nextInt(1200));
      sent++;
      if (random.nextInt(4) > 0) continue;
      const largest = number - random.nextInt(10);
      ledger.acknowledge(Math.max(0, largest - random.nextInt(20)), largest);
      settledCount += ledger.acked + ledger.lost;
    }
    ledger.acknowledge(0, number);
    settledCount += ledger.acked + ledger.lost;
    assertEquals([settledCount + ledger.forgotten, ledger.isEmpty], [sent, true], `seed ${seed}`);
  }
});
