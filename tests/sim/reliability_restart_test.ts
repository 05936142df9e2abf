/**
 * What connections do after bursts of loss, darkness and silence, and with applications that send little.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SimFlow, SimWorld, STANDARD_PATH } from "./reliability_bench.ts";

function deliveredBetween(world: SimWorld, flow: SimFlow, from: number, to: number): number {
  world.run(from);
  const before = flow.deliveredBytes;
  world.run(to);
  return (flow.deliveredBytes - before) / ((to - from) * STANDARD_PATH.bytesPerSecond / 1000);
}

Deno.test("reliability: a connection recovers from a burst of 50 % loss within two seconds", () => {
  for (const seed of [1, 2, 3]) {
    const path = { ...STANDARD_PATH, lossShare: () => 0 };
    const world = new SimWorld(path, seed);
    world.at(5000, () => path.lossShare = () => 0.5);
    world.at(7000, () => path.lossShare = () => 0);
    const flow = new SimFlow(world);
    flow.send(1e9);
    const share = deliveredBetween(world, flow, 9000, 11_000);
    assert(share > 0.9, `seed ${seed}: ${share}`);
    assertEquals(flow.recovery.packets.count < 300, true);
  }
});

Deno.test("reliability: a connection goes on after ten seconds in which nothing came through", () => {
  const path = { ...STANDARD_PATH, lossShare: () => 0 };
  const world = new SimWorld(path, 1);
  world.at(3000, () => path.lossShare = () => 1);
  world.at(13_000, () => path.lossShare = () => 0);
  const flow = new SimFlow(world);
  flow.send(1e9);
  world.run(5000);
  const sent = flow.sent;
  world.run(13_000);
  assert(flow.sent - sent < 20, `${flow.sent - sent} packets into the dark`);
  const share = deliveredBetween(world, flow, 25_000, 27_000);
  assert(share > 0.9, `${share}`);
});

Deno.test("reliability: a restart after silence overflows no queue", () => {
  const world = new SimWorld(STANDARD_PATH, 1);
  const flow = new SimFlow(world);
  flow.send(5e6);
  world.run(20_000);
  assertEquals([flow.deliveredBytes, flow.recovery.isIdle, flow.recovery.pollTimeout()], [5e6, true, Infinity]);
  const before = world.overflowed;
  let most = 0;
  for (let at = 20_001; at < 21_000; at += 5) {
    world.at(at, () => most = Math.max(most, world.bottleneck.waitingBytes));
  }
  flow.send(3e6);
  world.run(24_000);
  assertEquals([flow.deliveredBytes, world.overflowed - before], [8e6, 0]);
  assert(most < 45_000, `${most} bytes in the queue`);
});

Deno.test("reliability: an application that sends little learns no more bandwidth and gets no larger window", () => {
  for (const congestionControl of ["delay-bounded", "cubic"] as const) {
    const world = new SimWorld(STANDARD_PATH, 1);
    const flow = new SimFlow(world, { congestionControl });
    for (let at = 0; at < 30_000; at += 1000 / 60) world.at(at, () => flow.input());
    world.run(30_000);
    const { controller, queueDelayMs } = flow.recovery;
    assert(controller.windowBytes <= 24_000, `${congestionControl}: a window of ${controller.windowBytes}`);
    if (congestionControl === "delay-bounded") {
      assert(controller.bandwidth < 20, `${controller.bandwidth} bytes per ms`);
    }
    assert(queueDelayMs < 5 && Math.max(...flow.inputDelays) < 30, `${Math.max(...flow.inputDelays)} ms`);
    // And bulk that follows finds the link all the same.
    flow.send(1e9);
    assert(deliveredBetween(world, flow, 36_000, 37_000) > 0.9, congestionControl);
  }
});

Deno.test("reliability: everything arrives over a grid of loss and jitter, and what is under way stays bounded", () => {
  for (const lossShare of [0, 0.01, 0.1, 0.3, 0.5]) {
    for (const jitterMs of [0, 20]) {
      for (const congestionControl of ["delay-bounded", "cubic"] as const) {
        const world = new SimWorld({ ...STANDARD_PATH, jitterMs, lossShare: () => lossShare }, 7);
        const flow = new SimFlow(world, { congestionControl, maxPacketsInFlight: 256 });
        const name = `${congestionControl} ${lossShare} ${jitterMs}`;
        flow.send(100_000);
        world.run(120_000, () => !flow.hasBulk && flow.recovery.isIdle);
        assertEquals(flow.deliveredBytes, 100_000, name);
        assertEquals([flow.recovery.packets.bytesInFlight, flow.recovery.pollTimeout()], [0, Infinity], name);
        assert(flow.mostInFlight <= 256 * 1200, name);
      }
    }
  }
});

Deno.test("reliability: the state of a connection that is over serves another one as new", () => {
  for (const congestionControl of ["delay-bounded", "cubic"] as const) {
    const world = new SimWorld(STANDARD_PATH, 1);
    const first = new SimFlow(world, { congestionControl });
    first.send(1e9);
    world.run(10_000);
    // What is under way of the first one arrives, but nobody hears of it.
    const { recovery } = first;
    first.pump = () => {};
    recovery.clear();
    recovery.rtt.reset(100);
    world.run(11_000);
    recovery.clear();
    recovery.rtt.reset(100);
    const second = new SimFlow(world, { congestionControl }, recovery);
    second.send(2e6);
    world.run(13_000);
    const fresh = new SimWorld(STANDARD_PATH, 1);
    const other = new SimFlow(fresh, { congestionControl });
    other.send(2e6);
    fresh.run(2000);
    const ratio = second.deliveredBytes / other.deliveredBytes;
    assert(ratio > 0.97 && ratio < 1.03, `${congestionControl}: ${ratio}`);
  }
});
