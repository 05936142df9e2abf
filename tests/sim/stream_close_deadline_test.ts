/**
 * A close that does not end by itself.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { TransmitSpan } from "../../src/machine/transmit_span.ts";
import { ManualScheduler } from "../../src/testing/manual_scheduler.ts";
import { Lone, makeMachine } from "./stream_bench.ts";

Deno.test("stream: a close that cannot flush ends at its deadline with CloseTimeout", () => {
  const lone = new Lone({ closeTimeoutMs: 500 });
  lone.writable = false;
  lone.send(new Uint8Array(20));
  lone.close();
  lone.scheduler.advance(499);
  assertEquals(lone.end.closed, false);
  lone.scheduler.advance(1);
  assertEquals([lone.end.closed, lone.reason], [true, "CloseTimeout (local)"]);
});

Deno.test("stream: a close that was flushed ends at its deadline as Normal though the peer stays", () => {
  const lone = new Lone({ closeTimeoutMs: 500 });
  lone.send(new Uint8Array(20));
  lone.close();
  lone.scheduler.advance(500);
  assertEquals([lone.end.closed, lone.reason], [true, "Normal (local)"]);
});

Deno.test("stream: the close that follows the peer's end has a deadline, too", () => {
  const lone = new Lone({ closeTimeoutMs: 500 });
  lone.writable = false;
  lone.send(new Uint8Array(20));
  lone.feedEnd();
  assertEquals(lone.reason, "Normal (remote)");
  lone.scheduler.advance(500);
  assertEquals(lone.reason, "CloseTimeout (local)");
});

Deno.test("stream: the deadline of that close is known before the event that begins it", () => {
  const { machine } = makeMachine(new ManualScheduler(), { closeTimeoutMs: 500 });
  const span = new TransmitSpan();
  machine.outbox.offer(new Uint8Array(20));
  machine.pollTransmit(span);
  machine.pollTimeout();
  while (machine.pollEvent() !== undefined);
  machine.handleEnd();
  machine.pollTransmit(span);
  assertEquals(machine.pollTimeout(), 500);
});
