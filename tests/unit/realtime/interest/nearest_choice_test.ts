import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { NearestChoice } from "../../../../src/realtime/interest/nearest_choice.ts";

function chosen(choice: NearestChoice): number[] {
  return [...choice.slots.subarray(0, choice.count)].sort((a, b) => a - b);
}

Deno.test("NearestChoice agrees with sorting, for any room", () => {
  const choice = new NearestChoice();
  for (let seed = 1; seed <= 300; seed++) {
    const random = new SeededRandom(seed);
    const distances = Array.from({ length: random.nextInt(120) }, () => random.visibleFraction());
    const room = random.nextInt(80);
    choice.reset(room);
    distances.forEach((distance, slot) => choice.offer(slot, distance));
    const slots = [...distances.keys()].sort((a, b) => distances[a]! - distances[b]!).slice(0, room);
    assertEquals(chosen(choice), slots.sort((a, b) => a - b), `seed ${seed}`);
  }
});

Deno.test("NearestChoice keeps the earlier one of two that are as far", () => {
  const choice = new NearestChoice();
  choice.reset(2);
  for (let slot = 0; slot < 5; slot++) choice.offer(slot, 7);
  assertEquals(chosen(choice), [0, 1]);
});

Deno.test("NearestChoice without room takes nothing", () => {
  const choice = new NearestChoice();
  choice.reset(0);
  choice.offer(1, 0);
  assertEquals(choice.count, 0);
});
