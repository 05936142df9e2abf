/**
 * What becomes of a link when bytes are changed, repeated, reordered, cut, or made up by a peer with the key.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { LinkCloseCode } from "../../src/bus/link/link_close_code.ts";
import { LinkCounter } from "../../src/bus/link/link_counters.ts";
import { LinkState } from "../../src/bus/link/node_link_machine.ts";
import { type EndOptions, type LinkEnd, LinkPair } from "../unit/bus/link/link_pair.ts";

function open(common: EndOptions = {}): LinkPair {
  const pair = new LinkPair({}, {}, common);
  pair.run();
  assert(pair.left.isOpen && pair.right.isOpen);
  return pair;
}

/** Seals one record for each message. */
function records(from: LinkEnd, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    from.offer(new Uint8Array(20).fill(i));
    from.drain();
    return from.written();
  });
}

function expectRefusal(end: LinkEnd, delivered: number, note: string): void {
  assertEquals(end.closeCode, LinkCloseCode.NotAuthentic, note);
  assertEquals(end.received.length, delivered, note);
  assertEquals(end.count(LinkCounter.RecordsNotAuthentic), 1, note);
  assertEquals(end.written().length, 0, note);
}

Deno.test("Every flipped bit of the handshake and of the first records ends the link before it opens", () => {
  const lengths = [0, 0, 0];
  for (let piece = 0; piece < 4; piece++) {
    for (let bit = 0;; bit += 5) {
      const pair = new LinkPair();
      let carried = 0;
      let length = Infinity;
      pair.change = (bytes) => {
        if (carried++ !== piece) return bytes;
        length = bytes.length;
        if (bit < 8 * length) bytes[bit >> 3]! ^= 1 << (bit & 7);
        return bytes;
      };
      pair.run();
      if (bit >= 8 * length) break;
      lengths[piece] = length;
      const isWaiting = pair.left.machine.state < LinkState.Open || pair.right.machine.state < LinkState.Open;
      const isOver = pair.left.closeCode !== undefined || pair.right.closeCode !== undefined;
      assert(isOver || isWaiting, `bit ${bit} of piece ${piece}`);
      assert(!pair.left.isOpen, `bit ${bit} of piece ${piece}`);
    }
  }
  assertEquals(lengths, [98, 82, 57, 57]);
});

Deno.test("A record with any flipped bit ends the link, and is not answered", () => {
  for (let bit = 0; bit < 8 * 44; bit++) {
    const { left, right } = open();
    const [record, next] = records(left, 2);
    assertEquals(record!.length, 4 + 4 + 20 + 16);
    record![bit >> 3]! ^= 1 << (bit & 7);
    right.receive(record!);
    right.receive(next!);
    // A length that grew waits for bytes that never come, and swallows what follows until the tag is wrong.
    if (right.closeCode === undefined) right.receive(new Uint8Array(70_000));
    expectRefusal(right, 0, `bit ${bit}`);
  }
});

for (
  const [name, order] of [
    ["repeated", [0, 0]],
    ["left out", [1]],
    ["swapped", [1, 0]],
    ["sent again later", [0, 1, 2, 0]],
  ] as [string, number[]][]
) {
  Deno.test(`A record that is ${name} ends the link`, () => {
    const { left, right } = open();
    const sealed = records(left, 3);
    for (const i of order) right.receive(sealed[i]!.slice());
    expectRefusal(right, order[0] === 0 ? order.length - 1 : 0, name);
  });
}

Deno.test("A record of one direction does not open in the other", () => {
  const { left } = open();
  left.receive(records(left, 1)[0]!);
  expectRefusal(left, 0, "reflected");
});

Deno.test("A stream that ends without a close is told from one that was closed", () => {
  const { left, right } = open();
  right.receive(records(left, 2)[0]!.slice());
  right.machine.handleEnd();
  right.drain();
  assertEquals([right.closeCode, right.received.length], [LinkCloseCode.Truncated, 1]);
});

for (
  const [name, type, flags, text] of [
    ["an unknown type", 9, 0, []],
    ["type 0", 0, 0, []],
    ["an unknown flag", 1, 2, []],
    ["a flag where none is", 3, 1, []],
    ["a second hello", 2, 0, []],
    ["a ping with a text", 3, 0, [1]],
    ["a close without a reason", 6, 0, []],
    ["a rekey where nothing is sealed", 5, 0, []],
    ["a compressed batch without a size", 1, 1, [5]],
    ["a compressed batch with a size beyond a record", 1, 1, [255, 255, 0]],
    ["a compressed batch of another size", 1, 1, [3, 0, 0x20, 1, 2]],
    ["a bomb", 1, 1, [0xe0, 0xff, 0x1f, 0, 1, 0, ...new Array(300).fill(255)]],
  ] as [string, number, number, number[]][]
) {
  Deno.test(`A peer with the key that sends ${name} loses its link`, () => {
    const { right } = open({ isSealed: false });
    right.receive(Uint8Array.of(type, flags, text.length, text.length >>> 8, ...text));
    assertEquals([right.closeCode, right.count(LinkCounter.RecordsBad)], [LinkCloseCode.BadRecord, 1]);
  });
}

Deno.test("A message that announces more than is allowed ends the link before its bytes come, wherever it starts", () => {
  for (const lead of [0, 1, 3]) {
    const { right } = open({ isSealed: false, link: { maxMessageBytes: 100 } });
    const head = [101, 0, 0, 0];
    const first = [2, 0, 0, 0, 7, 7, ...head.slice(0, lead)];
    right.receive(Uint8Array.of(1, 0, first.length, 0, ...first, 1, 0, 4 - lead, 0, ...head.slice(lead)));
    assertEquals(right.received, [Uint8Array.of(7, 7)]);
    assertEquals(right.closeCode, LinkCloseCode.MessageTooLarge, `${lead} bytes of the head`);
  }
});

Deno.test("An unknown reason of a close counts as a bad record", () => {
  for (
    const [code, expected] of [[2, LinkCloseCode.Superseded], [77, LinkCloseCode.BadRecord], [
      130,
      LinkCloseCode.BadRecord,
    ]]
  ) {
    const { left, right } = open({ isSealed: false });
    right.receive(Uint8Array.of(6, 0, 1, 0, code!));
    right.machine.handleEnd();
    right.drain();
    assertEquals(right.closeCode, expected);
    assert(left.isOpen);
  }
});

Deno.test("Whoever only repeats a dialler's message cannot make a node hold a long record", () => {
  for (const [length, expected] of [[257, LinkCloseCode.NotAuthentic], [256, undefined]]) {
    const { left, right } = new LinkPair();
    left.drain();
    right.drain();
    right.receive(left.written());
    right.receive(Uint8Array.of(2, 0, length!, length! >>> 8));
    assertEquals(right.closeCode, expected);
  }
});
