/**
 * An orderly close: flush, end this side's stream, wait for the peer's end.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SendStatus } from "../../src/error/send_status.ts";
import { frameOf } from "../unit/stream/int32_stream.ts";
import { Connected, Lone } from "./stream_bench.ts";

Deno.test("stream: close flushes, ends the stream, then closes when the peer has ended its own", () => {
  const lone = new Lone({ maxWriteBytes: 10 });
  lone.writable = false;
  for (let i = 0; i < 3; i++) lone.machine.outbox.offer(new Uint8Array(20).fill(i));
  lone.close();
  assertEquals(lone.machine.outbox.offer(Uint8Array.of(1)), SendStatus.Closed);
  assertEquals(lone.events, ["Ready"]);
  lone.writable = true;
  lone.end.writable();
  lone.scheduler.advance(0);
  assertEquals([lone.written.length, lone.events], [72, ["Ready", "EndWrite"]]);
  lone.feed(frameOf(Uint8Array.of(1)));
  lone.feedEnd();
  assertEquals(lone.end.messages, []);
  assertEquals([lone.events.at(-1), lone.reason], ["Closed", "Normal (local)"]);
  assertEquals(lone.counted().discardedBytes, 5);
});

Deno.test("stream: a close in the middle of an event discards the rest and counts it", () => {
  const connected = new Connected({}, {}, { onMessage: (_, { machine }) => machine.close() });
  for (let i = 0; i < 3; i++) connected.left.machine.outbox.offer(Uint8Array.of(i));
  connected.pair.left.pump();
  connected.scheduler.advance(100);
  assertEquals(connected.pair.right.messages, [Uint8Array.of(0)]);
  assertEquals(connected.reasons, ["Normal (remote)", "Normal (local)"]);
  const { messagesIn, discardedBytes, bytesIn } = connected.right.counted();
  assertEquals([messagesIn, discardedBytes, bytesIn], [1, 10, 15]);
});

Deno.test("stream: both ends that close at once are closed in order, and nothing is lost", () => {
  const connected = new Connected({}, {}, { delayMs: 20 });
  connected.close("left");
  connected.close("right");
  connected.scheduler.advance(100);
  assertEquals(connected.reasons, ["Normal (local)", "Normal (local)"]);
  assertEquals([connected.pair.left.closed, connected.pair.right.closed], [true, true]);
});

Deno.test("stream: abort closes at once and writes nothing more", () => {
  const lone = new Lone();
  lone.writable = false;
  lone.send(new Uint8Array(20));
  lone.machine.abort(2, "local", "why");
  lone.end.pump();
  assertEquals([lone.events, lone.reason], [["Ready", "Closed"], "Aborted (local)"]);
  assertEquals(lone.machine.reason?.cause, "why");
  lone.machine.handleTransmitted(0);
  assertEquals(lone.machine.pollTimeout(), Infinity);
});
