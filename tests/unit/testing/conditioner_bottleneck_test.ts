import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { Bottleneck, QUEUE_FULL } from "../../../src/testing/conditioner_bottleneck.ts";
import type { DatagramConditionerOptions } from "../../../src/testing/conditioner_datagram_options.ts";
import { CONDITIONER_PRESETS } from "../../../src/testing/conditioner_presets.ts";
import { DatagramConditioner } from "../../../src/testing/datagram_conditioner.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import { ClockCell } from "../../../src/time/clock.ts";

type Knobs = Partial<Omit<DatagramConditionerOptions, "scheduler" | "random">>;

function lineOf(knobs: Knobs, seed = 1): { line: DatagramConditioner; scheduler: ManualScheduler } {
  const scheduler = new ManualScheduler();
  return { line: new DatagramConditioner({ ...knobs, scheduler, random: new SeededRandom(seed) }), scheduler };
}

/** Sends datagrams one ms apart; which of them arrived. */
function survivors(knobs: Knobs, count: number, seed = 1): boolean[] {
  const { line, scheduler } = lineOf(knobs, seed);
  const arrived = new Array<boolean>(count).fill(false);
  for (let i = 0; i < count; i++) {
    line.send(new Uint8Array(100), () => arrived[i] = true);
    scheduler.advance(1);
  }
  scheduler.advance(5000);
  return arrived;
}

Deno.test("Bottleneck.admit() lets datagrams pass one after the other at its rate", () => {
  const clock = new ClockCell();
  const bottleneck = new Bottleneck(clock, 100_000, 1000);
  assertEquals([bottleneck.admit(100), bottleneck.admit(200)], [1, 3]);
  assertEquals(bottleneck.waitingBytes, 300);
  clock.advance(2);
  assertEquals([bottleneck.waitingBytes, bottleneck.admit(100)], [100, 4]);
  clock.advance(10);
  assertEquals([bottleneck.waitingBytes, bottleneck.admit(50)], [0, 10.5]);
});

Deno.test("Bottleneck.admit() drops what the queue has no room for, and takes any datagram when it is empty", () => {
  const clock = new ClockCell();
  const bottleneck = new Bottleneck(clock, 100_000, 300);
  assertEquals([200, 101, 100, 1].map((bytes) => bottleneck.admit(bytes)), [2, QUEUE_FULL, 3, QUEUE_FULL]);
  clock.advance(3);
  assertEquals([bottleneck.admit(5000), bottleneck.admit(1)], [53, QUEUE_FULL]);
});

Deno.test("Bottleneck without a rate never makes anything wait", () => {
  const bottleneck = new Bottleneck(new ClockCell(), Infinity, 10);
  assertEquals([bottleneck.admit(1000), bottleneck.admit(1000), bottleneck.waitingBytes], [0, 0, 0]);
});

Deno.test("DatagramConditioner passes its rate, queues before it and counts what overflows", () => {
  const { line, scheduler } = lineOf({ bytesPerSecond: 100_000, queueBytes: 500, delayMs: 10 });
  const at: number[] = [];
  for (let i = 0; i < 7; i++) line.send(new Uint8Array(100), () => at.push(scheduler.clock.now));
  scheduler.advance(100);
  assertEquals([at, line.tally.overflowed, line.tally.delivered], [[11, 12, 13, 14, 15], 2, 5]);
});

Deno.test("DatagramConditioner loses by chance behind the queue: a lost datagram has taken its time", () => {
  const { line, scheduler } = lineOf({ bytesPerSecond: 100_000, queueBytes: 500, lossShare: 1 });
  for (let i = 0; i < 7; i++) line.send(new Uint8Array(100), () => {});
  scheduler.advance(100);
  assertEquals([line.tally.lost, line.tally.overflowed], [5, 2]);
});

Deno.test("DatagramConditioner loses in bursts of the share and the length that were asked for", () => {
  const arrived = survivors({ burstStartShare: 0.02, burstEndShare: 0.2 }, 20_000);
  const lost = arrived.filter((did) => !did).length;
  const bursts = arrived.filter((did, i) => !did && (i === 0 || arrived[i - 1])).length;
  // In the long run a share of start / (start + end) is bad, in bursts of 1 / end.
  assert(Math.abs(lost / 20_000 - 1 / 11) < 0.015, `${lost} were lost`);
  assert(Math.abs(lost / bursts - 5) < 0.6, `${lost} in ${bursts} bursts`);
  const half = survivors({ burstStartShare: 0.02, burstEndShare: 0.2, burstLossShare: 0.5 }, 20_000);
  const lostHalf = half.filter((did) => !did).length;
  assert(Math.abs(lostHalf / lost - 0.5) < 0.08, `${lostHalf} of ${lost}`);
});

Deno.test("DatagramConditioner draws as often with bursts and without", () => {
  const without = survivors({ lossShare: 0.2 }, 2000);
  const withBursts = survivors({ lossShare: 0.2, burstStartShare: 0.05 }, 2000);
  assert(withBursts.every((did, i) => !did || without[i]), "bursts only take away");
  assert(withBursts.some((did, i) => did !== without[i]));
});

Deno.test("DatagramConditioner refuses a rate, a queue and bursts that are out of range", () => {
  for (const name of ["burstStartShare", "burstEndShare", "burstLossShare"] as const) {
    for (const value of [-0.1, 1.1, NaN]) assertThrows(() => lineOf({ [name]: value }), RangeError, name);
  }
  assertThrows(() => lineOf({ burstEndShare: 0 }), RangeError, "burstEndShare");
  for (const value of [0, -1, NaN]) assertThrows(() => lineOf({ bytesPerSecond: value }), RangeError, "bytesPerSecond");
  for (const value of [-1, NaN]) assertThrows(() => lineOf({ queueBytes: value }), RangeError, "queueBytes");
});

Deno.test("CONDITIONER_PRESETS are frozen knobs under which some datagrams are lost and most arrive", () => {
  assertEquals(Object.keys(CONDITIONER_PRESETS), ["wifi", "cellular", "satellite", "congested"]);
  for (const [name, preset] of Object.entries(CONDITIONER_PRESETS)) {
    const lost = survivors(preset, 3000).filter((did) => !did).length;
    assert(lost > 5 && lost < 400 && Object.isFrozen(preset), `${name}: ${lost} of 3000 were lost`);
  }
});
