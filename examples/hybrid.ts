/**
 * One session with two paths: a client whose UDP is blocked at first talks by TLS, and moves to UDP when that works, in
 * the middle of the session and without a lost or doubled message.
 *
 *     deno run --allow-net examples/hybrid.ts
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { developmentCertificate, HybridSocket } from "@ringwire/ringwire/secure";

const hostname = "127.0.0.1";

// A firewall: a relay in front of the server's UDP port that drops every datagram until it is opened.
const outside = createSocket("udp4");
const inside = createSocket("udp4");
let isOpen = false;
let serverPort = 0;
let clientPort = 0;
outside.on("message", (bytes, { port }) => {
  clientPort = port;
  if (isOpen) inside.send(bytes, serverPort, hostname);
});
inside.on("message", (bytes) => outside.send(bytes, clientPort, hostname));
for (const socket of [outside, inside]) await new Promise<void>((resolve) => socket.bind(0, hostname, resolve));

const { cert, key } = developmentCertificate();
const server = await HybridSocket.bindServer({ hostname, cert, key, advertisedUdpPort: outside.address().port });
serverPort = server.udpPort;
const serving = (async () => {
  for await (const event of server) {
    if (event.type === "data") await server.send(event.peerId, event.channel, event.data);
  }
})();

const client = await HybridSocket.connect({ hostname, port: server.tcpPort, caCerts: [cert], retryDelayMs: 100 });
console.log(client.transportMode === "udp" ? "Connected by UDP" : "Connected by TLS: UDP is blocked");

const count = 50;
let next = 0;
await client.send(1, 0, Uint8Array.of(0));
for await (const event of client) {
  if (event.type === "transportMode") console.log(`After ${next} echoes the session moved to ${event.mode}`);
  if (event.type !== "data") continue;
  if (event.data[0] !== (next++ & 255)) throw new Error("An echo is missing, doubled or out of order");
  if (next === count / 2) isOpen = true;
  if (next >= count && client.transportMode === "udp") break;
  await client.send(1, 0, Uint8Array.of(next));
}
console.log(`${next} echoes came in order, none lost, none twice`);

await client.close();
await server.close();
await serving;
for (const socket of [outside, inside]) socket.close();
