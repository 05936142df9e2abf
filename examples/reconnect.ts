/**
 * A server goes away and comes back; the particle finds it again, and what was sent meanwhile arrives.
 *
 *     deno run --allow-net examples/reconnect.ts
 *
 * @module
 */
import { ParticleBuilder, Reactor } from "@ringwire/ringwire";

const received: string[] = [];
let arrived: () => void = () => {};

async function startServer(port: number): Promise<Reactor> {
  const reactor = new Reactor({
    hostname: "127.0.0.1",
    port,
    onReceived: (_connection, data) => {
      received.push(new TextDecoder().decode(data));
      arrived();
    },
  });
  await reactor.start();
  return reactor;
}

async function until(count: number): Promise<void> {
  while (received.length < count) await new Promise<void>((resolve) => arrived = resolve);
}

const first = await startServer(0);
const { port } = first;
const lost = Promise.withResolvers<void>();
const particle = new ParticleBuilder()
  .connectTo("127.0.0.1", port)
  .withAutoReconnect({ baseMs: 20, maxMs: 200 })
  .withOptions({ onConnected: () => console.log("connected") })
  .onParticleDisconnected((_particle, reason) => {
    console.log(`disconnected: ${reason.message}`);
    lost.resolve();
  })
  .build();

const say = (word: string): Promise<void> => particle.send(new TextEncoder().encode(word));
await say("one");
await until(1);

await first.stop();
await lost.promise;
await say("two");
await say("three");
console.log("two messages are waiting for the server");

const second = await startServer(port);
await until(3);
console.log(`received: ${received.join(", ")}; ${particle.statistics().connects} connects`);

await particle.close();
await second.stop();
if (received.join() !== "one,two,three") throw new Error("Not what was sent");
