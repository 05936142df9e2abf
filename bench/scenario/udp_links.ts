/**
 * `udp.*`: datagram links beside the bare sockets that they are made of: one way without a loss, and round trips; over
 * the runtime's own sockets and, with `.node` behind the name, over `node:dgram`.
 *
 * @module
 */

import { cast } from "../harness/role_process.ts";
import { play, type Settings } from "../harness/role.ts";
import type { Metric, RunContext, Sample, Scenario } from "../harness/scenario.ts";
import type { BareReceiver, BareUdp } from "../raw/udp_socket.ts";

type Backend = "deno" | "node";

const BACKENDS: readonly Backend[] = ["deno", "node"];
const FLOW = { warmCount: 64 * 200, count: 64 * 4_000 } as const;
const TRIPS = { warmCount: 4_000, count: 20_000 } as const;

/** One way and there and back, over both backends. */
export const udpScenarios: readonly Scenario[] = BACKENDS.flatMap((backend) => [
  scenario("udp.rate.64", "rate", "/s", backend, { ...FLOW, payloadBytes: 64 }),
  scenario("udp.rate.1200", "rate", "/s", backend, { ...FLOW, payloadBytes: 1_200 }),
  scenario("udp.rtt.64", "p50", "µs", backend, { ...TRIPS, payloadBytes: 64 }),
]);

interface Load {
  readonly warmCount: number;
  readonly count: number;
  readonly payloadBytes: number;
}

function scenario(name: string, metric: Metric, unit: string, backend: Backend, load: Load): Scenario {
  const kind = metric === "rate" ? "flow" : "trips";
  return {
    name: backend === "node" ? `${name}.node` : name,
    metric,
    unit,
    target: undefined,
    rounds: 5,
    lessBaseline: false,
    baseline: (context) => measured(`bare-${backend}`, kind, load, context),
    product: (context) => measured(`link-${backend}`, kind, load, context),
  };
}

function measured(side: string, kind: "flow" | "trips", load: Load, { quick }: RunContext): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const settings = { ...load, count: quick ? load.count / 4 : load.count };
    const server = spawn(`${side}-${kind}-server`, settings, ["--unstable-net"]);
    const { port } = await server.expect("listening");
    const client = spawn(`${side}-${kind}-client`, { ...settings, port: Number(port) }, ["--unstable-net"]);
    const { rate, p50, p99 } = await client.expect("measured");
    await client.ended();
    return kind === "flow" ? { value: Number(rate) } : { value: Number(p50), note: `p99 ${Number(p99).toFixed(1)} µs` };
  });
}

/** A link behind the face of a bare socket. */
async function bindLink(backend: Backend, receive: BareReceiver): Promise<BareUdp> {
  const { udpFabric } = await import("../../src/io/udp/udp_fabric.ts");
  const { DatagramAddress } = await import("../../src/wire/datagram_address.ts");
  const link = await udpFabric({ hostname: "127.0.0.1", port: 0, backend, maxDatagramBytes: 1_452 }).open();
  const [source, to] = [new DatagramAddress(), new DatagramAddress()];
  to.parse("127.0.0.1", 1);
  link.start({ source, handleDatagram: (buffer, _, end) => receive(buffer.subarray(0, end), source.port) });
  return {
    port: link.local.port,
    send: (bytes, port) => {
      to.words[4] = port;
      if (link.send(bytes, 0, bytes.length, to) !== 0) throw new Error("A datagram was refused");
    },
    close: () => link.close(),
  };
}

async function bindBare(backend: Backend, receive: BareReceiver): Promise<BareUdp> {
  return await (await import("../raw/udp_socket.ts")).bareUdp(backend, receive);
}

if (import.meta.main) {
  const sides = { bare: bindBare, link: bindLink };
  const roles = Object.entries(sides).flatMap(([side, bind]) =>
    BACKENDS.flatMap((backend) => {
      const bound = (receive: BareReceiver): Promise<BareUdp> => bind(backend, receive);
      const name = `${side}-${backend}`;
      return [
        [`${name}-flow-server`, async () => (await import("../raw/udp_flow.ts")).receiveFlow(bound)],
        [`${name}-flow-client`, async (s: Settings) => (await import("../raw/udp_flow.ts")).sendFlow(s, bound)],
        [`${name}-trips-server`, async () => (await import("../raw/udp_ping_pong.ts")).pong(bound)],
        [`${name}-trips-client`, async (s: Settings) => (await import("../raw/udp_ping_pong.ts")).ping(s, bound)],
      ] as const;
    })
  );
  await play(Object.fromEntries(roles));
}
