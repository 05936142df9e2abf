/**
 * Many frames in one read.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

Deno.test("stream: ten frames in one read are one event and ten messages", () => {
  const payloads = Array.from({ length: 10 }, (_, i) => new Uint8Array(i * 3).fill(i));
  const lone = new Lone();
  lone.feed(joined(payloads.map((payload) => frameOf(payload))));
  assertEquals(lone.end.messages, payloads);
  assertEquals(lone.events, ["Ready", "Frames"]);
  assertEquals(lone.counted(), { messagesIn: 10, bytesIn: 175, reads: 1 });
});

Deno.test("stream: what the application does not read of an event is counted as unread", () => {
  const lone = new Lone({ onEvent: (_, end) => end.machine.frames.next() });
  lone.feed(joined([frameOf(Uint8Array.of(1)), frameOf(Uint8Array.of(2))]));
  assertEquals(lone.end.messages, [Uint8Array.of(2)]);
  const { machine } = lone;
  const span = machine.receiveSpan();
  span.set(joined([frameOf(Uint8Array.of(3)), frameOf(Uint8Array.of(4)), frameOf(Uint8Array.of(5)).subarray(0, 4)]));
  machine.handleReceived(14);
  machine.pollTransmit({ buffer: span, offset: 0, length: 0, bytes: () => span, clear: () => {} });
  machine.pollTimeout();
  machine.pollEvent();
  machine.frames.next();
  assertEquals(machine.pollEvent(), undefined);
  assertEquals(lone.counted(), { messagesIn: 3, bytesIn: 24, reads: 2, unread: 1 });
  lone.feed(Uint8Array.of(7));
  assertEquals(lone.counted().messagesIn, 4);
});
