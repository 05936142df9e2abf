/**
 * The transport's server and client for each protocol: asking, sending one way, and many requests in flight.
 *
 * @module
 */
import {
  quic,
  tcp,
  tls,
  TransportClient,
  type TransportProtocol,
  TransportServer,
  webSocket,
} from "../../src/api/transport_mod.ts";
import { Arrivals } from "../harness/arrivals.ts";
import { benchCertificate, leaveCertificate, takeCertificate } from "../harness/bench_certificate.ts";
import { sendFlow } from "../harness/flow.ts";
import { report, type Settings, wallClockMs } from "../harness/role.ts";
import type { RoundTrips } from "../harness/round_trips.ts";
import type { BareProtocol } from "../raw/transport_bare.ts";

const hostname = "127.0.0.1";

/**
 * The server: answers every request with its payload, until its one client is gone.
 *
 * @param protocol By which protocol.
 */
export async function answeringServer(protocol: BareProtocol): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const [listening, cert] = serverProtocol(protocol);
  const server = await TransportServer.listen({
    protocols: [listening],
    copyPayloads: false,
    maxUnansweredRequestCount: 4096,
    request: (message) => message.data,
    connectionClosed: () => gone.resolve(),
  });
  announce(server, protocol, cert);
  await gone.promise;
  await server.close();
}

/**
 * The client: one request in flight.
 *
 * @param protocol By which protocol.
 * @param settings Numbers `port`, `payloadBytes`.
 * @param trips The book of the round trips.
 */
export async function askingClient(protocol: BareProtocol, settings: Settings, trips: RoundTrips): Promise<void> {
  const client = await TransportClient.connect({ protocol: clientProtocol(protocol, settings) });
  const payload = new Uint8Array(settings.of("payloadBytes"));
  while (trips.start(payload)) trips.finish((await client.request(payload)).data);
  await client.close();
}

/**
 * The server: counts one-way messages in their handler.
 *
 * @param protocol By which protocol.
 * @param settings Numbers `warmCount`, `count`.
 */
export async function countingServer(protocol: BareProtocol, settings: Settings): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const arrivals = new Arrivals(settings);
  const [listening, cert] = serverProtocol(protocol);
  const server = await TransportServer.listen({
    protocols: [listening],
    copyPayloads: false,
    messageReceived: ({ message }) => arrivals.add(1, message.data.length),
    connectionClosed: () => gone.resolve(),
  });
  announce(server, protocol, cert);
  await gone.promise;
  await server.close();
  arrivals.close();
}

/**
 * The client: sends one way, and awaits every send.
 *
 * @param protocol By which protocol.
 * @param settings Numbers `port`, `warmCount`, `count`, `payloadBytes`.
 */
export async function sendingClient(protocol: BareProtocol, settings: Settings): Promise<void> {
  const client = await TransportClient.connect({
    protocol: clientProtocol(protocol, settings),
    maxQueuedBytes: 1 << 20,
  });
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  await sendFlow(settings, async (count) => {
    for (let i = 0; i < count; i++) await client.send(payload);
  });
  await client.close();
}

/**
 * The client: so many requests in flight all the time.
 *
 * @param settings Numbers `port`, `warmCount`, `count`, `payloadBytes`, `inFlight`.
 */
export async function crowdingClient(settings: Settings): Promise<void> {
  const client = await TransportClient.connect({ protocol: clientProtocol("tcp", settings) });
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  const ask = async (count: number): Promise<void> => {
    let left = count;
    const one = async (): Promise<void> => {
      while (left-- > 0) {
        const { data } = await client.request(payload);
        if (data.length !== payload.length || data[0] !== 7) throw new Error("An answer is not its request");
      }
    };
    await Promise.all(Array.from({ length: settings.of("inFlight") }, one));
  };
  await ask(settings.of("warmCount"));
  const startedAt = wallClockMs();
  await ask(settings.of("count"));
  report("measured", { seconds: (wallClockMs() - startedAt) / 1000 });
  await client.close();
}

function announce(server: TransportServer, protocol: BareProtocol, cert: string | undefined): void {
  const port = server.port(protocol);
  if (cert !== undefined) leaveCertificate(port, cert);
  report("listening", { port });
}

function serverProtocol(protocol: BareProtocol): [TransportProtocol, string | undefined] {
  if (protocol === "tcp") return [tcp({ hostname, port: 0 }), undefined];
  if (protocol === "websocket") return [webSocket({ hostname, port: 0 }), undefined];
  const { cert, key } = benchCertificate();
  const listening = protocol === "tls"
    ? tls({ hostname, port: 0, listen: { cert, key } })
    : quic({ hostname, port: 0, cert, key });
  return [listening, cert];
}

function clientProtocol(protocol: BareProtocol, settings: Settings): TransportProtocol {
  const port = settings.of("port");
  if (protocol === "tcp") return tcp({ hostname, port });
  if (protocol === "websocket") return webSocket({ hostname, port });
  const caCerts = [takeCertificate(port)];
  return protocol === "tls"
    ? tls({ hostname: "localhost", port, connect: { caCerts } })
    : quic({ hostname, port, caCerts, serverName: "localhost" });
}
