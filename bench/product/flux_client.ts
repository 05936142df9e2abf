/**
 * A flux whose producers live in workers of their own; each sends its share of the load.
 *
 * @module
 */

import { ParticleBuilder } from "../../mod.ts";
import { sendFlow } from "../harness/flow.ts";
import type { Settings } from "../harness/role.ts";

/**
 * Starts the workers and has them send.
 *
 * @param settings Numbers `port`, `warmCount`, `count`, `payloadBytes`, `producers`; both counts divide by `producers`.
 */
export async function fluxClient(settings: Settings): Promise<void> {
  const flux = new ParticleBuilder().connectTo("127.0.0.1", settings.of("port")).asConcurrent().build();
  await flux.connected;
  const producers = settings.of("producers");
  const workers = Array.from(
    { length: producers },
    () => new Worker(new URL("flux_producer.ts", import.meta.url), { type: "module" }),
  );
  await all(workers, (worker, producer) => {
    worker.postMessage({ token: flux.producerToken(), producer, payloadBytes: settings.of("payloadBytes") });
  });
  await sendFlow(settings, (count) => all(workers, (worker) => worker.postMessage(count / producers)));
  await all(workers, (worker) => worker.postMessage("close"));
  await flux.close();
}

/** Gives every worker something to do and waits until each has answered. */
async function all(workers: readonly Worker[], start: (worker: Worker, index: number) => void): Promise<void> {
  await Promise.all(workers.map((worker, index) => {
    const answered = new Promise<unknown>((resolve) => worker.onmessage = resolve);
    start(worker, index);
    return answered;
  }));
}
