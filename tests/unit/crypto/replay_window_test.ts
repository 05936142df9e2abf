import { assertEquals, assertThrows } from "@std/assert";
import { ReplayWindow } from "../../../src/crypto/replay_window.ts";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

const SIZE = 1024;
const MAX = Number.MAX_SAFE_INTEGER;

Deno.test("ReplayWindow.isFresh() refuses what was accepted, once and for ever", () => {
  const window = new ReplayWindow();
  for (const number of [0, 5, 3, 40, 31, 32, 33, 1, 2]) {
    assertEquals(window.isFresh(number), true, `${number}`);
    window.accept(number);
    assertEquals(window.isFresh(number), false, `${number}`);
  }
  for (const number of [4, 6, 30, 34, 39, 41]) assertEquals(window.isFresh(number), true, `${number}`);
});

Deno.test("ReplayWindow.isFresh() changes nothing, however far ahead a forged number is", () => {
  const window = new ReplayWindow();
  window.accept(100);
  for (const number of [101, 5000, MAX, 99, 100]) window.isFresh(number);
  assertEquals([window.highest, window.isFresh(99), window.isFresh(100)], [100, true, false]);
});

Deno.test("ReplayWindow remembers exactly as many numbers as it says", () => {
  for (const size of [1024, 4096]) {
    for (const highest of [size - 1, size, size + 17, 10 * size + 31, MAX]) {
      const window = new ReplayWindow(size);
      window.accept(highest);
      assertEquals(window.isFresh(highest - size + 1), true, `${size}, ${highest}`);
      assertEquals(window.isFresh(highest - size), false, `${size}, ${highest}`);
      window.accept(highest - size + 1);
      assertEquals(window.isFresh(highest - size + 1), false, `${size}, ${highest}`);
    }
  }
});

Deno.test("ReplayWindow equals a set of numbers under reordering, loss, repeats and jumps", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const window = new ReplayWindow();
    const accepted = new Set<number>();
    let highest = -1;
    let around = random.nextInt(3) === 0 ? 2 ** 53 - 60_000 : random.nextInt(100);
    for (let turn = 0; turn < 3000; turn++) {
      const jump = random.nextInt(100);
      if (jump < 60) around++;
      else if (jump === 60) around += random.nextInt(2 * SIZE);
      else if (jump === 61) around += random.nextInt(70);
      const number = Math.min(MAX, Math.max(0, around - random.nextInt(jump < 95 ? 40 : SIZE + 40)));
      const isFresh = number > highest - SIZE && !accepted.has(number);
      assertEquals(window.isFresh(number), isFresh, `seed ${seed}, turn ${turn}, number ${number}`);
      if (!isFresh || random.nextInt(4) === 0) continue;
      window.accept(number);
      accepted.add(number);
      highest = Math.max(highest, number);
      assertEquals(window.highest, highest, `seed ${seed}, turn ${turn}`);
    }
  }
});

Deno.test("ReplayWindow forgets nothing and invents nothing when it moves by any distance", () => {
  for (let distance = 1; distance <= SIZE + 40; distance++) {
    const window = new ReplayWindow();
    const start = 3000 + distance;
    for (let number = start - SIZE + 1; number <= start; number++) window.accept(number);
    window.accept(start + distance);
    for (let number = start + distance - SIZE + 1; number <= start + distance; number++) {
      const isFresh = number > start && number < start + distance;
      assertEquals(window.isFresh(number), isFresh, `distance ${distance}, number ${number - start}`);
    }
  }
});

Deno.test("ReplayWindow works up to the highest number that is exact", () => {
  const window = new ReplayWindow();
  window.accept(0);
  window.accept(MAX);
  window.accept(MAX - 1);
  assertEquals([MAX, MAX - 1, MAX - 2, 0, 1].map((n) => window.isFresh(n)), [false, false, true, false, false]);
});

Deno.test("ReplayWindow.isFresh() is false for what is no packet number", () => {
  const window = new ReplayWindow();
  for (const number of [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53]) {
    assertEquals(window.isFresh(number), false, `${number}`);
    assertThrows(() => window.accept(number), MisuseError);
  }
  assertEquals(window.highest, -1);
});

Deno.test("ReplayWindow.accept() takes no number twice and none below the window", () => {
  const window = new ReplayWindow();
  window.accept(2000);
  assertThrows(() => window.accept(2000), MisuseError, "2000");
  assertThrows(() => window.accept(2000 - SIZE), MisuseError);
  window.accept(2000 - SIZE + 1);
});

Deno.test("ReplayWindow takes a power of two from 1024 to 2^20", () => {
  for (const size of [1024, 8192, 2 ** 20]) assertEquals(new ReplayWindow(size).size, size);
  assertEquals(new ReplayWindow().size, 1024);
  for (const size of [0, 512, 1000, 1025, 1536, 1024.5, 2 ** 21, NaN, Infinity, -1024]) {
    assertThrows(() => new ReplayWindow(size), RangeError, "power of two", `${size}`);
  }
});
