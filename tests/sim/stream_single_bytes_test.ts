/**
 * A peer whose bytes come one at a time.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

Deno.test("stream: messages arrive whole when every read brings one byte", () => {
  const payloads = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(700).fill(9), Uint8Array.of(4)];
  const lone = new Lone({ maxReadBytes: 1 });
  lone.feed(joined(payloads.map((payload) => frameOf(payload))));
  assertEquals(lone.end.messages, payloads);
  assertEquals(lone.counted(), { messagesIn: 4, bytesIn: 720, reads: 720 });
});

Deno.test("stream: messages go out whole when every write takes one byte", () => {
  const lone = new Lone({ maxWriteBytes: 1 });
  lone.send(Uint8Array.of(1, 2, 3));
  lone.send(new Uint8Array(0));
  assertEquals(lone.written, [3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]);
  assertEquals(lone.counted(), { messagesOut: 2, bytesOut: 11, writes: 11 });
});
