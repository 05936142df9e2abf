import { assertEquals } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import type { FrameLimits, FrameParser } from "../../../src/stream/frame_cursor.ts";
import { encodeFrame, type Framing, MESSAGE_HEADER_FRAMING, UINT32_FRAMING } from "../../../src/stream/framing.ts";
import { MessageHeader } from "../../../src/wire/message_packet.ts";
import { joined } from "./int32_stream.ts";
import { parseMessages, parseUint32 } from "./reference_message_parser.ts";
import type { Parsed } from "./reference_parser.ts";

const limits: FrameLimits = { minBytes: 16, maxBytes: 400, prefixBytes: 0 };
const subjects: readonly [name: string, Framing, (bytes: Uint8Array, limits: FrameLimits) => Parsed][] = [
  ["MessageHeaderCursor", MESSAGE_HEADER_FRAMING, parseMessages],
  ["Uint32Cursor", UINT32_FRAMING, parseUint32],
];

function packet(extension: number, payload: Uint8Array, change: Partial<MessageHeader> = {}): Uint8Array {
  const header = Object.assign(new MessageHeader(), { id: 7, extensionBytes: extension }, change);
  header.payloadBytes = change.payloadBytes ?? payload.length;
  const bytes = new Uint8Array(16 + extension + payload.length);
  header.encode(bytes, 0);
  bytes.set(payload, 16 + extension);
  return bytes;
}

/** Sound packets; in one of two streams something is wrong somewhere, or the end is missing. */
function randomStream(random: SeededRandom, framing: Framing): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let n = random.nextInt(10); n > 0; n--) {
    const payload = new Uint8Array(random.nextInt(120));
    random.fillSecret(payload);
    parts.push(encodeFrame(framing, packet(random.nextInt(9), payload)));
  }
  const odd = [
    packet(0, new Uint8Array(3), { payloadBytes: 400 }),
    packet(0, new Uint8Array(3), { payloadBytes: 401 }),
    packet(0, new Uint8Array(3), { payloadBytes: 0xffff_fff0 }),
    packet(0, new Uint8Array(3), { compression: 2 }),
    packet(0, new Uint8Array(3), { compression: 3 }),
    packet(0, new Uint8Array(3), { type: 2 }),
    packet(0, new Uint8Array(3), { type: 3 }),
    new Uint8Array(16),
    Uint8Array.of(0, 0, 1, 144),
    Uint8Array.of(0, 0, 1, 145),
    Uint8Array.of(0, 0, 0, 15),
    Uint8Array.of(255, 255, 255, 255),
  ];
  if (random.nextInt(2) === 0) {
    parts.splice(random.nextInt(parts.length + 1), 0, odd[random.nextInt(odd.length)]!);
  }
  const all = joined(parts);
  return random.nextInt(3) === 0 ? all.subarray(0, random.nextInt(all.length + 1)) : all;
}

function walk(cursor: FrameParser, bytes: Uint8Array, chunk: () => number): Parsed {
  const payloads: [number, number][] = [];
  let position = 0;
  for (let end = 0; end < bytes.length && cursor.fault === undefined;) {
    end = Math.min(bytes.length, end + chunk());
    cursor.load(bytes, position, end);
    let count = 0;
    while (cursor.next()) {
      payloads.push([cursor.offset, cursor.offset + cursor.length]);
      assertEquals(cursor.count, ++count);
    }
    position = cursor.position;
  }
  return { payloads, fault: cursor.fault, position };
}

for (const [name, framing, parse] of subjects) {
  Deno.test(`${name} finds what the reference parser finds, under all chunkings`, () => {
    for (let seed = 1; seed <= 600; seed++) {
      const random = new SeededRandom(seed);
      const bytes = randomStream(random, framing);
      const most = 1 + random.nextInt(1 + random.nextInt(300));
      const found = walk(framing.parser(limits), bytes, () => 1 + random.nextInt(most));
      assertEquals(found, parse(bytes, limits), `seed ${seed}`);
    }
  });

  Deno.test(`${name}.pendingBytes() knows a frame's size from its header on`, () => {
    const frame = encodeFrame(framing, packet(2, new Uint8Array(40)));
    const header = framing === UINT32_FRAMING ? 4 : 16;
    const cursor = framing.parser(limits);
    cursor.load(frame, 0, header - 1);
    assertEquals([cursor.pendingBytes(), cursor.next(), cursor.fault], [0, false, undefined]);
    cursor.load(frame, 0, header);
    assertEquals([cursor.pendingBytes(), cursor.next()], [frame.length, false]);
    assertEquals(framing.headerBytes + framing.decodeLength(frame, 0), frame.length);
  });

  Deno.test(`${name} stops for good at a refused header`, () => {
    const good = encodeFrame(framing, packet(0, new Uint8Array(1)));
    const bad = encodeFrame(framing, packet(0, new Uint8Array(0), { payloadBytes: 1000 }));
    const large = framing === UINT32_FRAMING ? Uint8Array.of(0, 0, 3, 248) : bad;
    const bytes = joined([good, large, good]);
    const cursor = framing.parser(limits);
    cursor.load(bytes, 0, bytes.length);
    assertEquals([cursor.next(), cursor.next(), cursor.next()], [true, false, false]);
    assertEquals([cursor.fault, cursor.position, cursor.pendingBytes()], [CloseCode.FrameTooLarge, good.length, 0]);
    cursor.load(bytes, good.length + large.length, bytes.length);
    assertEquals([cursor.next(), cursor.pendingBytes()], [false, 0]);
  });

  Deno.test(`${name}.payload() is the frame without what stands before it`, () => {
    const inner = packet(3, Uint8Array.of(1, 2, 3));
    const frame = joined([Uint8Array.of(9, 9), encodeFrame(framing, inner)]);
    const cursor = framing.parser(limits);
    cursor.load(frame.subarray(1), 1, frame.length - 1);
    assertEquals([cursor.next(), cursor.payload()], [true, inner]);
  });
}

Deno.test("MessageHeaderCursor names what is wrong on the sixteen bytes alone", () => {
  const cases: [Uint8Array, CloseCode][] = [
    [packet(0, new Uint8Array(0), { type: 3, payloadBytes: 100 }), CloseCode.ProtocolViolation],
    [packet(0, new Uint8Array(0), { compression: 3, payloadBytes: 100 }), CloseCode.ProtocolViolation],
    [packet(0, new Uint8Array(0), { payloadBytes: 401 }), CloseCode.FrameTooLarge],
  ];
  for (const [bytes, fault] of cases) {
    const cursor = MESSAGE_HEADER_FRAMING.parser(limits);
    cursor.load(bytes, 0, 16);
    assertEquals([cursor.pendingBytes(), cursor.next(), cursor.fault], [0, false, fault]);
  }
});
