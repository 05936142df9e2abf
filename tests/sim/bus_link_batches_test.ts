/**
 * What becomes of messages between two ends of a link: batches, sizes, compression, keys that change.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { LinkCloseCode } from "../../src/bus/link/link_close_code.ts";
import { LinkCounter } from "../../src/bus/link/link_counters.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { type EndOptions, LinkPair } from "../unit/bus/link/link_pair.ts";
import { jsonSample } from "../unit/codec/lz4_samples.ts";

function open(common: EndOptions = {}): LinkPair {
  const pair = new LinkPair({}, {}, common);
  pair.run();
  assert(pair.left.isOpen && pair.right.isOpen);
  return pair;
}

function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new SeededRandom(seed).fillSecret(bytes);
  return bytes;
}

Deno.test("What waits together is sealed together, up to a record's worth", () => {
  const { left, right } = open({ link: { compressFromBytes: Infinity } });
  for (let i = 0; i < 1000; i++) left.offer(new Uint8Array(100).fill(i));
  left.drain();
  assertEquals(left.wire.map(({ length }) => length), [65_436, 38_604]);
  right.receive(left.written());
  assertEquals(right.received, Array.from({ length: 1000 }, (_, i) => new Uint8Array(100).fill(i)));
  assertEquals([left.count(LinkCounter.BatchesOut), right.count(LinkCounter.BatchesIn)], [2, 2]);
  assertEquals([left.count(LinkCounter.MessagesOut), right.count(LinkCounter.MessagesIn)], [1000, 1000]);
});

for (const isSealed of [true, false]) {
  for (const compressFromBytes of [0, Infinity]) {
    Deno.test(`Messages of all sizes arrive in order, byte by byte too (sealed: ${isSealed}, from ${compressFromBytes})`, () => {
      for (const step of [1, 7, 100_000]) {
        const pair = open({ isSealed, link: { compressFromBytes } });
        const sizes = [0, 1, 64, 65_000, 65_515, 65_516, 200_000, 3].map((size) =>
          step === 1 ? Math.min(size, 3000) : size
        );
        const messages = sizes.map((size, i) => i % 2 === 0 ? jsonSample(size, i) : noise(size, i));
        for (const one of messages) pair.left.offer(one);
        pair.left.drain();
        const bytes = pair.left.written();
        for (let at = 0; at < bytes.length; at += step) pair.right.receive(bytes.subarray(at, at + step));
        assertEquals(pair.right.received.length, messages.length);
        pair.right.received.forEach((one, i) => assert(equal(one, messages[i]!), `message ${i} in steps of ${step}`));
      }
    });
  }
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

Deno.test("A batch is compressed above a size, where it shrinks, and after one that did not only now and then", () => {
  const { left, right } = open({ link: { compressFromBytes: 500 } });
  const send = (bytes: Uint8Array): number => {
    left.offer(bytes);
    left.drain();
    const written = left.written();
    right.receive(written);
    return written.length;
  };
  const text = jsonSample(600, 1);
  assertEquals(send(text.slice(0, 400)), 424);
  assert(send(text) < 500);
  assertEquals(left.count(LinkCounter.BatchesCompressed), 1);
  assertEquals(send(noise(600, 1)), 624);
  for (let i = 0; i < 15; i++) assertEquals(send(text), 624);
  assert(send(text) < 500);
  assertEquals(left.count(LinkCounter.BatchesCompressed), 2);
  assertEquals(left.count(LinkCounter.BytesSaved), 2 * (624 - send(text)));
  assertEquals(right.received.length, 20);
});

Deno.test("A batch that would shrink by less than an eighth goes out as it is", () => {
  for (const [zeros, isCompressed] of [[60, false], [140, true]] as const) {
    const { left } = open({ link: { compressFromBytes: 500 } });
    const bytes = new Uint8Array(700);
    bytes.set(noise(700 - zeros, 5));
    left.offer(bytes);
    left.drain();
    assertEquals(left.count(LinkCounter.BatchesCompressed), isCompressed ? 1 : 0, `${zeros} zeros`);
  }
});

Deno.test("A sender goes on to its next key by batches and by bytes, and the receiver follows", () => {
  for (const link of [{ rekeyAfterBatches: 3 }, { rekeyAfterBytes: 1024, compressFromBytes: Infinity }]) {
    const pair = open({ link });
    for (let i = 0; i < 31; i++) {
      pair.left.offer(new Uint8Array(400).fill(i));
      pair.run();
      pair.right.offer(new Uint8Array(5).fill(i));
      pair.run();
    }
    assertEquals(pair.right.received.map(([first]) => first), Array.from({ length: 31 }, (_, i) => i));
    assertEquals(pair.left.received.length, 31);
    assertEquals(pair.left.count(LinkCounter.Rekeys), 10, JSON.stringify(link));
  }
});

Deno.test("A record from before a key change does not open after it", () => {
  const { left, right } = open({ link: { rekeyAfterBatches: 2 } });
  const sealed: Uint8Array[] = [];
  for (let i = 0; i < 3; i++) {
    left.offer(new Uint8Array(10).fill(i));
    left.drain();
    sealed.push(left.written());
    right.receive(sealed[i]!.slice());
  }
  assertEquals([right.received.length, left.count(LinkCounter.Rekeys)], [3, 1]);
  right.receive(sealed[0]!);
  assertEquals(right.closeCode, LinkCloseCode.NotAuthentic);
});

Deno.test("A link without seals changes no keys", () => {
  const pair = open({ isSealed: false, link: { rekeyAfterBatches: 2 } });
  for (let i = 0; i < 9; i++) {
    pair.left.offer(new Uint8Array(10));
    pair.run();
  }
  assertEquals([pair.right.received.length, pair.left.count(LinkCounter.Rekeys)], [9, 0]);
});

Deno.test("A heartbeat does not wait for a queue, and a stream that takes little at a time changes nothing", () => {
  const pair = open();
  pair.left.takes = 1000;
  for (let i = 0; i < 10; i++) pair.left.offer(noise(60_000, i));
  pair.left.drain();
  pair.clock.advance(4000);
  pair.left.machine.handleTimeout();
  for (let i = 0; i < 700; i++) {
    pair.left.takes = 1000;
    pair.left.machine.handleTimeout();
    pair.left.drain();
    pair.right.receive(pair.left.written());
    if (i === 70) assert(pair.right.wire.length > 0, "an answer behind the first batch");
  }
  assertEquals(pair.right.received.map(({ length }) => length), new Array(10).fill(60_000));
});
