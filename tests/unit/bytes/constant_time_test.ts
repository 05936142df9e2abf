import { assertEquals } from "@std/assert";
import { constantTimeEqual } from "../../../src/bytes/constant_time.ts";

Deno.test("constantTimeEqual() tells any single differing bit at any place", () => {
  const a = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
  assertEquals(constantTimeEqual(a, a.slice()), true);
  for (let i = 0; i < a.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const b = a.slice();
      b[i]! ^= 1 << bit;
      assertEquals(constantTimeEqual(a, b), false);
    }
  }
});

Deno.test("constantTimeEqual() tells strings of different lengths apart", () => {
  assertEquals(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false);
  assertEquals(constantTimeEqual(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2)), false);
  assertEquals(constantTimeEqual(new Uint8Array(0), new Uint8Array(1)), false);
  assertEquals(constantTimeEqual(new Uint8Array(0), new Uint8Array(0)), true);
});

Deno.test("constantTimeEqual() does not let differences cancel out", () => {
  assertEquals(constantTimeEqual(Uint8Array.of(1, 1), Uint8Array.of(2, 2)), false);
  assertEquals(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(2, 1)), false);
});
