import { assert, assertEquals } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { TransmitSpan } from "../../../src/machine/transmit_span.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { Sender } from "../../../src/runtime/sender.ts";
import { StreamEndpoint } from "../../../src/runtime/stream_endpoint.ts";
import { resolveStreamOptions, type StreamOptions } from "../../../src/stream/stream_options.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";

/** A sender whose link is the test: it takes as many bytes as it is told to. */
class Bench {
  readonly scheduler: ManualScheduler = new ManualScheduler();
  readonly sender: Sender;
  /** The first byte of every message that was written, in order. */
  readonly written: number[] = [];
  readonly #endpoint: StreamEndpoint;
  readonly #span = new TransmitSpan();
  #wire = new Uint8Array(0);

  constructor(options: StreamOptions) {
    const host = { scheduler: this.scheduler, random: new SeededRandom(1) };
    this.#endpoint = new StreamEndpoint(resolveStreamOptions(options), host);
    this.sender = new Sender(this.#endpoint.outbox(this.#endpoint.takeSlot()), this.#endpoint);
    this.sender.attach({
      writeQueued: () => {},
      overflow: () => {},
      refusal: () => undefined,
      crowd: (error) => assert(false, error.message),
    });
  }

  /** Writes up to so many bytes, as one write of a link does, and serves who waits. */
  write(limit = Infinity): number {
    const { outbox } = this.sender;
    const lent = outbox.lend(this.#span);
    if (lent === 0) return 0;
    const count = Math.min(limit, lent);
    this.#take(this.#span.bytes().subarray(0, count));
    outbox.confirm(count);
    this.sender.progress();
    if (outbox.takeDrained()) this.sender.drained();
    return count;
  }

  writeAll(): void {
    while (this.write() > 0);
  }

  #take(bytes: Uint8Array): void {
    const wire = new Uint8Array([...this.#wire, ...bytes]);
    const view = new DataView(wire.buffer);
    let at = 0;
    while (at + 4 <= wire.length && at + 4 + view.getInt32(at, true) <= wire.length) {
      this.written.push(wire[at + 4]!);
      at += 4 + view.getInt32(at, true);
    }
    this.#wire = wire.slice(at);
  }
}

function message(name: number, bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(name);
}

/** Two messages of 500 bytes are queued, two sends of 400 wait; then the first of both is served and the other not. */
async function benchAfterPartialDrain(): Promise<{ bench: Bench; accepted: number[] }> {
  const bench = new Bench({ maxQueuedBytes: 1024 });
  const { sender } = bench;
  const accepted: number[] = [];
  for (const name of [1, 2]) assertEquals(sender.trySend(message(name, 500)), SendStatus.Queued);
  for (const name of [3, 4]) void sender.send(message(name, 400)).then(() => accepted.push(name));
  await bench.scheduler.settle();
  assertEquals(accepted, []);
  assertEquals(bench.write(504), 504);
  await bench.scheduler.settle();
  assertEquals(accepted, [3]);
  return { bench, accepted };
}

Deno.test("Sender.drained() serves sends in order as far as there is room", async () => {
  const { bench, accepted } = await benchAfterPartialDrain();
  assertEquals(bench.sender.waitingBytes, 400);
  bench.writeAll();
  await bench.scheduler.settle();
  assertEquals(accepted, [3, 4]);
  assertEquals(bench.written, [1, 2, 3, 4]);
  assertEquals(bench.sender.waitingBytes, 0);
});

Deno.test("Sender.trySend() does not overtake a send that still waits after others were served", async () => {
  const { bench } = await benchAfterPartialDrain();
  assertEquals(bench.sender.trySend(message(5, 50)), SendStatus.BackPressured);
  bench.writeAll();
  assertEquals(bench.sender.trySend(message(6, 50)), SendStatus.Queued);
  bench.writeAll();
  assertEquals(bench.written, [1, 2, 3, 4, 6]);
});

Deno.test("Sender.send() does not overtake a send that still waits after others were served", async () => {
  const { bench, accepted } = await benchAfterPartialDrain();
  void bench.sender.send(message(5, 50)).then(() => accepted.push(5));
  await bench.scheduler.settle();
  assertEquals(accepted, [3]);
  bench.writeAll();
  await bench.scheduler.settle();
  assertEquals(accepted, [3, 4, 5]);
  assertEquals(bench.written, [1, 2, 3, 4, 5]);
});

Deno.test("Sender.reply() does not overtake a send that still waits after others were served", async () => {
  const { bench } = await benchAfterPartialDrain();
  assertEquals(bench.sender.reply(message(5, 50)), SendStatus.Queued);
  assert(bench.sender.hasReplies);
  bench.writeAll();
  assertEquals(bench.written, [1, 2, 3, 4, 5]);
  assertEquals(bench.sender.hasReplies, false);
});

Deno.test("Outbox.offerFrames() takes no frames while a send still waits after others were served", async () => {
  const { bench } = await benchAfterPartialDrain();
  const frame = bench.sender.outbox.frameOf(message(5, 50));
  assertEquals(bench.sender.outbox.offerFrames(frame, 1), -1);
  bench.writeAll();
  assert(bench.sender.outbox.offerFrames(frame, 1) > 0);
  bench.writeAll();
  assertEquals(bench.written, [1, 2, 3, 4, 5]);
});
