import { assertEquals } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { TransmitSpan } from "../../../src/machine/transmit_span.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { Doorbell } from "../../../src/ring/doorbell.ts";
import { SpscConsumer } from "../../../src/ring/spsc_ring.ts";
import type { DisconnectReason } from "../../../src/runtime/connection.ts";
import { resolveFluxOptions } from "../../../src/runtime/flux_options.ts";
import { FluxProducer } from "../../../src/runtime/flux_producer.ts";
import { FluxPump } from "../../../src/runtime/flux_pump.ts";
import { FluxRuntime } from "../../../src/runtime/flux_runtime.ts";
import { Sender } from "../../../src/runtime/sender.ts";
import { StreamEndpoint } from "../../../src/runtime/stream_endpoint.ts";
import { Outbox } from "../../../src/stream/outbox.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import { eventually } from "../../e2e/waiting.ts";

const CONFIG = resolveFluxOptions({ port: 1, maxQueuedBytes: 1024, producerRingBytes: 4096 });

/** A pump into a queue of 1024 bytes that nobody writes but the test. */
class Bench {
  readonly scheduler: ManualScheduler = new ManualScheduler();
  readonly sender: Sender;
  readonly pump: FluxPump;

  constructor() {
    const host = { scheduler: this.scheduler, random: new SeededRandom(1) };
    const endpoint = new StreamEndpoint(CONFIG.particle.stream, host);
    this.sender = new Sender(endpoint.outbox(endpoint.takeSlot()), endpoint);
    this.pump = new FluxPump(this.sender, CONFIG, this.scheduler);
  }

  get queuedBytes(): number {
    return this.sender.outbox.queuedBytes;
  }

  /** Writes everything that is queued; returns whether that is news to who waits for room. */
  write(): boolean {
    const span = new TransmitSpan();
    const { outbox } = this.sender;
    for (let count = outbox.lend(span); count > 0; count = outbox.lend(span)) outbox.confirm(count);
    this.sender.progress();
    return outbox.takeDrained();
  }
}

function commit(producer: FluxProducer, count: number): void {
  for (let i = 0; i < count; i++) assertEquals(producer.trySend(new Uint8Array(100)), SendStatus.Queued);
}

/** A flux whose first link never comes, and how its end was told. */
function unconnectedFlux(): { flux: FluxRuntime; reasons: DisconnectReason[] } {
  const reasons: DisconnectReason[] = [];
  const flux = new FluxRuntime(
    CONFIG,
    { port: 1, onDisconnected: (reason) => void reasons.push(reason) },
    {
      target: { transport: "memory", name: "nowhere" },
      listen: () => {
        throw new Error("A flux never listens");
      },
      connect: () => new Promise(() => {}),
    },
    { scheduler: new ManualScheduler(), random: new SeededRandom(1) },
  );
  return { flux, reasons };
}

Deno.test("FluxPump.close() counts what was committed and never queued, of all rings", async () => {
  const bench = new Bench();
  const first = new FluxProducer(bench.pump.token());
  commit(first, 2);
  await eventually("the first span is queued", () => bench.queuedBytes === 2 * 104);
  // A ring has one span in the queue at a time, and a second one is not looked at before the next turn.
  commit(first, 3);
  const second = new FluxProducer(bench.pump.token());
  commit(second, 4);
  new FluxProducer(bench.pump.token());
  assertEquals(bench.pump.close(), 7);
  assertEquals(bench.pump.producerCount, 0);
  await bench.scheduler.settle();
  assertEquals(bench.queuedBytes, 2 * 104);
  assertEquals(first.trySend(new Uint8Array(1)), SendStatus.Closed);
});

Deno.test("FluxRuntime counts what was left in rings as unsent, in its last words and in its statistics", async () => {
  const { flux, reasons } = unconnectedFlux();
  assertEquals(flux.particle.sender.trySend(new Uint8Array(1000)), SendStatus.Queued);
  const producer = new FluxProducer(flux.pump.token());
  commit(producer, 3);
  flux.abort();
  await flux.particle.whenClosed;
  assertEquals(reasons.map(({ unsentCount }) => unsentCount), [4]);
  assertEquals(flux.particle.statistics().unsent, 4);
});

Deno.test("FluxRuntime counts what went from a ring to its queue once", async () => {
  const { flux, reasons } = unconnectedFlux();
  const producer = new FluxProducer(flux.pump.token());
  commit(producer, 2);
  await eventually("the first span is queued", () => flux.particle.sender.outbox.queuedBytes === 2 * 104);
  commit(producer, 3);
  flux.abort();
  await flux.particle.whenClosed;
  assertEquals(reasons.map(({ unsentCount }) => unsentCount), [5]);
  assertEquals(flux.particle.statistics().unsent, 5);
});

Deno.test("FluxPump.handleRoom() goes on with rings that the full queue refused, though no producer rings", async () => {
  const bench = new Bench();
  const { offerFrames } = Outbox.prototype;
  const positions: number[] = [];
  Outbox.prototype.offerFrames = function (this: Outbox, frames, messages): number {
    const position = offerFrames.call(this, frames, messages);
    positions.push(position);
    return position;
  };
  try {
    assertEquals(bench.sender.trySend(new Uint8Array(1000)), SendStatus.Queued);
    commit(new FluxProducer(bench.pump.token()), 1);
    await eventually("the queue has refused the ring", () => positions.length === 1);
    assertEquals(positions, [-1]);
    assertEquals(bench.write(), true);
    assertEquals(bench.queuedBytes, 0);
    bench.pump.handleRoom();
    await eventually("the ring is queued", () => bench.queuedBytes === 104);
  } finally {
    Outbox.prototype.offerFrames = offerFrames;
  }
  assertEquals(bench.pump.close(), 0);
  await bench.scheduler.settle();
});

Deno.test("FluxRuntime tells its pump that the queue has room again", async () => {
  const { flux } = unconnectedFlux();
  const calls: unknown[] = [];
  flux.pump.handleRoom = () => void calls.push(flux.pump);
  flux.particle.drained();
  assertEquals(calls, [flux.pump]);
  flux.abort();
  await flux.particle.whenClosed;
});

Deno.test("FluxPump hears a producer that commits and rings while its ring is found empty", async () => {
  const bench = new Bench();
  const token = bench.pump.token();
  const producer = new FluxProducer(token);
  const { peek } = SpscConsumer.prototype;
  let looks = 0;
  SpscConsumer.prototype.peek = function (this: SpscConsumer): number {
    const bytes = peek.call(this);
    if (looks++ === 0) commit(producer, 1);
    return bytes;
  };
  try {
    new Doorbell(token.doorbell).ring();
    await eventually("the pump has looked", () => looks > 0);
    // It must have looked again at once: nothing else is going to wake it.
    assertEquals(bench.queuedBytes, 104);
    assertEquals(looks, 2);
  } finally {
    SpscConsumer.prototype.peek = peek;
  }
  assertEquals(bench.pump.close(), 0);
  await bench.scheduler.settle();
});
