/**
 * 100,000 messages in a plain loop over 32 lanes, nothing awaited, and all of them arrive: the burst example of
 * Faster.Transport.
 *
 *     deno run --allow-net examples/burst.ts
 *
 * @module
 */
import { ParticleBuilder, Reactor } from "@ringwire/ringwire";

const payload = new TextEncoder().encode("Hello Reactor ⚡");
let received = 0;
let damaged = 0;

const reactor = new Reactor({
  hostname: "127.0.0.1",
  onReceived: (_connection, data) => {
    received++;
    if (data.length !== payload.length || !data.every((byte, i) => byte === payload[i])) damaged++;
  },
});
await reactor.start();

const burst = new ParticleBuilder()
  .connectTo("127.0.0.1", reactor.port)
  .asBurst()
  .withParallelism(32)
  .onBurstDisconnected((_burst, reason) => console.log(`Burst disconnected: ${reason.message}`))
  .buildBurst();

for (let i = 0; i < 100_000; i++) {
  burst.send(payload);
}

const { unsentCount, droppedCount } = await burst.close();
await reactor.stop();
console.log(`${received} received, ${damaged} damaged, ${droppedCount} dropped, ${unsentCount} unsent`);
if (received !== 100_000 || damaged + droppedCount + unsentCount > 0) throw new Error("Not all of them arrived");
