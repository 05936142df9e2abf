/**
 * What waits for what: messages of an ordered channel for earlier ones, of other channels for nothing.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { ChannelLink } from "./channel_link.ts";

Deno.test("a lost message holds back its ordered channel and no other", () => {
  const channels = { channels: { 8: { delivery: "reliableOrdered" as const } } };
  const link = new ChannelLink({ seed: 1, channels, drop: (from, number) => from === 0 && number === 0 });
  const [a, b] = link.ends;
  a.send(0, 100);
  link.run(1);
  for (let i = 0; i < 5; i++) {
    for (const channel of [0, 1, 2, 3, 8]) a.send(channel, 100);
    link.run(1);
  }
  link.run(30);
  assertEquals(b.on(0), []);
  assertEquals([b.on(1), b.on(2), b.on(8)], [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]);
  assertEquals(b.on(3).at(-1), 4);
  link.run(200);
  assertEquals(b.on(0), [0, 1, 2, 3, 4, 5]);
});

Deno.test("a sequenced message drops incomplete and unread older ones", () => {
  const link = new ChannelLink({ seed: 1, drop: (from, number) => from === 0 && number === 1 });
  const [a, b] = link.ends;
  a.send(3, 4000);
  link.run(1);
  a.send(3, 100);
  link.run(30);
  assertEquals([b.on(3), b.set.reassemblyBytes], [[1], 0]);
  link.run(500);
  assertEquals(b.on(3), [1]);
  assertEquals(link.counter(1, "replacedIn"), 1);
  b.isReading = false;
  for (let i = 0; i < 4; i++) {
    a.send(3, 10 + i);
    link.run(5);
  }
  link.run(100);
  assertEquals([b.set.unreadBytes, link.counter(1, "replacedIn")], [13 + 64, 4]);
  b.isReading = true;
  link.run(2);
  assertEquals(b.on(3), [1, 5]);
});

Deno.test("only the newest sequenced message waits to be sent", () => {
  const link = new ChannelLink({ seed: 1 });
  const [a, b] = link.ends;
  for (let i = 0; i < 10; i++) a.send(3, 50);
  link.run(100);
  assertEquals([b.on(3), link.counter(0, "replacedOut"), a.packets], [[9], 9, 1]);
});

Deno.test("what must wait behind a gap stays within the ids that may be apart", () => {
  const link = new ChannelLink({ seed: 1, window: 5000, drop: (from, number) => from === 0 && number === 0 });
  const [a, b] = link.ends;
  a.send(0, 4);
  link.run(1);
  for (let i = 0; i < 6000; i++) assertEquals(a.send(0, 4), 0);
  link.run(40);
  assertEquals(b.on(0).length, 0);
  assertEquals(b.set.heldCredit <= 4096 * 68, true);
  link.until(() => a.set.isIdle, 3000);
  assertEquals([b.violation, b.on(0)], [0, Array.from({ length: 6001 }, (_, i) => i)]);
});

Deno.test("bulk in a low lane does not hold back input in a critical one, and goes on itself", () => {
  const channels = { channels: { 1: { lane: "critical" as const }, 0: { lane: "low" as const } } };
  const link = new ChannelLink({ seed: 1, channels, window: 10 });
  const [a, b] = link.ends;
  const sentAt: number[] = [];
  link.run(3000, (now) => {
    while (a.send(0, 50_000) === 0);
    if (now % 16 !== 0) return;
    sentAt.push(now);
    a.send(1, 60);
  });
  const delays = b.times.get(1)!.map((at, i) => at - sentAt[b.on(1)[i]!]!);
  assert(b.on(1).length > 170 && b.on(0).length > 8, `${b.on(1).length} and ${b.on(0).length}`);
  assertLess(delays.sort((x, y) => x - y)[Math.floor(0.99 * delays.length)]!, 25 + 52);
});

Deno.test("lanes share a full link by their weights, the lowest one included", () => {
  const lanes = ["critical", "high", "normal", "low"] as const;
  const channels = {
    maxMessageBytes: 4096,
    channels: Object.fromEntries(
      lanes.map((lane, i) => [10 + i, { delivery: "reliableUnordered" as const, lane, windowBytes: 1 << 20 }]),
    ),
  };
  const link = new ChannelLink({ seed: 1, channels, window: 20 });
  const [a, b] = link.ends;
  link.run(4000, () => {
    for (let i = 0; i < 4; i++) while (a.send(10 + i, 1000) === 0);
  });
  const counts = lanes.map((_, i) => b.on(10 + i).length);
  const total = counts.reduce((sum, n) => sum + n, 0);
  [8, 4, 2, 1].forEach((weight, i) => {
    assert(Math.abs(counts[i]! / total - weight / 15) < 0.03, `${counts} of ${total}`);
  });
});
