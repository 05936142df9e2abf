import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { AckSample } from "../../../src/reliability/congestion_controller.ts";
import { DelayBoundedController, ProbePhase } from "../../../src/reliability/delay_bounded_controller.ts";
import { RTT_CELLS, RttEstimator } from "../../../src/reliability/rtt_estimator.ts";
import { ClockCell } from "../../../src/time/clock.ts";

const SIZE = 1000;
const RTT = 40;

/** A controller that hears of ten acknowledgements each round trip. */
function setup() {
  const clock = new ClockCell();
  const rtt = new RttEstimator(new Float64Array(RTT_CELLS), 0);
  rtt.reset(RTT);
  rtt.sample(RTT, 0);
  const options = { datagramBytes: SIZE, maxQueueDelayMs: 10 };
  const control = new DelayBoundedController(clock, new SeededRandom(1), rtt, options);
  const sample = new AckSample();
  let delivered = 0;
  let roundFrom = 0;
  const tell = (more: Partial<AckSample>): void => {
    sample.clear();
    sample.inFlightBytes = 0;
    Object.assign(sample, { priorDeliveredBytes: roundFrom, ...more });
    sample.deliveredBytes = delivered += sample.ackedBytes;
    control.handleAck(sample);
  };
  const round = (rate: number, queueMs = 0, more: Partial<AckSample> = {}): void => {
    roundFrom = delivered;
    for (let i = 0; i < 10; i++) {
      clock.advance(clock.now + RTT / 10);
      tell({ ackedBytes: SIZE, rttMs: RTT + queueMs, rate, ...more });
    }
  };
  /** Rounds until the controller is in a phase. */
  const reach = (phase: ProbePhase, rate: number): void => {
    for (let i = 0; control.phase !== phase; i++) {
      assert(i < 400, `phase ${phase} was not reached`);
      round(rate);
    }
  };
  const cruise = (rate: number): void => reach(ProbePhase.Cruise, rate);
  const recount = (): void => void (delivered = 0);
  return { clock, control, tell, round, reach, cruise, recount };
}

Deno.test("DelayBoundedController starts with ten datagrams and ends its start when the rate grows no more", () => {
  const { control, round } = setup();
  assertEquals([control.windowBytes, control.bandwidth], [10 * SIZE, 0]);
  assertAlmostEquals(control.pacingRate, 2.77 * 10 * SIZE / RTT);
  for (const rate of [250, 500, 1000]) round(rate);
  assertEquals([control.phase, control.bandwidth], [ProbePhase.Startup, 1000]);
  for (let i = 0; i < 4; i++) round(1200);
  assertEquals(control.phase === ProbePhase.Startup, false);
});

Deno.test("DelayBoundedController ends its start when the delay rises, and by a loss that is no chance", () => {
  for (const [queueMs, lostBytes] of [[9, 0], [0, 500]] as const) {
    const { control, round } = setup();
    let rate = 100;
    round(rate);
    for (let i = 0; i < 20 && control.phase === ProbePhase.Startup; i++) round(rate *= 1.3, queueMs, { lostBytes });
    assertEquals(control.phase === ProbePhase.Startup, false, `${queueMs} ${lostBytes}`);
  }
  const { control, round } = setup();
  for (let i = 0, rate = 100; i < 20; i++) round(rate *= 1.3, 0, { lostBytes: 50 });
  assertEquals(control.phase, ProbePhase.Startup, "a loss of 5 % says nothing");
});

Deno.test("DelayBoundedController drains after the start until no more is under way than the path holds", () => {
  const { control, round } = setup();
  for (let i = 0; i < 3; i++) round(1000, 0, { inFlightBytes: 90_000 });
  for (let i = 0; i < 3 && control.phase === ProbePhase.Startup; i++) round(1000, 0, { inFlightBytes: 90_000 });
  assertEquals([control.phase, control.pacingRate < 500], [ProbePhase.Drain, true]);
  round(1000, 0, { inFlightBytes: 1000 * RTT + 1 });
  assertEquals(control.phase, ProbePhase.Drain);
  round(1000, 0, { inFlightBytes: 1000 * RTT });
  assertEquals([control.phase, control.pacingRate], [ProbePhase.Cruise, 1000]);
});

Deno.test("DelayBoundedController looks for a quarter more now and then, and takes what it finds", () => {
  const { control, round, reach, cruise } = setup();
  cruise(1000);
  reach(ProbePhase.Up, 1000);
  assertEquals(control.pacingRate, 1250);
  round(1200);
  assertEquals(control.bandwidth, 1200);
  cruise(1200);
  round(1500);
  assertEquals(control.bandwidth, 1500);
});

Deno.test("DelayBoundedController tries six datagrams a round trip more where a quarter is less", () => {
  const { control, reach, cruise } = setup();
  cruise(400);
  reach(ProbePhase.Up, 400);
  assertEquals(control.pacingRate, 400 + 6 * SIZE / RTT);
});

Deno.test("DelayBoundedController stops looking when the queue grows, but not before a round trip", () => {
  const { clock, control, tell, reach, cruise } = setup();
  cruise(1000);
  reach(ProbePhase.Up, 1000);
  // It began with the first of the last round's ten acknowledgements.
  const since = clock.now - 9 * RTT / 10;
  for (let at = 37; at < 80 && control.phase === ProbePhase.Up; at++) {
    clock.advance(since + at);
    tell({ ackedBytes: 10, rttMs: RTT + 3, rate: 1000, priorDeliveredBytes: 0 });
  }
  assertEquals([control.phase, clock.now - since], [ProbePhase.Down, RTT]);
});

Deno.test("DelayBoundedController slows down by a share when a queue stands through a round trip, and drains it", () => {
  const { control, round, cruise } = setup();
  cruise(1000);
  round(1000, 9.9);
  assertEquals(control.bandwidth, 1000);
  cruise(1000);
  round(1000, 10.5, { inFlightBytes: 80_000 });
  round(1000, 10.5, { inFlightBytes: 80_000 });
  assertEquals([control.bandwidth, control.phase], [850, ProbePhase.Down]);
  round(1000, 10.5, { inFlightBytes: 80_000 });
  assertEquals(control.bandwidth, 850, "what a slower rate does shows later");
});

Deno.test("DelayBoundedController falls to what is delivered when that is far below the rate", () => {
  const { control, round, cruise } = setup();
  cruise(1000);
  for (let i = 0; i < 3; i++) round(200, 50, { inFlightBytes: 80_000 });
  assertAlmostEquals(control.bandwidth, 200);
});

Deno.test("DelayBoundedController holds its share when the queue stands whatever it does, and again slows down after", () => {
  const { control, round, cruise } = setup();
  cruise(1000);
  for (let i = 0; i < 100; i++) round(control.bandwidth, 25);
  assertEquals(control.isCompeting, true);
  const held = control.bandwidth;
  for (let i = 0; i < 50; i++) round(held, 25);
  assertAlmostEquals(control.bandwidth, held, 1);
  assert(control.windowBytes >= 2 * held * RTT, "the window is wide enough to compete");
  cruise(held);
  round(held, 4);
  round(held, 4);
  assertEquals(control.isCompeting, false);
});

Deno.test("DelayBoundedController takes less than a tenth of loss for no sign, and more for one", () => {
  for (const [share, isSign] of [[0.1, false], [0.2, true]] as const) {
    const { control, round, cruise } = setup();
    cruise(1000);
    let slowest = 1000;
    for (let i = 0; i < 60; i++) {
      round(1000, 0, { lostBytes: share / (1 - share) * SIZE });
      slowest = Math.min(slowest, control.bandwidth);
    }
    assertEquals(slowest < 900, isSign, `${share}: ${slowest}`);
  }
});

Deno.test("DelayBoundedController slows down by marks of congestion, once a round trip", () => {
  const { control, tell, cruise } = setup();
  cruise(1000);
  for (let i = 0; i < 3; i++) tell({ markedPackets: 1, rate: 0 });
  assertEquals(control.bandwidth, 850);
});

Deno.test("DelayBoundedController forgets bandwidth that two looks did not find again", () => {
  const { control, round, cruise } = setup();
  cruise(1000);
  for (let i = 0; i < 60; i++) round(700);
  assertEquals(control.bandwidth, 700);
});

Deno.test("DelayBoundedController learns nothing lower from a rate that the application limited", () => {
  const { control, round, cruise } = setup();
  cruise(1000);
  for (let i = 0; i < 100; i++) round(100, 0, { isAppLimited: true });
  assertEquals(control.bandwidth, 1000);
  round(1001, 0, { isAppLimited: true });
  for (let i = 0; i < 20; i++) round(1001, 0, { isAppLimited: true });
  assertEquals(control.bandwidth, 1001, "more is more, whoever limited it");
});

Deno.test("DelayBoundedController rests when the path's own delay was not seen for ten seconds, and believes what it sees", () => {
  const { control, round, cruise } = setup();
  cruise(1000);
  let rested = 0;
  for (let i = 0; i < 280; i++) {
    round(1000, 8, { inFlightBytes: 10_000 });
    if (control.phase === ProbePhase.Rest) {
      rested++;
      assertEquals(control.windowBytes, 1000 * RTT / 2);
    }
  }
  assert(rested > 0 && rested < 10, `${rested} rounds of rest`);
  while (control.phase !== ProbePhase.Cruise) round(1000, 8);
  assertAlmostEquals(control.windowBytes, 1000 * (48 + 12 + 10) + 4 * SIZE, 1);
});

Deno.test("DelayBoundedController leaves room for acknowledgements that come in batches", () => {
  const { control, tell, cruise } = setup();
  cruise(1000);
  const before = control.windowBytes;
  tell({ ackedBytes: 30 * SIZE, rttMs: RTT, rate: 1000 });
  assertEquals(control.windowBytes - before, 29 * SIZE);
});

Deno.test("DelayBoundedController starts over with four datagrams in persistent congestion, with ten on another path", () => {
  const { control, cruise } = setup();
  cruise(1000);
  control.handlePersistentCongestion();
  assertEquals([control.windowBytes, control.phase, control.bandwidth], [4 * SIZE, ProbePhase.Startup, 0]);
  control.handleDatagramBytes(1400);
  control.reset();
  assertEquals([control.windowBytes, control.phase, control.bandwidth], [14_000, ProbePhase.Startup, 0]);
});

Deno.test("DelayBoundedController always lets four datagrams be under way", () => {
  const { control, cruise } = setup();
  cruise(1);
  assertEquals(control.windowBytes, 4 * SIZE + 60);
});

Deno.test("DelayBoundedController counts the rounds without growth from the last growth on", () => {
  const { control, round } = setup();
  for (const rate of [100, 100, 100, 200, 200, 200]) round(rate);
  assertEquals(control.phase, ProbePhase.Startup);
  round(200);
  round(200);
  assertEquals(control.phase === ProbePhase.Startup, false);
});

Deno.test("DelayBoundedController.reset() forgets delays, rounds and that it was told to slow down", () => {
  const { control, tell, round, cruise, recount } = setup();
  cruise(1000);
  tell({ markedPackets: 1, rate: 0 });
  control.reset();
  recount();
  for (const rate of [50, 100, 150]) round(rate, 60);
  assertEquals([control.phase, control.bandwidth], [ProbePhase.Startup, 150], "60 ms more are this path's own");
  for (let i = 0; i < 4; i++) round(150, 60);
  assertEquals(control.phase === ProbePhase.Startup, false, "rounds are counted from the new start on");
});
