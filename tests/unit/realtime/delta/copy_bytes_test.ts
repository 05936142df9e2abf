import { assertEquals } from "@std/assert";
import { copyBytes } from "../../../../src/realtime/delta/copy_bytes.ts";

const source = Uint8Array.from({ length: 500 }, (_, i) => i * 7);

Deno.test("copyBytes() copies a range of any length and nothing else", () => {
  for (const length of [0, 1, 2, 191, 192, 193, 400]) {
    const target = new Uint8Array(450).fill(0xee);
    copyBytes(source, 30, 30 + length, target, 20);
    assertEquals(target.subarray(20, 20 + length), source.subarray(30, 30 + length), `${length}`);
    assertEquals(target.subarray(0, 20), new Uint8Array(20).fill(0xee), `${length}`);
    assertEquals(target.subarray(20 + length), new Uint8Array(430 - length).fill(0xee), `${length}`);
  }
});

Deno.test("copyBytes() moves an overlapping range towards the start of the same memory", () => {
  for (const length of [50, 250]) {
    const memory = source.slice();
    copyBytes(memory, 10, 10 + length, memory, 5);
    assertEquals(memory.subarray(5, 5 + length), source.subarray(10, 10 + length), `${length}`);
  }
});
