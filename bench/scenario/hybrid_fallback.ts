/**
 * `hybrid.fallback`: how much later the first echoed byte comes when UDP is blocked, from the start of connecting on, than
 * by TLS alone. The server tells its clients a UDP port that swallows everything.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { play, report, type Settings } from "../harness/role.ts";
import { cast } from "../harness/role_process.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const HOSTNAME = "127.0.0.1";

/** The bare client knows no certificate; the hybrid one is told in the code not to check it. */
const FLAGS = ["--unstable-net", "--unsafely-ignore-certificate-errors=127.0.0.1"];

/** The first echo of a hybrid client without UDP, less that of a TLS client. */
export const hybridFallback: Scenario = {
  name: "hybrid.fallback",
  metric: "ms",
  unit: "ms",
  target: { of: "value", bound: "at most", limit: 300 },
  rounds: 3,
  lessBaseline: true,
  baseline: (context) => firstEcho("bare", context),
  product: (context) => firstEcho("hybrid", context),
};

function firstEcho(side: string, { quick }: RunContext): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const server = spawn(side === "bare" ? "bare-server" : "hybrid-server", {}, ["--unstable-net"]);
    const { port } = await server.expect("listening");
    const client = spawn(`${side}-client`, { port: Number(port), count: quick ? 3 : 9 }, FLAGS);
    const { ms } = await client.expect("measured");
    return { value: Number(ms) };
  });
}

/** The median time of some visits, the first of which does not count. */
async function visits(settings: Settings, visit: (port: number) => Promise<void>): Promise<void> {
  const times: number[] = [];
  for (let n = 0; n <= settings.of("count"); n++) {
    const start = performance.now();
    await visit(settings.of("port"));
    if (n > 0) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  report("measured", { ms: times[times.length >> 1]! });
}

async function visitBare(port: number): Promise<void> {
  const byte = new Uint8Array(1);
  const tcp = await Deno.connect({ hostname: HOSTNAME, port });
  tcp.setNoDelay(true);
  const conn = await Deno.startTls(tcp, { hostname: HOSTNAME });
  await conn.write(byte);
  await conn.read(byte);
  conn.close();
}

async function serveHybrid(): Promise<void> {
  const { HybridSocket } = await import("../../src/api/hybrid_socket.ts");
  const { cert, key } = developmentCertificate();
  const hole = createSocket("udp4");
  await new Promise<void>((resolve) => hole.bind(0, HOSTNAME, resolve));
  const advertisedUdpPort = hole.address().port;
  const socket = await HybridSocket.bindServer({ hostname: HOSTNAME, cert, key, advertisedUdpPort });
  report("listening", { port: socket.tcpPort });
  for await (const event of socket) {
    if (event.type === "data") socket.send(event.peerId, event.channel, event.data);
  }
}

async function visitHybrid(port: number): Promise<void> {
  const { HybridSocket } = await import("../../src/api/hybrid_socket.ts");
  const socket = await HybridSocket.connect({
    hostname: HOSTNAME,
    port,
    dangerouslyAcceptAnyCertificate: true,
    closeTimeoutMs: 0,
  });
  await socket.send(1, 0, new Uint8Array(1));
  for await (const event of socket) if (event.type === "data") break;
  if (socket.transportMode !== "tcp") throw new Error("UDP is not blocked");
  await socket.close();
}

if (import.meta.main) {
  await play({
    "bare-server": async () => (await import("../raw/tls_handshakes.ts")).tlsGreeter(),
    "bare-client": (settings) => visits(settings, visitBare),
    "hybrid-server": serveHybrid,
    "hybrid-client": (settings) => visits(settings, visitHybrid),
  });
}
