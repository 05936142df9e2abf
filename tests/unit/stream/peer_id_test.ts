import { assertEquals, assertThrows } from "@std/assert";
import { decodePeerId, encodePeerId, MAX_PEER_ID_BYTES } from "../../../src/stream/peer_id.ts";

Deno.test("decodePeerId() takes 1 to 127 printable ASCII bytes and nothing else", () => {
  const from = new Uint8Array(200).fill(0x41);
  assertEquals(decodePeerId(from, 3, 1), "A");
  assertEquals(decodePeerId(from, 3, MAX_PEER_ID_BYTES), "A".repeat(127));
  for (const length of [0, 128]) assertEquals(decodePeerId(from, 3, length), undefined);
  for (let byte = 0; byte < 256; byte++) {
    from[5] = byte;
    const expected = byte >= 0x20 && byte <= 0x7e ? `AA${String.fromCharCode(byte)}A` : undefined;
    assertEquals(decodePeerId(from, 3, 4), expected);
  }
});

Deno.test("encodePeerId() is what decodePeerId() reads", () => {
  for (const id of ["a", " ~", "client-7", "x".repeat(127)]) {
    const bytes = encodePeerId(id);
    assertEquals(decodePeerId(bytes, 0, bytes.length), id);
  }
});

Deno.test("encodePeerId() refuses what is no peer id", () => {
  for (const id of ["", "x".repeat(128), "ü", "a\n", "\u007f", "🙂"]) assertThrows(() => encodePeerId(id), RangeError);
  for (const id of [7, null, undefined]) assertThrows(() => encodePeerId(id as unknown as string), TypeError);
});
