/**
 * The end of the stream inside a header and inside a payload.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

Deno.test("stream: an end inside a header or a payload is an error, between two frames it is not", () => {
  const frame = frameOf(Uint8Array.of(1, 2, 3));
  for (let cut = 0; cut <= frame.length; cut++) {
    const lone = new Lone();
    lone.feed(joined([frame, frame.subarray(0, cut)]));
    lone.feedEnd();
    const whole = cut === 0 || cut === frame.length;
    assertEquals(lone.reason, whole ? "Normal (remote)" : "Truncated (remote)");
    assertEquals(lone.end.messages.length, cut === frame.length ? 2 : 1);
    assertEquals(lone.events.includes("Ended"), whole);
    assertEquals(lone.counted().discardedBytes, whole ? undefined : cut);
  }
});
