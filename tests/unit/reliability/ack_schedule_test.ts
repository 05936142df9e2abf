import { assertEquals } from "@std/assert";
import { AckNews } from "../../../src/reliability/ack_ranges.ts";
import { AckSchedule } from "../../../src/reliability/ack_schedule.ts";
import { ClockCell } from "../../../src/time/clock.ts";

function setup(more: Partial<{ maxAckDelayMs: number; ackEveryPackets: number }> = {}) {
  const clock = new ClockCell();
  clock.advance(100);
  const config = { maxAckDelayMs: 25, ackEveryPackets: 3, maxAckRanges: 8, ...more };
  return { clock, schedule: new AckSchedule(clock, config) };
}

Deno.test("AckSchedule acknowledges within the delay, and tells for how long it held back", () => {
  const { clock, schedule } = setup();
  schedule.handlePacket(0, true, false);
  assertEquals([schedule.dueAt, schedule.isDue, schedule.owed], [125, false, 1]);
  clock.advance(110);
  schedule.handlePacket(1, true, false);
  assertEquals(schedule.dueAt, 125, "a later packet does not put it off");
  clock.advance(125);
  assertEquals([schedule.isDue, schedule.delayMs], [true, 15]);
  schedule.handleAckSent();
  assertEquals([schedule.isDue, schedule.dueAt, schedule.owed], [false, Infinity, 0]);
});

Deno.test("AckSchedule acknowledges at once after so many packets", () => {
  const { schedule } = setup();
  for (const number of [0, 1]) schedule.handlePacket(number, true, false);
  assertEquals(schedule.isDue, false);
  schedule.handlePacket(2, true, false);
  assertEquals([schedule.isDue, schedule.dueAt], [true, -Infinity]);
});

Deno.test("AckSchedule acknowledges at once on a gap, on an overtaken packet and when asked to", () => {
  for (const [numbers, isUrgent] of [[[0, 2], false], [[5, 4], false], [[0], true]] as const) {
    const { schedule } = setup({ ackEveryPackets: 100 });
    for (const number of numbers) schedule.handlePacket(number, true, isUrgent);
    assertEquals(schedule.isDue, true, `${numbers}`);
  }
  const { schedule } = setup({ ackEveryPackets: 100 });
  for (const number of [0, 2]) schedule.handlePacket(number, true, false);
  schedule.handleAckSent();
  schedule.handlePacket(3, true, false);
  assertEquals(schedule.isDue, false, "behind a gap that was told of the order is as good as any");
});

Deno.test("AckSchedule never acknowledges packets that do not ask for it, but counts their numbers", () => {
  const { clock, schedule } = setup();
  for (const number of [0, 2, 1, 3, 4]) schedule.handlePacket(number, false, true);
  clock.advance(1000);
  assertEquals([schedule.isDue, schedule.owed, schedule.ranges.largest, schedule.ranges.count], [false, 0, 4, 1]);
});

Deno.test("AckSchedule changes nothing for a copy", () => {
  const { schedule } = setup();
  schedule.handlePacket(0, true, false);
  schedule.handleAckSent();
  assertEquals([schedule.handlePacket(0, true, true), schedule.owed, schedule.isDue], [AckNews.Known, 0, false]);
});

Deno.test("AckSchedule measures the delay from the largest number, not from one that was overtaken", () => {
  const { clock, schedule } = setup();
  schedule.handlePacket(9, true, false);
  clock.advance(104);
  schedule.handlePacket(7, true, false);
  assertEquals(schedule.delayMs, 4);
});

Deno.test("AckSchedule without a delay acknowledges every packet", () => {
  const { schedule } = setup({ maxAckDelayMs: 0 });
  schedule.handlePacket(0, true, false);
  assertEquals(schedule.isDue, true);
});

Deno.test("AckSchedule counts marks, and tells of congestion at once", () => {
  const { schedule } = setup();
  schedule.handleMark(3);
  assertEquals(schedule.isDue, false, "nothing asks for an acknowledgement");
  schedule.handlePacket(0, true, false);
  for (const codepoint of [2, 2, 1, 0]) schedule.handleMark(codepoint);
  assertEquals([schedule.ect0, schedule.ect1, schedule.ce, schedule.isDue], [2, 1, 1, false]);
  schedule.handleMark(3);
  assertEquals([schedule.ce, schedule.isDue], [2, true]);
  schedule.clear();
  assertEquals([schedule.ce, schedule.isDue, schedule.ranges.count, schedule.owed], [0, false, 0, 0]);
});
