/**
 * `bus.rtt`: the median of a command and its answer of 64 bytes between two processes, one in flight, beside a framed
 * ping-pong over TCP. The figure with a target is that of a mesh with a key, whose links are sealed; the same without
 * encryption, and between processes of one host, is stated beside it.
 *
 * @module
 */

import { Carrier } from "../product/bus_nodes.ts";
import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import { RoundTrips } from "../harness/round_trips.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const LOAD = { warmCount: 4_000, count: 20_000, payloadBytes: 64 } as const;

/** In a mesh with a key, by sealed links. */
export const busRtt: Scenario = {
  name: "bus.rtt",
  metric: "p50",
  unit: "µs",
  target: { of: "ratio", bound: "at most", limit: 1.3 },
  rounds: 5,
  lessBaseline: false,
  baseline: framed,
  product: (context) => commands(Carrier.KeyedMesh, context),
};

/** In an open mesh, whose links are not encrypted. */
export const busRttOpen: Scenario = {
  ...busRtt,
  name: "bus.rtt.open",
  target: undefined,
  product: (context) => commands(Carrier.OpenMesh, context),
};

/** Between processes of one host, by unix sockets. */
export const busRttMachine: Scenario = {
  ...busRtt,
  name: "bus.rtt.machine",
  target: undefined,
  product: (context) => commands(Carrier.Machine, context),
};

function framed({ quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...LOAD, count: 5_000 } : LOAD;
  return cast(import.meta.url, async (spawn) => {
    const server = spawn("framed-server", load);
    const { port } = await server.expect("listening");
    const client = spawn("framed-client", { ...load, port: Number(port) });
    const { p50 } = await client.expect("measured");
    await Promise.all([client.ended(), server.ended()]);
    return { value: Number(p50) };
  });
}

function commands(carrier: Carrier, { quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...LOAD, count: 5_000 } : LOAD;
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  return cast(import.meta.url, async (spawn) => {
    const answerer = spawn("answerer", { ...load, carrier, port });
    await answerer.expect("listening");
    const asker = spawn("asker", { ...load, carrier, port });
    const { p50, p99, count } = await asker.expect("measured");
    if (count !== load.count) throw new Error(`${count} of ${load.count} commands were answered`);
    await answerer.go();
    await Promise.all([asker.ended(), answerer.ended()]);
    return { value: Number(p50), note: `p99 ${Number(p99).toFixed(0)} µs` };
  });
}

if (import.meta.main) {
  const nodes = await import("../product/bus_nodes.ts");
  await play({
    "framed-server": async (settings) => (await import("../raw/ping_pong.ts")).pongServer(settings),
    "framed-client": async (settings) => {
      const trips = new RoundTrips(settings);
      await (await import("../raw/ping_pong.ts")).pingClient(settings, trips);
      trips.close();
    },
    answerer: nodes.answeringNode,
    asker: async (settings) => {
      const trips = new RoundTrips(settings);
      await nodes.askingNode(settings, trips);
      trips.close();
    },
  });
}
