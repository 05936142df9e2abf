/**
 * All four classes over a grid of loss, reordering, duplication and packet sizes: what is promised arrives exactly once
 * and in order, nothing arrives twice, and in the end nothing is held.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import type { ChannelOptions } from "../../src/channel/channel_options.ts";
import { ChannelLink, type LinkOptions } from "./channel_link.ts";

const MESSAGES = 60;

interface Row extends LinkOptions {
  readonly name: string;
}

const rows: readonly Row[] = [
  { name: "a clean link", seed: 1 },
  { name: "1 % loss", seed: 2, loss: 0.01 },
  { name: "5 % loss and jitter", seed: 3, loss: 0.05, jitterMs: 30 },
  { name: "10 % loss, duplicates", seed: 4, loss: 0.1, duplication: 0.1, jitterMs: 10 },
  { name: "20 % loss, small packets", seed: 5, loss: 0.2, mtu: 300, jitterMs: 5 },
  { name: "30 % loss, tiny packets", seed: 6, loss: 0.3, mtu: 100 },
  { name: "50 % loss", seed: 7, loss: 0.5, jitterMs: 20, duplication: 0.3 },
  { name: "nothing but reordering", seed: 8, jitterMs: 200 },
  { name: "ids that wrap", seed: 9, loss: 0.1, jitterMs: 20, firstId: -20 },
];

const protections: readonly { name: string; channels: Record<number, ChannelOptions> }[] = [
  { name: "plain", channels: {} },
  { name: "XOR", channels: everywhere({ fec: true }) },
  {
    name: "Reed–Solomon, interleaved",
    channels: everywhere({ fec: { scheme: "reedSolomon", interleave: 3 } }),
  },
  {
    name: "repetitions",
    channels: everywhere({ redundancyBytes: 300 }),
  },
];

for (const row of rows) {
  for (const { name, channels } of protections) {
    Deno.test(`channels: ${row.name}, ${name}: exactly once where promised, never twice`, () => {
      const link = new ChannelLink({ ...row, channels: { channels } });
      const [a, b] = link.ends;
      const random = new SeededRandom(row.seed);
      let sent = 0;
      link.until(
        () => sent === MESSAGES && a.set.isIdle && b.set.isIdle,
        60_000,
        (now) => {
          if (sent === MESSAGES || now % 4 !== 0) return;
          sent++;
          for (const channel of [0, 1, 2, 3]) {
            const size = random.nextInt(8) === 0 ? 2000 + random.nextInt(8000) : 4 + random.nextInt(400);
            assertEquals(a.send(channel, size), 0);
            b.send(channel, 4 + random.nextInt(100));
          }
        },
      );
      for (const [from, to] of [[a, b], [b, a]] as const) check(link, row.seed, from, to);
      const isLossless = row.loss === undefined;
      if (isLossless) assertEquals(b.on(1).length, MESSAGES);
    });
  }
}

function everywhere(options: ChannelOptions): Record<number, ChannelOptions> {
  return { 0: options, 1: options, 2: options, 3: options };
}

type End = ChannelLink["ends"][0];

function check(link: ChannelLink, seed: number, from: End, to: End): void {
  const why = `seed ${seed}`;
  const all = Array.from({ length: MESSAGES }, (_, i) => i);
  assertEquals(to.violation, 0, why);
  assertEquals(to.on(0), all, why);
  assertEquals([...to.on(2)].sort((x, y) => x - y), all, why);
  for (const channel of [1, 3]) {
    assertEquals(new Set(to.on(channel)).size, to.on(channel).length, why);
    assert(to.on(channel).length > 0 && to.on(channel).every((n) => n >= 0 && n < from.sentOn(channel)), why);
  }
  assert(to.on(3).every((n, i) => i === 0 || n > to.on(3)[i - 1]!), why);
  assertEquals(to.on(3).at(-1)! >= 0, true);
  assertEquals(["critical", "high", "normal", "low"].map((lane) => from.set.queuedBytes(lane as "low")), [0, 0, 0, 0]);
  assertEquals([to.set.heldCredit, to.set.unreadBytes, to.set.reassemblyBytes], [0, 0, 0], why);
  // Lent memory: what the last poll lent was given back by the one that found nothing.
  assertEquals(link.context.lentBytes, 0, why);
}
