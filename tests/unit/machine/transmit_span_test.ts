import { assertEquals, assertStrictEquals } from "@std/assert";
import { TransmitSpan } from "../../../src/machine/transmit_span.ts";

Deno.test("TransmitSpan.bytes() is a view over the lent stretch, and the buffer itself where it is lent whole", () => {
  const span = new TransmitSpan();
  assertEquals(span.bytes().length, 0);
  span.buffer = Uint8Array.of(1, 2, 3, 4);
  span.offset = 1;
  span.length = 2;
  assertEquals([...span.bytes()], [2, 3]);
  assertStrictEquals(span.bytes().buffer, span.buffer.buffer);
  span.offset = 0;
  span.length = 4;
  assertStrictEquals(span.bytes(), span.buffer);
});

Deno.test("TransmitSpan.clear() lets go of the memory", () => {
  const span = new TransmitSpan();
  span.buffer = new Uint8Array(8);
  span.length = 8;
  span.clear();
  assertEquals([span.buffer.length, span.offset, span.length], [0, 0, 0]);
});
