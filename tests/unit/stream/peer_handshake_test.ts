import { assertEquals, assertThrows } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { TransmitSpan } from "../../../src/machine/transmit_span.ts";
import type { FrameParser } from "../../../src/stream/frame_cursor.ts";
import { INT32_FRAMING } from "../../../src/stream/framing.ts";
import { HANDSHAKE_LIMITS, PeerHandshake } from "../../../src/stream/peer_handshake.ts";
import { frameOf, joined } from "./int32_stream.ts";

const announcing = (): PeerHandshake => new PeerHandshake(INT32_FRAMING, { kind: "announce", peerId: "me" });
const accepting = (): PeerHandshake => new PeerHandshake(INT32_FRAMING, { kind: "accept" });
const text = (id: string): Uint8Array => new TextEncoder().encode(id);

function loaded(bytes: Uint8Array): FrameParser {
  const frames = INT32_FRAMING.parser(HANDSHAKE_LIMITS);
  frames.load(bytes, 0, bytes.length);
  return frames;
}

Deno.test("PeerHandshake is done at once where there is none", () => {
  const handshake = new PeerHandshake(INT32_FRAMING, { kind: "none" });
  assertEquals([handshake.done, handshake.speaking, handshake.undecided, handshake.peerId], [true, false, false, ""]);
});

Deno.test("PeerHandshake of the announcing end sends its id in whatever pieces the link takes", () => {
  const handshake = announcing();
  const span = new TransmitSpan();
  const sent: number[] = [];
  while (handshake.speaking) {
    const count = Math.min(2, handshake.lend(span));
    sent.push(...span.bytes().subarray(0, count));
    handshake.confirm(count);
  }
  assertEquals(Uint8Array.from(sent), frameOf(text("me")));
  assertEquals(handshake.done, false);
});

Deno.test("PeerHandshake.confirm() refuses more than was lent", () => {
  const handshake = announcing();
  assertThrows(() => handshake.confirm(7), RangeError);
  assertThrows(() => handshake.confirm(-1), RangeError);
});

Deno.test("PeerHandshake of the announcing end is done with its own id, and leaves what lies behind it", () => {
  const handshake = announcing();
  const frames = loaded(joined([frameOf(text("me")), frameOf(text("a message"))]));
  assertEquals(handshake.read(frames), undefined);
  assertEquals([handshake.done, frames.position, handshake.peerId], [true, 6, "me"]);
});

Deno.test("PeerHandshake of the announcing end refuses any other first frame", () => {
  for (const answer of [text("you"), text("mee"), new Uint8Array(0), new Uint8Array(128), Uint8Array.of(0)]) {
    assertEquals(announcing().read(loaded(frameOf(answer))), CloseCode.HandshakeMismatch);
  }
  assertEquals(announcing().read(loaded(frameOf(text("me"), -1))), CloseCode.NegativeLength);
});

Deno.test("PeerHandshake of the accepting end announces a peer once and repeats its id when told to", () => {
  const handshake = accepting();
  assertThrows(() => handshake.accept(), MisuseError);
  assertEquals(handshake.read(loaded(frameOf(text("you")))), undefined);
  assertEquals([handshake.undecided, handshake.done, handshake.peerId], [true, false, "you"]);
  assertEquals([handshake.takeAnnounced(), handshake.takeAnnounced()], [true, false]);
  assertEquals(handshake.speaking, false);
  handshake.accept();
  assertEquals([handshake.undecided, handshake.done, handshake.speaking], [false, true, true]);
  const span = new TransmitSpan();
  handshake.lend(span);
  assertEquals(span.bytes(), frameOf(text("you")));
  assertThrows(() => handshake.accept(), MisuseError);
});

Deno.test("PeerHandshake of the accepting end refuses bad ids, long ones on their header", () => {
  for (const id of [new Uint8Array(0), Uint8Array.of(7), text("ü"), new Uint8Array(128).fill(0x41)]) {
    assertEquals(accepting().read(loaded(frameOf(id))), CloseCode.BadPeerId);
  }
  assertEquals(accepting().read(loaded(frameOf(new Uint8Array(0), 128))), CloseCode.BadPeerId);
  assertEquals(accepting().read(loaded(frameOf(new Uint8Array(0), -7))), CloseCode.NegativeLength);
});

Deno.test("PeerHandshake.read() waits for the rest of the frame", () => {
  for (let length = 0; length < 6; length++) {
    const handshake = accepting();
    assertEquals(handshake.read(loaded(frameOf(text("me")).subarray(0, length))), undefined);
    assertEquals([handshake.undecided, handshake.takeAnnounced()], [false, false]);
  }
});
