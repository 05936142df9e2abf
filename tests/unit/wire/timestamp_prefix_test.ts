import { assert, assertEquals } from "@std/assert";
import { decodeTimestamp, encodeTimestamp, TIMESTAMP_BYTES } from "../../../src/wire/timestamp_prefix.ts";

Deno.test("encodeTimestamp() writes microseconds as an unsigned 64-bit little-endian number", () => {
  for (const ms of [0, 0.001, 1_704_067_200_000, 1_704_067_200_000.123, 8_999_999_999_999.999]) {
    const bytes = new Uint8Array(TIMESTAMP_BYTES + 2).fill(0xee);
    encodeTimestamp(bytes, 1, ms);
    const micros = new DataView(bytes.buffer).getBigUint64(1, true);
    assertEquals(Number(micros), Math.floor(ms * 1000));
    assertEquals([bytes[0], bytes[9]], [0xee, 0xee]);
    assertEquals(decodeTimestamp(bytes, 1), Math.floor(ms * 1000) / 1000);
  }
});

Deno.test("decodeTimestamp() makes a number of whatever a peer wrote", () => {
  const highest = decodeTimestamp(new Uint8Array(8).fill(0xff), 0);
  assert(Number.isFinite(highest) && highest > 0);
  assertEquals(decodeTimestamp(new Uint8Array(8), 0), 0);
});
