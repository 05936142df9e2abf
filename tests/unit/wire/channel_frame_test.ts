import { assert, assertEquals } from "@std/assert";
import {
  ChannelFrameType,
  CONNECTION,
  encodeBlocked,
  encodeCredit,
  encodeFragment,
  encodeParity,
  encodeProtected,
  encodeRecovered,
  encodeSkip,
  encodeWhole,
  isChannelFrame,
} from "../../../src/wire/channel_frame.ts";
import { ChannelFrameReader } from "../../../src/wire/channel_frame_reader.ts";
import { FrameType } from "../../../src/wire/session_frame.ts";

const reader = new ChannelFrameReader();

/** A frame at an odd place, followed by something else. */
function written(encode: (into: Uint8Array, at: number) => number, payload = 0): Uint8Array {
  const memory = new Uint8Array(200).fill(0xee);
  return memory.slice(3, encode(memory, 3) + payload);
}

function read(frame: Uint8Array): number {
  return reader.read(frame, 0, frame.length);
}

const frames: readonly [name: string, frame: Uint8Array][] = [
  ["Message", written((into, at) => encodeWhole(into, at, 2, -2, 5), 5)],
  ["Fragment", written((into, at) => encodeFragment(into, at, 3, 7, 0x12345, 0x10000, 32), 32)],
  ["Skip", written((into, at) => encodeSkip(into, at, 0, 9, 0x10203))],
  ["Credit", written((into, at) => encodeCredit(into, at, CONNECTION, 2 ** 40 + 5))],
  ["Blocked", written((into, at) => encodeBlocked(into, at, 4))],
  ["Protected", written((into, at) => encodeWhole(into, encodeProtected(into, at, 0xfffe, 63), 1, 8, 2), 2)],
  ["Parity", written((into, at) => encodeParity(into, at, 1, 0x1234, 2, 64, 8, 12), 12)],
  ["Recovered", written((into, at) => encodeRecovered(into, at, 1, 0x4321, 3), 3)],
];

Deno.test("every frame comes back as it was written", () => {
  const fields = frames.map(([, frame]) => {
    assertEquals(read(frame), frame.length);
    const { type, channel, id, total, start, length, limit, group, index, sources, parities } = reader;
    return { type, channel, id, total, start, length, limit, group, index, sources, parities };
  });
  const [message, fragment, skip, credit, blocked, guarded, parity, recovered] = fields;
  assertEquals([message!.type, message!.channel, message!.id, message!.total, message!.length], [0x10, 2, -2, 5, 5]);
  assertEquals([fragment!.id, fragment!.total, fragment!.start, fragment!.length], [7, 0x12345, 0x10000, 32]);
  assertEquals([skip!.type, skip!.channel, skip!.id, skip!.total], [0x13, 0, 9, 0x10203]);
  assertEquals([credit!.channel, credit!.limit], [CONNECTION, 2 ** 40 + 5]);
  assertEquals([blocked!.type, blocked!.channel], [0x15, 4]);
  assertEquals([guarded!.type, guarded!.group, guarded!.index, guarded!.id], [0x10, 0xfffe, 63, 8]);
  assertEquals([parity!.group, parity!.index, parity!.sources, parity!.parities, parity!.length], [
    0x1234,
    2,
    64,
    8,
    12,
  ]);
  assertEquals([recovered!.channel, recovered!.group, recovered!.length], [1, 0x4321, 3]);
});

Deno.test("read() refuses every frame that ends behind its range", () => {
  for (const [name, frame] of frames) {
    for (let end = 0; end < frame.length; end++) assertEquals(reader.read(frame, 0, end), 0, `${name} cut to ${end}`);
  }
});

Deno.test("read() tells whether a frame is protected, and where the frame inside is", () => {
  read(frames[5]![1]);
  assertEquals([reader.isProtected, reader.inner], [true, 4]);
  read(frames[0]![1]);
  assertEquals(reader.isProtected, false);
});

Deno.test("read() refuses lies", () => {
  const lies: [string, Uint8Array][] = [
    ["a fragment off the grid", written((into, at) => encodeFragment(into, at, 0, 0, 100, 8, 16), 16)],
    ["a fragment that ends off the grid", written((into, at) => encodeFragment(into, at, 0, 0, 100, 16, 24), 24)],
    ["a fragment beyond its message", written((into, at) => encodeFragment(into, at, 0, 0, 100, 96, 16), 16)],
    ["an empty fragment", written((into, at) => encodeFragment(into, at, 0, 0, 100, 16, 0))],
    ["a message of the connection", written((into, at) => encodeWhole(into, at, CONNECTION, 0, 0))],
    ["a skip of the connection", written((into, at) => encodeSkip(into, at, CONNECTION, 0, 0))],
    ["a credit beyond 2^53", Uint8Array.of(0x14, 0, 0, 0x20, 0, 0, 0, 0, 0, 0)],
    ["a protected skip", written((into, at) => encodeSkip(into, encodeProtected(into, at, 0, 0), 0, 0, 0))],
    [
      "a protected protected",
      written((into, at) => encodeWhole(into, encodeProtected(into, encodeProtected(into, at, 0, 0), 0, 0), 0, 0, 0)),
    ],
    ["a place beyond all groups", written((into, at) => encodeWhole(into, encodeProtected(into, at, 0, 64), 0, 0, 0))],
    ["a group of none", written((into, at) => encodeParity(into, at, 0, 0, 0, 0, 1, 20), 20)],
    ["a group of 65", written((into, at) => encodeParity(into, at, 0, 0, 0, 65, 1, 20), 20)],
    ["a group of 255", written((into, at) => encodeParity(into, at, 0, 0, 0, 255, 1, 20), 20)],
    ["nine parities", written((into, at) => encodeParity(into, at, 0, 0, 0, 1, 9, 20), 20)],
    ["a parity beyond the parities", written((into, at) => encodeParity(into, at, 0, 0, 1, 1, 1, 20), 20)],
    ["a parity without parities", written((into, at) => encodeParity(into, at, 0, 0, 0, 1, 0, 20), 20)],
    ["a parity too short for a frame", written((into, at) => encodeParity(into, at, 0, 0, 0, 1, 1, 9), 9)],
    ["a recovered of none", written((into, at) => encodeRecovered(into, at, 0, 0, 0))],
    ["a recovered of nine", written((into, at) => encodeRecovered(into, at, 0, 0, 9), 9)],
    ["an unknown type", Uint8Array.of(0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
  ];
  for (const [name, frame] of lies) assertEquals(read(frame), 0, name);
  const last = written((into, at) => encodeFragment(into, at, 0, 0, 100, 96, 4), 4);
  assertEquals(read(last), last.length, "the last grain may be short");
});

Deno.test("the types of channels are no others but for messages", () => {
  const others = new Set<number>(Object.values(FrameType));
  for (const [name, type] of Object.entries(ChannelFrameType)) {
    assert(isChannelFrame(type), name);
    assertEquals(others.has(type), name === "Message", name);
  }
  for (const type of others) assertEquals(isChannelFrame(type), type === FrameType.Message);
  assertEquals([isChannelFrame(0x19), isChannelFrame(0xff)], [false, false]);
});
