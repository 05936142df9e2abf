/**
 * Frames that arrive too slowly.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

const rate = { minFrameBytesPerSecond: 100, frameGraceMs: 2000 };
const frame = frameOf(new Uint8Array(1000));

Deno.test("stream: a client that sends one byte a second is closed, though it is never idle", () => {
  const lone = new Lone({ ...rate, idleTimeoutMs: 1500 });
  for (let i = 0; i < 10 && !lone.end.closed; i++) {
    lone.feed(frame.subarray(i, i + 1));
    lone.scheduler.advance(1000);
  }
  assertEquals([lone.scheduler.clock.now, lone.reason], [3000, "TooSlow (local)"]);
});

Deno.test("stream: a peer that stops in the middle of its first frame is closed without any further input", () => {
  for (const first of [new Uint8Array(0), frameOf(Uint8Array.of(1))]) {
    const lone = new Lone(rate);
    lone.feed(joined([first, frame.subarray(0, 50)]));
    lone.scheduler.advance(1999);
    assertEquals(lone.end.closed, false);
    lone.scheduler.advance(1);
    assertEquals(lone.reason, "TooSlow (local)");
  }
});

Deno.test("stream: a frame that keeps to the rate may take long, and the next one begins anew", () => {
  const lone = new Lone(rate);
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < frame.length; at += 110) {
      lone.feed(frame.subarray(at, at + 110));
      lone.scheduler.advance(1000);
    }
  }
  assertEquals([lone.end.messages.length, lone.reason], [2, ""]);
});

Deno.test("stream: the rate rests while the application holds the reading", () => {
  const lone = new Lone(rate);
  lone.end.slow = true;
  lone.feed(joined([frameOf(Uint8Array.of(1)), frame.subarray(0, 50)]));
  lone.scheduler.advance(60_000);
  assertEquals(lone.end.closed, false);
  lone.end.resume();
  lone.scheduler.advance(2000);
  assertEquals(lone.end.closed, false);
  lone.feed(frame.subarray(50));
  lone.scheduler.advance(60_000);
  assertEquals([lone.end.messages.length, lone.reason], [2, ""]);
});
