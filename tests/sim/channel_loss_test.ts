/**
 * Losses where they hurt: one packet in each position of a message, 33 and 300 packets in a row.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ChannelLink } from "./channel_link.ts";

for (const channel of [0, 1, 2, 3]) {
  Deno.test(`channel ${channel}: one lost packet in each position of a message costs that packet alone`, () => {
    const whole = new ChannelLink({ seed: 1, delayMs: 5 });
    whole.ends[0].send(channel, 9000);
    whole.until(() => whole.ends[0].set.isIdle && whole.ends[1].set.isIdle, 5000);
    const packets = whole.ends[0].packets;
    assertEquals(whole.ends[1].on(channel), [0]);
    for (let lost = 0; lost < packets; lost++) {
      const link = new ChannelLink({ seed: 1, delayMs: 5, drop: (from, number) => from === 0 && number === lost });
      const [a, b] = link.ends;
      a.send(channel, 9000);
      link.until(() => a.set.isIdle && b.set.isIdle, 5000);
      assertEquals(b.on(channel), [0], `packet ${lost}`);
      assert(a.bytes <= whole.ends[0].bytes + 1150 + 14, `packet ${lost}: ${a.bytes} bytes`);
    }
  });
}

for (const [count, maxMs] of [[33, 4000], [300, 20_000]] as const) {
  Deno.test(`${count} lost packets in a row, both ways, lose nothing that is reliable`, () => {
    const lost = (number: number) => number >= 20 && number < 20 + count;
    const link = new ChannelLink({ seed: 1, drop: (_from, number) => lost(number) });
    const [a, b] = link.ends;
    let sent = 0;
    const all = Array.from({ length: 200 }, (_, i) => i);
    const each = (now: number): void => {
      if (now % 5 > 0 || sent === 200) return;
      sent++;
      for (const channel of [0, 1, 2, 3]) a.send(channel, 100);
      b.send(0, 100);
    };
    link.until(() => sent === 200 && a.set.isIdle && b.set.isIdle, maxMs + 20_000, each);
    assertEquals(b.on(0), all);
    assertEquals([...b.on(2)].sort((x, y) => x - y), all);
    assertEquals(a.on(0), all);
    assertEquals(new Set(b.on(1)).size, b.on(1).length);
    assertEquals(b.on(1).length + link.counter(0, "lostUnreliable") <= 200, true);
  });
}

Deno.test("ids of all classes wrap: 200,000 messages from near the top, with loss, nothing twice", () => {
  const link = new ChannelLink({ seed: 5, delayMs: 1, loss: 0.02, firstId: -100_000, window: 400 });
  const [a, b] = link.ends;
  let sent = 0;
  const each = (): void => {
    for (let i = 0; i < 250 && sent < 50_000; i++, sent++) for (const channel of [0, 1, 2, 3]) a.send(channel, 4);
  };
  link.until(() => sent === 50_000 && a.set.isIdle && b.set.isIdle, 20_000, each);
  const all = Array.from({ length: 50_000 }, (_, i) => i);
  assertEquals([a.sentOn(0), b.on(0).length, b.on(2).length], [50_000, 50_000, 50_000]);
  assert(b.on(0).every((number, i) => number === i), "seed 5");
  assert([...b.on(2)].sort((x, y) => x - y).every((number, i) => number === all[i]), "seed 5");
  assert(b.on(3).every((number, i) => i === 0 || number > b.on(3)[i - 1]!), "seed 5");
  assertEquals(new Set(b.on(1)).size, b.on(1).length);
  assert(b.on(1).length > 40_000 && b.on(3).length > 100, `${b.on(1).length} and ${b.on(3).length}, seed 5`);
});

Deno.test("nothing arrives after the end, and no memory is held", () => {
  const link = new ChannelLink({ seed: 6, loss: 0.2 });
  const [a, b] = link.ends;
  for (let i = 0; i < 20; i++) for (const channel of [0, 1, 2, 3]) a.send(channel, 3000);
  link.run(60);
  const before = [0, 1, 2, 3].map((channel) => b.on(channel).length);
  a.set.close();
  b.set.close();
  b.read(link.clock.now);
  assertEquals([0, 1, 2, 3].map((channel) => b.on(channel).length), before);
  assertEquals([a.set.hasPending, b.set.hasPending, a.set.pollTimeout(), b.set.pollTimeout()], [
    false,
    false,
    Infinity,
    Infinity,
  ]);
  assertEquals([link.context.lentBytes, link.context.lentRecords], [0, 0]);
});
