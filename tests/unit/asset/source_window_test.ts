import { assertEquals } from "@std/assert";
import { SourceWindow } from "../../../src/asset/source_window.ts";

Deno.test("an arrival starts the time of what was asked for after it anew, and of nothing before it", () => {
  const window = new SourceWindow(4);
  for (const index of [10, 11, 12]) window.add(index, 0);
  assertEquals(window.arrive(11, 50), true);
  assertEquals(window.takeOlder(49), 10);
  assertEquals(window.takeOlder(49), -1);
  assertEquals([window.oldest(), window.count, window.room], [50, 1, 3]);
});

Deno.test("arrive() knows what was not asked for", () => {
  const window = new SourceWindow(2);
  window.add(1, 0);
  assertEquals(window.arrive(2, 0), false);
  window.arrive(1, 0);
  assertEquals(window.arrive(1, 0), false);
  assertEquals(window.oldest(), Infinity);
});

Deno.test("takeOlder() empties the window when any age will do", () => {
  const window = new SourceWindow(3);
  for (const index of [1, 2, 3]) window.add(index, index);
  assertEquals([1, 2, 3, 4].map(() => window.takeOlder(Infinity)).sort(), [-1, 1, 2, 3]);
});
