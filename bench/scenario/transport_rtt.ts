/**
 * `transport.rtt.*`: the median of a request and its answer of 64 bytes, one in flight, beside the bare protocol's
 * ping-pong, over encrypted UDP beside a secure socket's on channel 0; and the same inside one process by memory, beside
 * the bare in-memory link.
 *
 * @module
 */
import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import { RoundTrips } from "../harness/round_trips.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import type { BareProtocol } from "../raw/transport_bare.ts";

const LOAD = { warmCount: 4_000, count: 20_000, payloadBytes: 64 } as const;
const PROTOCOLS: readonly BareProtocol[] = ["tcp", "tls", "websocket", "quic"];
const FLAGS = ["--unstable-net"];
/** The channel of a secure socket that delivers everything in order. */
const RELIABLE = 0;

/** One scenario a protocol. */
export const transportRtt: readonly Scenario[] = [
  ...PROTOCOLS.map((protocol): Scenario => ({
    name: `transport.rtt.${protocol}`,
    metric: "p50",
    unit: "µs",
    target: { of: "ratio", bound: "at most", limit: 1.15 },
    rounds: 5,
    lessBaseline: false,
    baseline: (context) => roundTrip("bare", protocol, context),
    product: (context) => roundTrip("transport", protocol, context),
  })),
  {
    name: "transport.rtt.udp",
    metric: "p50",
    unit: "µs",
    target: { of: "ratio", bound: "at most", limit: 1.15 },
    rounds: 5,
    lessBaseline: false,
    baseline: (context) => roundTrip("bare", "udp", context),
    product: (context) => roundTrip("transport", "udp", context),
  },
  {
    name: "transport.rtt.memory",
    metric: "p50",
    unit: "µs",
    target: { of: "value", bound: "at most", limit: 5 },
    rounds: 3,
    lessBaseline: false,
    baseline: (context) => inside("bare-memory", context),
    product: (context) => inside("transport-memory", context),
  },
];

function roundTrip(side: string, protocol: BareProtocol | "udp", { quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...LOAD, count: 5_000 } : LOAD;
  return cast(import.meta.url, async (spawn) => {
    const server = spawn(`${side}-${protocol}-server`, load, FLAGS);
    const { port } = await server.expect("listening");
    const client = spawn(`${side}-${protocol}-client`, { ...load, port: Number(port) }, FLAGS);
    const { p50, p99, count } = await client.expect("measured");
    if (count !== load.count) throw new Error(`${count} of ${load.count} round trips were made`);
    await client.ended();
    if (side === "transport") await server.ended();
    return { value: Number(p50), note: `p99 ${Number(p99).toFixed(0)} µs` };
  });
}

function inside(role: string, { quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...LOAD, count: 10_000 } : { ...LOAD, count: 50_000 };
  return cast(import.meta.url, async (spawn) => {
    const process = spawn(role, load, FLAGS);
    const { p50, p99 } = await process.expect("measured");
    await process.ended();
    return { value: Number(p50), note: `p99 ${Number(p99).toFixed(1)} µs` };
  });
}

if (import.meta.main) {
  const bare = () => import("../raw/transport_bare.ts");
  const product = () => import("../product/transport_ends.ts");
  const socket = () => import("../product/secure_ping_pong.ts");
  const secure = () => import("../product/transport_secure.ts");
  const roles = PROTOCOLS.flatMap((protocol) =>
    [
      [`bare-${protocol}-server`, async (settings) => (await bare()).barePong(protocol, settings)],
      [`bare-${protocol}-client`, async (settings) => {
        const trips = new RoundTrips(settings);
        await (await bare()).barePing(protocol, settings, trips);
        trips.close();
      }],
      [`transport-${protocol}-server`, async () => (await product()).answeringServer(protocol)],
      [`transport-${protocol}-client`, async (settings) => {
        const trips = new RoundTrips(settings);
        await (await product()).askingClient(protocol, settings, trips);
        trips.close();
      }],
    ] satisfies [string, (settings: import("../harness/role.ts").Settings) => Promise<void>][]
  );
  await play({
    ...Object.fromEntries(roles),
    "bare-udp-server": async () => (await socket()).securePong(),
    "bare-udp-client": async (settings) => {
      const trips = new RoundTrips(settings);
      await (await socket()).securePing(settings, trips, RELIABLE);
      trips.close();
    },
    "transport-udp-server": async () => (await secure()).secureAnsweringServer(),
    "transport-udp-client": async (settings) => {
      const trips = new RoundTrips(settings);
      await (await secure()).secureAskingClient(settings, trips);
      trips.close();
    },
    "bare-memory": async (settings) => (await import("../product/transport_memory.ts")).bareMemory(settings),
    "transport-memory": async (settings) => (await import("../product/transport_memory.ts")).transportMemory(settings),
  });
}
