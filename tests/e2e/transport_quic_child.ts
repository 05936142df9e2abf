/**
 * The conformance suite and a few requests over QUIC, for a process that was started with its flag.
 *
 * @module
 */
import { quic, TransportClient, TransportServer } from "../../src/api/transport_mod.ts";
import { quicFabric } from "../../src/io/quic/quic_fabric.ts";
import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { transportConformance } from "../../src/testing/transport_conformance.ts";

const hostname = "127.0.0.1";
const { cert, key } = developmentCertificate();
const common = { hostname, cert, key, caCerts: [cert], serverName: "localhost", lingerMs: 100 } as const;

const cases = transportConformance({
  name: "quic",
  open: async () => {
    const listener = quicFabric({ ...common, port: 0 }).listen();
    await listener.listening;
    const port = "port" in listener.address ? listener.address.port : 0;
    const fabric = quicFabric({ ...common, port });
    return { kind: "stream", listener, connect: (signal) => fabric.connect(signal) };
  },
  maxMessageBytes: 1 << 20,
  acceptedSpeaksFirst: false,
  connectionCount: 10,
});
for (const { run } of cases) await run();

const server = await TransportServer.listen({
  protocols: [quic({ ...common, port: 0 })],
  request: (message) => message.data,
});
const client = await TransportClient.connect({ protocol: quic({ ...common, port: server.port("quic") }) });
let answered = 0;
for (const size of [64, 500_000]) {
  const { data } = await client.request(new Uint8Array(size).fill(7));
  if (data.length === size && data.every((byte) => byte === 7)) answered++;
}
await client.close();
await server.close();
console.log(`${cases.length} cases, ${answered} requests`);
Deno.exit(0);
