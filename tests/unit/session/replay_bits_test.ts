import { assertEquals } from "@std/assert";
import { ReplayWindow } from "../../../src/crypto/replay_window.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { accept, isFresh } from "../../../src/session/replay_bits.ts";
import { LARGEST_RECEIVED, RowPool, WINDOW_SIZE } from "../../../src/session/session_row.ts";

Deno.test("isFresh() and accept() equal the replay window of crypto", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const { numbers, words } = new RowPool().take();
    numbers[LARGEST_RECEIVED] = -1;
    const reference = new ReplayWindow(WINDOW_SIZE);
    let top = seed % 4 === 0 ? 2 ** 45 : seed % 4 === 1 ? 2 ** 31 - 500 : 0;
    for (let i = 0; i < 4000; i++) {
      const jump = random.nextInt(50) === 0 ? random.nextInt(3000) : random.nextInt(4);
      const back = random.nextInt(3) === 0 ? random.nextInt(1200) : 0;
      const number = Math.max(0, top + jump - back);
      const expected = reference.isFresh(number);
      assertEquals(isFresh(numbers, words, number), expected, `seed ${seed} step ${i} number ${number}`);
      if (!expected || random.nextInt(5) === 0) continue;
      reference.accept(number);
      accept(numbers, words, number);
      numbers[LARGEST_RECEIVED] = Math.max(numbers[LARGEST_RECEIVED]!, number);
      top = Math.max(top, number);
    }
  }
});

Deno.test("isFresh() takes nothing for a number that is none", () => {
  const { numbers, words } = new RowPool().take();
  numbers[LARGEST_RECEIVED] = -1;
  assertEquals([isFresh(numbers, words, -1), isFresh(numbers, words, 0)], [false, true]);
});

Deno.test("RowPool gives rows apart, and takes secrets out of those that come back", () => {
  const pool = new RowPool();
  const rows = Array.from({ length: 300 }, () => pool.take());
  rows.forEach(({ numbers, words }, i) => {
    numbers.fill(i);
    words.fill(-i);
  });
  rows.forEach(({ numbers, words }, i) => {
    assertEquals([numbers.every((n) => n === i), words.every((n) => n === -i)], [true, true], `row ${i}`);
  });
  pool.give(rows[7]!);
  const again = pool.take();
  assertEquals([again, again.numbers.some((n) => n !== 0), again.words.some((n) => n !== 0)], [rows[7], false, false]);
});
