/**
 * A peer that never reads.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Connected, Lone } from "./stream_bench.ts";

Deno.test("stream: a peer that takes no byte for too long is closed with SendStalled", () => {
  const lone = new Lone({ sendStallTimeoutMs: 1000, maxWriteBytes: 5 });
  lone.scheduler.advance(5000);
  lone.writable = false;
  lone.send(new Uint8Array(100));
  lone.scheduler.advance(999);
  assertEquals(lone.end.closed, false);
  lone.writable = true;
  lone.end.writable();
  lone.writable = false;
  lone.scheduler.advance(999);
  assertEquals(lone.end.closed, false);
  lone.scheduler.advance(1);
  assertEquals([lone.end.closed, lone.reason], [true, "SendStalled (local)"]);
});

Deno.test("stream: what a peer that never reads leaves queued keeps its bound", () => {
  const connected = new Connected({ maxQueuedBytes: 4096 }, {}, { windowBytes: 1000 });
  connected.pair.right.slow = true;
  let queued = 0;
  for (let i = 0; i < 500; i++) {
    connected.send("left", new Uint8Array(60));
    connected.scheduler.advance(1);
    queued = Math.max(queued, connected.left.machine.outbox.queuedBytes);
  }
  assertEquals(queued > 4096 - 64 && queued <= 4096, true);
  const { refusedBackPressured = 0 } = connected.left.counted();
  connected.pair.right.resume();
  connected.scheduler.advance(100);
  assertEquals(connected.pair.right.messages.length, 500 - refusedBackPressured);
});
