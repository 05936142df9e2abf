import { ChannelFrameType } from "../../../src/wire/channel_frame.ts";
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { FrameCursor } from "../../../src/wire/frame_cursor.ts";
import {
  ACCEPT_FRAME_BYTES,
  ACK_FRAME_BYTES,
  CLOSE_OVERHEAD_BYTES,
  decodeGrant,
  EarlyVerdict,
  elicitsAck,
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
  isProbing,
  MESSAGE_OVERHEAD_BYTES,
  NEW_ID_FRAME_BYTES,
  OFFER_FRAME_BYTES,
  PATH_FRAME_BYTES,
  RETIRE_FRAME_BYTES,
  TICKET_OVERHEAD_BYTES,
} from "../../../src/wire/session_frame.ts";
import { decodeLimits } from "../../../src/wire/session_limits.ts";
import { type Frame, hex, readFrames } from "./standard_reader.ts";

const limits = { maxDatagramBytes: 0x1234, maxAckDelayMs: 0x5678, idleTimeoutMs: 0x9abcdef0, features: 0x80000001 };
const token = Uint8Array.from({ length: 16 }, (_, i) => 0x40 + i);
const grant = {
  lifetimeSeconds: 0xfedcba98,
  ageMask: 0x89abcdef,
  secret: new Uint8Array(32).fill(5),
  ticket: Uint8Array.from({ length: 300 }, (_, i) => i),
};

interface Sample {
  readonly name: string;
  readonly bytes: number;
  readonly write: (into: Uint8Array, at: number) => number;
  readonly expected: Frame;
  readonly read: (cursor: FrameCursor) => unknown;
  readonly value: unknown;
}

const limitFields = { maxDatagram: 0x1234, maxAckDelay: 0x5678, idleTimeout: 0x9abcdef0, features: 0x80000001 };

function message(type: FrameType, id: number): (into: Uint8Array, at: number) => number {
  return (into, at) => {
    const payload = encodeMessageHeader(into, at, type, 1, id, 300);
    into.fill(9, payload, payload + 300);
    return payload + 300;
  };
}

const samples: readonly Sample[] = [
  {
    name: "Ack",
    bytes: ACK_FRAME_BYTES,
    write: (into, at) => encodeAck(into, at, 2 ** 40 + 7, 0xfffffff0, 4_000_000_000),
    expected: { name: "Ack", largest: 2 ** 40 + 7, count: 0xfffffff0, delay: 4_000_000_000 },
    read: (cursor) => [cursor.largest, cursor.smallest, cursor.delayMicros],
    value: [2 ** 40 + 7, 2 ** 40 + 7 - 0xfffffff0, 4_000_000_000],
  },
  {
    name: "PathChallenge",
    bytes: PATH_FRAME_BYTES,
    write: (into, at) => encodePathFrame(into, at, FrameType.PathChallenge, 0x01020304, -2),
    expected: { name: "PathChallenge", data: "01020304fffffffe" },
    read: (cursor) => [cursor.high, cursor.low],
    value: [0x01020304, -2],
  },
  {
    name: "PathResponse",
    bytes: PATH_FRAME_BYTES,
    write: (into, at) => encodePathFrame(into, at, FrameType.PathResponse, -1, 7),
    expected: { name: "PathResponse", data: "ffffffff00000007" },
    read: (cursor) => [cursor.high, cursor.low],
    value: [-1, 7],
  },
  {
    name: "NewConnectionId",
    bytes: NEW_ID_FRAME_BYTES,
    write: (into, at) => encodeNewConnectionId(into, at, 0xfffffffe, -3, 4, token),
    expected: { name: "NewConnectionId", sequence: 0xfffffffe, id: "fffffffd00000004", token: hex(token) },
    read: (cursor) => [
      cursor.sequence,
      cursor.high,
      cursor.low,
      hex(cursor.buffer.subarray(cursor.offset, cursor.offset + 16)),
    ],
    value: [0xfffffffe, -3, 4, hex(token)],
  },
  {
    name: "RetireConnectionId",
    bytes: RETIRE_FRAME_BYTES,
    write: (into, at) => encodeRetireConnectionId(into, at, 0x80000000),
    expected: { name: "RetireConnectionId", sequence: 0x80000000 },
    read: (cursor) => cursor.sequence,
    value: 0x80000000,
  },
  {
    name: "Close",
    bytes: CLOSE_OVERHEAD_BYTES + 255,
    write: (into, at) => encodeClose(into, at, 0x8042, new Uint8Array(255).fill(0x61)),
    expected: { name: "Close", code: 0x8042, text: "61".repeat(255) },
    read: (cursor) => [cursor.code, cursor.length, cursor.buffer[cursor.offset]],
    value: [0x8042, 255, 0x61],
  },
  {
    name: "Ticket",
    bytes: TICKET_OVERHEAD_BYTES + 300,
    write: (into, at) => encodeTicketFrame(into, at, grant),
    expected: {
      name: "Ticket",
      lifetime: grant.lifetimeSeconds,
      ageMask: grant.ageMask,
      secret: hex(grant.secret),
      ticket: hex(grant.ticket),
    },
    read: (cursor) => decodeGrant(cursor.buffer, cursor.offset, cursor.length),
    value: grant,
  },
  {
    name: "Accept",
    bytes: ACCEPT_FRAME_BYTES,
    write: (into, at) => encodeAccept(into, at, EarlyVerdict.Refused, token, limits),
    expected: { name: "Accept", verdict: 2, token: hex(token), ...limitFields },
    read: (cursor) => [cursor.code, cursor.buffer[cursor.offset], decodeLimits(cursor.buffer, cursor.offset + 16)],
    value: [2, token[0], limits],
  },
  {
    name: "Offer",
    bytes: OFFER_FRAME_BYTES,
    write: (into, at) => encodeOffer(into, at, limits),
    expected: { name: "Offer", ...limitFields },
    read: (cursor) => decodeLimits(cursor.buffer, cursor.offset),
    value: limits,
  },
  {
    name: "Plain",
    bytes: MESSAGE_OVERHEAD_BYTES + 300,
    write: message(FrameType.Plain, 0xfffffff1),
    expected: { name: "Plain", channel: 1, id: 0xfffffff1, payload: "09".repeat(300) },
    read: (cursor) => [cursor.channel, cursor.id, cursor.length, cursor.buffer[cursor.offset]],
    value: [1, 0xfffffff1, 300, 9],
  },
  {
    name: "EarlyMessage",
    bytes: MESSAGE_OVERHEAD_BYTES + 300,
    write: message(FrameType.EarlyMessage, 31),
    expected: { name: "EarlyMessage", channel: 1, id: 31, payload: "09".repeat(300) },
    read: (cursor) => [cursor.channel, cursor.id, cursor.length, cursor.buffer[cursor.offset]],
    value: [1, 31, 300, 9],
  },
  ...["Ping", "HandshakeDone"].map((name): Sample => ({
    name,
    bytes: 1,
    write: (into, at) => {
      into[at] = FrameType[name as "Ping"];
      return at + 1;
    },
    expected: { name },
    read: (cursor) => cursor.type,
    value: FrameType[name as "Ping"],
  })),
];

for (const { name, bytes, write, expected, read, value } of samples) {
  Deno.test(`${name} is written as the standard says and read back`, () => {
    const memory = new Uint8Array(bytes + 4).fill(0xee);
    assertEquals(write(memory, 2), bytes + 2);
    assertEquals([memory[1], memory[bytes + 2]], [0xee, 0xee]);
    const frame = memory.subarray(2, bytes + 2);
    assertEquals(readFrames(frame), [expected]);
    const cursor = new FrameCursor();
    cursor.load(memory, 2, bytes + 2);
    assertEquals([cursor.next(), cursor.type], [true, FrameType[name as keyof typeof FrameType]]);
    assertEquals(read(cursor), value);
    assertEquals([cursor.next(), cursor.failed], [false, false]);
  });

  Deno.test(`${name} is refused when any byte of it is missing`, () => {
    const memory = new Uint8Array(bytes + 2);
    write(memory, 1);
    const cursor = new FrameCursor();
    for (let end = 2; end < bytes + 1; end++) {
      cursor.load(memory, 1, end);
      assertEquals([cursor.next(), cursor.failed, cursor.next()], [false, true, false], `${end - 1} of ${bytes} bytes`);
    }
  });
}

Deno.test("FrameCursor walks frames one after the other and passes over padding", () => {
  const memory = new Uint8Array(3000);
  let at = 5;
  for (const { write } of samples) at = write(memory, at) + 3;
  const cursor = new FrameCursor();
  cursor.load(memory, 2, at);
  for (const { name, read, value } of samples) {
    assertEquals(cursor.next(), true, name);
    assertEquals(read(cursor), value, name);
  }
  assertEquals([cursor.next(), cursor.failed, cursor.position], [false, false, at]);
});

Deno.test("FrameCursor refuses every type that is not in the standard", () => {
  const known = new Set<number>([...Object.values(FrameType), ...Object.values(ChannelFrameType)]);
  const memory = new Uint8Array(600);
  const cursor = new FrameCursor();
  for (let type = 0; type < 256; type++) {
    if (known.has(type)) continue;
    memory[0] = type;
    cursor.load(memory, 0, 600);
    assertEquals([cursor.next(), cursor.failed], [false, true], `type ${type}`);
  }
});

Deno.test("FrameCursor refuses an acknowledgement below 0 and one beyond 2^53", () => {
  const memory = new Uint8Array(ACK_FRAME_BYTES);
  const cursor = new FrameCursor();
  for (const [largest, count, isLegal] of [[5, 5, true], [5, 6, false], [0, 0, true], [0, 1, false]] as const) {
    encodeAck(memory, 0, largest, count, 0);
    cursor.load(memory, 0, memory.length);
    assertEquals(cursor.next(), isLegal, `${largest} ${count}`);
  }
  memory[1] = 0x80;
  cursor.load(memory, 0, memory.length);
  assertEquals([cursor.next(), cursor.failed], [false, true]);
});

Deno.test("FrameCursor refuses an early message with an id from 32 on, a ticket of a bad length and an unknown verdict", () => {
  const memory = new Uint8Array(700);
  const cursor = new FrameCursor();
  const isLegal = (end: number): boolean => {
    cursor.load(memory, 0, end);
    return cursor.next();
  };
  for (const [id, expected] of [[31, true], [32, false], [0xffffffff, false]] as const) {
    encodeMessageHeader(memory, 0, FrameType.EarlyMessage, 1, id, 0);
    assertEquals(isLegal(8), expected, `id ${id}`);
  }
  for (const [length, expected] of [[0, false], [1, true], [512, true], [513, false]] as const) {
    assertEquals(
      isLegal(encodeTicketFrame(memory, 0, { ...grant, ticket: new Uint8Array(length) })),
      expected,
      `${length}`,
    );
  }
  for (const [verdict, expected] of [[0, true], [2, true], [3, false], [255, false]] as const) {
    assertEquals(isLegal(encodeAccept(memory, 0, verdict as EarlyVerdict, token, limits)), expected, `${verdict}`);
  }
});

Deno.test("FrameCursor stays inside of its range whatever is in it", () => {
  const cursor = new FrameCursor();
  const memory = new Uint8Array(200);
  for (let seed = 0; seed < 3000; seed++) {
    const random = new SeededRandom(seed);
    random.fillSecret(memory);
    if (seed % 2 === 0) memory[20] = samples[seed % samples.length]!.value as number;
    const end = 20 + random.nextInt(120);
    cursor.load(memory, 20, end);
    for (let position = 20; cursor.next(); position = cursor.position) {
      assert(cursor.position > position && cursor.position <= end, `seed ${seed}`);
      const isMessage = cursor.type === FrameType.Plain || cursor.type === FrameType.EarlyMessage;
      if (isMessage || cursor.type === FrameType.Close) {
        assert(cursor.offset >= 20 && cursor.offset + cursor.length <= end, `seed ${seed}`);
      }
    }
  }
});

Deno.test("decodeLimits() refuses a peer that takes less than every link carries", () => {
  const memory = new Uint8Array(12);
  for (const [bytes, isLegal] of [[1199, false], [1200, true], [65535, true]] as const) {
    memory[0] = bytes >> 8;
    memory[1] = bytes & 255;
    assertEquals(decodeLimits(memory, 0)?.maxDatagramBytes, isLegal ? bytes : undefined);
  }
});

Deno.test("elicitsAck() and isProbing() sort the frames as RFC 9000 does", () => {
  const quiet = Object.values(FrameType).filter((type) => !elicitsAck(type));
  assertEquals(quiet, [
    FrameType.Padding,
    FrameType.Ack,
    FrameType.Close,
    FrameType.AckRanges,
    FrameType.AckRangesEcn,
  ]);
  const probing = Object.values(FrameType).filter(isProbing);
  assertEquals(probing, [
    FrameType.Padding,
    FrameType.PathChallenge,
    FrameType.PathResponse,
    FrameType.NewConnectionId,
  ]);
});
