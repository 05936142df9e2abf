/**
 * How a link comes about: keys, silence towards strangers, who is who, and the decisions of both ends.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { LinkCloseCode } from "../../src/bus/link/link_close_code.ts";
import { LinkCounter } from "../../src/bus/link/link_counters.ts";
import { LinkEvent } from "../../src/bus/link/link_event.ts";
import { LinkState } from "../../src/bus/link/node_link_machine.ts";
import { MisuseError } from "../../src/error/transport_error.ts";
import { type EndOptions, idOf, LinkEnd, LinkPair } from "../unit/bus/link/link_pair.ts";

const text = new TextEncoder();

function pair(left: EndOptions = {}, right: EndOptions = {}, common: EndOptions = {}): LinkPair {
  const made = new LinkPair(left, right, common);
  made.run();
  return made;
}

Deno.test("A link opens, says who is there, and carries what waited", () => {
  const waiting = new LinkPair({ id: 3, boot: 30 }, { id: 4, boot: 40 });
  waiting.left.offer(text.encode("early"));
  waiting.run();
  waiting.right.offer(text.encode("back"));
  waiting.run();
  assertEquals(waiting.left.events, [LinkEvent.Greeted, LinkEvent.Ready, LinkEvent.Messages]);
  assertEquals(waiting.right.received, [text.encode("early")]);
  assertEquals(waiting.left.received, [text.encode("back")]);
  assertEquals([waiting.left.machine.peer?.nodeId, waiting.left.machine.peer?.bootId], [
    "04".repeat(16),
    "28".repeat(16),
  ]);
  assertEquals(waiting.right.machine.peer?.nodeId, "03".repeat(16));
  assertEquals(waiting.left.machine.handshakeHash, waiting.right.machine.handshakeHash);
  assertEquals(waiting.left.machine.handshakeHash.length, 32);
});

Deno.test("A node is silent to whoever has another key", () => {
  const { left, right } = pair({ keys: ["mine"] }, { keys: ["yours", "ours"] });
  assertEquals([right.closeCode, left.closeCode], [LinkCloseCode.HandshakeFailed, LinkCloseCode.HandshakeRefused]);
  assertEquals(right.count(LinkCounter.BytesOut), 0);
  assertEquals(right.count(LinkCounter.HandshakesRefused), 1);
});

Deno.test("A node is silent to noise, to another protocol and to lengths that are none of ours", () => {
  const garbage = [
    text.encode("GET / HTTP/1.1\r\n\r\n"),
    new Uint8Array(300),
    Uint8Array.of(1, 1),
    Uint8Array.of(47, 0),
  ];
  for (const bytes of garbage) {
    const end = new LinkEnd(false);
    end.drain();
    end.receive(Uint8Array.of(...bytes, ...new Uint8Array(60)));
    assertEquals([end.closeCode, end.written().length], [LinkCloseCode.HandshakeFailed, 0], `${bytes.length} bytes`);
  }
});

Deno.test("Keys are rotated: each accepted key opens a link, and a dialler uses its first", () => {
  assert(pair({ keys: ["old"] }, { keys: ["new", "old"] }).right.isOpen);
  assert(pair({ keys: ["new", "old"] }, { keys: ["old", "new"] }).right.isOpen);
  assert(!pair({ keys: ["new", "old"] }, { keys: ["old"] }).right.isOpen);
});

Deno.test("A link that one end seals and the other does not never opens", () => {
  const { left, right } = pair({ isSealed: false }, { isSealed: true });
  assertEquals([right.closeCode, left.closeCode], [LinkCloseCode.HandshakeFailed, LinkCloseCode.HandshakeRefused]);
  assert(pair({}, {}, { isSealed: false }).left.isOpen);
});

Deno.test("A dial reaches the node that it asks for, or none", () => {
  assert(pair({ wanted: 2 }, { id: 2 }).left.isOpen);
  const { right } = pair({ wanted: 3 }, { id: 2 });
  assertEquals([right.closeCode, right.count(LinkCounter.BytesOut)], [LinkCloseCode.WrongNode, 0]);
  assertEquals(right.count(LinkCounter.HandshakesBad), 1);
});

Deno.test("A node does not link to itself, nor to another one with its id", () => {
  const { left, right } = pair({ id: 5, boot: 1 }, { id: 5, boot: 2 });
  assertEquals([right.closeCode, left.closeCode], [LinkCloseCode.SameNode, LinkCloseCode.HandshakeRefused]);
});

for (
  const [name, left, right, expected] of [
    ["the same name without keys", { cluster: "a" }, { cluster: "a" }, [true, true]],
    ["another name", { cluster: "b" }, { cluster: "a" }, [false, false]],
    ["no name", {}, {}, [false, false]],
    ["the same key", { cluster: "a", clusterKey: "k" }, { cluster: "a", clusterKey: "k" }, [true, true]],
    ["another key", { cluster: "a", clusterKey: "k" }, { cluster: "a", clusterKey: "q" }, [false, false]],
    ["no key where one is asked for", { cluster: "a" }, { cluster: "a", clusterKey: "k" }, [true, false]],
  ] as [string, EndOptions, EndOptions, boolean[]][]
) {
  Deno.test(`A peer is in the cluster by name and proof: ${name}`, () => {
    const made = pair(left, right);
    assertEquals([made.left, made.right].map(({ machine }) => machine.peer!.isSameCluster), expected);
    assertEquals(made.left.machine.peer!.cluster, right.cluster ?? "");
  });
}

Deno.test("Nothing of the application travels before both ends have admitted each other", () => {
  const made = new LinkPair({}, { admits: false });
  made.left.offer(new Uint8Array(10));
  made.right.offer(new Uint8Array(10));
  made.run();
  assertEquals([made.left.events, made.right.events], [[], [LinkEvent.Greeted]]);
  assertThrows(() => made.right.machine.receiveSpan(), MisuseError);
  made.right.machine.admit(made.right.queue);
  made.run();
  assertEquals([made.left.received.length, made.right.received.length], [1, 1]);
  assertThrows(() => made.right.machine.admit(made.right.queue), MisuseError);
});

Deno.test("A refused peer is told why, and keeps what it wanted to send", () => {
  const made = new LinkPair({}, { admits: false });
  made.left.offer(new Uint8Array(10));
  made.run();
  made.right.machine.refuse(LinkCloseCode.NotWanted);
  made.run();
  assertEquals([made.left.closeCode, made.left.machine.reason?.origin], [LinkCloseCode.NotWanted, "remote"]);
  assertEquals([made.right.closeCode, made.right.machine.reason?.origin], [LinkCloseCode.NotWanted, "local"]);
  assertEquals(made.left.queue.queuedMessages, 1);
});

Deno.test("A handshake that does not finish is given up, at each of its steps", () => {
  for (const pieces of [0, 1, 2, 3]) {
    const made = new LinkPair();
    let carried = 0;
    made.change = (bytes) => carried++ < pieces ? bytes : new Uint8Array(0);
    made.run();
    made.pass(4999);
    assertNotEquals(made.left.machine.state, LinkState.Closed);
    made.pass(1);
    assertEquals(made.left.closeCode, LinkCloseCode.HandshakeTimeout, `${pieces} pieces`);
    if (pieces < 3) assertEquals(made.right.closeCode, LinkCloseCode.HandshakeTimeout, `${pieces} pieces`);
  }
});

Deno.test("A dialler's message that is sent again opens nothing", () => {
  const made = new LinkPair();
  made.left.drain();
  made.right.drain();
  const first = made.left.written();
  made.right.receive(first);
  const other = new LinkEnd(false, { seed: 300 });
  other.drain();
  other.receive(first);
  assert(other.written().length > 0);
  made.left.receive(made.right.written());
  other.receive(made.left.written());
  assertEquals(other.closeCode, LinkCloseCode.NotAuthentic);
  assertEquals(other.events, [LinkEvent.Closed]);
});

Deno.test("A machine refuses what it cannot be made of", () => {
  for (const options of [{ keys: [] }, { keys: ["a", "b", "c", "d", "e"] }, { cluster: "x".repeat(65) }]) {
    assertThrows(() => new LinkEnd(true, options), RangeError);
  }
  assertEquals(idOf(1).length, 16);
});
