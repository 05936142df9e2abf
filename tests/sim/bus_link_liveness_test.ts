/**
 * Heartbeats, orderly closes, broken streams and peers that do not keep up, in virtual time.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { LinkCloseCode } from "../../src/bus/link/link_close_code.ts";
import { LinkCounter } from "../../src/bus/link/link_counters.ts";
import { LinkEvent } from "../../src/bus/link/link_event.ts";
import { SendStatus } from "../../src/error/send_status.ts";
import { type EndOptions, LinkPair } from "../unit/bus/link/link_pair.ts";

function open(left: EndOptions = {}, right: EndOptions = {}): LinkPair {
  const pair = new LinkPair(left, right);
  pair.run();
  assert(pair.left.isOpen && pair.right.isOpen);
  return pair;
}

Deno.test("An idle link asks for a sign of life, gets it, and stays open for a day", () => {
  const pair = open({}, { link: { heartbeatIntervalMs: 1e9 } });
  assertEquals(pair.left.machine.pollTimeout(), 4000);
  pair.pass(3999);
  assertEquals(pair.left.count(LinkCounter.Heartbeats), 0);
  for (let ms = 3999; ms < 86_400_000; ms += 4000) {
    pair.pass(4000);
    pair.run();
  }
  assert(pair.left.isOpen && pair.right.isOpen);
  assertEquals(pair.left.count(LinkCounter.Heartbeats), 21_600);
  assertEquals(pair.right.count(LinkCounter.Heartbeats), 0);
});

Deno.test("A link on which something comes asks for nothing", () => {
  const pair = open();
  for (let i = 0; i < 20; i++) {
    pair.pass(2100);
    for (const end of [pair.left, pair.right]) end.offer(new Uint8Array(3));
    pair.run();
  }
  assertEquals(pair.left.count(LinkCounter.Heartbeats), 0);
});

Deno.test("A dead peer is given up after the heartbeats that it may miss, and the queue is kept", () => {
  const pair = open();
  pair.change = () => new Uint8Array(0);
  pair.left.offer(new Uint8Array(7));
  pair.left.takes = 0;
  pair.left.drain();
  for (let i = 0; i < 15_999; i += 1) pair.pass(1);
  assert(pair.left.isOpen);
  pair.left.offer(new Uint8Array(8));
  pair.pass(1);
  assertEquals(pair.left.closeCode, LinkCloseCode.PeerSilent);
  assertEquals(pair.left.queue.queuedMessages, 1);
  assertEquals(pair.left.count(LinkCounter.LostWithLink), 1);
});

Deno.test("A process that was held up for an hour loses no link", () => {
  const pair = open();
  pair.pass(3_600_000);
  pair.run();
  pair.pass(4000);
  pair.run();
  assert(pair.left.isOpen && pair.right.isOpen);
});

Deno.test("A close flushes what is queued, is told to the peer, and ends both sides", () => {
  const { left, right } = open();
  left.offer(new Uint8Array(100_000));
  left.machine.close(LinkCloseCode.GoingAway);
  carry(left, right);
  assertEquals(left.events.at(-1), LinkEvent.EndWrite);
  carry(right, left);
  assertEquals(right.received.map(({ length }) => length), [100_000]);
  assertEquals([left.closeCode, left.machine.reason?.origin], [LinkCloseCode.GoingAway, "local"]);
  assertEquals([right.closeCode, right.machine.reason?.origin], [LinkCloseCode.GoingAway, "remote"]);
  assertEquals(left.events.slice(-2), [LinkEvent.EndWrite, LinkEvent.Closed]);
});

function carry(from: LinkPair["left"], to: LinkPair["left"]): void {
  from.drain();
  to.receive(from.written());
}

Deno.test("A close that the peer does not answer ends in time", () => {
  for (const takes of [0, Infinity]) {
    const pair = open();
    pair.left.takes = takes;
    pair.left.offer(new Uint8Array(50));
    pair.left.machine.close();
    pair.left.drain();
    pair.pass(1999);
    assertEquals(pair.left.closeCode, undefined);
    pair.pass(1);
    assertEquals(pair.left.closeCode, LinkCloseCode.Normal);
  }
});

Deno.test("Both ends may close at the same time", () => {
  const pair = open();
  pair.left.machine.close(LinkCloseCode.GoingAway);
  pair.right.machine.close(LinkCloseCode.Normal);
  pair.run();
  assertEquals([pair.left.closeCode, pair.right.closeCode], [LinkCloseCode.GoingAway, LinkCloseCode.Normal]);
});

Deno.test("A close before the link is open ends it at once", () => {
  const pair = new LinkPair();
  pair.left.drain();
  pair.left.machine.close();
  pair.left.drain();
  assertEquals([pair.left.closeCode, pair.left.events], [LinkCloseCode.Normal, [LinkEvent.Closed]]);
});

Deno.test("A broken stream says what broke it, and loses what it had taken", () => {
  const pair = open();
  pair.left.takes = 3;
  for (let i = 0; i < 5; i++) pair.left.offer(new Uint8Array(10));
  pair.left.drain();
  pair.left.offer(new Uint8Array(10));
  pair.left.machine.handleLinkLost("reset");
  pair.left.drain();
  const { reason } = pair.left.machine;
  assertEquals([reason?.code, reason?.origin, reason?.cause], [LinkCloseCode.LinkLost, "link", "reset"]);
  assertEquals([pair.left.count(LinkCounter.LostWithLink), pair.left.queue.queuedMessages], [5, 1]);
});

Deno.test("A peer that does not keep up is disconnected where the policy says so", () => {
  const pair = open({ link: { queuePolicy: "disconnect", maxQueuedBytes: 4096 } });
  pair.left.takes = 0;
  let status: number = SendStatus.Queued;
  for (let i = 0; i < 100 && status === SendStatus.Queued; i++) status = pair.left.offer(new Uint8Array(96));
  assertEquals(status, SendStatus.Closed);
  pair.left.drain();
  assertEquals(pair.left.closeCode, LinkCloseCode.QueueFull);
});

Deno.test("A sender that was refused hears when the queue has drained, once", () => {
  const pair = open({ link: { maxQueuedBytes: 4096 } });
  while (pair.left.offer(new Uint8Array(96)) === SendStatus.Queued);
  pair.run();
  assertEquals(pair.left.events.filter((event) => event === LinkEvent.Drained).length, 1);
  assertEquals(pair.left.offer(new Uint8Array(96)), SendStatus.Queued);
});

Deno.test("What the application holds stays, and nothing is read meanwhile", () => {
  const pair = open();
  pair.left.offer(Uint8Array.of(1, 2));
  pair.left.drain();
  const { machine } = pair.right;
  const bytes = pair.left.written();
  pair.right.lend().set(bytes);
  machine.handleReceived(bytes.length);
  pollAll(machine);
  assertEquals(machine.pollEvent(), LinkEvent.Messages);
  assert(machine.nextMessage());
  machine.holdReading();
  assertEquals(machine.pollEvent(), undefined);
  assertEquals(machine.messageBuffer[machine.messageOffset], 1);
  machine.resumeReading();
  pollAll(machine);
  assertEquals([machine.pollEvent(), machine.messageLength], [undefined, 0]);
  assertEquals(pair.right.count(LinkCounter.MessagesIn), 1);
});

function pollAll(machine: LinkPair["left"]["machine"]): void {
  machine.pollTransmit({ buffer: new Uint8Array(0), offset: 0, length: 0, bytes: () => new Uint8Array(0), clear() {} });
  machine.pollTimeout();
}

Deno.test("A long message of which a link took a part is lost with it, and the next one goes to the next link", () => {
  const pair = open({ link: { compressFromBytes: Infinity } });
  pair.left.offer(new Uint8Array(200_000));
  pair.left.offer(Uint8Array.of(1));
  pair.left.takes = 70_000;
  pair.left.drain();
  pair.left.machine.handleLinkLost("reset");
  assertEquals([pair.left.count(LinkCounter.LostWithLink), pair.left.queue.queuedBytes], [1, 5]);
});

Deno.test("A close that takes long asks for no signs of life", () => {
  const pair = open({ link: { closeTimeoutMs: 20_000 } });
  pair.left.takes = 0;
  pair.left.machine.close();
  pair.left.drain();
  for (let i = 0; i < 19; i++) pair.pass(1000);
  assertEquals([pair.left.closeCode, pair.left.count(LinkCounter.Heartbeats)], [undefined, 0]);
  pair.pass(1000);
  assertEquals(pair.left.closeCode, LinkCloseCode.Normal);
});

Deno.test("A peer that closes gets nothing more, and the queue keeps what waits", () => {
  const pair = open();
  pair.right.takes = 0;
  pair.right.offer(new Uint8Array(50));
  pair.right.drain();
  pair.right.offer(new Uint8Array(60));
  pair.left.machine.close();
  carry(pair.left, pair.right);
  pair.right.takes = Infinity;
  carry(pair.right, pair.left);
  assertEquals([pair.right.queue.queuedMessages, pair.left.received.length], [1, 0]);
  assertEquals([pair.left.closeCode, pair.right.closeCode], [LinkCloseCode.Normal, LinkCloseCode.Normal]);
});

Deno.test("A ping is answered in the same round", () => {
  const pair = new LinkPair({}, {}, { isSealed: false });
  pair.run();
  pair.right.receive(Uint8Array.of(3, 0, 0, 0));
  assertEquals([...pair.right.written()], [4, 0, 0, 0]);
});

Deno.test("Messages that the application does not ask for are dropped, and what follows is whole", () => {
  const pair = new LinkPair({}, {}, { isSealed: false });
  pair.run();
  const { machine } = pair.right;
  const bytes = Uint8Array.of(1, 0, 12, 0, 1, 0, 0, 0, 7, 2, 0, 0, 0, 8, 8, 3);
  pair.right.lend().set(bytes);
  machine.handleReceived(bytes.length);
  pollAll(machine);
  assertEquals(machine.pollEvent(), LinkEvent.Messages);
  assertEquals(machine.pollEvent(), undefined);
  pair.right.drain();
  pair.right.receive(Uint8Array.of(1, 0, 6, 0, 0, 0, 0, 9, 9, 9));
  assertEquals(pair.right.received, [Uint8Array.of(9, 9, 9)]);
  assertEquals(pair.right.count(LinkCounter.MessagesIn), 3);
});

Deno.test("A read that is pending over heartbeats stays good, and memory is given back behind it", () => {
  const pair = open({}, { link: { compressFromBytes: Infinity } });
  for (let i = 0; i < 20; i++) pair.right.offer(new Uint8Array(60_000));
  pair.run();
  const { machine } = pair.left;
  assertEquals(pair.left.received.length, 20);
  const span = pair.left.lend();
  assert(span.length > 65_536, `${span.length}`);
  pair.pass(4000);
  pair.right.offer(Uint8Array.of(5));
  pair.right.drain();
  const bytes = pair.right.written();
  span.set(bytes);
  machine.handleReceived(bytes.length);
  pair.left.drain();
  assertEquals(pair.left.received.at(-1), Uint8Array.of(5));
  assertEquals(machine.receiveSpan().length, 4096);
});
