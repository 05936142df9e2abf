/**
 * A slow application holds an event: the sending side and the clock go on, reading does not.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameOf } from "../unit/stream/int32_stream.ts";
import { Connected, Lone } from "./stream_bench.ts";

Deno.test("stream: messages go out while an event is held, and nothing is read", () => {
  const lone = new Lone();
  lone.end.slow = true;
  lone.feed(frameOf(Uint8Array.of(1)), frameOf(Uint8Array.of(2)));
  for (let i = 0; i < 3; i++) {
    lone.send(Uint8Array.of(i));
    lone.scheduler.advance(1000);
  }
  assertEquals([lone.written.length, lone.end.unreadBytes, lone.end.holding], [15, 5, true]);
  assertEquals(lone.counted().messagesOut, 3);
  lone.end.resume();
  lone.scheduler.advance(0);
  assertEquals(lone.end.messages, [Uint8Array.of(1), Uint8Array.of(2)]);
});

Deno.test("stream: a held event keeps its payloads though the stream is closed meanwhile", () => {
  const lone = new Lone();
  lone.end.slow = true;
  lone.feed(frameOf(Uint8Array.of(1)));
  const { frames } = lone.machine;
  lone.machine.close();
  assertEquals(frames.next(), true);
  assertEquals([...frames.payload()], [1]);
  assertEquals(lone.machine.delivering, false);
});

Deno.test("stream: a slow receiver slows the sender down, and gets everything in the end", () => {
  const connected = new Connected({}, {}, { windowBytes: 300 });
  connected.pair.right.slow = true;
  const sent = Array.from({ length: 40 }, (_, i) => new Uint8Array(100).fill(i));
  for (const payload of sent) connected.send("left", payload);
  connected.scheduler.advance(1000);
  assertEquals(connected.left.machine.outbox.queuedBytes > 3000, true);
  connected.pair.right.resume();
  connected.scheduler.advance(1000);
  assertEquals(connected.pair.right.messages, sent);
});
