/**
 * A slow reader: memory stays within the credit, nothing is lost, and no loss of a word about credit stops the flow.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { ChannelLink } from "./channel_link.ts";

const small = {
  maxMessageBytes: 20_000,
  windowBytes: 1 << 18,
  maxQueuedBytes: 1 << 17,
  channels: { 0: { windowBytes: 1 << 16 }, 1: {}, 2: { windowBytes: 1 << 17 } },
};

Deno.test("an application that does not read stops reliable channels at their windows and loses nothing", () => {
  const link = new ChannelLink({ seed: 1, loss: 0.05, channels: small });
  const [a, b] = link.ends;
  b.isReading = false;
  const refused = new Set<number>();
  const each = (): void => {
    for (const channel of [0, 2]) if (a.send(channel, 5000) === 1) refused.add(channel);
  };
  link.run(3000, each);
  assertEquals(refused, new Set([0, 2]), "back-pressure reaches the sender");
  const held = b.set.heldCredit;
  assert(held > 0.8 * (3 << 16) && held <= 3 << 16, `${held}`);
  assert(link.context.lentBytes < 1 << 20, `${link.context.lentBytes}`);
  assertGreater(link.counter(0, "creditBlocked"), 0);
  assertEquals(a.set.pollDrained(), false);
  b.isReading = true;
  link.until(() => a.set.isIdle && b.set.isIdle, 20_000);
  assertEquals([a.set.pollDrained(), a.set.pollDrained()], [true, false]);
  for (const channel of [0, 2]) assertEquals(b.on(channel).length, a.sentOn(channel));
  assertEquals([b.violation, b.set.heldCredit], [0, 0]);
});

Deno.test("one channel that is not read does not stop the others", () => {
  const link = new ChannelLink({ seed: 1, channels: { ...small, windowBytes: 1 << 19 } });
  const [a, b] = link.ends;
  const consumed = b.set.handleConsumed.bind(b.set);
  b.set.handleConsumed = (channel, credit) => channel === 0 ? undefined : consumed(channel, credit);
  link.run(2000, () => {
    a.send(0, 5000);
    if (link.clock.now % 4 === 0) a.send(2, 5000);
  });
  assertEquals(b.on(0).length, Math.floor((1 << 16) / 5064));
  assertGreater(b.on(2).length, 300);
});

Deno.test("credit that is lost on the way is asked for again", () => {
  const isDeaf = (now: number) => now > 100 && now < 6000;
  const link: ChannelLink = new ChannelLink({
    seed: 1,
    channels: small,
    drop: (from) => from === 1 && isDeaf(link.clock.now),
  });
  const [a, b] = link.ends;
  b.isReading = false;
  link.run(100, () => void a.send(0, 5000));
  b.isReading = true;
  link.run(6000);
  assertLess(a.packets, 2000, "probes get rarer");
  link.until(() => a.set.isIdle && b.set.isIdle, 60_000);
  assertEquals(b.on(0).length, a.sentOn(0));
});

Deno.test("unreliable messages that nobody reads make room for newer ones, and are counted", () => {
  const link = new ChannelLink({ seed: 1, channels: { maxMessageBytes: 2000, maxUnreadBytes: 10_000 } });
  const [a, b] = link.ends;
  b.isReading = false;
  link.run(300, () => void a.send(1, 436));
  assertEquals(b.set.unreadBytes, 20 * 500);
  b.isReading = true;
  link.run(100);
  assertEquals(b.on(1).length + link.counter(1, "unreadDropped"), 300);
  assertEquals(b.on(1).slice(0, 20), Array.from({ length: 20 }, (_, i) => b.on(1)[0]! + i));
});

Deno.test("a message larger than the first credit waits for more and arrives", () => {
  const link = new ChannelLink({ seed: 1, window: 300 });
  const [a, b] = link.ends;
  a.send(0, 1 << 20);
  a.send(0, 1 << 20);
  link.until(() => b.on(0).length === 2, 5000);
});

Deno.test("the window of the connection bounds all channels together", () => {
  const wide = { windowBytes: 1 << 18 };
  const link = new ChannelLink({
    seed: 1,
    channels: { ...small, channels: { 0: wide, 2: wide }, windowBytes: 1 << 18 },
  });
  const [a, b] = link.ends;
  b.isReading = false;
  link.run(2000, () => {
    for (const channel of [0, 2]) a.send(channel, 5000);
  });
  assertEquals([b.violation, Math.floor(b.set.heldCredit / 5064)], [0, Math.floor((1 << 18) / 5064)]);
});
