/**
 * `tcp.rtt.64`: the median round trip of 64-byte payloads, one in flight, both sides awaiting.
 *
 * @module
 */

import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import { RoundTrips } from "../harness/round_trips.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const LOAD = { warmCount: 4_000, count: 20_000, payloadBytes: 64 } as const;

/** Particle to reactor and back by `connection.return`. */
export const tcpRtt64: Scenario = {
  name: "tcp.rtt.64",
  metric: "p50",
  unit: "µs",
  target: { of: "ratio", bound: "at most", limit: 1.1 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => roundTrip("bare", context),
  product: (context) => roundTrip("particle", context),
};

function roundTrip(side: string, { quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...LOAD, count: 5_000 } : LOAD;
  return cast(import.meta.url, async (spawn) => {
    const server = spawn(`${side}-server`, load);
    const { port } = await server.expect("listening");
    const client = spawn(`${side}-client`, { ...load, port: Number(port) });
    const { p50, p99, count } = await client.expect("measured");
    if (count !== load.count) throw new Error(`${count} of ${load.count} round trips were made`);
    await Promise.all([client.ended(), server.ended()]);
    return { value: Number(p50), note: `p99 ${Number(p99).toFixed(0)} µs` };
  });
}

if (import.meta.main) {
  await play({
    "bare-server": async (settings) => (await import("../raw/ping_pong.ts")).pongServer(settings),
    "bare-client": async (settings) => {
      const trips = new RoundTrips(settings);
      await (await import("../raw/ping_pong.ts")).pingClient(settings, trips);
      trips.close();
    },
    "particle-server": async () => (await import("../product/ping_pong.ts")).returningServer(),
    "particle-client": async (settings) => {
      const trips = new RoundTrips(settings);
      await (await import("../product/ping_pong.ts")).askingClient(settings, trips);
      trips.close();
    },
  });
}
