/**
 * `transport.send.*` and `transport.requests`: messages of 64 bytes one way, every send awaited, beside the bare protocol
 * with one message a write; and requests with 1,000 in flight over TCP.
 *
 * @module
 */
import { runFlow } from "../harness/flow.ts";
import { cast } from "../harness/role_process.ts";
import { play, type Settings } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import type { BareProtocol } from "../raw/transport_bare.ts";

const TARGETS: readonly (readonly [protocol: BareProtocol, ratio: number, bareCount: number, count: number])[] = [
  ["tcp", 5, 500_000, 3_000_000],
  ["tls", 5, 300_000, 3_000_000],
  ["websocket", 0.9, 300_000, 300_000],
];
const REQUESTS = { warmCount: 200_000, count: 1_000_000, payloadBytes: 64, inFlight: 1_000 } as const;

/** One scenario a protocol, and that of requests. */
export const transportSend: readonly Scenario[] = [
  ...TARGETS.map(([protocol, limit, bareCount, count]): Scenario => ({
    name: `transport.send.${protocol}`,
    metric: "rate",
    unit: "/s",
    target: { of: "ratio", bound: "at least", limit },
    rounds: 3,
    lessBaseline: false,
    baseline: (context) => rate("bare", protocol, bareCount, context),
    product: (context) => rate("transport", protocol, count, context),
  })),
  {
    name: "transport.requests",
    metric: "rate",
    unit: "/s",
    target: { of: "value", bound: "at least", limit: 400_000 },
    rounds: 3,
    lessBaseline: false,
    // The bare protocol has no requests: what one connection can do at all is beside it.
    baseline: (context) => rate("bare", "tcp", 500_000, context),
    product: requests,
  },
];

async function rate(side: string, protocol: BareProtocol, count: number, { quick }: RunContext): Promise<Sample> {
  const role = `${side}-${protocol}`;
  const load = { warmCount: count / 10, count: quick ? count / 4 : count, payloadBytes: 64 };
  const parts = { program: import.meta.url, server: `${role}-server`, client: `${role}-client` };
  const { messagesPerSecond } = await runFlow(parts, load);
  return { value: messagesPerSecond };
}

function requests({ quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...REQUESTS, count: 300_000 } : REQUESTS;
  return cast(import.meta.url, async (spawn) => {
    const server = spawn("answering-server", load);
    const { port } = await server.expect("listening");
    const client = spawn("crowding-client", { ...load, port: Number(port) });
    const { seconds } = await client.expect("measured");
    await Promise.all([client.ended(), server.ended()]);
    return { value: load.count / Number(seconds) };
  });
}

if (import.meta.main) {
  const bare = () => import("../raw/transport_bare.ts");
  const product = () => import("../product/transport_ends.ts");
  const roles = TARGETS.flatMap(([protocol]) =>
    [
      [`bare-${protocol}-server`, async (settings) => (await bare()).bareSink(protocol, settings)],
      [`bare-${protocol}-client`, async (settings) => (await bare()).bareSource(protocol, settings)],
      [`transport-${protocol}-server`, async (settings) => (await product()).countingServer(protocol, settings)],
      [`transport-${protocol}-client`, async (settings) => (await product()).sendingClient(protocol, settings)],
    ] satisfies [string, (settings: Settings) => Promise<void>][]
  );
  await play({
    ...Object.fromEntries(roles),
    "answering-server": async () => (await product()).answeringServer("tcp"),
    "crowding-client": async (settings) => (await product()).crowdingClient(settings),
  });
}
