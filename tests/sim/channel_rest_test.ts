/**
 * Channels that fall silent are written down and go on later in another set: nothing arrives twice, nothing is lost, and
 * ids and credit continue.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ChannelSet } from "../../src/channel/channel_set.ts";
import type { ChannelOptions } from "../../src/channel/channel_options.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ChannelLink, type LinkOptions } from "./channel_link.ts";

const BURSTS = 25;
const CHANNELS = [0, 1, 2, 3];

const rows: readonly (LinkOptions & { readonly name: string; readonly protection?: ChannelOptions })[] = [
  { name: "a clean link", seed: 1 },
  { name: "loss, duplicates and jitter", seed: 2, loss: 0.15, duplication: 0.3, jitterMs: 20 },
  { name: "parity", seed: 3, loss: 0.1, duplication: 0.1, protection: { fec: true } },
  { name: "ids that wrap", seed: 4, loss: 0.1, duplication: 0.2, jitterMs: 10, firstId: -40 },
];

for (const row of rows) {
  Deno.test(`channels: ${row.name}: rest at any silent moment changes nothing`, () => {
    const protection = { windowBytes: 1 << 16, ...row.protection };
    const options = Object.fromEntries(CHANNELS.map((n) => [n, n % 2 === 0 ? protection : row.protection ?? {}]));
    const link = new ChannelLink({
      ...row,
      channels: { maxMessageBytes: 10_000, windowBytes: 1 << 19, channels: options },
    });
    const pool = [new ChannelSet(link.context, 7)];
    const random = new SeededRandom(row.seed);
    const silenceMs = row.protection === undefined ? 1500 : 5000;
    let rests = 0;
    const rest = () => {
      for (const end of link.ends) if (random.nextInt(3) > 0 && end.tryRest(pool)) rests++;
    };
    for (let burst = 0; burst < BURSTS; burst++) {
      for (let i = 1 + random.nextInt(4); i > 0; i--) {
        for (const channel of CHANNELS) {
          for (const end of link.ends) assertEquals(end.send(channel, 4 + random.nextInt(6000)), 0);
        }
      }
      link.until(() => link.ends.every(({ set }) => set.isIdle), 60_000, rest);
      // So long that parity has ended; a wake starts the wait for the release anew.
      link.run(random.nextInt(2) * silenceMs, random.nextInt(2) === 0 ? rest : undefined);
      rest();
    }
    const why = `seed ${row.seed}`;
    assert(rests > BURSTS / 2, `${why}: ${rests} rests`);
    for (const [from, to] of [link.ends, [link.ends[1], link.ends[0]] as const]) {
      assertEquals(to.violation, 0, why);
      const all = Array.from({ length: from.sentOn(0) }, (_, i) => i);
      assertEquals(to.on(0), all, why);
      assertEquals([...to.on(2)].sort((x, y) => x - y), all, why);
      assertEquals(new Set(to.on(1)).size, to.on(1).length, why);
      assert(to.on(1).length > all.length / 3, `${why}: ${to.on(1).length} on channel 1`);
      assert(to.on(3).length > BURSTS / 3, `${why}: ${to.on(3).length} on channel 3`);
      assert(to.on(3).every((n, i) => i === 0 || n > to.on(3)[i - 1]!), why);
    }
    assertEquals(link.context.lentBytes, 0, why);
  });
}

Deno.test("rest() refuses while a message is under way, unread, lent or not told", () => {
  const link = new ChannelLink({ seed: 1 });
  const [a, b] = link.ends;
  const record = { channel: 0, buffer: new Uint8Array(0), length: 0, credit: 0 };
  b.isReading = false;
  assertEquals(a.send(0, 10), 0);
  assertEquals(a.set.rest(), undefined);
  link.run(30);
  assertEquals(a.set.rest(), undefined);
  link.run(200);
  assertEquals(b.set.rest(), undefined);
  assert(b.set.pollMessage(record));
  assertEquals(b.set.rest(), undefined);
  assert(!b.set.pollMessage(record));
  assert(b.set.rest() !== undefined);
  assert(a.set.rest() !== undefined);
});

Deno.test("wake() leaves nothing of the connection that a set served before", () => {
  const link = new ChannelLink({ seed: 1 });
  const [a, b] = link.ends;
  for (const channel of CHANNELS) a.send(channel, 3000);
  link.until(() => a.set.isIdle && b.set.isIdle, 10_000);
  const fresh = new ChannelSet(link.context, 5);
  for (const { set } of [a, b]) {
    assert(set.rest() !== undefined);
    set.wake(1, undefined);
    fresh.wake(5, undefined);
    assertEquals(set.rest(), fresh.rest());
  }
});

Deno.test("rest() makes a short list of what wake() reads", () => {
  const link = new ChannelLink({ seed: 1 });
  const [a, b] = link.ends;
  for (const channel of CHANNELS) for (let i = 0; i < 40; i++) a.send(channel, 10);
  link.until(() => a.set.isIdle && b.set.isIdle, 10_000);
  for (const { set } of link.ends) {
    const rest = set.rest()!;
    set.wake(0, rest);
    assertEquals(set.rest(), rest);
    assert(rest.length < 48, `${rest.length} numbers`);
  }
});

Deno.test("rest() refuses while parity may matter, and keeps the number of the next group", () => {
  const link = new ChannelLink({ seed: 1, channels: { channels: { 2: { fec: true } } } });
  const [a, b] = link.ends;
  for (let i = 0; i < 20; i++) a.send(2, 1000);
  link.until(() => a.set.isIdle && b.set.isIdle, 10_000);
  assertEquals([a.set.rest(), b.set.rest()], [undefined, undefined]);
  link.run(6000);
  const rest = a.set.rest()!;
  assert(rest[8]! > 0, `next group ${rest[8]}`);
  assert(b.set.rest() !== undefined);
});

Deno.test("rest() refuses while an earlier message of an unordered channel is missing", () => {
  const link = new ChannelLink({ seed: 1, drop: (from, number) => from === 0 && number === 0 });
  const [a, b] = link.ends;
  a.send(2, 10);
  link.run(2);
  a.send(2, 10);
  link.until(() => b.on(2).length === 1 && b.set.isIdle, 1000);
  assertEquals(b.on(2).length, 1);
  assertEquals(b.set.rest(), undefined);
  link.until(() => b.on(2).length === 2, 1000);
});
