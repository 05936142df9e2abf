import { assertEquals } from "@std/assert";
import { JitterBuffer } from "../../../../src/realtime/jitter/jitter_buffer.ts";
import { JitterAdmission } from "../../../../src/realtime/jitter/jitter_outcome.ts";
import { ClockCell } from "../../../../src/time/clock.ts";
import { JitterRig } from "./jitter_rig.ts";

/** Those counters that are not 0, but for the plain ones. */
function drops({ counters }: JitterRig): Record<string, number> {
  const plain = new Set(["received", "played", "frames", "silent", "concealed"]);
  return Object.fromEntries(Object.entries(counters).filter(([name, count]) => count > 0 && !plain.has(name)));
}

Deno.test("handleFrame() copies the payload", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { initialDelayMs: 0 });
  const payload = Uint8Array.of(1, 2, 3);
  assertEquals(buffer.handleFrame(0, 0, payload), JitterAdmission.Accepted);
  payload.fill(9);
  clock.advance(5);
  buffer.pollFrame();
  assertEquals(buffer.frame.payload, Uint8Array.of(1, 2, 3));
});

Deno.test("handleFrame() counts a frame that waits already as a duplicate", () => {
  const rig = new JitterRig();
  assertEquals([rig.frame(0), rig.frame(0)], ["Accepted", "Duplicate"]);
  assertEquals(rig.stream(1, 3).ticks(6), "- - F0 F1 F2 F3");
  assertEquals(drops(rig), { duplicate: 1 });
});

Deno.test("handleFrame() counts a frame that was played already as a duplicate", () => {
  const rig = new JitterRig();
  rig.stream(0, 5).ticks(5);
  assertEquals([rig.frame(0), rig.frame(2)], ["Duplicate", "Duplicate"]);
  assertEquals(drops(rig), { duplicate: 2 });
});

Deno.test("handleFrame() counts a concealed frame as late once, then as a duplicate", () => {
  const rig = new JitterRig();
  rig.expect([0, 0], [20, 1], [60, 3], [80, 4], [100, 5]);
  assertEquals(rig.ticks(6), "- - F0 F1 C2 F3");
  assertEquals([rig.frame(2), rig.frame(2)], ["Late", "Duplicate"]);
  assertEquals(rig.ticks(2), "F4 F5");
  assertEquals(drops(rig), { late: 1, duplicate: 1 });
});

Deno.test("handleFrame() drops a payload that is too large and nothing else", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { maxPayloadBytes: 100 });
  assertEquals(buffer.handleFrame(0, 0, new Uint8Array(101)), JitterAdmission.TooLarge);
  assertEquals(buffer.handleFrame(0, 0, new Uint8Array(100)), JitterAdmission.Accepted);
  assertEquals(buffer.handleFrame(7, 0xdead_beef, new Uint8Array(1 << 20)), JitterAdmission.TooLarge);
  assertEquals(buffer.handleFrame(1, 960, new Uint8Array(0)), JitterAdmission.Accepted);
  const { counters, heldBytes } = buffer.statistics();
  assertEquals([counters.tooLarge, counters.discontinuous], [2, 0]);
  assertEquals(heldBytes, 100 + 64);
});

Deno.test("handleFrame() drops the oldest frame when there are too many", () => {
  const rig = new JitterRig({ maxFrames: 64, maxDelayMs: 640, maxAgeMs: 100_000, maxJumpMs: 100_000 });
  for (let n = 0; n < 70; n++) assertEquals(rig.frame(n), "Accepted");
  assertEquals(drops(rig), { overflowed: 6 });
  assertEquals(rig.buffer.statistics().waitingFrames, 64);
});

Deno.test("handleFrame() drops what is too far behind a frame to be kept beside it", () => {
  const rig = new JitterRig({ maxFrames: 64, maxDelayMs: 640, maxJumpMs: 100_000 });
  assertEquals(
    [rig.frame(0), rig.frame(1), rig.frame(63), rig.frame(64), rig.frame(66)].join(" "),
    "Accepted ".repeat(5).trim(),
  );
  assertEquals([rig.buffer.statistics().waitingFrames, rig.counters.overflowed], [3, 2]);
});

Deno.test("handleFrame() goes on when an empty buffer lies far behind the newest frame", () => {
  const rig = new JitterRig({ maxFrames: 64, maxDelayMs: 640, maxJumpMs: 100_000 });
  assertEquals(rig.stream(0, 5).ticks(14), "- - F0 F1 F2 F3 F4 F5 C6 C7 C8 C9 C10 C11");
  // Frame 10 denies the pause that frame 6 says there was.
  assertEquals([rig.frame(10), rig.frame(6, 20)], ["Late", "Accepted"]);
  assertEquals(rig.ticks(11), ". . . . . . . . . . F6");
  assertEquals(rig.frame(73, 100), "Accepted");
  assertEquals(rig.counters.unconcealed, 3, "room for 10 to 73, and 7 to 9 never came");
});

Deno.test("handleFrame() drops the oldest frames when they take too much memory", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { maxPayloadBytes: 1024, maxBytes: 2048 });
  for (let n = 0; n < 8; n++) buffer.handleFrame(n, n * 960, new Uint8Array(200));
  assertEquals(buffer.statistics().waitingBytes, 2048);
  buffer.handleFrame(8, 8 * 960, new Uint8Array(1024));
  const { waitingFrames, waitingBytes, counters } = buffer.statistics();
  assertEquals([waitingFrames, waitingBytes, counters.overflowed], [5, 2048, 4]);
});

Deno.test("handleFrame() drops a frame that is older than all for which there is no room", () => {
  const clock = new ClockCell();
  const buffer = new JitterBuffer(clock, { maxPayloadBytes: 256, maxBytes: 512 });
  buffer.handleFrame(5, 5 * 960, new Uint8Array(256));
  buffer.handleFrame(6, 6 * 960, new Uint8Array(256));
  assertEquals(buffer.handleFrame(4, 4 * 960, new Uint8Array(256)), JitterAdmission.Overflowed);
  assertEquals(buffer.statistics().counters.overflowed, 1);
  assertEquals(buffer.statistics().waitingFrames, 2);
});

Deno.test("handleFrame() drops frames that have waited for too long", () => {
  const rig = new JitterRig({ maxAgeMs: 1000 });
  rig.frame(0);
  rig.clock.advance(500);
  rig.frame(25);
  rig.clock.advance(1000);
  rig.frame(50);
  assertEquals(drops(rig), {});
  rig.clock.advance(1000.5);
  rig.frame(51);
  assertEquals(drops(rig), { aged: 1 });
  assertEquals(rig.buffer.statistics().waitingFrames, 3);
});

Deno.test("handleFrame() takes frames before the first one until it is played", () => {
  const rig = new JitterRig({ initialDelayMs: 60 });
  rig.expect([60, 3], [62, 2], [64, 1], [80, 4], [100, 5], [120, 6]);
  assertEquals(rig.ticks(10), "- - - - F1 F2 F3 F4 F5 F6");
  assertEquals(rig.frame(0), "Late");
});

Deno.test("handleFrame() takes frames before the first one no further back than maxFrames", () => {
  const rig = new JitterRig({ maxDelayMs: 100, maxFrames: 16, maxBytes: 100_000 });
  rig.frame(100);
  assertEquals([rig.frame(85), rig.frame(84), rig.frame(70)], ["Accepted", "Late", "Late"]);
  assertEquals(rig.buffer.statistics().waitingFrames, 2);
});

Deno.test("handleFrame() takes no frame before the first one that would be a lap away from the furthest", () => {
  const rig = new JitterRig();
  const admissions = [0, 200, 400, 511, 1, -1].map((n) => rig.frame(n & 0xffff, n));
  assertEquals(admissions, ["Accepted", "Accepted", "Accepted", "Accepted", "Late", "Discontinuous"]);
  assertEquals(rig.buffer.statistics().waitingFrames, 2);
  rig.ticks(200);
  const { waitingFrames, waitingBytes, counters } = rig.buffer.statistics();
  assertEquals([waitingFrames, waitingBytes, counters.received], [0, 0, 6]);
  assertEquals(counters.played! + counters.overflowed! + counters.skipped! + counters.aged!, 4);
});

Deno.test("handleFrame() takes no frame a lap away from the furthest after a restart in the middle of talk", () => {
  const rig = new JitterRig();
  rig.stream(0, 100).ticks(101);
  const S = 30_000;
  const admissions = [S - 1, S, S + 200, S + 400, S + 511, S + 1, S - 1].map((n) => rig.frame(n));
  assertEquals(admissions.slice(0, 5), ["Discontinuous", "Accepted", "Accepted", "Accepted", "Accepted"]);
  assertEquals(admissions.slice(5), ["Late", "Discontinuous"]);
  assertEquals(rig.buffer.statistics().waitingFrames, 2);
  rig.ticks(200);
  assertEquals([rig.buffer.statistics().waitingFrames, rig.buffer.statistics().waitingBytes], [0, 0]);
});

Deno.test("handleFrame() takes frames before the first one as far as they can wait beside the furthest", () => {
  const rig = new JitterRig({ maxDelayMs: 100, maxFrames: 16, maxBytes: 100_000 });
  for (let n = 100; n < 110; n++) rig.frame(n);
  assertEquals([rig.frame(93), rig.frame(94), rig.frame(95)], ["Late", "Accepted", "Accepted"]);
  assertEquals(rig.buffer.statistics().waitingFrames, 12);
});

Deno.test("handleFrame() drops a frame whose numbers do not fit", () => {
  const rig = new JitterRig();
  rig.stream(0, 20).ticks(10);
  assertEquals(rig.frame(5000), "Discontinuous");
  assertEquals(rig.frame(10, 90_000), "Discontinuous");
  assertEquals(rig.ticks(3), "F8 F9 F10");
  assertEquals(drops(rig), { discontinuous: 2 });
});

Deno.test("handleFrame() starts anew with a new stream and drops what waits of the old one", () => {
  const rig = new JitterRig();
  rig.stream(0, 20).ticks(10);
  assertEquals([rig.frame(5000), rig.frame(5001)], ["Discontinuous", "Accepted"]);
  assertEquals(drops(rig), { discontinuous: 1, restarts: 1, flushed: 2 });
});

Deno.test("handleFrame() finds a sender that started anew near where it was", () => {
  const rig = new JitterRig();
  rig.stream(0, 100).ticks(104);
  const played = Array.from({ length: 60 }, (_, n) => rig.expect([rig.tickMs - 5, n]).ticks(1));
  assertEquals(played.slice(45).join(" "), ". . . . F49 F50 F51 F52 F53 F54 F55 F56 F57 F58 F59");
  assertEquals(drops(rig), { accelerated: 2, duplicate: 49, restarts: 1 });
});

Deno.test("handleFrame() takes no single old frames for a sender that started anew", () => {
  const rig = new JitterRig();
  rig.stream(0, 200).ticks(50);
  for (let n = 0; n < 200; n++) rig.frame(n % 40);
  for (let n = 0; n < 30; n++) rig.frame(n);
  rig.ticks(1);
  for (let n = 30; n < 47; n++) rig.frame(n);
  assertEquals(rig.counters.restarts, 0);
});

Deno.test("handleFrame() learns nothing from frames that came while this process stood still", () => {
  const rig = new JitterRig();
  rig.stream(0, 200).ticks(100);
  const { targetDelayMs } = rig.buffer.statistics();
  rig.clock.advance(rig.tickMs + 400);
  for (let n = 101; n < 120; n++) rig.frame(n);
  assertEquals(rig.buffer.statistics().targetDelayMs, targetDelayMs);
  rig.clock.advance(rig.tickMs + 500);
  for (let n = 121; n < 125; n++) rig.frame(n);
  assertEquals(rig.buffer.statistics().targetDelayMs, targetDelayMs);
});

Deno.test("handleFrame() says that a frame ends a talk spurt by its last argument alone", () => {
  const rig = new JitterRig();
  rig.frame(0);
  rig.clock.advance(20);
  rig.frame(1, 1, true);
  assertEquals(rig.ticks(6), "- - F0 F1 . .");
});

Deno.test("handleFrame() does not measure frames that were here before", () => {
  const rig = new JitterRig();
  for (let n = 0; n < 100; n++) rig.expect([n * 20, n], [n * 20 + 19, n - 4]);
  rig.ticks(100);
  assertEquals(rig.buffer.statistics().targetDelayMs, 10);
  assertEquals(rig.counters.duplicate, 95);
});

Deno.test("handleFrame() does not take a second, slower copy of the stream for a new one", () => {
  const rig = new JitterRig();
  for (let n = 0; n < 200; n++) rig.expect([n * 20, n], [n * 20 + 19, Math.max(0, n - 10)]);
  rig.ticks(200);
  assertEquals(rig.counters.restarts, 0);
});

Deno.test("handleFrame() notices a pause by a frame behind those that were concealed", () => {
  const rig = new JitterRig({ initialDelayMs: 200, shrinkHorizonMs: 0, maxConcealedRun: 2 });
  rig.stream(0, 60).expect([2000, 64, 100], [2020, 65, 101]);
  assertEquals(rig.ticks(69).split(" ").slice(-3).join(" "), "F60 C61 C62");
  assertEquals(rig.ticks(33).split(" ").slice(-3).join(" "), ". C63 F64", "with little delay, where time is free");
});

Deno.test("handleFrame() keeps the delay when it drops frames in the middle of talk", () => {
  const rig = new JitterRig({ minDelayMs: 100, maxPayloadBytes: 1024, maxBytes: 1100 });
  rig.stream(0, 13);
  assertEquals(rig.ticks(14).split(" ").at(-1), "F8");
  rig.clock.advance(280);
  rig.buffer.handleFrame(14, 14 * 960, new Uint8Array(1000));
  assertEquals(drops(rig), { overflowed: 4 });
  assertEquals(rig.ticks(6), ". . . . F13 F14");
});

Deno.test("handleFrame() takes no frame back from before one that was played", () => {
  const rig = new JitterRig({ maxConcealedRun: 4 });
  rig.stream(0, 5).stream(8, 10);
  assertEquals(rig.ticks(19), "- - F0 F1 F2 F3 F4 F5 C6 C7 F8 F9 F10 C11 C12 C13 C14 . .");
  assertEquals([rig.frame(7), rig.frame(11)], ["Late", "Accepted"]);
});

Deno.test("handleFrame() takes no frame back for a pause that came before a concealment that was no guess", () => {
  const rig = new JitterRig();
  rig.stream(0, 5).expect([205, 9]);
  assertEquals(rig.ticks(11), "- - F0 F1 F2 F3 F4 F5 C6 C7 C8");
  assertEquals([rig.frame(7, 10), rig.frame(8, 10)], ["Late", "Late"]);
  assertEquals(rig.ticks(1), "F9");
});

Deno.test("handleFrame() takes no frame back for a pause that came before a frame that was played", () => {
  const rig = new JitterRig();
  rig.stream(0, 5).expect([205, 8]);
  assertEquals(rig.ticks(12), "- - F0 F1 F2 F3 F4 F5 C6 C7 F8 C9");
  assertEquals(rig.frame(7, 12), "Late");
});

Deno.test("handleFrame() notices a pause of one frame", () => {
  const rig = new JitterRig();
  rig.stream(0, 2).expect([115, 3, 4], [116, 4, 5]);
  assertEquals(rig.ticks(8), "- - F0 F1 F2 C3 F3 F4");
  assertEquals(drops(rig), { concealedPause: 1 });
});
