import { assert, assertEquals, assertThrows } from "@std/assert";
import { LINK_COUNTER_NAMES, LinkCounter } from "../../../../src/bus/link/link_counters.ts";
import { type LinkOptions, resolveLinkOptions } from "../../../../src/bus/link/link_options.ts";
import { LinkQueue } from "../../../../src/bus/link/link_queue.ts";
import { SendStatus } from "../../../../src/error/send_status.ts";
import { CounterTable } from "../../../../src/metric/counter_table.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

function made(options: LinkOptions = {}): { queue: LinkQueue; counters: CounterTable } {
  const counters = new CounterTable(LINK_COUNTER_NAMES, 1);
  return { queue: new LinkQueue({ config: resolveLinkOptions(options), counters, slot: 0 }), counters };
}

function numbered(n: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(n);
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
}

/** Takes batches until nothing waits; returns the payloads as the other end would find them. */
function takeAll(queue: LinkQueue, maxBytes: number, limit = Infinity): Uint8Array {
  const taken: number[] = [];
  for (let i = 0; i < limit; i++) {
    const bytes = queue.peekBatch(maxBytes);
    if (bytes === 0) break;
    assert(bytes <= maxBytes);
    taken.push(...queue.memory.subarray(queue.head, queue.head + bytes));
    queue.takeBatch(bytes);
  }
  return Uint8Array.from(taken);
}

function framed(messages: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(
    messages.flatMap((one) => [one.length & 255, one.length >> 8 & 255, one.length >> 16, 0, ...one]),
  );
}

Deno.test("LinkQueue gives the messages back in order, whole where they fit a batch", () => {
  const { queue } = made();
  const messages = [0, 1, 3, 4, 5, 90, 91, 92, 255, 256, 257, 400, 7].map((length, i) => numbered(i, length));
  for (const one of messages) assertEquals(queue.offer(one, 0, one.length), SendStatus.Queued);
  assertEquals([queue.queuedMessages, queue.queuedBytes], [13, framed(messages).length]);
  const first = queue.peekBatch(100);
  assertEquals([first, queue.takeBatch(first)], [4 * 5 + 13, 5]);
  assertEquals(takeAll(queue, 100), framed(messages.slice(5)));
  assertEquals([queue.queuedMessages, queue.queuedBytes, queue.peekBatch(100)], [0, 0, 0]);
});

Deno.test("LinkQueue.offer() copies exactly the stretch, from any buffer and at any alignment", () => {
  const { queue } = made();
  const buffer = Uint8Array.from({ length: 700 }, (_, i) => i * 7);
  const stretches = [[3, 3], [1, 2], [5, 105], [6, 261], [0, 256], [1, 258], [99, 700]] as const;
  for (const [start, end] of stretches) queue.offer(buffer, start, end);
  assertEquals(takeAll(queue, 65_000), framed(stretches.map(([start, end]) => buffer.slice(start, end))));
  for (const [start, end] of [[-1, 4], [5, 4], [0, 701], [NaN, 4]]) {
    assertThrows(() => queue.offer(buffer, start!, end!), RangeError);
  }
});

Deno.test("LinkQueue refuses what does not fit where senders wait, and says once when it has drained", () => {
  const { queue, counters } = made({ maxQueuedBytes: 4096, lowWaterBytes: 1000 });
  for (let i = 0; i < 4; i++) assertEquals(queue.offer(numbered(i, 1020), 0, 1020), SendStatus.Queued);
  assertEquals(queue.queuedBytes, 4096);
  assertEquals(queue.offer(numbered(9, 0), 0, 0), SendStatus.BackPressured);
  assertEquals(counters.at(0, LinkCounter.RefusedBackPressured), 1);
  takeAll(queue, 1024, 3);
  assertEquals(queue.takeDrained(), false);
  takeAll(queue, 1024, 1);
  assertEquals([queue.takeDrained(), queue.takeDrained()], [true, false]);
});

Deno.test("LinkQueue takes one message of any legal size when it is empty, and none beyond", () => {
  const { queue, counters } = made({ maxQueuedBytes: 4096, maxMessageBytes: 10_000 });
  assertEquals(queue.offer(new Uint8Array(10_000), 0, 10_000), SendStatus.Queued);
  assertEquals(queue.offer(new Uint8Array(1), 0, 1), SendStatus.BackPressured);
  assertEquals(queue.offer(new Uint8Array(10_001), 0, 10_001), SendStatus.TooLarge);
  assertEquals(counters.at(0, LinkCounter.RefusedTooLarge), 1);
});

Deno.test("LinkQueue is back-pressured above its high mark, and drains from there", () => {
  const { queue } = made({ maxQueuedBytes: 4096, highWaterBytes: 104, lowWaterBytes: 0 });
  queue.offer(new Uint8Array(100), 0, 100);
  assertEquals(queue.backPressured, false);
  queue.offer(new Uint8Array(1), 0, 1);
  assertEquals(queue.backPressured, true);
  takeAll(queue, 200);
  assertEquals(queue.takeDrained(), true);
});

Deno.test("LinkQueue drops the newest where the policy says so", () => {
  const { queue, counters } = made({ queuePolicy: "dropNewest", maxQueuedBytes: 4096 });
  for (let i = 0; i < 50; i++) queue.offer(numbered(i, 200), 0, 200);
  assertEquals(counters.at(0, LinkCounter.DroppedNewest), 30);
  assertEquals(takeAll(queue, 60_000), framed(Array.from({ length: 20 }, (_, i) => numbered(i, 200))));
});

Deno.test("LinkQueue drops the oldest where the policy says so, never one that is being taken", () => {
  const { queue, counters } = made({ queuePolicy: "dropOldest", maxQueuedBytes: 4096 });
  const long = numbered(7, 1000);
  queue.offer(long, 0, 1000);
  const part = takeAll(queue, 600, 1);
  for (let i = 0; i < 50; i++) assertEquals(queue.offer(numbered(i, 200), 0, 200), SendStatus.Queued);
  const kept = Math.floor((4096 - 404) / 204);
  assertEquals(counters.at(0, LinkCounter.DroppedOldest), 50 - kept);
  assertEquals(queue.queuedMessages, 1 + kept);
  const rest = takeAll(queue, 600);
  const last = Array.from({ length: kept }, (_, i) => numbered(50 - kept + i, 200));
  assertEquals(Uint8Array.of(...part, ...rest), framed([long, ...last]));
});

Deno.test("LinkQueue drops the new one where even dropping all others would make no room beside what is being taken", () => {
  const { queue, counters } = made({ queuePolicy: "dropOldest", maxQueuedBytes: 4096, maxMessageBytes: 10_000 });
  queue.offer(new Uint8Array(4000), 0, 4000);
  takeAll(queue, 100, 1);
  queue.offer(new Uint8Array(10), 0, 10);
  assertEquals(queue.offer(new Uint8Array(300), 0, 300), SendStatus.Dropped);
  assertEquals([counters.at(0, LinkCounter.DroppedOldest), queue.queuedMessages], [0, 2]);
});

Deno.test("LinkQueue says that it overflowed where the policy is to disconnect", () => {
  const { queue } = made({ queuePolicy: "disconnect", maxQueuedBytes: 4096 });
  queue.offer(new Uint8Array(4000), 0, 4000);
  assertEquals([queue.overflowed, queue.offer(new Uint8Array(200), 0, 200), queue.overflowed], [
    false,
    SendStatus.Closed,
    true,
  ]);
  queue.restart();
  assertEquals(queue.overflowed, false);
});

Deno.test("LinkQueue.restart() drops what is left of a message that was taken in part, and only that", () => {
  const { queue, counters } = made();
  const messages = [numbered(1, 50), numbered(2, 900), numbered(3, 50)];
  for (const one of messages) queue.offer(one, 0, one.length);
  assertEquals(takeAll(queue, 100, 1), framed(messages.slice(0, 1)));
  queue.restart();
  assertEquals(queue.queuedMessages, 2);
  takeAll(queue, 100, 2);
  queue.restart();
  assertEquals([queue.queuedMessages, counters.at(0, LinkCounter.LostWithLink)], [1, 1]);
  assertEquals(takeAll(queue, 100), framed(messages.slice(2)));
});

Deno.test("LinkQueue.clear() counts what is lost, and shut() refuses what comes", () => {
  const { queue, counters } = made();
  for (let i = 0; i < 3; i++) queue.offer(new Uint8Array(10), 0, 10);
  assertEquals([queue.clear(), queue.clear(), counters.at(0, LinkCounter.Unsent)], [3, 0, 3]);
  assertEquals([queue.queuedBytes, queue.memory.length], [0, 0]);
  queue.shut();
  assertEquals(queue.offer(new Uint8Array(1), 0, 1), SendStatus.Closed);
});

Deno.test("LinkQueue equals a list of messages over random offers, batches, restarts and trims", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const { queue } = made({ maxQueuedBytes: 4096 + random.nextInt(20_000), queuePolicy: "wait" });
    const sent: Uint8Array[] = [];
    const taken: number[] = [];
    for (let step = 0; step < 400; step++) {
      const draw = random.nextInt(10);
      if (draw < 6) {
        const one = numbered(step, random.nextInt(random.nextInt(5) === 0 ? 3000 : 120));
        if (queue.offer(one, 0, one.length) === SendStatus.Queued) sent.push(one);
      } else if (draw < 9) taken.push(...takeAll(queue, 50 + random.nextInt(2000), 1 + random.nextInt(4)));
      else queue.trim(random.nextInt(2000));
      assert(queue.queuedBytes <= 24_096);
    }
    taken.push(...takeAll(queue, 500));
    assertEquals(Uint8Array.from(taken), framed(sent), `seed ${seed}`);
  }
});

Deno.test("LinkQueue keeps its bound and a batch's to the byte", () => {
  const { queue } = made({ maxQueuedBytes: 4096 });
  for (let i = 0; i < 3; i++) queue.offer(new Uint8Array(1020), 0, 1020);
  assertEquals(queue.offer(new Uint8Array(1021), 0, 1021), SendStatus.BackPressured);
  assertEquals(queue.peekBatch(1024), 1024);
  assertEquals(queue.takeBatch(1024), 1);
  assertEquals([queue.peekBatch(512), queue.takeBatch(512)], [512, 0]);
  assertEquals([queue.peekBatch(512), queue.takeBatch(512)], [512, 1]);
  assertEquals([queue.peekBatch(1023), queue.takeBatch(1023)], [1023, 0]);
  assertEquals([queue.peekBatch(9), queue.takeBatch(1), queue.queuedBytes], [1, 1, 0]);
});
