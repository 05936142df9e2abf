import { assertEquals, assertThrows } from "@std/assert";
import { MAX_PACKET_NUMBER, NonceSequence } from "../../../src/crypto/nonce_sequence.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

Deno.test("NonceSequence.take() counts up from the first number", () => {
  const sequence = new NonceSequence();
  assertEquals(Array.from({ length: 4 }, () => sequence.take()), [0, 1, 2, 3]);
  assertEquals(new NonceSequence(77).take(), 77);
});

Deno.test("NonceSequence.take() refuses to pass the last number, for ever", () => {
  const sequence = new NonceSequence(5, 6);
  assertEquals(Array.from({ length: 5 }, () => sequence.take()), [5, 6, -1, -1, -1]);
  assertEquals(sequence.upcoming, 7);
});

Deno.test("NonceSequence ends at the highest number that is exact", () => {
  const sequence = new NonceSequence(MAX_PACKET_NUMBER - 1);
  assertEquals(Array.from({ length: 4 }, () => sequence.take()), [2 ** 53 - 2, 2 ** 53 - 1, -1, -1]);
  assertEquals(sequence.skip(0), false);
});

Deno.test("NonceSequence.skip() leaves numbers out", () => {
  const sequence = new NonceSequence(10);
  assertEquals([sequence.skip(3), sequence.upcoming, sequence.take()], [true, 13, 13]);
  assertEquals([sequence.skip(0), sequence.take()], [true, 14]);
});

Deno.test("NonceSequence.skip() refuses to leave nothing behind, and then leaves nothing out", () => {
  const sequence = new NonceSequence(0, 9);
  assertEquals([sequence.skip(10), sequence.upcoming], [false, 0]);
  assertEquals([sequence.skip(9), sequence.take(), sequence.take()], [true, 9, -1]);
  assertEquals(new NonceSequence(1).skip(MAX_PACKET_NUMBER), false);
});

Deno.test("NonceSequence gives no number twice, whatever is skipped", () => {
  const random = new SeededRandom(12);
  const sequence = new NonceSequence(0, 5000);
  let before = -1;
  for (let turn = 0; turn < 4000; turn++) {
    if (random.nextInt(3) === 0) sequence.skip(random.nextInt(4));
    const number = sequence.take();
    if (number === -1) break;
    assertEquals(number > before && number <= 5000, true, `turn ${turn}: ${number} after ${before}`);
    before = number;
  }
  assertEquals(before, 5000);
});

Deno.test("NonceSequence takes bounds that are packet numbers in order", () => {
  for (
    const [first, last] of [[-1, 5], [0.5, 5], [6, 5], [0, 2 ** 53], [0, NaN], [NaN, 5], [2 ** 53, 2 ** 53]] as const
  ) {
    assertThrows(() => new NonceSequence(first, last), RangeError, "packets", `${first}, ${last}`);
  }
  for (const count of [-1, 0.5, NaN, Infinity]) {
    assertThrows(() => new NonceSequence().skip(count), RangeError, "skip", `${count}`);
  }
  assertEquals(new NonceSequence(3, 3).take(), 3);
});
