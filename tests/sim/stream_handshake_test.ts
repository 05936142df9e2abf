/**
 * The peer id handshake: between two machines, and with peers that break its rules.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { CloseCode } from "../../src/error/close_code.ts";
import { MisuseError } from "../../src/error/transport_error.ts";
import { StreamEvent, type StreamHandshake } from "../../src/stream/stream_machine.ts";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Connected, Lone, type LoneOptions } from "./stream_bench.ts";

const text = (id: string): Uint8Array => new TextEncoder().encode(id);
const accept = { handshake: { kind: "accept" } } as const;
const announce = { handshake: { kind: "announce", peerId: "me" } as StreamHandshake };

Deno.test("stream: two ends introduce themselves, and the client's messages wait for the answer", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const knobs = { maxReadBytes: seed, maxWriteBytes: 3 * seed, delayMs: 10 };
    const connected = new Connected(announce, accept, knobs, seed);
    connected.send("left", Uint8Array.of(1));
    connected.scheduler.advance(1000);
    connected.send("right", Uint8Array.of(2));
    connected.scheduler.advance(1000);
    assertEquals(connected.pair.left.messages, [Uint8Array.of(2)], `seed ${seed}`);
    assertEquals(connected.pair.right.messages, [Uint8Array.of(1)], `seed ${seed}`);
    assertEquals([connected.left.machine.peerId, connected.right.machine.peerId], ["me", "me"]);
    assertEquals(connected.pair.left.events[0], StreamEvent.Ready);
    assertEquals(connected.pair.right.events.slice(0, 2), [StreamEvent.PeerAnnounced, StreamEvent.Ready]);
  }
});

Deno.test("stream: messages that follow the id at once are delivered, also when the stream ends behind them", () => {
  for (const maxReadBytes of [1, 5, Infinity]) {
    const lone = new Lone({ ...accept, maxReadBytes });
    lone.feed(joined([frameOf(text("you")), frameOf(new Uint8Array(500)), frameOf(Uint8Array.of(1))]));
    lone.feedEnd();
    assertEquals(lone.end.messages, [new Uint8Array(500), Uint8Array.of(1)]);
    assertEquals(lone.written, [...frameOf(text("you"))]);
    assertEquals([lone.reason, lone.counted().unread], ["Normal (remote)", undefined]);
  }
});

Deno.test("stream: messages behind the server's answer are delivered", () => {
  const lone = new Lone(announce);
  lone.feed(joined([frameOf(text("me")), frameOf(Uint8Array.of(9))]));
  assertEquals(lone.events, ["Ready", "Frames"]);
  assertEquals([lone.end.messages, lone.counted().messagesIn], [[Uint8Array.of(9)], 1]);
});

const refused: readonly (readonly [string, Uint8Array, string])[] = [
  ["an empty id", frameOf(new Uint8Array(0)), "BadPeerId"],
  ["an id of 128 bytes, on its header", frameOf(new Uint8Array(0), 128), "BadPeerId"],
  ["a huge id, on its header", frameOf(new Uint8Array(0), 0x7fff_ffff), "BadPeerId"],
  ["an id that is no printable ASCII", frameOf(Uint8Array.of(0x41, 0x1f)), "BadPeerId"],
  ["a negative length", frameOf(new Uint8Array(0), -1), "NegativeLength"],
];
for (const [name, bytes, code] of refused) {
  Deno.test(`stream: a server refuses ${name} without an answer`, () => {
    const lone = new Lone(accept);
    lone.feed(joined([bytes, frameOf(text("good"))]));
    assertEquals([lone.events, lone.reason], [["Closed"], `${code} (remote)`]);
    assertEquals([lone.written, lone.end.messages], [[], []]);
  });
}

Deno.test("stream: a server that refuses a peer does so without an answer", () => {
  const refuse: LoneOptions = {
    ...accept,
    onEvent: (event, { machine }) => {
      if (event === StreamEvent.PeerAnnounced) machine.abort(CloseCode.DuplicatePeerId, "local");
    },
  };
  const lone = new Lone(refuse);
  lone.feed(frameOf(text("you")), frameOf(Uint8Array.of(1)));
  assertEquals([lone.events, lone.reason], [["PeerAnnounced", "Closed"], "DuplicatePeerId (local)"]);
  assertEquals(lone.written, []);
});

Deno.test("stream: a client closes when the first frame is not its own id", () => {
  for (const answer of [frameOf(text("you")), frameOf(new Uint8Array(0)), frameOf(new Uint8Array(300))]) {
    const lone = new Lone(announce);
    lone.send(Uint8Array.of(1));
    lone.feed(answer);
    assertEquals([lone.events, lone.reason], [["Closed"], "HandshakeMismatch (remote)"]);
    assertEquals(lone.written, [...frameOf(text("me"))]);
  }
});

Deno.test("stream: a client whose server ends the stream was refused", () => {
  for (const bytes of [new Uint8Array(0), frameOf(text("me")).subarray(0, 5)]) {
    const lone = new Lone(announce);
    lone.feed(bytes);
    lone.feedEnd();
    assertEquals([lone.events, lone.reason], [["Closed"], "HandshakeRefused (remote)"]);
  }
});

Deno.test("stream: silence ends the handshake at its deadline, a dribble, too", () => {
  for (const options of [accept, announce]) {
    const lone = new Lone({ ...options, handshakeTimeoutMs: 3000 });
    for (let i = 0; i < 2; i++) {
      lone.feed(frameOf(text("me")).subarray(i, i + 1));
      lone.scheduler.advance(1000);
    }
    lone.scheduler.advance(999);
    assertEquals(lone.end.closed, false);
    lone.scheduler.advance(1);
    assertEquals([lone.events, lone.reason], [["Closed"], "HandshakeTimeout (local)"]);
  }
});

Deno.test("stream: queued messages that wait for the handshake are no stall of the peer", () => {
  const waiting = new Lone({ sendStallTimeoutMs: 100 });
  const { outbox } = waiting.machine;
  waiting.writable = false;
  waiting.send(Uint8Array.of(1));
  waiting.scheduler.advance(100);
  assertEquals([waiting.reason, outbox.restart()], ["SendStalled (local)", 0]);
  const lone = new Lone({ ...announce, outbox, sendStallTimeoutMs: 100, handshakeTimeoutMs: 3000 });
  lone.scheduler.advance(2000);
  assertEquals([lone.end.closed, lone.written], [false, [...frameOf(text("me"))]]);
  lone.feed(frameOf(text("me")));
  assertEquals(lone.written.slice(6), [1, 0, 0, 0, 1]);
});

Deno.test("stream: an announced peer must be answered before the next read", () => {
  const lone = new Lone(accept);
  const { machine } = lone;
  const frame = frameOf(text("you"));
  machine.receiveSpan().set(frame);
  machine.handleReceived(frame.length);
  machine.pollTransmit({ buffer: frame, offset: 0, length: 0, bytes: () => frame, clear: () => {} });
  machine.pollTimeout();
  assertEquals(machine.pollEvent(), StreamEvent.PeerAnnounced);
  assertEquals(machine.pollEvent(), undefined);
  assertThrows(() => machine.receiveSpan(), MisuseError, "acceptPeer");
  assertEquals(machine.pollTimeout(), Infinity);
  machine.acceptPeer();
  assertThrows(() => machine.acceptPeer(), MisuseError);
  lone.end.pump();
  lone.scheduler.advance(0);
  assertEquals([lone.events, lone.written], [["Ready"], [...frame]]);
});

Deno.test("stream: close before the handshake is complete ends at once", () => {
  const lone = new Lone(announce);
  lone.close();
  assertEquals([lone.events, lone.reason], [["Closed"], "Normal (local)"]);
});
