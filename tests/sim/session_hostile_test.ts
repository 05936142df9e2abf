/**
 * A client that has the keys and breaks the rules: each breach closes the session with its code, and nothing else.
 * Why: above 400 lines, because all of it is done by one and the same hostile client.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { PacketKey } from "../../src/crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../src/crypto/chacha20_poly1305.ts";
import { helloSecrets, packetKeyOf } from "../../src/session/key_schedule.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import { SessionState } from "../../src/session/session_state.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { decodeServerHello, encodeClientHello } from "../../src/wire/hello_record.ts";
import { decodeWord, encodeSessionHeader } from "../../src/wire/packet_header.ts";
import {
  encodeAccept,
  encodeAck,
  encodeClose,
  encodeMessageHeader,
  encodeNewConnectionId,
  encodeOffer,
  encodePathFrame,
  encodeRetireConnectionId,
  encodeTicketFrame,
  FrameType,
} from "../../src/wire/session_frame.ts";
import { type Frame, hex, openPacket, readFrames, readPacket } from "../unit/wire/standard_reader.ts";
import { type EndOptions, reasonOf, Sim } from "./session_bench.ts";

const limits = { maxDatagramBytes: 65535, maxAckDelayMs: 25, idleTimeoutMs: 30_000, features: 0 };
const token = new Uint8Array(16);
const OWN_ID = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);

type Write = (into: Uint8Array, at: number) => number;

/** A client made by hand. */
class Hostile {
  readonly sim: Sim;
  readonly session: SessionMachine;
  readonly address = new DatagramAddress();
  /** The packets that came back, opened. */
  readonly answers: Frame[][] = [];
  number = 0;
  readonly #key: PacketKey;
  readonly #id: Uint8Array;

  constructor(options: EndOptions = {}, sim = new Sim({}, options)) {
    this.sim = sim;
    const { endpoint, host } = this.sim.server;
    this.address.parse("10.6.6.6", 666);
    const fields = { lowestVersion: 1, highestVersion: 1, connectionId: OWN_ID, limits, early: undefined };
    const hello = encodeClientHello({ ...fields, token: new Uint8Array(0) });
    const { record, session } = endpoint.acceptHello(hello, this.address, host.address.port);
    this.sim.server.pump();
    const answer = decodeServerHello(record)!;
    const secrets = helloSecrets(answer.clientSecret, answer.serverSecret, hello, record);
    this.#key = packetKeyOf(new ChaCha20Poly1305(), secrets.client);
    this.#id = answer.connectionId;
    this.session = session!;
    this.sim.network.tap = ({ bytes }) => {
      this.answers.push(readFrames(openPacket(bytes, secrets.server)!));
      return false;
    };
  }

  /** Becomes a client that the server has heard, at an address that it trusts. */
  open(): void {
    this.send(ping, padding);
    const data = `${this.answered("PathChallenge")[0]!.data}`;
    const [high, low] = [data.slice(0, 8), data.slice(8)].map((digits) => parseInt(digits, 16));
    this.send((into, at) => encodePathFrame(into, at, FrameType.PathResponse, high!, low!), ack(0, 0));
    this.sim.scheduler.advance(0);
  }

  /** Sends a packet of frames. */
  send(...frames: readonly Write[]): void {
    const packet = new Uint8Array(3000);
    let end = 17;
    for (const write of frames) end = write(packet, end);
    encodeSessionHeader(packet, 0, 0, decodeWord(this.#id, 0), decodeWord(this.#id, 4), this.number);
    this.#key.seal(packet, 0, 17, end, this.number++);
    this.sim.server.receive(0, packet.subarray(0, end + 16), this.address);
  }

  /** All frames of a kind that came back. */
  answered(name: string): Frame[] {
    return this.answers.flat().filter((frame) => frame.name === name);
  }
}

const padding: Write = (_, at) => at + 1150;
const ping: Write = (into, at) => {
  into[at] = FrameType.Ping;
  return at + 1;
};
const byte = (value: number): Write => (into, at) => {
  into[at] = value;
  return at + 1;
};
const message = (type: FrameType, channel: number, id: number, payload: number): Write => (into, at) => {
  const start = encodeMessageHeader(into, at, type, channel, id, 2);
  into[start + 1] = payload;
  return start + 2;
};
const ack = (largest: number, count: number): Write => (into, at) => encodeAck(into, at, largest, count, 0);
const newId = (sequence: number): Write => (into, at) =>
  encodeNewConnectionId(into, at, sequence, sequence, sequence, token);
const retire = (sequence: number): Write => (into, at) => encodeRetireConnectionId(into, at, sequence);

const breaches: readonly (readonly [string, readonly Write[]])[] = [
  ["a frame of an unknown type", [byte(0x7f)]],
  ["a frame that is cut off", [byte(FrameType.Ack)]],
  ["a message on a channel that there is not", [message(FrameType.Plain, 9, 0, 0)]],
  ["an early message on another channel", [message(FrameType.EarlyMessage, 3, 0, 0)]],
  ["an early message with an id of 32", [message(FrameType.EarlyMessage, 1, 32, 0)]],
  ["a HandshakeDone", [byte(FrameType.HandshakeDone)]],
  ["a ticket", [(into, at) => {
    const secret = new Uint8Array(32);
    return encodeTicketFrame(into, at, { lifetimeSeconds: 1, ageMask: 0, secret, ticket: new Uint8Array(20) });
  }]],
  ["an accept", [(into, at) => encodeAccept(into, at, 0, token, limits)]],
  ["an offer", [(into, at) => encodeOffer(into, at, limits)]],
  ["the end of an id that was never issued", [retire(77)]],
  ["more ids than the server has places for", [newId(1), newId(2), newId(3)]],
];

for (const [what, frames] of breaches) {
  Deno.test(`session: ${what} closes the session`, () => {
    const peer = new Hostile();
    peer.send(ping);
    assertEquals(peer.session.state, SessionState.Established);
    peer.send(message(FrameType.Plain, 1, 0, 1), ...frames);
    assertEquals([reasonOf(peer.session), peer.sim.server.arrived], ["ProtocolViolation (remote)", []]);
    assertEquals(peer.answered("Close"), [{ name: "Close", code: 64, text: "" }]);
  });
}

Deno.test("session: an acknowledgement of what was never sent closes the session", () => {
  for (const [largest, count] of [[1000, 0], [2 ** 40, 0], [5, 5], [2 ** 52, 3]] as const) {
    const peer = new Hostile();
    peer.send(ping);
    peer.send(ack(largest, count));
    assertEquals(reasonOf(peer.session), "OptimisticAck (remote)", `${largest}`);
  }
});

Deno.test("session: one client's breach is not told of another's", () => {
  const first = new Hostile();
  first.send(ping);
  first.send(ack(1000, 0));
  const second = new Hostile({}, first.sim);
  second.send(ping);
  second.send(byte(0x7f));
  assertEquals([first, second].map(({ session }) => reasonOf(session)), [
    "OptimisticAck (remote)",
    "ProtocolViolation (remote)",
  ]);
});

Deno.test("session: an acknowledgement of a number that was left out closes the session, exact ones do not", () => {
  for (const isHonest of [true, false]) {
    const peer = new Hostile();
    const numbers: number[] = [];
    peer.open();
    peer.sim.network.tap = ({ bytes }) => numbers.push(readPacket(bytes).number) < 0;
    let gap = -1;
    for (let i = 0; gap < 0 && i < 1000; i++) {
      peer.session.send(1, new Uint8Array(1));
      peer.sim.server.pump();
      peer.sim.scheduler.advance(5);
      if (i % 50 === 49) peer.send(ack(numbers.at(-1)!, 0));
      gap = numbers.findIndex((number, k) => k > 0 && number !== numbers[k - 1]! + 1);
    }
    const newest = numbers.at(-1)!;
    const skipped = newest - 1;
    assert(gap > 0 && !numbers.includes(skipped));
    peer.send(isHonest ? ack(newest, 0) : ack(newest, 3));
    assertEquals(reasonOf(peer.session), isHonest ? "" : "OptimisticAck (remote)");
    if (isHonest) peer.send(ack(skipped - 1, 5));
    assertEquals(peer.session.state, isHonest ? SessionState.Established : SessionState.Closing);
  }
});

Deno.test("session: early messages in session packets are delivered once by their ids", () => {
  const peer = new Hostile();
  const early = (id: number, payload: number): Write => message(FrameType.EarlyMessage, 1, id, payload);
  peer.send(early(0, 10), early(5, 15), early(0, 11));
  peer.send(early(5, 16), early(31, 41), message(FrameType.Plain, 1, 0, 50));
  peer.send(early(31, 42));
  const arrived = peer.sim.server.arrived.map(({ payload, isEarly }) => [payload[1], isEarly]);
  assertEquals(arrived, [[10, true], [15, true], [41, true], [50, false]]);
  assertEquals(peer.session.statistics().counters.droppedMessages, 3);
});

Deno.test("session: repeated and reordered connection ids are taken once, retired ones do not come back", () => {
  const peer = new Hostile();
  peer.send(newId(2), newId(1));
  peer.send(newId(1), newId(2), newId(0));
  assertEquals(peer.session.state, SessionState.Established);
  peer.send(newId(3));
  assertEquals(peer.session.state, SessionState.Closing);
});

Deno.test("session: an id that the client retires is replaced by a new one", () => {
  const peer = new Hostile();
  peer.open();
  const issued = (): unknown[] => peer.answered("NewConnectionId").map(({ sequence }) => sequence);
  assertEquals(issued(), [1, 2]);
  peer.send(retire(1));
  peer.send(retire(1));
  assertEquals([issued(), peer.session.state], [[1, 2, 3], SessionState.Established]);
  peer.send(retire(2), retire(3), retire(4));
  assertEquals(peer.session.state, SessionState.Established);
});

Deno.test("session: a packet of padding alone is taken and not answered", () => {
  const peer = new Hostile();
  peer.open();
  peer.sim.scheduler.advance(100);
  peer.send(ack(peer.answers.length - 1, peer.answers.length - 1));
  const before = peer.answers.length;
  peer.send(byte(0));
  peer.send(ack(0, 0));
  peer.sim.scheduler.advance(30);
  assertEquals([peer.session.state, peer.answers.length], [SessionState.Established, before]);
});

Deno.test("session: a ping is acknowledged at once, a message within the delay, and 16 of them at once", () => {
  const peer = new Hostile();
  peer.send(ping);
  peer.sim.scheduler.advance(100);
  const acks = (): number => peer.answered("Ack").length + peer.answered("AckRanges").length;
  const before = acks();
  peer.send(ping);
  assertEquals(acks(), before + 1);
  peer.send(message(FrameType.Plain, 1, 0, 0));
  assertEquals(acks(), before + 1);
  peer.sim.scheduler.advance(24);
  assertEquals(acks(), before + 1);
  peer.sim.scheduler.advance(1);
  assertEquals(acks(), before + 2);
  const expected = { name: "AckRanges", largest: 2, count: 2, delay: 25_000, more: "" };
  assertEquals(peer.answered("AckRanges").at(-1), expected);
  for (let i = 0; i < 16; i++) peer.send(message(FrameType.Plain, 1, i, 0));
  assertEquals(acks(), before + 3);
});

Deno.test("session: an acknowledgement names the one range below the largest number without a gap", () => {
  const peer = new Hostile({ ackEveryPackets: 1 });
  const range = (): unknown[] => {
    const { largest, count } = peer.answered("Ack").at(-1)!;
    return [largest, count];
  };
  for (
    const [number, largest, count] of [[0, 0, 0], [1, 1, 1], [5, 5, 0], [7, 7, 0], [6, 7, 1], [4, 7, 1], [5, 7, 1]]
  ) {
    peer.number = number!;
    peer.send(ping);
    assertEquals(range(), [largest, count], `after ${number}`);
  }
});

Deno.test("session: the ranges of a session with traffic are told again until the peer has them, the newest first", () => {
  const peer = new Hostile();
  peer.open();
  peer.sim.scheduler.advance(100);
  const told = (numbers: readonly number[]): unknown[] => {
    for (const number of numbers) {
      peer.number = number;
      peer.send(message(FrameType.Plain, 1, number, 0));
    }
    peer.sim.scheduler.advance(25);
    const { largest, count, more } = peer.answered("AckRanges").at(-1)!;
    return [largest, count, more];
  };
  assertEquals(told([10, 11, 12, 15, 16]), [16, 1, "12-10"]);
  assertEquals(told([20]), [20, 0, "16-15 12-10"]);
  assertEquals(told([13, 14]), [20, 0, "16-10"]);
  for (const number of [21, 22]) {
    peer.number = number;
    peer.send(message(FrameType.Plain, 1, number, 0));
  }
  // This one carries an acknowledgement, and is acknowledged.
  peer.session.send(1, new Uint8Array(1));
  peer.sim.server.pump();
  peer.send(ack(peer.answers.length - 1, 0));
  assertEquals(told([24]), [24, 4, ""]);
});

Deno.test("session: who only receives asks now and then, once a round trip, which ranges the peer knows", () => {
  const peer = new Hostile();
  peer.open();
  const pings = (): number => peer.answered("Ping").length;
  peer.sim.scheduler.advance(100);
  peer.send(ack(peer.answers.length - 1, peer.answers.length - 1));
  const before = pings();
  for (let i = 0; i < 40; i++) {
    peer.number++;
    peer.send(message(FrameType.Plain, 1, i, 0));
  }
  assertEquals(pings(), before + 1);
  peer.sim.scheduler.advance(2);
  peer.number++;
  peer.send(message(FrameType.Plain, 1, 40, 0));
  assertEquals(pings(), before + 2);
});

Deno.test("session: the range below a gap is acknowledged beside the newest one, once", () => {
  const peer = new Hostile();
  peer.open();
  peer.sim.scheduler.advance(100);
  const taken = (numbers: readonly number[]): unknown[] => {
    const before = peer.answered("Ack").length;
    for (const number of numbers) {
      peer.number = number;
      peer.send(newId(1));
    }
    peer.sim.scheduler.advance(25);
    return peer.answered("Ack").slice(before).map(({ largest, count }) => [largest, count]);
  };
  assertEquals(taken([10, 11, 12, 15, 16]), [[12, 2], [15, 0], [16, 1]]);
  assertEquals(taken([17]), [[17, 2]]);
  assertEquals(taken([20]), [[20, 0]], "17 was told of");
  assertEquals(taken([21, 25, 24, 23, 22, 26]), [[21, 1], [25, 0], [26, 4]]);
  assertEquals(taken([27, 30, 33]), [[27, 5], [30, 0], [33, 0]]);
});

Deno.test("session: what is owed goes out again until it is acknowledged, and then no more", () => {
  const peer = new Hostile();
  const count = (): number => peer.answered("HandshakeDone").length;
  peer.send(ping, padding);
  peer.sim.scheduler.advance(4000);
  const repeated = count();
  assert(repeated >= 3 && repeated <= 5, `${repeated} times`);
  assertEquals(peer.answered("NewConnectionId").length, 2 * repeated);
  peer.send(ack(peer.answers.length - 1, peer.answers.length - 1), ping, padding);
  peer.sim.scheduler.advance(8000);
  assertEquals(count(), repeated);
});

Deno.test("session: a challenge is answered with its data, on its path, padded", () => {
  const peer = new Hostile();
  peer.send(ping);
  const sizes: number[] = [];
  const { tap } = peer.sim.network;
  peer.sim.network.tap = (datagram) => {
    sizes.push(datagram.bytes.length);
    assertEquals(datagram.to.port, 777);
    return tap!(datagram);
  };
  const challenge: Write = (into, at) => encodePathFrame(into, at, FrameType.PathChallenge, 0x01020304, -2);
  peer.address.parse("10.6.6.6", 777);
  peer.send(challenge, padding);
  assertEquals(peer.answered("PathResponse"), [{ name: "PathResponse", data: "01020304fffffffe" }]);
  assertEquals(sizes[0], 1200);
  assertEquals(peer.answered("PathChallenge").length, 2, "the server proves both paths");
});

Deno.test("session: a response with other data, or by another path, validates nothing", () => {
  const peer = new Hostile();
  peer.send(ping);
  const data = `${peer.answered("PathChallenge")[0]!.data}`;
  const [high, low] = [data.slice(0, 8), data.slice(8)].map((digits) => parseInt(digits, 16) | 0);
  const respond = (a: number, b: number): void =>
    peer.send((into, at) => encodePathFrame(into, at, FrameType.PathResponse, a, b));
  respond(high!, low! ^ 1);
  respond(high! ^ 1, low!);
  peer.address.parse("10.6.6.6", 777);
  respond(high!, low!);
  peer.address.parse("10.6.6.6", 666);
  const isLimited = (): boolean => {
    for (let i = 0; i < 5; i++) peer.session.send(1, new Uint8Array(1000));
    peer.sim.server.pump();
    return peer.session.statistics().queuedMessages > 0;
  };
  assertEquals(isLimited(), true);
  respond(high!, low!);
  assertEquals(isLimited(), false);
});

Deno.test("session: a close with a text that is no UTF-8 is taken all the same", () => {
  const peer = new Hostile();
  peer.send((into, at) => encodeClose(into, at, 0x9000, Uint8Array.of(0x61, 0xff)));
  assertEquals(peer.session.reason, { code: 0x9000, origin: "remote", text: "a\ufffd" });
  assertEquals(hex(Uint8Array.of(0x61, 0xff)), "61ff");
  assertEquals(peer.answered("Close").length, 1);
});

Deno.test("session: messages beside a close are dropped and counted", () => {
  const peer = new Hostile();
  peer.send(message(FrameType.Plain, 1, 0, 1), (into, at) => encodeClose(into, at, 0, new Uint8Array(0)));
  assertEquals(peer.sim.server.arrived, []);
  assertEquals(peer.session.statistics().counters.droppedMessages, 1);
});

Deno.test("session: a number of 2^53 - 1 shuts the client's own window and nothing else", () => {
  const peer = new Hostile();
  peer.send(ping);
  peer.number = Number.MAX_SAFE_INTEGER;
  peer.send(ping);
  assertEquals(peer.session.state, SessionState.Established);
  peer.number = 5;
  peer.send(message(FrameType.Plain, 1, 0, 1));
  assertEquals([peer.sim.server.arrived.length, peer.session.statistics().counters.replayed], [0, 1]);
});
