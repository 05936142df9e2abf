import { assertEquals } from "@std/assert";
import {
  decodeNumber,
  decodeWord,
  encodeNumber,
  encodeSessionHeader,
  encodeWord,
  firstByte,
  PacketType,
  packetType,
  SESSION_HEADER_BYTES,
} from "../../../src/wire/packet_header.ts";

Deno.test("packetType() takes the first bytes that firstByte() makes, and no other byte", () => {
  const known = new Map<number, number>();
  for (const type of Object.values(PacketType)) known.set(firstByte(type, 0), type);
  known.set(firstByte(PacketType.Session, 1), PacketType.Session);
  assertEquals([...known.keys()].sort(), [0xd0, 0xd1, 0xd2, 0xd4, 0xd6, 0xd8]);
  for (let byte = 0; byte < 256; byte++) assertEquals(packetType(byte), known.get(byte) ?? -1, `byte ${byte}`);
});

Deno.test("packetType() takes nothing that begins like STUN, DTLS, TURN or RTP (RFC 7983)", () => {
  for (const [from, to] of [[0, 3], [16, 19], [20, 63], [64, 79], [128, 191]] as const) {
    for (let byte = from; byte <= to; byte++) assertEquals(packetType(byte), -1, `byte ${byte}`);
  }
});

Deno.test("encodeSessionHeader() writes phase, id and number where the standard has them", () => {
  const into = new Uint8Array(SESSION_HEADER_BYTES + 2).fill(0xee);
  encodeSessionHeader(into, 1, 1, 0x01020304, 0x85868788 | 0, 0x11121314151617);
  const expected = [0xd1, 1, 2, 3, 4, 0x85, 0x86, 0x87, 0x88, 0, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17];
  assertEquals([...into], [0xee, ...expected, 0xee]);
});

Deno.test("encodeNumber() and decodeNumber() agree with the platform on every size", () => {
  const bytes = new Uint8Array(10);
  const view = new DataView(bytes.buffer);
  for (let bit = 0; bit < 53; bit++) {
    for (const number of [2 ** bit, 2 ** bit - 1, 2 ** bit + (bit === 52 ? 0 : 1)]) {
      encodeNumber(bytes, 1, number);
      assertEquals(Number(view.getBigUint64(1)), number);
      assertEquals(decodeNumber(bytes, 1), number);
    }
  }
});

Deno.test("decodeNumber() refuses what a number cannot hold", () => {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, 2n ** 53n - 1n);
  assertEquals(decodeNumber(bytes, 0), Number.MAX_SAFE_INTEGER);
  for (const number of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
    view.setBigUint64(0, number);
    assertEquals(decodeNumber(bytes, 0), -1);
  }
});

Deno.test("encodeWord() writes what decodeWord() reads as a signed word", () => {
  const bytes = new Uint8Array(6).fill(0xee);
  for (const word of [0, 1, -1, 0x7fff_ffff, -0x8000_0000, 0x01020304]) {
    encodeWord(bytes, 1, word);
    assertEquals([decodeWord(bytes, 1), bytes[0], bytes[5]], [word, 0xee, 0xee]);
  }
  encodeWord(bytes, 1, 0xfffffffe);
  assertEquals(decodeWord(bytes, 1), -2);
});
