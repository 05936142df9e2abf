/**
 * Closing with and without draining: whether what the peer still sends is delivered, and how long a close waits.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { CloseCode } from "../../src/error/close_code.ts";
import { SendStatus } from "../../src/error/send_status.ts";
import { MisuseError } from "../../src/error/transport_error.ts";
import { frameOf } from "../unit/stream/int32_stream.ts";
import { Lone } from "./stream_bench.ts";

const one = Uint8Array.of(1);
const two = Uint8Array.of(2);

function closing(lone: Lone, draining: boolean): Lone {
  lone.machine.close(CloseCode.GoingAway, "local", draining);
  lone.end.pump();
  lone.scheduler.advance(0);
  return lone;
}

Deno.test("stream: a draining close delivers until the peer's end, and takes nothing more to send", () => {
  const lone = closing(new Lone(), true);
  assertEquals([lone.machine.delivering, lone.machine.sendable], [true, false]);
  assertEquals(lone.machine.outbox.offer(one), SendStatus.Closed);
  lone.feed(frameOf(one), frameOf(two));
  assertEquals(lone.end.messages, [one, two]);
  lone.feedEnd();
  assertEquals([lone.events.at(-1), lone.reason], ["Closed", "GoingAway (local)"]);
  assertEquals(lone.counted()["discardedBytes"], undefined);
});

Deno.test("stream: a draining close judges what it delivers", () => {
  const lone = closing(new Lone(), true);
  lone.feed(frameOf(one), Uint8Array.of(255, 255, 255, 255), frameOf(two));
  assertEquals([lone.end.messages, lone.reason], [[one], "NegativeLength (remote)"]);
});

Deno.test("stream: without draining what arrives is discarded and counted", () => {
  const lone = closing(new Lone(), false);
  lone.feed(frameOf(one));
  assertEquals([lone.end.messages, lone.counted()["discardedBytes"]], [[], 5]);
});

Deno.test("stream: a close without draining is not undone by one with, but the other way round", () => {
  const first = closing(closing(new Lone(), false), true);
  first.feed(frameOf(one));
  assertEquals(first.end.messages, []);
  const second = closing(closing(new Lone(), true), false);
  second.feed(frameOf(one));
  assertEquals(second.end.messages, []);
});

Deno.test("stream: while the application holds an event, a close waits for the peer's end only if it drains", () => {
  for (const draining of [false, true]) {
    const lone = new Lone({ closeTimeoutMs: 100 });
    lone.end.slow = true;
    lone.feed(frameOf(one));
    closing(lone, draining);
    assertEquals(lone.events.at(-1), draining ? "EndWrite" : "Closed");
    lone.scheduler.advance(100);
    assertEquals([lone.events.at(-1), lone.reason], ["Closed", "GoingAway (local)"]);
  }
});

Deno.test("stream: bytes that are brought while the application holds an event are the driver's mistake", () => {
  const lone = new Lone();
  lone.feed(frameOf(one));
  lone.machine.receiveSpan();
  lone.machine.holdReading();
  assertThrows(() => lone.machine.handleReceived(0), MisuseError, "holds");
  assertThrows(() => lone.machine.handleEnd(), MisuseError);
});
