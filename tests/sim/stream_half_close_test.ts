/**
 * What happens behind the peer's end: everything sent before is delivered; then flush, stay or drop.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { Connected, Lone } from "./stream_bench.ts";

Deno.test("stream: everything that was sent before a half-close is delivered, also to a slow application", () => {
  for (const slow of [false, true]) {
    const connected = new Connected({}, {}, { maxReadBytes: 700, maxWriteBytes: 900, windowBytes: 2000 });
    connected.pair.right.slow = slow;
    const sent = Array.from({ length: 50 }, (_, i) => new Uint8Array(i * 7).fill(i));
    for (const payload of sent) connected.left.machine.outbox.offer(payload);
    connected.close("left");
    connected.scheduler.advance(100);
    connected.pair.right.resume();
    connected.scheduler.advance(100);
    assertEquals(connected.pair.right.messages, sent);
    assertEquals(connected.reasons, ["Normal (local)", "Normal (remote)"]);
  }
});

Deno.test("stream: with peerEnd flush what is queued goes out, then all is closed", () => {
  const lone = new Lone({ peerEnd: "flush" });
  lone.writable = false;
  lone.send(Uint8Array.of(7));
  lone.feed(frameOf(Uint8Array.of(1)));
  lone.feedEnd();
  assertEquals(lone.events, ["Ready", "Frames", "Ended"]);
  lone.writable = true;
  lone.end.writable();
  lone.scheduler.advance(0);
  assertEquals(lone.written, [1, 0, 0, 0, 7]);
  assertEquals(lone.events.slice(3), ["EndWrite", "Closed"]);
  assertEquals(lone.reason, "Normal (remote)");
});

Deno.test("stream: with peerEnd stay sending goes on until this side closes, and idleness is no matter", () => {
  const lone = new Lone({ peerEnd: "stay", idleTimeoutMs: 100 });
  lone.feedEnd();
  lone.scheduler.advance(1000);
  lone.send(Uint8Array.of(7));
  assertEquals([lone.written, lone.events], [[1, 0, 0, 0, 7], ["Ready", "Ended"]]);
  assertEquals([lone.machine.reading, lone.machine.delivering], [false, true]);
  lone.close();
  assertEquals([lone.events.slice(2), lone.reason], [["EndWrite", "Closed"], "Normal (local)"]);
});

Deno.test("stream: with peerEnd drop all is closed and the queue is kept for another link", () => {
  const lone = new Lone({ peerEnd: "drop", maxWriteBytes: 3 });
  lone.writable = false;
  for (const value of [1, 2]) lone.send(Uint8Array.of(value));
  lone.feedEnd();
  assertEquals([lone.events, lone.reason], [["Ready", "Ended", "Closed"], "Normal (remote)"]);
  const { outbox } = lone.machine;
  assertEquals([outbox.queuedBytes, outbox.restart()], [10, 0]);
  const next = new Lone({ outbox });
  assertEquals(next.written, [...joined([frameOf(Uint8Array.of(1)), frameOf(Uint8Array.of(2))])]);
});

Deno.test("stream: with peerEnd drop a close of this side still flushes", () => {
  const lone = new Lone({ peerEnd: "drop" });
  lone.writable = false;
  lone.send(Uint8Array.of(1));
  lone.close();
  lone.feedEnd();
  assertEquals(lone.end.closed, false);
  lone.writable = true;
  lone.end.writable();
  lone.scheduler.advance(0);
  assertEquals([lone.written.length, lone.reason], [5, "Normal (local)"]);
});
