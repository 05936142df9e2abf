/**
 * A peer that is silent, with and without an application that is slow.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

const good = frameOf(Uint8Array.of(1));

Deno.test("stream: a silent peer is closed after the idle timeout, counted from its last byte", () => {
  const lone = new Lone({ idleTimeoutMs: 1000 });
  lone.scheduler.advance(900);
  lone.feed(good);
  lone.scheduler.advance(999);
  lone.send(Uint8Array.of(1));
  assertEquals(lone.end.closed, false);
  lone.scheduler.advance(1);
  assertEquals([lone.end.closed, lone.reason], [true, "IdleTimeout (local)"]);
});

Deno.test("stream: an application that holds frames rests the idle timeout, which begins anew behind it", () => {
  const lone = new Lone({ idleTimeoutMs: 1000 });
  lone.end.slow = true;
  lone.feed(good);
  lone.scheduler.advance(60_000);
  assertEquals(lone.end.closed, false);
  lone.end.resume();
  // Reading goes on with the next bytes.
  lone.feed(good);
  lone.scheduler.advance(999);
  assertEquals([lone.end.closed, lone.end.messages.length], [false, 2]);
  lone.scheduler.advance(1);
  assertEquals(lone.reason, "IdleTimeout (local)");
});
