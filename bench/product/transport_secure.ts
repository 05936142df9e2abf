/**
 * The transport's server and client over encrypted UDP: asking, one request in flight.
 *
 * @module
 */
import { developmentCertificate, secure, TransportClient, TransportServer } from "../../src/api/transport_mod.ts";
import { report, type Settings } from "../harness/role.ts";
import type { RoundTrips } from "../harness/round_trips.ts";

const hostname = "127.0.0.1";

/** The server: answers every request with its payload, until its one client is gone. */
export async function secureAnsweringServer(): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const { cert, key } = developmentCertificate();
  const server = await TransportServer.listen({
    protocols: [secure({ hostname, port: 0, cert, key })],
    copyPayloads: false,
    request: (message) => message.data,
    connectionClosed: () => gone.resolve(),
  });
  report("listening", { port: server.port("secure") });
  await gone.promise;
  await server.close();
}

/**
 * The client: one request in flight.
 *
 * @param settings Numbers `port`, `payloadBytes`.
 * @param trips The book of the round trips.
 */
export async function secureAskingClient(settings: Settings, trips: RoundTrips): Promise<void> {
  const port = settings.of("port");
  const client = await TransportClient.connect({
    protocol: secure({ hostname, port, dangerouslyAcceptAnyCertificate: true }),
  });
  const payload = new Uint8Array(settings.of("payloadBytes"));
  while (trips.start(payload)) trips.finish((await client.request(payload)).data);
  await client.close();
}
