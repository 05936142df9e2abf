/**
 * Stale data: what expires or is taken back is not sent again, and nothing waits for it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ChannelLink } from "./channel_link.ts";

/** A link whose first end is not heard until a time. */
function deaf(untilMs: number, options: Record<string, unknown> = {}): ChannelLink {
  const link: ChannelLink = new ChannelLink({
    seed: 1,
    delayMs: 5,
    ...options,
    drop: (from) => from === 0 && link.clock.now < untilMs,
  });
  return link;
}

Deno.test("a reliable message that expires is skipped by its ordered channel", () => {
  const link = deaf(200);
  const [a, b] = link.ends;
  a.send(0, 100, { ttlMs: 100 });
  a.send(0, 3000, { ttlMs: 100 });
  a.send(0, 100);
  link.until(() => a.set.isIdle, 3000);
  assertEquals(b.on(0), [2]);
  assertEquals([link.counter(0, "expired"), link.counter(1, "skippedIn"), b.set.heldCredit], [2, 2, 0]);
  a.send(0, 50);
  link.run(100);
  assertEquals(b.on(0), [2, 3]);
});

Deno.test("a message that expires before it is sent leaves no gap and no word", () => {
  const link = new ChannelLink({ seed: 1, window: 0 });
  const [a] = link.ends;
  for (const channel of [0, 1, 2, 3]) a.send(channel, 100, { ttlMs: 50 });
  link.run(49);
  assertEquals(a.set.isIdle, false);
  link.run(2);
  assertEquals([a.set.isIdle, a.set.hasPending, link.counter(0, "expired")], [true, true, 4]);
  const packet = new Uint8Array(1200);
  assertEquals([a.set.writeFrames(packet, 0, 1200, 0), a.set.hasPending], [0, false]);
});

Deno.test("cancel() takes back what waits, what is under way, and nothing twice", () => {
  const link = deaf(100);
  const [a, b] = link.ends;
  const handles: number[] = [];
  for (let i = 0; i < 3; i++) {
    a.send(0, 4000);
    handles.push(a.set.handle);
  }
  link.run(50);
  assertEquals([a.set.cancel(handles[0]!), a.set.cancel(handles[0]!), b.set.cancel(handles[1]!)], [true, false, false]);
  assertEquals([a.set.cancel(handles[2]!), a.set.cancel(1e9), a.set.cancel(-1)], [true, false, false]);
  link.until(() => a.set.isIdle, 3000);
  assertEquals([b.on(0), a.set.cancel(handles[1]!)], [[1], false]);
  assertEquals(link.counter(0, "cancelled"), 2);
});

Deno.test("an incomplete message is skipped in the middle of its fragments", () => {
  const link = new ChannelLink({
    seed: 1,
    delayMs: 5,
    drop: (from, number) => from === 0 && number % 2 === 1 && number < 12,
  });
  const [a, b] = link.ends;
  a.send(0, 9000);
  const { handle } = a.set;
  a.send(0, 10);
  link.run(8);
  assert(b.set.heldCredit > 0);
  assertEquals(a.set.cancel(handle), true);
  link.until(() => a.set.isIdle && b.set.isIdle, 3000);
  assertEquals([b.on(0), b.set.heldCredit, link.counter(1, "skippedIn")], [[1], 0, 1]);
});

Deno.test("an unreliable message in fragments is given up at both ends after its time", () => {
  const link: ChannelLink = new ChannelLink({
    seed: 1,
    delayMs: 5,
    channels: { reassemblyTimeoutMs: 300 },
    drop: (from, number) => from === 0 && number > 2 && link.clock.now < 1000,
  });
  const [a, b] = link.ends;
  a.send(1, 9000);
  link.run(100);
  assertEquals([a.set.isIdle, b.set.reassemblyBytes], [false, 9000]);
  link.run(300);
  assertEquals([link.counter(0, "expired"), link.counter(1, "reassemblyExpired"), b.set.reassemblyBytes], [1, 1, 0]);
  link.until(() => a.set.isIdle, 2000);
  assertEquals(b.on(1), []);
});

Deno.test("incomplete unreliable messages stay within slots and bytes, oldest first", () => {
  for (const options of [{ maxReassemblyMessages: 3 }, { maxMessageBytes: 3000, maxReassemblyBytes: 9000 }]) {
    const link = new ChannelLink({
      seed: 1,
      channels: { ...options, reassemblyTimeoutMs: 200 },
      drop: (from, number) => from === 0 && number % 3 === 2,
    });
    const [a, b] = link.ends;
    for (let i = 0; i < 6; i++) a.send(1, 3000);
    link.run(60);
    assert(b.set.reassemblyBytes <= 9000, `${b.set.reassemblyBytes}`);
    assert(link.counter(1, "reassemblyEvicted") > 0);
  }
});
