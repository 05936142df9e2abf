/**
 * Parity and repetitions on channels: what is recovered is not sent again, losses wait until parity had its turn and no
 * longer, and small messages arrive in time although packets are lost.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { ChannelLink, type LinkOptions } from "./channel_link.ts";

const fixed = { sources: 3, adaptive: false } as const;

function run(options: LinkOptions, channel: number, messages = 600) {
  const link = new ChannelLink(options);
  const [a, b] = link.ends;
  const sentAt: number[] = [];
  const each = (now: number): void => {
    if (now % 16 !== 0 || sentAt.length === messages) return;
    sentAt.push(now);
    a.send(channel, 200);
  };
  link.until(() => sentAt.length === messages && a.set.isIdle && b.set.isIdle, 60_000, each);
  const delays = b.times.get(channel)!.map((at, i) => at - sentAt[b.on(channel)[i]!]!).sort((x, y) => x - y);
  return { link, p99: delays[Math.floor(0.99 * delays.length)]!, messages: b.on(channel).length };
}

Deno.test("a frame that parity recovers is not sent again, and is in time", () => {
  const { link, messages } = run({ seed: 1, channels: { channels: { 2: { fec: fixed } } }, drop: everyTenth }, 2);
  const [recovered, resent] = [link.counter(1, "recovered"), link.counter(0, "bytesResent")];
  assertEquals([messages, link.counter(0, "recoveredByPeer"), resent], [600, recovered, 0]);
  assert(recovered >= 50, `${recovered}`);
  assertEquals(link.counter(1, "duplicates"), 0);
  assert(link.counter(0, "parityBytesOut") <= 0.36 * link.counter(0, "protectedBytesOut"));
});

function everyTenth(from: number, number: number): boolean {
  return from === 0 && number % 10 === 5;
}

Deno.test("parity halves the delay of what is lost, repetitions more so", () => {
  const at5 = { seed: 3, loss: 0.05 };
  const plain = run(at5, 2, 3000);
  const parity = run({ ...at5, channels: { channels: { 2: { fec: fixed } } } }, 2, 3000);
  const repeated = run({ ...at5, channels: { channels: { 2: { redundancyBytes: 420 } } } }, 2, 3000);
  for (const { messages } of [plain, parity, repeated]) assertEquals(messages, 3000, "seed 3");
  const figures = [plain.p99, parity.p99, repeated.p99];
  assert(parity.p99 <= 2.6 * 25 && repeated.p99 <= 1.8 * 25 && plain.p99 > parity.p99, `${figures}, seed 3`);
  assert(parity.link.counter(0, "bytesResent") < plain.link.counter(0, "bytesResent") / 2, "seed 3");
});

Deno.test("what parity cannot recover is sent again when its turn is over", () => {
  // Both parities and a frame of the first group are lost: nothing can come back.
  const lost = new Set([1, 3, 4]);
  const link = new ChannelLink({
    seed: 1,
    channels: { channels: { 0: { fec: { scheme: "reedSolomon", sources: 3, parities: 1, adaptive: false } } } },
    drop: (from, number) => from === 0 && lost.has(number),
  });
  const [a, b] = link.ends;
  for (let i = 0; i < 3; i++) {
    a.send(0, 1000);
    link.run(2);
  }
  link.until(() => a.set.isIdle && b.set.isIdle, 2000);
  assertEquals([b.on(0), link.counter(0, "bytesResent")], [[0, 1, 2], 1000]);
  assertLess(link.clock.now, 400);
});

Deno.test("a lost frame of a group that never fills up is recovered when its time ends", () => {
  const link = new ChannelLink({
    seed: 1,
    channels: { channels: { 0: { fec: { ...fixed, flushMs: 20 } } } },
    drop: (from, number) => from === 0 && number === 0,
  });
  const [a, b] = link.ends;
  a.send(0, 100);
  link.run(60);
  assertEquals([b.on(0), link.counter(0, "bytesResent"), link.counter(1, "recovered")], [[0], 0, 1]);
  link.until(() => a.set.isIdle, 500);
  assertEquals(link.counter(0, "bytesResent"), 0);
});

Deno.test("large messages and small ones share groups, and all come back", () => {
  const { link, messages } = run({
    seed: 4,
    loss: 0.1,
    jitterMs: 10,
    channels: { channels: { 0: { fec: { scheme: "reedSolomon", interleave: 2 } } } },
  }, 0);
  assertEquals(messages, 600, "seed 4");
  assert(link.counter(1, "recovered") > 30, "seed 4");
  const big = new ChannelLink({ seed: 5, loss: 0.1, channels: { channels: { 0: { fec: true } } } });
  big.ends[0].send(0, 300_000);
  big.ends[0].send(0, 10);
  big.until(() => big.ends[0].set.isIdle && big.ends[1].set.isIdle, 20_000);
  assertEquals(big.ends[1].on(0), [0, 1], "seed 5");
});

Deno.test("repetitions stay within their budget and count as one message", () => {
  const link = new ChannelLink({ seed: 6, channels: { channels: { 1: { redundancyBytes: 300 } } } });
  const [a, b] = link.ends;
  let before = 0;
  for (let i = 0; i < 50; i++) {
    a.send(1, 92);
    link.run(4);
    assertLess(a.bytes - before, 101 + 300, "a packet with more repetitions than allowed");
    before = a.bytes;
  }
  link.run(200);
  assertEquals(b.on(1), Array.from({ length: 50 }, (_, i) => i));
  assert(link.counter(0, "framesRepeated") > 100 && link.counter(1, "duplicates") > 100);
  assertEquals(a.set.isIdle, true);
});

Deno.test("parity follows the loss that acknowledgements show", () => {
  const fec = { scheme: "reedSolomon", sources: 16, parities: 6, flushMs: 1000 } as const;
  const shares = [0, 0.15].map((loss) => {
    const { link } = run({ seed: 7, loss, channels: { channels: { 2: { fec } } } }, 2, 1500);
    return link.counter(0, "parityBytesOut") / link.counter(0, "protectedBytesOut");
  });
  assert(shares[0]! < 0.09 && shares[1]! > 0.2 && shares[1]! < 0.45, `${shares}, seed 7`);
});
