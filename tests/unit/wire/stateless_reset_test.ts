import { assertEquals } from "@std/assert";
import { encodeReset, MAX_RESET_BYTES, MIN_RESET_BYTES, resetLength } from "../../../src/wire/stateless_reset.ts";
import { hex, readPacket } from "./standard_reader.ts";

Deno.test("resetLength() stays below its trigger, and answers no trigger that is too short", () => {
  for (let trigger = 0; trigger <= 1500; trigger++) {
    const length = resetLength(trigger);
    assertEquals(length === 0, trigger <= MIN_RESET_BYTES, `trigger ${trigger}`);
    if (length > 0) assertEquals(length, Math.min(trigger - 1, MAX_RESET_BYTES));
  }
});

Deno.test("encodeReset() looks like a session packet and ends with the token", () => {
  const token = Uint8Array.from({ length: 16 }, (_, i) => 0x70 + i);
  for (const first of [0x00, 0xff]) {
    const memory = new Uint8Array(60).fill(first);
    encodeReset(memory, 2, 50, 0x01020304, -1, token);
    const packet = readPacket(memory.subarray(2, 52));
    assertEquals([packet.type, packet.phase, packet.id], [0, first & 1, "01020304ffffffff"]);
    assertEquals(hex(memory.subarray(36, 52)), hex(token));
    assertEquals([memory[1], memory[11], memory[35], memory[52]], [first, first, first, first]);
  }
});
