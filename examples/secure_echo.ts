/**
 * A server that returns what it gets over encrypted UDP, and a client that says hello: the first example of FastNet.
 *
 *     deno run --allow-net examples/secure_echo.ts
 *
 * @module
 */
import { developmentCertificate, SecureSocket } from "@ringwire/ringwire/secure";

// A certificate for development, made now; a real server reads its own: cert and key in PEM.
const { cert, key } = developmentCertificate();
const server = await SecureSocket.bindServer({ hostname: "127.0.0.1", udp: 0, tcp: 0, cert, key });
console.log("Server listening");

const serving = (async () => {
  for await (const event of server) {
    if (event.type === "connected") console.log(`Peer ${event.peerId} connected`);
    // Echo back
    else if (event.type === "data") await server.send(event.peerId, event.channel, event.data);
    else if (event.type === "disconnected") console.log(`Peer ${event.peerId} disconnected: ${event.reason.name}`);
  }
})();

const client = await SecureSocket.connect({ hostname: "127.0.0.1", port: server.tcpPort, caCerts: [cert] });
await client.send(1, 1, new TextEncoder().encode("Hello, server!"));
let echo = "";
for await (const event of client) {
  if (event.type !== "data") continue;
  echo = new TextDecoder().decode(event.data);
  break;
}
console.log(`Received: ${echo}`);

await client.close();
await server.close();
await serving;
if (echo !== "Hello, server!") throw new Error("The echo is not what was sent");
