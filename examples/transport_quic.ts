/**
 * Many messages and requests over QUIC.
 *
 *     deno run --unstable-net --allow-net examples/transport_quic.ts
 *
 * @module
 */
import {
  developmentCertificate,
  quic,
  ResourceError,
  TransportClient,
  TransportServer,
} from "@ringwire/ringwire/transport";

const hostname = "127.0.0.1";
const { cert, key } = developmentCertificate();

try {
  let received = 0;
  const server = await TransportServer.listen({
    protocols: [quic({ hostname, port: 0, cert, key, alpnProtocols: ["msgtrans"] })],
    messageReceived: () => void received++,
    request: (message) => message.data,
  });
  const client = await TransportClient.connect({
    protocol: quic({ hostname, port: server.port("quic"), caCerts: [cert], serverName: "localhost" }),
  });
  const message = new TextEncoder().encode("High-performance message");
  await Promise.all(Array.from({ length: 1000 }, () => client.send(message)));
  const answers = await Promise.all(Array.from({ length: 100 }, () => client.request(message)));
  console.log(`${received} messages and ${answers.length} answers`);
  await client.close();
  await server.close();
} catch (error) {
  if (!(error instanceof ResourceError)) throw error;
  console.log(error.message);
}
