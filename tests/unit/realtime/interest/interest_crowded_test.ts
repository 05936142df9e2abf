import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { InterestManager } from "../../../../src/realtime/interest/interest_manager.ts";
import { relevantTo, tickAll } from "./plain_interest.ts";

const OBSERVER = 70;

/** Entities 0, 1, 2... at x = 0, 1, 2..., and room for some of them. */
function row(maxRelevant: number, count: number, dimensions: 2 | 3 = 2): InterestManager {
  const interest = new InterestManager({ cellSize: 10, maxRelevant, dimensions });
  for (let id = count - 1; id >= 0; id--) interest.addEntity(id, id, 0);
  return interest;
}

Deno.test("InterestManager takes the nearest into a set that is too small", () => {
  for (const dimensions of [2, 3] as const) {
    const interest = row(4, 40, dimensions);
    interest.addObserver(OBSERVER, { radius: 100, x: 20 });
    tickAll(interest);
    const relevant = relevantTo(interest, OBSERVER);
    assert(relevant.every((id) => Math.abs(id - 20) <= 2) && relevant.length === 4, `${relevant}`);
    assertEquals(interest.crowdedCount, 36);
  }
});

Deno.test("InterestManager measures distance in all dimensions when a set is full", () => {
  const interest = new InterestManager({ cellSize: 10, maxRelevant: 1, dimensions: 3 });
  for (const [id, place] of [[1, [9, 0, 0]], [2, [0, 9, 0]], [3, [0, 0, 9]], [4, [5, 5, 5]]] as const) {
    interest.addEntity(id, place[0], place[1], place[2]);
  }
  interest.addObserver(OBSERVER, { radius: 100 });
  assertEquals(tickAll(interest), ["70+4"]);
});

Deno.test("InterestManager keeps the followed entity in a crowd of any size", () => {
  const interest = new InterestManager({ cellSize: 20 });
  for (let id = 0; id < 3000; id++) interest.addEntity(id, 1, 1);
  for (const follow of [0, 1500, 2999]) interest.addObserver(follow, { radius: 40, follow });
  tickAll(interest);
  for (const id of [0, 1500, 2999]) assertEquals(interest.isRelevant(id, id), true, `${id}`);
});

Deno.test("InterestManager puts the followed entity before what is always relevant, new or not", () => {
  const interest = row(3, 6);
  for (let id = 0; id < 5; id++) interest.setAlwaysRelevant(id, true);
  interest.addObserver(OBSERVER, { radius: 100 });
  tickAll(interest);
  const before = relevantTo(interest, OBSERVER);
  assertEquals(before.length, 3);
  interest.followEntity(OBSERVER, 5);
  const events = tickAll(interest);
  assertEquals([events.length, events[0]!.startsWith("70-"), events[1]], [2, true, "70+5"]);
  assertEquals([tickAll(interest), relevantTo(interest, OBSERVER).length], [[], 3]);
});

Deno.test("InterestManager hides the followed entity where that was asked for", () => {
  const interest = row(2, 6);
  interest.addObserver(OBSERVER, { radius: 100, follow: 2 });
  interest.setHidden(OBSERVER, 2, true);
  tickAll(interest);
  assertEquals(relevantTo(interest, OBSERVER), [1, 3]);
});

Deno.test("InterestManager lets a nearer newcomer in for the farthest member, by the factor of the hysteresis", () => {
  const interest = new InterestManager({ cellSize: 10, maxRelevant: 2 });
  interest.addEntity(1, 10, 0);
  interest.addEntity(2, 40, 0);
  interest.addObserver(OBSERVER, { radius: 50, leaveRadius: 100 });
  tickAll(interest);
  interest.addEntity(3, 21, 0);
  assertEquals(tickAll(interest), [], "a member at 40 counts as at 20");
  interest.moveEntity(3, 19, 0);
  assertEquals(tickAll(interest), ["70-2", "70+3"]);
  assertEquals(tickAll(interest), []);
});

Deno.test("InterestManager does not flicker in a full set whose entities tremble", () => {
  const random = new SeededRandom(3);
  const interest = row(10, 40);
  interest.addObserver(OBSERVER, { radius: 100, x: -50 });
  tickAll(interest);
  for (let tick = 0; tick < 50; tick++) {
    for (let id = 0; id < 40; id++) interest.moveEntity(id, id + random.visibleFraction(), 0);
    assertEquals(tickAll(interest), [], `seed 3, tick ${tick}`);
  }
});
