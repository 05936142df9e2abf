/**
 * Lengths at and beyond the limits: judged on the header, before anything behind it is there.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

const header = (length: number): Uint8Array => frameOf(new Uint8Array(0), length);

Deno.test("stream: a header with a length that is not accepted closes at once", () => {
  const refused = [[-1, "NegativeLength"], [-0x8000_0000, "NegativeLength"], [1001, "FrameTooLarge"]] as const;
  for (const [length, code] of [...refused, [0x7fff_ffff, "FrameTooLarge"]] as const) {
    const lone = new Lone({ maxFrameBytes: 1000 });
    lone.feed(header(length).subarray(0, 3));
    assertEquals(lone.reason, "");
    lone.feed(header(length).subarray(3));
    assertEquals([lone.reason, lone.end.closed], [`${code} (remote)`, true]);
    assertEquals(lone.counted(), { bytesIn: 4, reads: 2, discardedBytes: 4 });
  }
});

Deno.test("stream: lengths 0 and maxFrameBytes are legal", () => {
  const lone = new Lone({ maxFrameBytes: 1000 });
  lone.feed(header(0), frameOf(new Uint8Array(1000)));
  assertEquals(lone.end.messages.map(({ length }) => length), [0, 1000]);
  assertEquals(lone.reason, "");
});

Deno.test("stream: the largest length is legal where it is allowed, and takes no memory before it arrives", () => {
  const lone = new Lone({ maxFrameBytes: 0x7fff_ffff - 8, readBufferBytes: 8192 });
  lone.feed(header(0x7fff_ffff - 8), new Uint8Array(100));
  assertEquals(lone.reason, "");
  assertEquals(lone.machine.receiveSpan().buffer.byteLength <= 8192, true);
});

Deno.test("stream: length 0 closes where empty messages are not allowed", () => {
  const lone = new Lone({ allowEmptyMessages: false });
  lone.feed(joined([frameOf(Uint8Array.of(1)), header(0)]));
  assertEquals([lone.end.messages.length, lone.reason], [1, "EmptyFrame (remote)"]);
});

Deno.test("stream: a frame without the timestamp that was agreed on closes", () => {
  const lone = new Lone({ timestamps: true, maxFrameBytes: 10 });
  lone.feed(frameOf(new Uint8Array(18)));
  assertEquals(lone.end.messages, [new Uint8Array(10)]);
  lone.feed(frameOf(new Uint8Array(7)));
  assertEquals(lone.reason, "MissingTimestamp (remote)");
});
