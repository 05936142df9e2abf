import { assertEquals } from "@std/assert";
import { decodeInt32Header, encodeInt32Header, INT32_MAX_LENGTH } from "../../../src/wire/int32_frame.ts";

Deno.test("encodeInt32Header() writes the length little-endian and touches nothing else", () => {
  const into = new Uint8Array(8).fill(0xee);
  encodeInt32Header(into, 2, 0x01020304);
  assertEquals([...into], [0xee, 0xee, 4, 3, 2, 1, 0xee, 0xee]);
});

Deno.test("decodeInt32Header() reads back every kind of length, and negative ones as negative", () => {
  const view = new DataView(new ArrayBuffer(5));
  const bytes = new Uint8Array(view.buffer);
  for (const length of [0, 1, 127, 255, 256, 65535, 65536, INT32_MAX_LENGTH, -1, -256, -0x8000_0000]) {
    view.setInt32(1, length, true);
    assertEquals(decodeInt32Header(bytes, 1), length);
    bytes.fill(0);
    encodeInt32Header(bytes, 1, length);
    assertEquals(view.getInt32(1, true), length);
  }
});
