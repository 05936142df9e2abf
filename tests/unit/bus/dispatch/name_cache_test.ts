import { assertEquals } from "@std/assert";
import { NameCache } from "../../../../src/bus/dispatch/name_cache.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

Deno.test("find() gives the name that the bytes are, whatever else has its place", () => {
  const seed = 3;
  const random = new SeededRandom(seed);
  const cache = new NameCache();
  const encoder = new TextEncoder();
  for (let round = 0; round < 5000; round++) {
    const name = `t${Math.floor(random.visibleFraction() * 2000)}.${"x".repeat(round % 7)}y`;
    const bytes = encoder.encode(`<<${name}>>`);
    assertEquals(cache.find(bytes, 2, bytes.length - 2), name, `seed ${seed}, round ${round}`);
  }
});

Deno.test("find() refuses what is no name", () => {
  const cache = new NameCache();
  for (const text of ["", "a b", ".a", "ä", "x".repeat(201)]) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(cache.find(bytes, 0, bytes.length), undefined);
  }
});
