import { assert, assertAlmostEquals, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { JitterBuffer } from "../../../../src/realtime/jitter/jitter_buffer.ts";
import type { JitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";
import { JitterOutcome } from "../../../../src/realtime/jitter/jitter_outcome.ts";
import { JITTER_COUNTERS } from "../../../../src/realtime/jitter/jitter_statistics.ts";
import { ClockCell } from "../../../../src/time/clock.ts";
import { JitterRig } from "./jitter_rig.ts";

Deno.test("JitterBuffer refuses options that make no sense", () => {
  assertThrows(() => new JitterBuffer(new ClockCell(), { frameMs: -1 }), RangeError, "frameMs");
  assertThrows(() => new JitterBuffer(new ClockCell(), { delay: 5 } as JitterOptions), TypeError, "delay");
});

Deno.test("JitterBuffer lends a frame until the next poll and then uses its memory again", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { initialDelayMs: 0 });
  buffer.handleFrame(0, 0, new Uint8Array(10).fill(1));
  clock.advance(5);
  buffer.pollFrame();
  const { block, payload } = buffer.frame;
  buffer.handleFrame(1, 960, new Uint8Array(10).fill(2));
  assertEquals(payload, new Uint8Array(10).fill(1), "a frame that comes does not touch what is lent");
  clock.advance(25);
  buffer.pollFrame();
  buffer.handleFrame(2, 1920, new Uint8Array(10).fill(3));
  assertEquals(block[0], 3);
  assertEquals(buffer.statistics().heldBytes, 128);
});

Deno.test("JitterBuffer empties the frame when a tick has none", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { initialDelayMs: 0 });
  buffer.handleFrame(0, 0, new Uint8Array(10), true);
  clock.advance(5);
  assertEquals([buffer.pollFrame(), buffer.frame.length], [JitterOutcome.Frame, 10]);
  clock.advance(25);
  assertEquals([buffer.pollFrame(), buffer.frame.length], [JitterOutcome.Silence, 0]);
  assertEquals([buffer.frame.block.length, buffer.merged.length], [0, 0]);
});

Deno.test("JitterBuffer hands out sequence numbers of 32 bits and timestamps as they were on the wire", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { initialDelayMs: 0, sequenceBits: 32, clockRateHz: 1000 });
  for (let n = 0; n < 4; n++) {
    clock.advance(n * 20);
    buffer.handleFrame((0xffff_fffe + n) % 2 ** 32, (0xffff_fff0 + n * 20) % 2 ** 32, new Uint8Array(1));
    clock.advance(n * 20 + 5);
    assertEquals(buffer.pollFrame(), JitterOutcome.Frame);
    const { sequence, timestamp } = buffer.frame;
    assertEquals([sequence, timestamp], [(0xffff_fffe + n) % 2 ** 32, (0xffff_fff0 + n * 20) % 2 ** 32]);
  }
});

Deno.test("JitterBuffer takes more bits than there are in a number for the lowest ones", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { initialDelayMs: 0, clockRateHz: 1000 });
  buffer.handleFrame(65_536 + 7, 2 ** 32 + 100, new Uint8Array(1));
  clock.advance(5);
  buffer.pollFrame();
  assertEquals([buffer.frame.sequence, buffer.frame.timestamp], [7, 100]);
});

Deno.test("statistics() has all counters by name, and all are 0 at first", () => {
  const { counters, ...figures } = new JitterBuffer(new ClockCell()).statistics();
  assertEquals(Object.keys(counters), [...JITTER_COUNTERS]);
  assert(Object.values(counters).every((count) => count === 0));
  assertEquals(figures, {
    targetDelayMs: 60,
    meanAddedDelayMs: 0,
    concealmentShare: 0,
    disturbanceShare: 0,
    driftPpm: 0,
    waitingFrames: 0,
    waitingBytes: 0,
    heldBytes: 0,
  });
});

Deno.test("statistics() has the mean time from arrival to play-out", () => {
  const rig = new JitterRig({ shrinkHorizonMs: 0 });
  rig.expect([0, 0], [25, 1], [31, 2]).ticks(5);
  assertAlmostEquals(rig.buffer.statistics().meanAddedDelayMs, (50 + (70 - 25) + (90 - 31)) / 3, 1e-9);
});

Deno.test("statistics() has the delay that is steered to, in talk on the grid of the ticks", () => {
  const rig = new JitterRig();
  rig.stream(0, 300).ticks(200);
  assertEquals(rig.buffer.statistics().targetDelayMs, 10, "the ticks come 10 ms after the frames");
  const far = new JitterRig({ minDelayMs: 75 });
  far.stream(0, 300).ticks(200);
  assertEquals(far.buffer.statistics().targetDelayMs, 90);
});

Deno.test("statistics() has the shares of turns", () => {
  const rig = new JitterRig();
  rig.stream(0, 5).stream(7, 9).ticks(9);
  rig.frame(6);
  rig.ticks(3);
  const { concealmentShare, disturbanceShare, counters } = rig.buffer.statistics();
  assertEquals([counters.played, counters.concealed, counters.late], [9, 1, 1]);
  assertEquals([concealmentShare, disturbanceShare], [0.1, 0.1]);
});

Deno.test("statistics() counts what the network loses as concealed, not as a disturbance", () => {
  const rig = new JitterRig();
  rig.stream(0, 5).stream(7, 9).ticks(12);
  const { concealmentShare, disturbanceShare } = rig.buffer.statistics();
  assertEquals([concealmentShare, disturbanceShare], [0.1, 0]);
});

Deno.test("statistics() counts inserted ticks as disturbances", () => {
  const rig = new JitterRig({ shrinkHorizonMs: 0 });
  rig.stream(0, 60).stream(61, 100, 75).ticks(100);
  const { counters, disturbanceShare } = rig.buffer.statistics();
  assertEquals([counters.late, counters.expanded, counters.concealed], [4, 2, 4]);
  assertAlmostEquals(disturbanceShare, 6 / (counters.played! + 4), 1e-12);
});

Deno.test("statistics() counts ticks that were inserted in a pause as none", () => {
  const rig = new JitterRig({ shrinkHorizonMs: 0 });
  rig.stream(0, 60).stream(61, 64, 75).expect([2400, 65, 118], [2420, 66, 119]);
  assertMatch(rig.ticks(124), /F60 C61 C62 C63 C64 E E C65 C66 C67 C68 (\. )+F65 F66$/);
  const { counters, disturbanceShare } = rig.buffer.statistics();
  assertEquals([counters.late, counters.expanded, counters.concealedPause], [4, 2, 4]);
  assertAlmostEquals(disturbanceShare, 4 / (counters.played! + 4), 1e-12);
});

Deno.test("statistics() counts frames that a famine concealed and then brought as disturbances", () => {
  const rig = new JitterRig({ shrinkHorizonMs: 0 });
  rig.stream(0, 20).stream(21, 60, 300).ticks(78);
  const { counters, disturbanceShare } = rig.buffer.statistics();
  assertEquals([counters.revived, counters.late, counters.played], [10, 0, 61]);
  assertAlmostEquals(disturbanceShare, 10 / (counters.played! + counters.concealed!), 1e-12);
});

Deno.test("statistics() has what waits and what memory it takes", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock);
  for (const [n, length] of [10, 100, 1500].entries()) buffer.handleFrame(n, n * 960, new Uint8Array(length));
  const { waitingFrames, waitingBytes, heldBytes } = buffer.statistics();
  assertEquals([waitingFrames, waitingBytes, heldBytes], [3, 64 + 256 + 1500, 64 + 256 + 1500]);
});
