import { assertEquals } from "@std/assert";
import { LinkMessages } from "../../../../src/bus/link/link_messages.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

Deno.test("LinkMessages finds the same messages however a stream is cut into batches", () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = new SeededRandom(seed);
    const lengths = Array.from(
      { length: 1 + random.nextInt(30) },
      () => random.nextInt(random.nextInt(4) === 0 ? 900 : 9),
    );
    const stream = Uint8Array.from(lengths.flatMap((n, i) => [n & 255, n >> 8, 0, 0, ...new Array(n).fill(i)]));
    const messages = new LinkMessages(900);
    const found: Uint8Array[] = [];
    let count = 0;
    for (let at = 0; at < stream.length;) {
      const end = Math.min(stream.length, at + 1 + random.nextInt(random.nextInt(3) === 0 ? 6 : 400));
      const batch = new Uint8Array(end - at + 20);
      batch.set(stream.subarray(at, end), 10);
      messages.load(batch, 10, batch.length - 10);
      while (messages.next()) {
        found.push(messages.buffer.slice(messages.offset, messages.offset + messages.length));
      }
      count += messages.count;
      messages.unload();
      batch.fill(255);
      at = end;
    }
    assertEquals(found, lengths.map((n, i) => new Uint8Array(n).fill(i)), `seed ${seed}`);
    assertEquals([count, messages.partialBytes, messages.isFaulty], [lengths.length, 0, false]);
  }
});

Deno.test("LinkMessages refuses a length beyond the limit, and looks at nothing behind it", () => {
  const messages = new LinkMessages(5);
  const batch = Uint8Array.of(1, 0, 0, 0, 7, 6, 0, 0, 0, 1, 0, 0, 0, 9);
  messages.load(batch, 0, batch.length);
  assertEquals([messages.next(), messages.length, messages.next(), messages.isFaulty], [true, 1, false, true]);
  messages.load(Uint8Array.of(1, 0, 0, 0, 7), 0, 5);
  assertEquals([messages.next(), messages.count], [false, 0]);
});

Deno.test("LinkMessages takes no memory for a length that was only announced", () => {
  const messages = new LinkMessages(1 << 28);
  messages.load(Uint8Array.of(0, 0, 0, 16, 1, 2), 0, 6);
  assertEquals([messages.next(), messages.partialBytes], [false, 6]);
  messages.unload();
  assertEquals(messages.buffer.length, 0);
});
