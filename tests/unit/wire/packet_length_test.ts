import { assertEquals } from "@std/assert";
import { decodePacketLength, encodePacketLength } from "../../../src/wire/packet_length.ts";

Deno.test("encodePacketLength() writes two bytes big-endian that decodePacketLength() reads back", () => {
  const memory = new Uint8Array(4).fill(0xee);
  encodePacketLength(memory, 1, 0x1234);
  assertEquals([...memory], [0xee, 0x12, 0x34, 0xee]);
  for (const length of [0, 1, 255, 256, 65535]) {
    encodePacketLength(memory, 1, length);
    assertEquals(decodePacketLength(memory, 1), length);
  }
});
