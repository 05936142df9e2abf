import { assertEquals, assertThrows } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { TransmitSpan } from "../../../src/machine/transmit_span.ts";
import { CounterTable } from "../../../src/metric/counter_table.ts";
import { INT32_FRAMING } from "../../../src/stream/framing.ts";
import { Outbox } from "../../../src/stream/outbox.ts";
import { STREAM_COUNTERS } from "../../../src/stream/stream_counters.ts";
import { resolveStreamOptions, type StreamOptions } from "../../../src/stream/stream_options.ts";
import { frameOf, joined } from "./int32_stream.ts";
import { spyingPool } from "./spying_pool.ts";

const bytes = (length: number, value = 0): Uint8Array => new Uint8Array(length).fill(value);

class Bench {
  readonly counters = new CounterTable(STREAM_COUNTERS, 1);
  readonly span = new TransmitSpan();
  readonly outbox: Outbox;

  constructor(options: StreamOptions) {
    this.outbox = new Outbox({
      config: resolveStreamOptions(options),
      framing: INT32_FRAMING,
      blocks: spyingPool([1024, 8192]).pool,
      counters: this.counters,
      slot: 0,
      wallClock: { wallNow: () => 0.001 },
      mayWait: true,
    });
  }

  /** The counters that are not 0. */
  get counted(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.counters.snapshot(0)).filter(([, count]) => count !== 0));
  }

  write(most = Infinity): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let left = most; left > 0;) {
      const count = Math.min(left, this.outbox.lend(this.span));
      if (count === 0) break;
      parts.push(this.span.bytes().slice(0, count));
      this.outbox.confirm(count);
      left -= count;
    }
    return joined(parts);
  }

  /** Fills a queue of 1024 bytes with four frames of 256. */
  fill(): void {
    for (let i = 1; i <= 4; i++) assertEquals(this.outbox.offer(bytes(252, i)), SendStatus.Queued);
  }
}

const frames = (...values: readonly number[]): Uint8Array => joined(values.map((value) => frameOf(bytes(252, value))));

Deno.test("Outbox.offer() queues, copies and counts what was written", () => {
  const bench = new Bench({ maxQueuedBytes: 1024 });
  const payload = bytes(10, 1);
  assertEquals(bench.outbox.offer(payload), SendStatus.Queued);
  payload.fill(2);
  assertEquals([bench.outbox.queuedBytes, bench.outbox.empty], [14, false]);
  assertEquals(bench.write(), frameOf(bytes(10, 1)));
  assertEquals([bench.outbox.empty, bench.counted], [true, { messagesOut: 1 }]);
});

Deno.test("Outbox with the policy wait says BackPressured", () => {
  const bench = new Bench({ maxQueuedBytes: 1024 });
  bench.fill();
  assertEquals(bench.outbox.offer(bytes(0)), SendStatus.BackPressured);
  assertEquals(bench.write(), frames(1, 2, 3, 4));
  assertEquals(bench.counted, { messagesOut: 4, refusedBackPressured: 1 });
});

Deno.test("Outbox with the policy dropNewest drops the message itself", () => {
  const bench = new Bench({ maxQueuedBytes: 1024, sendPolicy: "dropNewest" });
  bench.fill();
  assertEquals(bench.outbox.offer(bytes(252, 5)), SendStatus.Dropped);
  assertEquals(bench.write(), frames(1, 2, 3, 4));
  assertEquals(bench.counted, { messagesOut: 4, droppedNewest: 1 });
});

Deno.test("Outbox with the policy dropOldest drops as many of the oldest as the message needs", () => {
  const bench = new Bench({ maxQueuedBytes: 1024, sendPolicy: "dropOldest" });
  bench.fill();
  assertEquals(bench.outbox.offer(bytes(252, 5)), SendStatus.Queued);
  assertEquals(bench.outbox.offer(bytes(300, 6)), SendStatus.Queued);
  assertEquals(bench.write(), joined([frames(4, 5), frameOf(bytes(300, 6))]));
  assertEquals(bench.counted, { messagesOut: 3, droppedOldest: 3 });
});

Deno.test("Outbox with the policy dropOldest spares what is being written", () => {
  const bench = new Bench({ maxQueuedBytes: 1024, sendPolicy: "dropOldest" });
  for (const value of [1, 2]) bench.outbox.offer(bytes(252, value));
  bench.outbox.lend(bench.span);
  for (const value of [3, 4, 5]) assertEquals(bench.outbox.offer(bytes(252, value)), SendStatus.Queued);
  bench.outbox.confirm(300);
  assertEquals(joined([frames(1, 2).subarray(0, 300), bench.write()]), frames(1, 2, 4, 5));
});

Deno.test("Outbox with the policy dropOldest drops nothing for a message that cannot fit anyway", () => {
  const bench = new Bench({ maxQueuedBytes: 1024, sendPolicy: "dropOldest" });
  bench.outbox.offer(bytes(252, 1));
  bench.outbox.lend(bench.span);
  bench.outbox.offer(bytes(252, 2));
  assertEquals(bench.outbox.offer(bytes(2000, 3)), SendStatus.Dropped);
  bench.outbox.confirm(256);
  assertEquals(bench.write(), frames(2));
  assertEquals(bench.outbox.offer(bytes(2000, 3)), SendStatus.Queued);
});

Deno.test("Outbox with the policy conflate keeps the newest per key, and says BackPressured for a new key", () => {
  const bench = new Bench({ maxQueuedBytes: 1024, sendPolicy: "conflate" });
  for (let i = 1; i <= 4; i++) assertEquals(bench.outbox.offer(bytes(252, i), `key ${i}`), SendStatus.Queued);
  assertEquals(bench.outbox.offer(bytes(252, 5), "key 2"), SendStatus.Queued);
  assertEquals(bench.outbox.offer(bytes(252, 6), "key 6"), SendStatus.BackPressured);
  assertEquals(bench.outbox.queuedBytes, 1024);
  assertEquals(bench.write(), frames(1, 5, 3, 4));
  assertEquals(bench.counted, { messagesOut: 4, conflated: 1, refusedBackPressured: 1 });
});

Deno.test("Outbox with the policy conflate keeps the bound together with frames out of a ring", () => {
  const bench = new Bench({ maxQueuedBytes: 1024, sendPolicy: "conflate" });
  bench.outbox.offer(bytes(596, 1), "a");
  const ring = frameOf(bytes(496, 2));
  assertEquals(bench.outbox.offerFrames(ring, 1), -1);
  assertEquals(bench.outbox.offerFrames(ring.subarray(0, 0), 0) >= 0, true);
  bench.write();
  assertEquals(bench.outbox.offerFrames(ring, 1), 1100);
  assertEquals(bench.write(), ring);
});

Deno.test("Outbox with the policy close says Closed and that it has overflowed", () => {
  const bench = new Bench({ maxQueuedBytes: 1024, sendPolicy: "close" });
  bench.fill();
  assertEquals(bench.outbox.takeOverflow(), false);
  assertEquals(bench.outbox.offer(bytes(0)), SendStatus.Closed);
  assertEquals(bench.outbox.takeOverflow(), true);
});

Deno.test("Outbox.offer() refuses what is larger than maxFrameBytes, with and without timestamps", () => {
  for (const timestamps of [false, true]) {
    const bench = new Bench({ maxFrameBytes: 100, timestamps });
    assertEquals(bench.outbox.offer(bytes(100)), SendStatus.Queued);
    assertEquals(bench.outbox.offer(bytes(101)), SendStatus.TooLarge);
    assertEquals(bench.counted, { refusedTooLarge: 1 });
  }
});

Deno.test("Outbox.offer() throws TypeError for what is no bytes", () => {
  const detached = new Uint8Array(8);
  structuredClone(detached, { transfer: [detached.buffer] });
  const wrong: readonly unknown[] = ["text", "", new Float64Array(4), new ArrayBuffer(4), [1, 2], {}, detached];
  for (const sendPolicy of ["wait", "conflate"] as const) {
    for (const payload of wrong) {
      const bench = new Bench({ sendPolicy });
      assertThrows(() => bench.outbox.offer(payload as Uint8Array), TypeError);
      assertEquals(bench.outbox.empty, true);
    }
    for (const payload of [null, undefined]) {
      assertThrows(() => new Bench({ sendPolicy }).outbox.offer(payload as unknown as Uint8Array), TypeError);
    }
  }
});

Deno.test("Outbox.offer() takes empty messages unless they are not allowed", () => {
  const bench = new Bench({});
  assertEquals(bench.outbox.offer(bytes(0)), SendStatus.Queued);
  assertEquals([...bench.write()], [0, 0, 0, 0]);
  assertThrows(() => new Bench({ allowEmptyMessages: false }).outbox.offer(bytes(0)), RangeError, "allowEmptyMessages");
});

Deno.test("Outbox.offer() puts the time in front of a payload, under every policy", () => {
  for (const sendPolicy of ["wait", "conflate", "dropOldest"] as const) {
    const bench = new Bench({ timestamps: true, sendPolicy });
    assertEquals(bench.outbox.offer(bytes(2, 9), "key"), SendStatus.Queued);
    assertEquals([...bench.write()], [10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 9]);
  }
});

Deno.test("Outbox.offerReference() takes large payloads of plain bytes only", () => {
  const bench = new Bench({ referenceBytes: 1024, maxFrameBytes: 4096 });
  const { outbox } = bench;
  const wrong = [bytes(1023), bytes(4097), bytes(0), "x".repeat(2000), new Float64Array(2000)];
  for (const payload of wrong) assertEquals(outbox.offerReference(payload as Uint8Array), -1);
  assertEquals(outbox.empty, true);
  assertEquals(outbox.offerReference(bytes(1024, 1)), 1028);
  assertEquals(bench.write(), frameOf(bytes(1024, 1)));
  assertEquals([outbox.passedBytes, outbox.acceptedBytes], [1028, 1028]);
});

Deno.test("Outbox.offerReference() stands back where something else has to be looked at first", () => {
  const options: readonly StreamOptions[] = [{ timestamps: true }, { sendPolicy: "conflate" }, {
    sendPolicy: "dropOldest",
  }];
  for (const option of options) assertEquals(new Bench(option).outbox.offerReference(bytes(100_000)), -1);
  const bench = new Bench({});
  bench.outbox.hold(true);
  assertEquals(bench.outbox.offerReference(bytes(100_000)), -1);
  bench.outbox.hold(false);
  bench.outbox.shut(SendStatus.Closed);
  assertEquals(bench.outbox.offerReference(bytes(100_000)), -1);
});

Deno.test("Outbox.takeDrained() says once that a full queue is down at its low mark", () => {
  const bench = new Bench({ maxQueuedBytes: 1024, lowWaterBytes: 256 });
  bench.fill();
  assertEquals(bench.outbox.takeDrained(), false);
  bench.outbox.offer(bytes(0));
  bench.write(767);
  assertEquals(bench.outbox.takeDrained(), false);
  bench.write(1);
  assertEquals([bench.outbox.takeDrained(), bench.outbox.takeDrained()], [true, false]);
  bench.write();
  assertEquals(bench.outbox.takeDrained(), false);
});

Deno.test("Outbox.takeDrained() says so for a queue that was above its high mark, however it came there", () => {
  for (const lendsFirst of [false, true]) {
    const bench = new Bench({ maxQueuedBytes: 1024, highWaterBytes: 700, lowWaterBytes: 600 });
    bench.outbox.offer(bytes(252, 1));
    if (lendsFirst) bench.outbox.lend(bench.span);
    bench.outbox.offer(bytes(500, 2));
    assertEquals(bench.outbox.backPressured, true);
    if (lendsFirst) bench.outbox.confirm(256);
    else bench.write(256);
    assertEquals([bench.outbox.backPressured, bench.outbox.takeDrained()], [false, true]);
    bench.write();
    assertEquals(bench.outbox.takeDrained(), false);
  }
});

Deno.test("Outbox.hold() lets nothing pass, not even frames out of a ring", () => {
  const bench = new Bench({ maxQueuedBytes: 1024 });
  bench.outbox.hold(true);
  const ring = frameOf(bytes(1));
  assertEquals(bench.outbox.offer(bytes(1)), SendStatus.BackPressured);
  assertEquals(bench.outbox.offerFrames(ring, 1), -1);
  assertEquals(bench.outbox.takeDrained(), true);
  bench.outbox.hold(false);
  assertEquals(bench.outbox.offer(bytes(1)), SendStatus.Queued);
  assertEquals(bench.outbox.offerFrames(ring, 1), 10);
  assertEquals(bench.outbox.queuedBytes, 10);
});

Deno.test("Outbox.offerFrames() asks for the drain event when there is no room", () => {
  const bench = new Bench({ maxQueuedBytes: 1024 });
  bench.fill();
  assertEquals(bench.outbox.offerFrames(frameOf(bytes(1)), 1), -1);
  bench.write();
  assertEquals(bench.outbox.takeDrained(), true);
});

Deno.test("Outbox.shut() refuses with its status and keeps what is queued; restart() opens again", () => {
  const bench = new Bench({});
  const { outbox } = bench;
  for (const value of [1, 2]) outbox.offer(bytes(252, value));
  bench.write(100);
  outbox.shut(SendStatus.NotConnected);
  assertEquals(outbox.offer(bytes(1)), SendStatus.NotConnected);
  assertEquals(outbox.offerFrames(frameOf(bytes(1)), 1), -1);
  assertEquals(outbox.restart(), 1);
  assertEquals(outbox.offer(bytes(252, 3)), SendStatus.Queued);
  assertEquals(bench.write(), frames(2, 3));
  assertEquals(bench.counted, { messagesOut: 2, unsent: 1 });
});

Deno.test("Outbox.restart() sends what was lent, and not confirmed, again", () => {
  const bench = new Bench({});
  bench.outbox.offer(bytes(252, 1));
  bench.outbox.lend(bench.span);
  assertEquals(bench.outbox.lending, true);
  assertEquals(bench.outbox.restart(), 0);
  assertEquals(bench.outbox.lending, false);
  assertEquals(bench.write(), frames(1));
});

Deno.test("Outbox.clear() drops and counts everything that was not written whole", () => {
  for (const sendPolicy of ["wait", "conflate"] as const) {
    const bench = new Bench({ sendPolicy });
    for (let i = 1; i <= 3; i++) bench.outbox.offer(bytes(252, i), i);
    bench.write(300);
    bench.outbox.offer(bytes(1), 4);
    assertEquals(bench.outbox.clear(), 3);
    assertEquals(bench.outbox.empty, true);
    assertEquals(bench.counted, { messagesOut: 1, unsent: 3 });
  }
});
