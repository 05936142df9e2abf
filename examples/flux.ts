/**
 * Four workers send telemetry over one connection, each in its own order, while the main thread sends as well.
 *
 *     deno run --allow-net --allow-read examples/flux.ts
 *
 * @module
 */
import { ParticleBuilder, Reactor } from "@ringwire/ringwire";

const PRODUCERS = 4;
const MESSAGES = 25_000;

/** What each producer has sent last; the main thread is producer 0. */
const next = new Array<number>(PRODUCERS + 1).fill(0);
let outOfOrder = 0;

const reactor = new Reactor({
  hostname: "127.0.0.1",
  onReceived: (_connection, data) => {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const producer = view.getUint32(0, true);
    if (view.getUint32(4, true) !== next[producer]) outOfOrder++;
    next[producer] = view.getUint32(4, true) + 1;
  },
});
await reactor.start();

const flux = new ParticleBuilder()
  .connectTo("127.0.0.1", reactor.port)
  .asConcurrent()
  .withParallelism(PRODUCERS)
  .build();

const workers = Array.from({ length: PRODUCERS }, (_, i) => {
  const worker = new Worker(new URL("./flux_worker.ts", import.meta.url), { type: "module" });
  const done = new Promise<unknown>((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = reject;
  });
  worker.postMessage({ token: flux.producerToken(), producer: i + 1, messages: MESSAGES });
  return { worker, done };
});

const reading = new Uint8Array(8);
for (let i = 0; i < MESSAGES; i++) {
  new DataView(reading.buffer).setUint32(4, i, true);
  await flux.send(reading);
}

await Promise.all(workers.map(({ done }) => done));
await flux.close();
await reactor.stop();
for (const { worker } of workers) worker.terminate();

console.log(`received of each producer: ${next.join(", ")}; ${outOfOrder} out of order`);
if (outOfOrder > 0 || next.some((count) => count !== MESSAGES)) throw new Error("Messages are missing or out of order");
