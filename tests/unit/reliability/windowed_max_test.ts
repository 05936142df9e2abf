import { assertEquals } from "@std/assert";
import { WindowedMax } from "../../../src/reliability/windowed_max.ts";

Deno.test("WindowedMax keeps the largest sample of this generation and the one before", () => {
  const max = new WindowedMax();
  assertEquals(max.value, 0);
  for (const sample of [3, 7, 5]) max.add(sample);
  max.turn();
  max.add(2);
  assertEquals([max.value, max.current], [7, 2]);
  max.turn();
  assertEquals([max.value, max.current], [2, 0]);
  max.turn();
  assertEquals(max.value, 0);
});

Deno.test("WindowedMax.limit() and clear() hold for both generations", () => {
  const max = new WindowedMax();
  max.add(9);
  max.turn();
  max.add(8);
  max.limit(4);
  assertEquals([max.value, max.current], [4, 4]);
  max.clear();
  assertEquals(max.value, 0);
});
