import { assertEquals, assertMatch } from "@std/assert";
import { FRAME_MS, JitterRig } from "./jitter_rig.ts";

/** Those counters that are not 0, but for the plain ones. */
function notable({ counters }: JitterRig): Record<string, number> {
  const plain = new Set(["received", "played", "frames", "silent"]);
  return Object.fromEntries(Object.entries(counters).filter(([name, count]) => count > 0 && !plain.has(name)));
}

Deno.test("pollFrame() is empty before the first frame", () => {
  assertEquals(new JitterRig().ticks(3), "- - -");
});

Deno.test("pollFrame() holds the first frame back for the initial delay", () => {
  assertEquals(new JitterRig({ initialDelayMs: 0 }).stream(0, 5).ticks(6), "F0 F1 F2 F3 F4 F5");
  assertEquals(new JitterRig({ initialDelayMs: 40 }).stream(0, 5).ticks(8), "- - F0 F1 F2 F3 F4 F5");
  assertEquals(new JitterRig({ initialDelayMs: 100 }).stream(0, 5).ticks(11), "- - - - - F0 F1 F2 F3 F4 F5");
});

Deno.test("pollFrame() never has less than the minimum delay", () => {
  assertEquals(new JitterRig({ minDelayMs: 80 }).stream(0, 3).ticks(8), "- - - - F0 F1 F2 F3");
});

Deno.test("pollFrame() plays frames in order that came out of order", () => {
  const rig = new JitterRig();
  assertEquals(rig.expect([0, 0], [25, 2], [29, 1], [60, 4], [61, 3], [100, 5]).ticks(8), "- - F0 F1 F2 F3 F4 F5");
  assertEquals(notable(rig), {});
});

Deno.test("pollFrame() conceals a missing frame once and says which it is", () => {
  const rig = new JitterRig();
  rig.expect([0, 65_534], [20, 65_535], [60, 1, 65_537], [80, 2, 65_538]);
  assertEquals(rig.ticks(4), "- - F65534 F65535");
  assertEquals(rig.ticks(1), "C0");
  const { frame } = rig.buffer;
  assertEquals([frame.timestamp, frame.length, frame.payload.length], [65_536 * 960, 0, 0]);
  assertEquals(rig.ticks(2), "F1 F2");
  assertEquals(notable(rig), { concealed: 1 });
});

Deno.test("pollFrame() says the timestamp of a missing frame over its wrap", () => {
  const rig = new JitterRig();
  const slot = Math.floor(2 ** 32 / 960);
  rig.expect([0, 0, slot], [40, 2, slot + 2]);
  assertEquals(rig.ticks(4), "- - F0 C1");
  assertEquals(rig.buffer.frame.timestamp, (slot + 1) * 960 - 2 ** 32);
});

Deno.test("pollFrame() conceals every frame of a burst that is lost, before and after the next one is there", () => {
  const rig = new JitterRig();
  rig.stream(0, 5).expect([300, 15], [320, 16], [340, 17]);
  assertEquals(rig.ticks(20), "- - F0 F1 F2 F3 F4 F5 C6 C7 C8 C9 C10 C11 C12 C13 C14 F15 F16 F17");
});

Deno.test("pollFrame() gives up concealing when nothing at all comes", () => {
  const rig = new JitterRig({ maxConcealedRun: 3 });
  assertEquals(rig.stream(0, 2).ticks(10), "- - F0 F1 F2 C3 C4 C5 . .");
});

Deno.test("pollFrame() counts what it gave up on when the stream goes on", () => {
  const rig = new JitterRig({ maxConcealedRun: 3 });
  assertEquals(rig.stream(0, 2).stream(9, 12).ticks(15), "- - F0 F1 F2 C3 C4 C5 . . . F9 F10 F11 F12");
  assertEquals(notable(rig), { concealed: 3, unconcealed: 3 });
});

Deno.test("pollFrame() is silent in a pause that was announced", () => {
  const rig = new JitterRig();
  rig.frame(0, 0, true);
  assertEquals(rig.expect([200, 1, 10], [220, 2, 11]).ticks(14), "- - F0 . . . . . . . . . F1 F2");
  assertEquals(notable(rig), {});
});

Deno.test("pollFrame() is silent in a pause that shows in timestamps", () => {
  const rig = new JitterRig();
  // Frame 2 comes early in truth: a pause of one frame, so that the buffer never runs dry.
  assertEquals(rig.expect([0, 0], [20, 1], [60, 2, 3], [80, 3, 4], [100, 4, 5]).ticks(8), "- - F0 F1 . F2 F3 F4");
  assertEquals(notable(rig), {});
});

Deno.test("pollFrame() takes back what it concealed of a pause that nobody announced", () => {
  const rig = new JitterRig({ maxConcealedRun: 4 });
  rig.stream(0, 2).expect([600, 3, 30], [620, 4, 31], [640, 5, 32]);
  assertEquals(rig.ticks(9), "- - F0 F1 F2 C3 C4 C5 C6");
  assertMatch(rig.ticks(26), /^(\. )+F3 F4 F5$/);
  assertEquals(notable(rig), { concealed: 4, concealedPause: 4 });
  assertEquals(rig.buffer.statistics().concealmentShare, 0);
});

Deno.test("pollFrame() tells a pause from loss while it still conceals", () => {
  const rig = new JitterRig();
  rig.stream(0, 2).expect([160, 3, 8], [180, 4, 9], [200, 5, 10]);
  assertEquals(rig.ticks(13), "- - F0 F1 F2 C3 C4 C5 . . F3 F4 F5");
  assertEquals(notable(rig), { concealed: 3, concealedPause: 3 });
});

Deno.test("pollFrame() conceals the frames that were lost before a pause and not those of the pause", () => {
  const rig = new JitterRig({ maxConcealedRun: 5 });
  rig.stream(0, 2).expect([400, 5, 20], [420, 6, 21]);
  assertMatch(rig.ticks(26), /^- - F0 F1 F2 C3 C4 C5 C6 C7 (\. )+F5 F6/);
  assertEquals(rig.counters.concealedPause, 3);
});

Deno.test("pollFrame() conceals lost frames of a new spurt just before the first that came", () => {
  const rig = new JitterRig();
  rig.frame(0, 0, true);
  rig.expect([240, 3, 12], [260, 4, 13]);
  assertEquals(rig.ticks(16), "- - F0 . . . . . . . . . C1 C2 F3 F4");
});

Deno.test("pollFrame() conceals no more frames before a spurt than it would at its end", () => {
  const rig = new JitterRig({ maxConcealedRun: 2 });
  rig.frame(0, 0, true);
  rig.expect([240, 4, 12], [260, 5, 13]);
  assertEquals(rig.ticks(17), "- - F0 . . . . . . . . . . . F4 F5 C6");
  assertEquals(rig.counters.unconcealed, 3);
});

Deno.test("pollFrame() plays the first frame of a spurt at once when it is late enough as it is", () => {
  const rig = new JitterRig();
  rig.frame(0, 0, true);
  assertEquals(rig.expect([255, 1, 10], [256, 2, 11]).ticks(15), "- - F0 . . . . . . . . . . F1 F2");
});

Deno.test("pollFrame() goes on with the old delay after an outage that ends in a burst", () => {
  const rig = new JitterRig();
  rig.stream(0, 20).expect(...Array.from({ length: 15 }, (_, i) => [700 + i / 10, 21 + i] as const)).stream(36, 60);
  assertEquals(rig.ticks(23).split(" ").at(-1), "F20");
  assertEquals(rig.ticks(16), "C21 C22 C23 C24 C25 C26 C27 C28 C29 C30 . . F33 F34 F35 F36");
  assertEquals(notable(rig), { concealed: 10, revived: 10, skipped: 12 });
});

Deno.test("pollFrame() takes over the longer delay after an outage that was a longer path", () => {
  const rig = new JitterRig();
  rig.stream(0, 20).stream(21, 60, 300);
  assertEquals(rig.ticks(23).split(" ").at(-1), "F20");
  assertEquals(rig.ticks(17), "C21 C22 C23 C24 C25 C26 C27 C28 C29 C30 . . . F21 F22 F23 F24");
  assertEquals(notable(rig), { concealed: 10, revived: 10 });
});

Deno.test("pollFrame() measures anew when a frame is later than any delay", () => {
  const rig = new JitterRig({ maxDelayMs: 200 });
  rig.stream(0, 20).stream(21, 60, 1000);
  rig.ticks(23);
  assertMatch(rig.ticks(60), /^C21 .* C30 (\. )+F21 F22 F23/);
  assertEquals(rig.counters.realigned, 1);
  assertEquals(rig.buffer.statistics().targetDelayMs <= 200, true);
});

for (const announced of [true, false]) {
  Deno.test(`pollFrame() measures anew when the media clock stood still in a pause, announced: ${announced}`, () => {
    const rig = new JitterRig();
    rig.stream(0, 99).ticks(100);
    rig.frame(100, 100, announced);
    rig.expect(...Array.from({ length: 20 }, (_, i) => [10_000 + i * FRAME_MS, 101 + i] as const));
    const [first, ...rest] = rig.ticks(420).split("F100 ");
    assertEquals(first!.includes("."), false);
    assertMatch(rest.join(), announced ? /^(\. )+F101 F102 F103 F104 F105/ : /^C101 .* C110 (\. )+F101 F102 F103/);
    assertEquals([rig.counters.realigned, rig.counters.restarts], [1, 0]);
  });
}

Deno.test("pollFrame() grows the delay where the frame is missing anyway", () => {
  const rig = new JitterRig({ shrinkHorizonMs: 0 });
  rig.stream(0, 60).stream(61, 120, 75);
  assertEquals(rig.ticks(63).split(" ").at(-1), "F60");
  assertEquals(rig.ticks(7), "C61 C62 C63 C64 E E F65");
  assertEquals(notable(rig), { concealed: 4, expanded: 2, late: 4 });
});

Deno.test("pollFrame() shrinks the delay where two frames are there, not more often than every fifth tick", () => {
  const rig = new JitterRig({ initialDelayMs: 200 });
  const played = rig.stream(0, 400).ticks(400);
  const ticks = played.split(" ");
  const shrunk = ticks.flatMap((what, tick) => what.startsWith("A") ? [tick] : []);
  assertEquals(shrunk.length >= 5, true, played);
  assertEquals(Math.min(...shrunk.slice(1).map((tick, i) => tick - shrunk[i]!)), 5, played);
  assertEquals(rig.counters.accelerated, shrunk.length);
  assertEquals(rig.counters.played, ticks.filter((what) => what.startsWith("F")).length + 2 * shrunk.length);
});

Deno.test("pollFrame() lends both frames of an accelerated tick", () => {
  const rig = new JitterRig({ initialDelayMs: 200 });
  rig.stream(0, 400);
  let what = "";
  while (!what.startsWith("A")) what = rig.ticks(1);
  const { frame, merged } = rig.buffer;
  assertEquals(frame.sequence, merged.sequence + 1);
  assertEquals(new DataView(merged.payload.slice().buffer).getUint32(0, true), merged.sequence);
  assertEquals(new DataView(frame.payload.slice().buffer).getUint32(0, true), frame.sequence);
});

Deno.test("pollFrame() catches up after a long sleep of the poller, with no concealment", () => {
  const rig = new JitterRig();
  rig.stream(0, 100);
  assertEquals(rig.ticks(18).split(" ").at(-1), "F15");
  rig.sleep(rig.tickMs + 120);
  assertEquals(rig.ticks(3), "F22 F23 F24");
  assertEquals(notable(rig), { stalls: 1, skipped: 6 });
});

Deno.test("pollFrame() catches up after a short sleep by taking out single frames", () => {
  const rig = new JitterRig();
  rig.stream(0, 100);
  rig.ticks(18);
  rig.sleep(rig.tickMs + 50);
  assertEquals(rig.ticks(8), "A16+17 F18 F19 F20 F21 A22+23 F24 F25");
  assertEquals(notable(rig), { accelerated: 2 });
});

Deno.test("pollFrame() conceals nothing before the first frame of all", () => {
  const rig = new JitterRig();
  rig.stream(0, 57).stream(61, 200).sleep(1230);
  assertEquals(rig.ticks(3), "F61 F62 F63");
  assertEquals(notable(rig), { skipped: 58 });
});

Deno.test("pollFrame() begins near the newest frame when polls begin late", () => {
  const rig = new JitterRig();
  rig.stream(0, 200).sleep(1200);
  assertEquals(rig.ticks(3), "F59 F60 F61");
  assertEquals(notable(rig), { skipped: 59 });
});

Deno.test("pollFrame() shrinks at every tick while the delay is above the largest one", () => {
  const rig = new JitterRig({ maxDelayMs: 100 });
  rig.stream(0, 100).ticks(10);
  rig.sleep(rig.tickMs + 60);
  rig.sleep(rig.tickMs);
  const before = rig.ticks(1);
  rig.sleep(rig.tickMs + 60);
  assertEquals(before.startsWith("F") || before.startsWith("A"), true);
  assertMatch(rig.ticks(3), /^A\d+\+\d+ A\d+\+\d+/);
});

Deno.test("pollFrame() drops frames that have waited for too long when no others come", () => {
  const rig = new JitterRig({ initialDelayMs: 100 });
  rig.stream(0, 3).ticks(4);
  rig.sleep(2030);
  assertEquals(rig.ticks(1), "F3");
  assertEquals(notable(rig), { aged: 2, skipped: 1, stalls: 1 });
});

Deno.test("pollFrame() does not conceal up to a frame that is further off than any delay", () => {
  const rig = new JitterRig();
  rig.stream(0, 3).expect([80, 150], [100, 151], [120, 152]);
  assertEquals(rig.ticks(8), "- - F0 F1 A2+3 . F150 F151");
  assertEquals(rig.counters.unconcealed, 146);
});

Deno.test("pollFrame() plays a frame whose timestamp leaves no time for those that are missing", () => {
  const rig = new JitterRig();
  assertEquals(rig.stream(0, 3).expect([80, 6, 4], [100, 7, 5]).ticks(8), "- - F0 F1 F2 F3 F6 F7");
  assertEquals(notable(rig), { unconcealed: 2 });
});

Deno.test("pollFrame() takes no pause out of the middle of two frames", () => {
  const rig = new JitterRig({ initialDelayMs: 200 });
  rig.stream(0, 4).expect([140, 5, 7], [160, 6, 8], [180, 7, 9], [200, 8, 10]);
  assertEquals(
    rig.ticks(16),
    "- - - - - - - - F0 F1 F2 F3 F4 A5+6 F7 F8",
    "all of it, for it was as long as the surplus",
  );
});

Deno.test("pollFrame() inserts a tick for a late frame with later ones behind it, and counts a disturbance", () => {
  const rig = new JitterRig({ minDelayMs: 90 });
  const frames = Array.from(
    { length: 200 },
    (_, n) => [n * FRAME_MS + (n >= 100 && n % 3 === 0 ? 145 : 0), n] as const,
  );
  rig.expect(...frames.sort((a, b) => a[0] - b[0]));
  const played = rig.ticks(200);
  assertMatch(played, /E/);
  const { counters, disturbanceShare } = rig.buffer.statistics();
  const turns = counters.played! + counters.concealed!;
  assertEquals(
    Math.round(disturbanceShare * turns),
    counters.late! + counters.expanded! + counters.accelerated!,
    played,
  );
});
