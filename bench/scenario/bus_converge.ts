/**
 * `bus.converge.50`, `bus.converge.200`: virtual ms until all nodes of a mesh know one that joins, the worst of several
 * joins; `.crash`: until all know that one crashed; `bus.converge.lossy_hour`: which share of fifty nodes is wrongly
 * declared failed by anybody in an hour of virtual time at 5 % loss.
 *
 * All options are the defaults; a datagram takes 2 to 5 ms. The figures do not depend on the machine, and repeat. The
 * baseline of a join is log(n) / log(1 + fanout) rounds of gossip and nothing else (probes and syncs carry news too, so
 * that it can be beaten); of a crash, the least time that a suspected node has to refute; of the hour, nothing.
 *
 * @module
 */

import { addressOf, SimNet } from "../../tests/sim/bus_member_net.ts";
import type { Sample, Scenario } from "../harness/scenario.ts";

const GOSSIP_MS = 200;
const FANOUT = 3;
const HOUR_MS = 3_600_000;

interface Worst {
  readonly joinMs: number;
  readonly crashMs: number;
}

/** The scenarios of membership. */
export const busConverge: readonly Scenario[] = [
  scenario("bus.converge.50", 2000, 50, "joinMs"),
  scenario("bus.converge.200", 3000, 200, "joinMs"),
  scenario("bus.converge.50.crash", 6000, 50, "crashMs"),
  scenario("bus.converge.200.crash", 6000, 200, "crashMs"),
  {
    name: "bus.converge.lossy_hour",
    metric: "share",
    unit: "",
    target: { of: "value", bound: "at most", limit: 0 },
    rounds: 3,
    lessBaseline: false,
    baseline: () => Promise.resolve({ value: 0 }),
    product: ({ quick }) => Promise.resolve(lossyHour(quick ? HOUR_MS / 6 : HOUR_MS)),
  },
];

function scenario(name: string, limit: number, count: number, figure: keyof Worst): Scenario {
  const rounds = Math.ceil(Math.log(count) / Math.log(1 + FANOUT));
  const least = figure === "joinMs" ? rounds * GOSSIP_MS : Math.max(2000, 1000 * Math.log10(count));
  return {
    name,
    metric: "ms",
    unit: "ms",
    target: { of: "value", bound: "at most", limit },
    rounds: 3,
    lessBaseline: false,
    baseline: () => Promise.resolve({ value: least }),
    product: ({ quick }) => Promise.resolve({ value: worst(count, quick ? 2 : 5)[figure] }),
  };
}

/** Joins and kills nodes one after the other. */
function worst(count: number, times: number): Worst {
  const net = new SimNet(count);
  net.mesh(count);
  net.run(5000);
  let [joinMs, crashMs] = [0, 0];
  for (let i = 0; i < times; i++) {
    net.start(count + i).do((machine) => machine.join(addressOf(i)));
    joinMs = Math.max(joinMs, net.until(() => net.isWhole(), 60_000));
    net.run(3000);
  }
  for (let i = 0; i < times; i++) {
    net.kill(count + i);
    crashMs = Math.max(crashMs, net.until(() => net.isWhole(), 60_000));
    net.run(1000);
  }
  return { joinMs, crashMs };
}

function lossyHour(ms: number): Sample {
  const count = 50;
  const net = new SimNet(5);
  net.mesh(count);
  net.run(5000);
  net.loss = 0.05;
  const since = net.now;
  net.run(ms);
  const failed = new Set<string>();
  let suspected = 0;
  for (const { events } of net.nodes) {
    for (const { at, what, who } of events) {
      if (at < since) continue;
      if (what === "Failed") failed.add(who);
      if (what === "Suspected") suspected++;
    }
  }
  return { value: failed.size / count, note: `${suspected} suspicions, ${ms / 60_000} minutes` };
}
