/**
 * `tcp.share_port.*`: what a listener that shares its port costs by `node:net` (the value, without any flag) beside
 * the runtime's own listener with `reusePort` (the baseline, with `--unstable-net`). Clients are bare sockets and the
 * same for both.
 *
 * @module
 */

import { cast } from "../harness/role_process.ts";
import { play, report } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import type { PortSharing } from "../../src/io/tcp/port_sharing.ts";
import type { StreamLink, StreamListener } from "../../src/transport/stream_link.ts";

const ECHO_LOAD = { connections: 2_000, atOnce: 16, roundTrips: 20 } as const;
const COUNT_LOAD = { bytes: 8 * 2 ** 30 } as const;
const READ_BYTES = 64 << 10;
/** What a server that was started without and with the flag must listen by. */
const SHARING: Readonly<Record<PortSharing, readonly string[]>> = { node: [], deno: ["--unstable-net"] };

/** Connections that are accepted, make 20 round trips of 64 bytes and are closed: round trips per second. */
export const tcpSharePortEcho: Scenario = {
  name: "tcp.share_port.echo",
  metric: "rate",
  unit: "/s",
  target: undefined,
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => measured("deno", "echo", context),
  product: (context) => measured("node", "echo", context),
};

/** One connection that is read as fast as it goes: bytes per second. */
export const tcpSharePortBytes: Scenario = {
  ...tcpSharePortEcho,
  name: "tcp.share_port.bytes",
  metric: "bytes_rate",
  unit: "B/s",
  baseline: (context) => measured("deno", "count", context),
  product: (context) => measured("node", "count", context),
};

function measured(sharing: PortSharing, load: "echo" | "count", { quick }: RunContext): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const server = spawn("server", {}, SHARING[sharing]);
    const { port, by } = await server.expect("listening");
    if (by !== sharing) throw new Error(`The server shares its port by ${by} where ${sharing} was to be measured`);
    const connections = ECHO_LOAD.connections / (quick ? 4 : 1);
    const bytes = COUNT_LOAD.bytes / (quick ? 4 : 1);
    const client = spawn(`${load}-client`, { ...ECHO_LOAD, connections, bytes, port: Number(port) });
    const { rate } = await client.expect("measured");
    await client.ended();
    return { value: Number(rate) };
  });
}

/** Accepts for ever and does for each connection what its first byte asks for. */
async function server(): Promise<void> {
  const { tcpFabric } = await import("../../src/io/tcp/tcp_fabric.ts");
  const { portSharing } = await import("../../src/io/tcp/port_sharing.ts");
  const listener: StreamListener = tcpFabric({ hostname: "127.0.0.1", port: 0, sharePort: true }).listen();
  await listener.listening;
  const { address } = listener;
  if (address.transport !== "tcp") throw new Error("This is no TCP listener");
  report("listening", { port: address.port, by: portSharing() ?? "nothing" });
  for (;;) void serve(await listener.accept());
}

async function serve(link: StreamLink): Promise<void> {
  const { ECHO } = await import("../raw/share_port_client.ts");
  const purpose = new Uint8Array(1);
  await link.read(purpose);
  if (purpose[0] === ECHO) await echo(link);
  else await count(link);
  link.close();
}

async function echo(link: StreamLink): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  for (let read = await link.read(buffer); read !== null; read = await link.read(buffer)) {
    for (let at = 0; at < read;) at += await link.write(buffer.subarray(at, read));
  }
}

async function count(link: StreamLink): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  let bytes = 0;
  for (let read = await link.read(buffer); read !== null; read = await link.read(buffer)) bytes += read;
  const reply = new DataView(new ArrayBuffer(8));
  reply.setFloat64(0, bytes, true);
  await link.write(new Uint8Array(reply.buffer));
}

if (import.meta.main) {
  await play({
    "server": server,
    "echo-client": async (settings) => (await import("../raw/share_port_client.ts")).echoClient(settings),
    "count-client": async (settings) => (await import("../raw/share_port_client.ts")).countClient(settings),
  });
}
