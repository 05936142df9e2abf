/**
 * Frames that end exactly where the receive memory does, and one byte on either side.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

Deno.test("stream: frames that end at, before and behind the end of a buffer arrive whole", () => {
  for (const block of [512, 4096, 8192]) {
    for (const offset of [-5, -4, -3, -1, 0, 1, 3, 4, 5]) {
      const payloads = [
        new Uint8Array(block - 4 + offset).fill(1),
        Uint8Array.of(2),
        new Uint8Array(block - 4).fill(3),
      ];
      const lone = new Lone({ readBufferBytes: 8192 });
      lone.feed(joined(payloads.map((payload) => frameOf(payload))));
      assertEquals(lone.end.messages, payloads);
      lone.feed(frameOf(Uint8Array.of(4)));
      assertEquals(lone.end.messages.length, 4);
    }
  }
});
