/**
 * `pool.scale`: packets of 1200 bytes that workers open and seal with ChaCha20-Poly1305, fed over rings by the main
 * thread of the same process: two workers beside one.
 *
 * @module
 */
import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import { WorkerPool } from "../../src/pool/worker_pool.ts";
import { SpscRecordProducer } from "../../src/ring/spsc_records.ts";
import { createSpscRing } from "../../src/ring/spsc_ring.ts";
import { cast } from "../harness/role_process.ts";
import { play, report, type Settings } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { PACKET_BYTES, sealedPacket, type SealerInit } from "./pool_scale_packet.ts";

const LOAD = { warmMs: 500, measuredMs: 2_000 } as const;
/** Holds more packets than a worker does between two looks of the feeder, so that the feeder can sleep. */
const RING_BYTES = 1 << 22;
const FEED_MS = 4;

/** Two workers beside one. */
export const poolScale: Scenario = {
  name: "pool.scale",
  metric: "rate",
  unit: "/s",
  target: { of: "ratio", bound: "at least", limit: 1.85 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => rate(1, context),
  product: (context) => rate(2, context),
};

function rate(workers: number, { quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...LOAD, measuredMs: 500 } : LOAD;
  return cast(import.meta.url, async (spawn) => {
    const { value } = await spawn("feeder", { ...load, workers }).expect("measured");
    return { value: Number(value) };
  });
}

async function feeder(settings: Settings): Promise<void> {
  const count = settings.of("workers");
  const rings = Array.from({ length: count }, () => createSpscRing(RING_BYTES));
  const done = new Float64Array(new SharedArrayBuffer(count * 8));
  const fail = (error: Error): never => {
    throw error;
  };
  const pool = new WorkerPool({ entry: new URL("./pool_scale_agent.ts", import.meta.url), count, mode: "block" }, {
    init: (index): SealerInit => ({ ring: rings[index]!, done: done.buffer as SharedArrayBuffer, index }),
    started: () => {},
    failed: (_index, failure) => fail(failure.error),
    exhausted: (_index, error) => fail(error),
  }, new SystemScheduler());
  await pool.start();
  const producers = rings.map((ring) => new SpscRecordProducer(ring));
  const packet = sealedPacket();
  const feed = async (ms: number): Promise<void> => {
    for (const end = performance.now() + ms; performance.now() < end;) {
      for (const [index, producer] of producers.entries()) {
        while (offer(producer, packet));
        pool.doorbell(index).ring();
      }
      await new Promise((resolve) => setTimeout(resolve, FEED_MS));
    }
  };
  const sum = (): number => done.reduce((all, one) => all + one, 0);
  await feed(settings.of("warmMs"));
  const [before, started] = [sum(), performance.now()];
  await feed(settings.of("measuredMs"));
  const value = (sum() - before) / (performance.now() - started) * 1000;
  await pool.stop();
  report("measured", { value });
}

function offer(producer: SpscRecordProducer, packet: Uint8Array): boolean {
  const at = producer.claim(1, PACKET_BYTES);
  if (at < 0) return false;
  producer.data.set(packet, at);
  producer.commit();
  return true;
}

if (import.meta.main) await play({ feeder });
