/**
 * A chat hub on all cores: the handlers run in workers (workers_handler.ts), and what one client says reaches clients
 * of every worker.
 *
 *     deno run --allow-net --allow-read examples/workers.ts
 *
 * @module
 */
import { Particle, Reactor } from "@ringwire/ringwire";

const reactor = new Reactor({
  hostname: "127.0.0.1",
  peerIds: true,
  workers: "auto",
  handler: new URL("./workers_handler.ts", import.meta.url),
  onClientConnected: (peerId) => console.log(`${peerId} is there`),
  onError: (error) => console.error("A worker or a handler failed:", error),
});
await reactor.start();

const heard = Promise.withResolvers<string>();
const bob = new Particle({
  port: reactor.port,
  peerId: "bob",
  onReceived: (data) => heard.resolve(new TextDecoder().decode(data)),
});
await bob.connected;
const alice = new Particle({ port: reactor.port, peerId: "alice" });
await alice.send(new TextEncoder().encode("bob Hello from another core, perhaps"));
console.log(`bob heard: ${await heard.promise}`);

await alice.close();
await bob.close();
await reactor.stop();
if (await heard.promise !== "alice: Hello from another core, perhaps") throw new Error("bob heard something else");
