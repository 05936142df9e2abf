import { assertEquals } from "@std/assert";
import { LateNumbers } from "../../../src/reliability/late_numbers.ts";

Deno.test("LateNumbers.take() finds the numbers of a range once, with their bytes and the smallest of them", () => {
  const late = new LateNumbers();
  for (const number of [3, 5, 9, 12]) late.put(number, 100 * number, 2 * number);
  assertEquals([late.take(4, 11), late.takenBytes, late.takenNumber, late.isEmpty], [2, 1400, 5, false]);
  assertEquals([[...late.taken.subarray(0, 2)], [...late.takenSlots.subarray(0, 2)]], [[5, 9], [10, 18]]);
  assertEquals([late.take(4, 11), late.takenBytes], [0, 0]);
  assertEquals([late.take(0, 100), late.isEmpty], [2, true]);
});

Deno.test("LateNumbers forgets the oldest of more than 64", () => {
  const late = new LateNumbers();
  for (let number = 0; number < 100; number++) late.put(number, 1, 0);
  assertEquals([late.take(0, 35), late.take(36, 99), late.isEmpty], [0, 64, true]);
  late.put(7, 1, 0);
  late.clear();
  assertEquals([late.isEmpty, late.take(0, 1000)], [true, 0]);
});
