/**
 * What lies behind a fault is not looked at, however much it looks like frames.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

const good = frameOf(Uint8Array.of(1));
const evil = frameOf(Uint8Array.of(66));
const bad = frameOf(new Uint8Array(0), -1);

Deno.test("stream: good frames before a fault are delivered, no byte behind it is", () => {
  for (const maxReadBytes of [1, 3, 7, Infinity]) {
    const lone = new Lone({ maxReadBytes });
    lone.feed(joined([good, good, bad, evil, evil]));
    lone.feed(evil);
    assertEquals(lone.end.messages, [Uint8Array.of(1), Uint8Array.of(1)]);
    assertEquals([lone.reason, lone.events.at(-1)], ["NegativeLength (remote)", "Closed"]);
    assertEquals(lone.machine.reading, false);
  }
});

Deno.test("stream: a fault behind held frames closes only when the application is done with them", () => {
  const lone = new Lone();
  lone.end.slow = true;
  lone.feed(joined([good, bad, evil]));
  assertEquals([lone.reason, lone.end.messages.length], ["", 0]);
  lone.end.resume();
  assertEquals(lone.end.messages, [Uint8Array.of(1)]);
  assertEquals(lone.reason, "NegativeLength (remote)");
});
