import { assertEquals } from "@std/assert";
import { CounterTable } from "../../../../src/metric/counter_table.ts";
import { FrameStore } from "../../../../src/realtime/jitter/frame_store.ts";
import { resolveJitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";
import { JITTER_COUNTERS, JitterCounter } from "../../../../src/realtime/jitter/jitter_statistics.ts";
import { PlayoutPosition, PlayoutState } from "../../../../src/realtime/jitter/playout_position.ts";
import { ClockCell } from "../../../../src/time/clock.ts";

/** A position at 0 with frames that came at given times. */
function makePosition(arrivals: Readonly<Record<number, number>>) {
  const clock = new ClockCell();
  const config = resolveJitterOptions({ maxAgeMs: 1000 });
  const store = new FrameStore(config, clock);
  const counters = new CounterTable(JITTER_COUNTERS, 1);
  for (const [position, atMs] of Object.entries(arrivals)) {
    clock.advance(atMs);
    store.insert(Number(position), 0, 0, new Uint8Array(1), false);
  }
  const position = new PlayoutPosition(store, counters, config, clock);
  return { position, store, clock, count: (counter: number) => counters.at(0, counter) };
}

Deno.test("PlayoutPosition.goTo() counts what it passes as not concealed", () => {
  const { position, count } = makePosition({});
  position.next = 0x7fff_ffff;
  position.dueMs = 1000;
  position.goTo(-0x8000_0000 + 2);
  assertEquals([position.next, position.dueMs, count(JitterCounter.Unconcealed)], [-0x8000_0000 + 2, 1060, 3]);
  position.goTo(position.next);
  assertEquals(count(JitterCounter.Unconcealed), 3);
});

Deno.test("PlayoutPosition.pass() goes one position on, and goBackTo() back", () => {
  const { position, count } = makePosition({});
  position.next = 0x7fff_fffe;
  position.guessed = 3;
  for (let i = 0; i < 3; i++) position.pass();
  assertEquals([position.next, position.dueMs], [-0x7fff_ffff, 60]);
  position.goBackTo(0x7fff_ffff);
  assertEquals([position.next, position.dueMs, position.guessed], [0x7fff_ffff, 20, 1]);
  assertEquals(count(JitterCounter.Unconcealed), 0);
});

Deno.test("PlayoutPosition.dropFirst() goes behind the first frame", () => {
  const { position, store, count } = makePosition({ 2: 0, 5: 0 });
  position.guessed = 4;
  position.dropFirst(JitterCounter.Skipped);
  assertEquals([position.next, position.dueMs, position.guessed, store.count], [3, 60, 0, 1]);
  assertEquals([count(JitterCounter.Skipped), count(JitterCounter.Unconcealed)], [1, 2]);
});

Deno.test("PlayoutPosition.dropAged() drops the first frames that have waited for too long", () => {
  const { position, store, clock, count } = makePosition({ 0: 10, 1: 20, 2: 30 });
  position.state = PlayoutState.Talk;
  clock.advance(1010);
  position.dropAged();
  assertEquals([store.count, position.state], [3, PlayoutState.Talk]);
  clock.advance(1030);
  position.dropAged();
  assertEquals([store.count, position.next, position.state], [1, 2, PlayoutState.Stalled]);
  assertEquals(count(JitterCounter.Aged), 2);
  clock.advance(1031);
  position.dropAged();
  assertEquals([store.count, position.next], [0, 3]);
});

Deno.test("PlayoutPosition.dropAged() stays silent in silence", () => {
  const { position, clock, count } = makePosition({ 0: 10 });
  position.state = PlayoutState.Silent;
  clock.advance(5000);
  position.dropAged();
  assertEquals([position.state, count(JitterCounter.Aged)], [PlayoutState.Silent, 1]);
});

Deno.test("PlayoutPosition.restart() stands before the first frame again", () => {
  const { position } = makePosition({});
  position.state = PlayoutState.Talk;
  position.guessed = 3;
  position.isBegun = true;
  position.restart(77);
  assertEquals([position.state, position.next, position.guessed, position.isBegun], [PlayoutState.Fresh, 77, 0, true]);
});
