/**
 * A link that breaks in the middle, and an outbox that goes on over another one.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { Connected } from "./stream_bench.ts";

Deno.test("stream: a reset in the middle is LinkLost with its cause", () => {
  const connected = new Connected({}, {}, { delayMs: 10 });
  connected.send("left", new Uint8Array(100));
  connected.scheduler.advance(5);
  connected.pair.cut("reset by peer");
  assertEquals(connected.reasons, ["LinkLost (link)", "LinkLost (link)"]);
  assertEquals(connected.left.machine.reason?.cause, "reset by peer");
  connected.scheduler.advance(100);
  assertEquals(connected.pair.right.messages, []);
});

Deno.test("stream: a reset behind a close that was flushed is LinkLost: nobody knows what the peer has read", () => {
  const connected = new Connected({}, {}, { delayMs: 10 });
  connected.close("left");
  connected.scheduler.advance(1);
  connected.pair.left.breakLink("reset by peer");
  assertEquals(connected.reasons[0], "LinkLost (link)");
});

Deno.test("stream: an outbox over several links loses at most what each broken one had taken, and repeats nothing whole", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const knobs = { maxWriteBytes: 40, maxReadBytes: 30 };
    let connected = new Connected({}, {}, knobs, seed);
    const { machine: { outbox } } = connected.left;
    const total = 60;
    for (let i = 0; i < total; i++) outbox.offer(new Uint8Array(1 + random.nextInt(60)).fill(i));
    const arrived: number[] = [];
    const collect = (): number => arrived.push(...connected.pair.right.messages.map(([value]) => value!));
    for (let link = 0; link < 4; link++) {
      connected.pair.left.pump();
      for (let turns = random.nextInt(25); turns > 0; turns--) connected.scheduler.turn();
      connected.pair.cut("gone");
      collect();
      outbox.restart();
      connected = new Connected({ outbox }, {}, knobs, seed + link);
    }
    connected.scheduler.advance(1000);
    collect();
    assertEquals(arrived, [...new Set(arrived)].sort((a, b) => a - b), `seed ${seed}`);
    assertEquals(arrived.at(-1), total - 1, `seed ${seed}`);
    assertEquals(outbox.empty, true, `seed ${seed}`);
  }
});
