/**
 * The parts of the arena that need no process: its messages, what a client measures, and when it shows what.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { LinkMeter } from "../../examples/arena/client/link_meter.ts";
import { OverviewTape } from "../../examples/arena/client/overview_tape.ts";
import { PlayClock } from "../../examples/arena/client/play_clock.ts";
import { readCommandLine, UsageError } from "../../examples/arena/command_line.ts";
import { decodeRequest, encodeControl, MAX_REQUEST_BYTES } from "../../examples/arena/protocol/control.ts";
import {
  decodeInput,
  decodeOverview,
  decodeSnapshotHead,
  elapsedMs,
  encodeInput,
  encodeOverview,
  encodeSnapshotHead,
  SNAPSHOT_HEADER_BYTES,
  toTenths,
} from "../../examples/arena/protocol/datagrams.ts";
import { readPageFiles } from "../../examples/arena/server/page_files.ts";
import { HALF_SIDE } from "../../examples/arena/world/arena_schema.ts";

const TICK_MS = 50;
const FRAME_MS = 1000 / 60;

Deno.test("encodeInput() writes what decodeInput() reads", () => {
  const read = decodeInput(encodeInput({ ack: -1, steerX: 1, steerY: -1, sent: 4_000_000_000 }));
  assertEquals(read, { ack: -1, steerX: 1, steerY: -1, sent: 4_000_000_000 });
  assertEquals(decodeInput(new Uint8Array(10)), undefined);
  assertEquals(decodeInput(Uint8Array.of(17, 0, 0, 0, 0, 128, 128, 0, 0, 0, 0))?.steerX, -1);
});

Deno.test("encodeSnapshotHead() writes what decodeSnapshotHead() reads", () => {
  const message = new Uint8Array(SNAPSHOT_HEADER_BYTES);
  const view = new DataView(message.buffer);
  encodeSnapshotHead(view, { tick: 3_000_000_000, echo: 7, heldMs: 12.3 });
  assertEquals(decodeSnapshotHead(message), { tick: 3_000_000_000, echo: 7, heldMs: 12.3 });
  encodeSnapshotHead(view, { tick: 1, echo: undefined, heldMs: 1e9 });
  assertEquals(decodeSnapshotHead(message), { tick: 1, echo: undefined, heldMs: 6553.5 });
  assertEquals(decodeSnapshotHead(message.subarray(1)), undefined);
});

Deno.test("elapsedMs() counts across the wrap-around of times", () => {
  const late = 429_496_729.4; // ms; a tenth more wraps
  assertAlmostEquals(elapsedMs(toTenths(late), toTenths(late + 20)), 20, 0.11);
  assertEquals(elapsedMs(toTenths(5), toTenths(25.5)), 20.5);
});

Deno.test("encodeOverview() writes places that decodeOverview() reads, near enough", () => {
  const places = Float64Array.of(-HALF_SIDE, HALF_SIDE, NaN, NaN, 12.3, -4.5);
  const message = encodeOverview(9, places, HALF_SIDE);
  const { tick, places: read } = decodeOverview(message, HALF_SIDE)!;
  assertEquals([tick, read.length], [9, 6]);
  for (let i = 0; i < places.length; i++) {
    if (Number.isNaN(places[i]!)) assertEquals(read[i], NaN);
    else assertAlmostEquals(read[i]!, places[i]!, 0.01);
  }
  assertEquals(decodeOverview(message.subarray(0, 18), HALF_SIDE), undefined);
  assertEquals(decodeOverview(message.subarray(0, 6), HALF_SIDE), undefined);
});

Deno.test("decodeRequest() brings numbers into their range and refuses what is no request", () => {
  const link = { type: "link", lossPercent: 500, delayMs: -3, jitterMs: 7 } as const;
  assertEquals(decodeRequest(encodeControl(link)), { type: "link", lossPercent: 100, delayMs: 0, jitterMs: 7 });
  const sight = { type: "sight", radius: 1e9, budgetBytes: 100.4 } as const;
  assertEquals(decodeRequest(encodeControl(sight)), { type: "sight", radius: 400, budgetBytes: 100 });
  assertEquals(decodeRequest(encodeControl({ type: "mood", mood: "calm" })), { type: "mood", mood: "calm" });
  const texts = ['{"type":"mood","mood":"sad"}', '{"type":"link"}', '{"type":"sight","radius":1}', "null", "{", "1"];
  for (const text of texts) assertEquals(decodeRequest(new TextEncoder().encode(text)), undefined, text);
  const long = `{"type":"mood","mood":"calm","x":"${"x".repeat(MAX_REQUEST_BYTES)}"}`;
  assertEquals(decodeRequest(new TextEncoder().encode(long)), undefined);
});

Deno.test("LinkMeter measures round trips without the time that the server held them", () => {
  const meter = new LinkMeter();
  meter.handleSnapshot({ tick: 1, echo: toTenths(100), heldMs: 30 }, 180);
  meter.handleSnapshot({ tick: 2, echo: toTenths(150), heldMs: 10 }, 220);
  assertEquals(meter.takeRoundTripMs(), (50 + 60) / 2);
  assertEquals(meter.takeRoundTripMs(), NaN);
});

Deno.test("LinkMeter measures the share that is lost, late ones not among them", () => {
  const meter = new LinkMeter();
  for (let tick = 0; tick < 400; tick++) {
    if (tick % 4 === 0 || tick % 10 === 5) continue;
    meter.handleSnapshot({ tick, echo: undefined, heldMs: 0 }, tick * TICK_MS);
    if (tick % 10 === 9) meter.handleSnapshot({ tick: tick - 4, echo: undefined, heldMs: 0 }, tick * TICK_MS);
  }
  assertAlmostEquals(meter.lostShare, 0.25, 0.01);
  const { lostShare } = meter;
  meter.handleSnapshot({ tick: 415, echo: undefined, heldMs: 0 }, 415 * TICK_MS); // those before it may still come
  assertAlmostEquals(meter.lostShare, lostShare, 0.01);
  assertEquals(new LinkMeter().lostShare, NaN);
});

Deno.test("LinkMeter measures jitter as RFC 3550 does", () => {
  const [even, uneven] = [new LinkMeter(), new LinkMeter()];
  for (let tick = 0; tick < 200; tick++) {
    even.handleSnapshot({ tick, echo: undefined, heldMs: 0 }, tick * TICK_MS + 70);
    uneven.handleSnapshot({ tick, echo: undefined, heldMs: 0 }, tick * TICK_MS + (tick % 2) * 10);
  }
  assertEquals(even.jitterMs, 0);
  assertAlmostEquals(uneven.jitterMs, 10, 0.01);
});

for (
  const [name, link, mostLagMs] of [
    ["an even link", { loss: 0, jitterMs: 0 }, 130],
    ["jitter", { loss: 0, jitterMs: 60 }, 200],
    ["loss and jitter", { loss: 0.3, jitterMs: 60 }, 450],
  ] as const
) {
  Deno.test(`PlayClock runs evenly over ${name}, and has something to show`, () => {
    const { speeds, starvedShare, lagMs } = playOver(link, 77);
    assertGreater(Math.min(...speeds), 0.9, "seed 77");
    assertLess(Math.max(...speeds), 1.1, "seed 77");
    assertLess(starvedShare, 0.01, "seed 77");
    assertLess(lagMs, mostLagMs, "seed 77");
  });
}

Deno.test("PlayClock never goes back and goes on after an outage", () => {
  const clock = new PlayClock();
  let last = -1;
  for (let ms = 0; ms < 12_000; ms += 10) {
    const tick = ms / TICK_MS;
    const isOut = ms > 4000 && ms < 8000;
    if (Number.isInteger(tick) && !isOut) clock.handleSnapshot(tick, ms);
    const shown = clock.at(ms);
    assert(shown >= last, `it goes from ${last} to ${shown}`);
    last = shown;
  }
  assertGreater(last, 12_000 / TICK_MS - 8);
});

Deno.test("OverviewTape blends those who walk, not those who jump", () => {
  const tape = new OverviewTape();
  tape.handleMessage(encodeOverview(10, Float64Array.of(0, 0, 100, 100, NaN, NaN), HALF_SIDE));
  tape.handleMessage(encodeOverview(11, Float64Array.of(4, 2, -300, 100, 5, 5), HALF_SIDE));
  const places = tape.at(10.5);
  assertAlmostEquals(places[0]!, 2, 0.02);
  assertAlmostEquals(places[1]!, 1, 0.02);
  assertAlmostEquals(places[2]!, 100, 0.02);
  assertEquals(places[4], NaN);
  assertAlmostEquals(tape.at(99)[0]!, 4, 0.02);
  assertAlmostEquals(tape.at(1)[0]!, 0, 0.02);
});

Deno.test("readPageFiles() has every module that a module of the page imports", async () => {
  const files = await readPageFiles("x");
  const decoder = new TextDecoder();
  const map = /importmap"[^>]*>(.*?)<\/script>/.exec(decoder.decode(files.get("/")!.bytes))![1]!;
  const { imports } = JSON.parse(map) as { readonly imports: Readonly<Record<string, string>> };
  let count = 0;
  for (const [path, { bytes }] of files) {
    if (!path.endsWith(".ts")) continue;
    for (const [, name = ""] of decoder.decode(bytes).matchAll(/^(?:import|export|\}).* from "([^"]+)";$/gm)) {
      const target = imports[name] ?? new URL(name, `http://localhost${path}`).pathname;
      assert(files.has(target), `${path} imports ${name}`);
      count++;
    }
  }
  assertGreater(count, 100);
});

Deno.test("readCommandLine() reads options and refuses what makes no sense", () => {
  const plain = { hostname: "127.0.0.1", port: undefined, entities: 300, bots: 8, seconds: Infinity };
  assertEquals(readCommandLine([]), plain);
  const given = ["--port=0", "--entities", "5", "--bots", "0", "--seconds", "1.5", "--host", "::1"];
  assertEquals(readCommandLine(given), { hostname: "::1", port: 0, entities: 5, bots: 0, seconds: 1.5 });
  assertEquals(readCommandLine(["--help"]), undefined);
  for (const args of [["--x"], ["--port"], ["--port", "1.5"], ["--port", "65536"], ["--bots", "-1"], ["--host"]]) {
    assertThrows(() => readCommandLine(args), UsageError);
  }
});

/** A minute of snapshots over a bad link, shown at sixty frames a second; judged once the first ten seconds are over. */
function playOver(
  { loss, jitterMs }: { readonly loss: number; readonly jitterMs: number },
  seed: number,
): { readonly speeds: readonly number[]; readonly starvedShare: number; readonly lagMs: number } {
  const random = new SeededRandom(seed);
  const arrivals: { readonly tick: number; readonly atMs: number }[] = [];
  for (let tick = 0; tick < 1200; tick++) {
    const atMs = tick * TICK_MS + 20 + random.visibleFraction() * jitterMs;
    if (random.visibleFraction() >= loss) arrivals.push({ tick, atMs });
  }
  arrivals.sort((a, b) => a.atMs - b.atMs);
  const clock = new PlayClock();
  const speeds: number[] = [];
  let [next, newest, starved, shown] = [0, -1, 0, 0];
  for (let frame = 0; frame < 3500; frame++) {
    const nowMs = frame * FRAME_MS;
    for (; next < arrivals.length && arrivals[next]!.atMs <= nowMs; next++) {
      clock.handleSnapshot(arrivals[next]!.tick, arrivals[next]!.atMs);
      newest = Math.max(newest, arrivals[next]!.tick);
    }
    const before = shown;
    shown = clock.at(nowMs);
    if (frame < 1200) continue;
    speeds.push((shown - before) * TICK_MS / FRAME_MS);
    if (shown > newest) starved++;
  }
  return { speeds, starvedShare: starved / speeds.length, lagMs: 3499 * FRAME_MS - shown * TICK_MS };
}
