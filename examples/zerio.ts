/**
 * Clients with names: the server of Zerio, which knows its clients by peer id and sends to them by it.
 *
 *     deno run --allow-net examples/zerio.ts
 *
 * @module
 */
import { Particle, Reactor } from "@ringwire/ringwire";

const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const bytes = (message: string): Uint8Array => new TextEncoder().encode(message);

const server = new Reactor({ hostname: "127.0.0.1", peerIds: true });
server.onClientConnected = (peerId) => console.log(`${peerId} is connected`);
server.onClientDisconnected = (peerId) => console.log(`${peerId} is gone`);
server.onMessageReceived = async (peerId, message) => {
  console.log(`${peerId} says ${text(message)}`);
  await server.send(peerId, bytes("quoi"));
};
await server.start();

const answer = Promise.withResolvers<string>();
const client = new Particle({
  port: server.port,
  peerId: "client",
  onReceived: (message) => answer.resolve(text(message)),
  onDisconnected: (reason) => answer.reject(new Error(reason.message)),
});
await client.send(bytes("oui"));
console.log(`the server says ${await answer.promise}`);

const second = new Particle({ port: server.port, peerId: "client" });
const isRefused = await second.connected.then(() => false, () => true);
console.log(`a second "client" is ${isRefused ? "refused" : "let in"}`);

await client.close();
await server.stop();
if (await answer.promise !== "quoi" || !isRefused) throw new Error("This is not how it should go");
