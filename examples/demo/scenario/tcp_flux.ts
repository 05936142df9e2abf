/**
 * Four Web Workers send ticks over the one connection of a flux; each worker is a stream that keeps its order.
 *
 * @module
 */
import { ParticleFlux } from "@ringwire/ringwire";
import type { Account } from "../account.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import { tickAccount } from "../tick_check.ts";
import { type FluxWorkerStart, RECORD_BYTES } from "./tcp_flux_record.ts";
import { serveTicks } from "../tick_service.ts";

const PRODUCERS = 4;

/** The scenario. */
export const tcpFlux: Scenario = {
  name: "tcp.flux",
  transport: `TCP flux, ${PRODUCERS} workers, ticks`,
  clientCount: 1,
  serve,
  drive,
};

function serve(setting: Setting): Promise<Service> {
  return serveTicks(setting, { recordBytes: RECORD_BYTES, connectionCount: 1, by: "batch" });
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port } = setting;
  const flux = new ParticleFlux({ hostname, port, maxProducerCount: PRODUCERS });
  await flux.connected;
  watch(() => flux.statistics().messagesOut);
  const counts = await Promise.all(
    Array.from({ length: PRODUCERS }, (_, producer) => produce(flux, setting, producer)),
  );
  await flux.close();
  const { unsent } = flux.statistics();
  return {
    streams: Object.fromEntries(counts.map((count, producer) => [producer, tickAccount(count, RECORD_BYTES)])),
    seconds: 0,
    drops: 0,
    faults: unsent === 0 ? [] : [`${unsent} messages were not sent`],
  };
}

/** Has one worker send; returns how many records it has sent. */
async function produce(flux: ParticleFlux, { seed, runMs, fault }: ClientSetting, producer: number): Promise<number> {
  const worker = new Worker(new URL("./tcp_flux_worker.ts", import.meta.url), { type: "module" });
  const sent = new Promise<number>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(`Producer ${producer} failed: ${message}`));
  });
  const start: FluxWorkerStart = {
    token: flux.producerToken(),
    seed,
    runMs,
    producer,
    fault: producer === 0 ? fault : "none",
  };
  worker.postMessage(start);
  const count = await sent;
  worker.terminate();
  return count;
}
