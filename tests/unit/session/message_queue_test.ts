import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { MessageQueue } from "../../../src/session/message_queue.ts";
import { readFrames } from "../wire/standard_reader.ts";

Deno.test("MessageQueue hands out frames in order, as many as fit", () => {
  const queue = new MessageQueue();
  for (let id = 0; id < 3; id++) assertEquals(queue.push(1, id, new Uint8Array(10).fill(id), 1000), true);
  assertEquals([queue.count, queue.bytes, queue.nextBytes], [3, 54, 18]);
  const packet = new Uint8Array(50).fill(0xee);
  assertEquals(queue.moveInto(packet, 5, 5 + 17), 5);
  assertEquals(queue.moveInto(packet, 5, 5 + 36), 41);
  assertEquals([packet[4], packet[41]], [0xee, 0xee]);
  const frames = readFrames(packet.subarray(5, 41));
  assertEquals(frames.map(({ id, payload }) => [id, payload]), [[0, "00".repeat(10)], [1, "01".repeat(10)]]);
  assertEquals([queue.count, queue.bytes], [1, 18]);
  queue.clear();
  assertEquals([queue.count, queue.bytes, queue.nextBytes, queue.moveInto(packet, 0, 50)], [0, 0, 0, 0]);
});

Deno.test("MessageQueue refuses what passes its limit and takes what reaches it", () => {
  const queue = new MessageQueue();
  assertEquals(queue.push(1, 0, new Uint8Array(92), 100), true);
  assertEquals(queue.push(1, 1, new Uint8Array(0), 107), false);
  assertEquals(queue.push(1, 1, new Uint8Array(0), 108), true);
});

Deno.test("MessageQueue keeps order and content, whatever its size and the sizes of messages", () => {
  for (let seed = 1; seed <= 15; seed++) {
    const random = new SeededRandom(seed);
    const queue = new MessageQueue();
    const model: number[][] = [];
    const packet = new Uint8Array(1500);
    let id = 0;
    for (let i = 0; i < 1500; i++) {
      if (random.nextInt(5) < (i % 300 < 150 ? 4 : 1)) {
        const payload = new Uint8Array(random.nextInt(random.nextInt(4) === 0 ? 1300 : 90)).fill(i);
        const room = queue.bytes + 8 + payload.length <= 60_000;
        assertEquals(queue.push(1, id, payload, 60_000), room, `seed ${seed} step ${i}`);
        if (room) model.push([id++, payload.length, i & 255]);
      } else {
        const end = 20 + random.nextInt(1480);
        const at = queue.moveInto(packet, 20, end);
        assert(at <= end);
        for (const { id: got, payload } of readFrames(packet.subarray(20, at))) {
          const [expected, length, fill] = model.shift()!;
          const digits = fill!.toString(16).padStart(2, "0").repeat(length!);
          assertEquals([got, payload], [expected, digits], `seed ${seed} step ${i}`);
        }
        assert(queue.nextBytes === 0 || at + queue.nextBytes > end, "one more would have fitted");
      }
      assertEquals([queue.count, queue.bytes], [model.length, model.reduce((sum, [, length]) => sum + 8 + length!, 0)]);
    }
  }
});

Deno.test("MessageQueue hands out the newest content when messages of one size follow each other", () => {
  const queue = new MessageQueue();
  const packet = new Uint8Array(600);
  for (const size of [64, 64, 64, 300, 300, 64]) {
    for (let i = 0; i < 5; i++) {
      queue.push(1, i, new Uint8Array(size).fill(i + size), 10_000);
      assertEquals(queue.moveInto(packet, 3, 600), 11 + size);
      assertEquals([packet[11], packet[10 + size]], [(i + size) & 255, (i + size) & 255]);
    }
  }
});

Deno.test("MessageQueue keeps the memory of a burst when it is cleared only as far as it may", () => {
  const queue = new MessageQueue();
  for (let n = 0; n < 10; n++) queue.push(1, n, new Uint8Array(1000), 1 << 20);
  assertEquals([queue.memoryBytes, queue.count], [16_384, 10]);
  queue.clear(16_384);
  assertEquals([queue.memoryBytes, queue.count, queue.bytes], [16_384, 0, 0]);
  queue.clear(16_383);
  assertEquals(queue.memoryBytes, 4096);
  for (let n = 0; n < 10; n++) queue.push(1, n, new Uint8Array(1000), 1 << 20);
  queue.clear();
  assertEquals(queue.memoryBytes, 4096);
});
