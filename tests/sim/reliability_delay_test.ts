/**
 * How long input waits beside bulk, and how queues drain when a path changes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { ControllerName } from "../../src/reliability/reliability_options.ts";
import { Bottleneck } from "../../src/testing/conditioner_bottleneck.ts";
import { quantile, SimFlow, SimWorld, STANDARD_PATH } from "./reliability_bench.ts";

/** Input of 60 Hz, beside bulk or alone: the 99th percentile of its delay. */
function inputDelay(by: ControllerName, hasBulk: boolean, seed: number): number {
  const world = new SimWorld(STANDARD_PATH, seed);
  const flow = new SimFlow(world, { congestionControl: by });
  if (hasBulk) flow.send(20 * 1024 * 1024);
  for (let i = 0; i < 16 * 60; i++) world.at(i * 1000 / 60, () => flow.input());
  world.run(17_000);
  assertEquals(flow.inputDelays.length, 16 * 60, "nothing was lost");
  return quantile(flow.inputDelays, 0.99);
}

Deno.test("reliability: input beside bulk waits at most twice as long as alone", () => {
  const alone = inputDelay("delay-bounded", false, 1);
  for (const seed of [1, 2, 3]) {
    const ratio = inputDelay("delay-bounded", true, seed) / alone;
    assert(ratio <= 2, `seed ${seed}: ${ratio.toFixed(2)}`);
  }
});

Deno.test("reliability: the queue of a path that becomes ten times narrower drains within seconds", () => {
  for (const share of [0.5, 0.1]) {
    const world = new SimWorld(STANDARD_PATH, 1);
    const flow = new SimFlow(world);
    flow.send(1e9);
    world.run(5000);
    const rate = STANDARD_PATH.bytesPerSecond * share;
    const narrow = new Bottleneck(world.clock, rate, STANDARD_PATH.queueBytes);
    Object.defineProperty(world, "bottleneck", { value: narrow });
    world.run(10_000);
    const queueMs = narrow.waitingBytes / rate * 1000;
    assert(queueMs < 150, `${queueMs} ms of queue`);
    const before = flow.deliveredBytes;
    world.run(15_000);
    const used = (flow.deliveredBytes - before) / (5 * rate);
    assert(used > 0.8, `${used} of the narrow path`);
  }
});

Deno.test("reliability: a path that becomes faster is found within seconds", () => {
  const world = new SimWorld({ ...STANDARD_PATH, bytesPerSecond: 250_000 }, 1);
  const flow = new SimFlow(world);
  flow.send(1e9);
  world.run(5000);
  Object.defineProperty(world, "bottleneck", { value: new Bottleneck(world.clock, 1_250_000, 62_500) });
  world.run(9000);
  const before = flow.deliveredBytes;
  world.run(10_000);
  assert(flow.deliveredBytes - before > 0.8 * 1_250_000, `${flow.deliveredBytes - before} bytes in a second`);
});

Deno.test("reliability: a longer path is noticed, and filled again", () => {
  const path = { ...STANDARD_PATH, delayMs: 25 };
  const world = new SimWorld(path, 1);
  const flow = new SimFlow(world);
  flow.send(1e9);
  world.run(5000);
  path.delayMs = 75;
  world.run(30_000);
  const before = flow.deliveredBytes;
  world.run(40_000);
  const used = (flow.deliveredBytes - before) / 12_500_000;
  assert(used > 0.8, `${used} of the link`);
  assert(flow.recovery.queueDelayMs < 200);
});

Deno.test("reliability: a message of 60 a second that is lost is there again within four one-way delays, at 5 % loss", () => {
  for (const ackEveryPackets of [2, 32]) {
    for (const seed of [1, 2, 3]) {
      const world = new SimWorld({ ...STANDARD_PATH, lossShare: () => 0.05 }, seed);
      const flow = new SimFlow(world, { ackEveryPackets });
      for (let i = 0; i < 60 * 60; i++) world.at(i * 1000 / 60, () => flow.send(200));
      world.run(62_000);
      assertEquals(flow.deliveredBytes, 60 * 60 * 200);
      const late = quantile(flow.bulkDelays, 0.99);
      assert(late <= 100, `every ${ackEveryPackets}, seed ${seed}: ${late.toFixed(1)} ms`);
    }
  }
});
