/**
 * `secure.rtt.64`: the median round trip of 64-byte messages over encrypted UDP, one in flight, beside a bare ping-pong
 * of datagrams.
 *
 * @module
 */

import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import { RoundTrips } from "../harness/round_trips.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const LOAD = { warmCount: 4_000, count: 20_000, payloadBytes: 64 } as const;
const FLAGS = ["--unstable-net"];

/** Secure socket to secure socket and back, on the runtime's own sockets. */
export const secureRtt64: Scenario = {
  name: "secure.rtt.64",
  metric: "p50",
  unit: "µs",
  target: { of: "ratio", bound: "at most", limit: 1.25 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => roundTrip("bare", context, FLAGS),
  product: (context) => roundTrip("secure", context, FLAGS),
};

/** The same on the sockets of `node:dgram`, beside the same bare loop. */
export const secureRtt64Node: Scenario = {
  ...secureRtt64,
  name: "secure.rtt.64.node",
  target: undefined,
  product: (context) => roundTrip("secure", context, []),
};

function roundTrip(side: string, { quick }: RunContext, flags: readonly string[]): Promise<Sample> {
  const load = quick ? { ...LOAD, count: 5_000 } : LOAD;
  return cast(import.meta.url, async (spawn) => {
    const server = spawn(`${side}-server`, load, flags);
    const { port } = await server.expect("listening");
    const client = spawn(`${side}-client`, { ...load, port: Number(port) }, flags);
    const { p50, p99, count } = await client.expect("measured");
    if (count !== load.count) throw new Error(`${count} of ${load.count} round trips were made`);
    await Promise.all([client.ended(), server.ended()]);
    return { value: Number(p50), note: `p99 ${Number(p99).toFixed(0)} µs` };
  });
}

if (import.meta.main) {
  await play({
    "bare-server": async () => (await import("../raw/datagram_ping_pong.ts")).datagramPong(),
    "bare-client": async (settings) => {
      const trips = new RoundTrips(settings);
      await (await import("../raw/datagram_ping_pong.ts")).datagramPing(settings, trips);
      trips.close();
    },
    "secure-server": async () => (await import("../product/secure_ping_pong.ts")).securePong(),
    "secure-client": async (settings) => {
      const trips = new RoundTrips(settings);
      await (await import("../product/secure_ping_pong.ts")).securePing(settings, trips);
      trips.close();
    },
  });
}
