/**
 * Messages both ways under random chunking, partial writes, delay and a small window on the line.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { Connected } from "./stream_bench.ts";

function messagesOf(random: SeededRandom): Uint8Array[] {
  return Array.from({ length: random.nextInt(30) }, () => {
    const payload = new Uint8Array(random.nextInt(random.nextInt(10) === 0 ? 9000 : 60));
    random.fillSecret(payload);
    return payload;
  });
}

Deno.test("stream: messages arrive both ways, in order and unchanged, whatever the link does to reads and writes", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const knobs = {
      maxReadBytes: 1 + random.nextInt(3000),
      maxWriteBytes: 1 + random.nextInt(3000),
      delayMs: random.nextInt(50),
      jitterMs: random.nextInt(50),
      windowBytes: 500 + random.nextInt(20_000),
    };
    const ends = new Connected({}, {}, knobs, seed);
    const sent = { left: messagesOf(random), right: messagesOf(random) };
    for (let i = 0; i < 30; i++) {
      for (const from of ["left", "right"] as const) {
        const payload = sent[from][i];
        if (payload !== undefined) ends.send(from, payload);
      }
      ends.scheduler.advance(random.nextInt(20));
    }
    ends.scheduler.advance(1e7);
    assertEquals(ends.pair.right.messages, sent.left, `seed ${seed}`);
    assertEquals(ends.pair.left.messages, sent.right, `seed ${seed}`);
    ends.close("left");
    ends.scheduler.advance(1000);
    assertEquals(ends.reasons, ["Normal (local)", "Normal (remote)"], `seed ${seed}`);
    const [out, back] = [ends.left.counted(), ends.right.counted()];
    assertEquals([out.messagesOut ?? 0, out.bytesOut ?? 0], [back.messagesIn ?? 0, back.bytesIn ?? 0], `seed ${seed}`);
    assertEquals(back.messagesOut ?? 0, sent.right.length, `seed ${seed}`);
  }
});
