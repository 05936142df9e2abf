/**
 * The drain event.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SendStatus } from "../../src/error/send_status.ts";
import { Lone } from "./stream_bench.ts";

Deno.test("stream: a queue that was full says Drained once when it is down at its low mark", () => {
  const lone = new Lone({ maxQueuedBytes: 1024, lowWaterBytes: 300, maxWriteBytes: 1 });
  lone.writable = false;
  while (lone.machine.outbox.offer(new Uint8Array(60)) === SendStatus.Queued);
  lone.end.pump();
  lone.scheduler.advance(0);
  assertEquals(lone.events, ["Ready"]);
  lone.writable = true;
  lone.end.writable();
  lone.scheduler.advance(0);
  assertEquals(lone.events, ["Ready", "Drained"]);
  assertEquals(lone.written.length, 1024);
});
