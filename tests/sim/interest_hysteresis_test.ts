/**
 * Whoever trembles at the border of an observer's sight comes in once and does not flicker.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { InterestManager } from "../../src/realtime/interest/interest_manager.ts";
import { tickAll } from "../unit/realtime/interest/plain_interest.ts";

Deno.test("interest: what trembles by less than the gap enters once and never leaves", () => {
  for (const seed of [1, 2, 3]) {
    const random = new SeededRandom(seed);
    const interest = new InterestManager({ cellSize: 7 });
    interest.addObserver(70, { radius: 40, leaveRadius: 44 });
    for (let id = 0; id < 100; id++) interest.addEntity(id, 1000, 0);
    const events = new Map<string, number>();
    for (let tick = 0; tick < 500; tick++) {
      for (let id = 0; id < 100; id++) {
        const distance = 38 + random.visibleFraction() * 6;
        const angle = id + tick / 100;
        interest.moveEntity(id, distance * Math.cos(angle), distance * Math.sin(angle));
      }
      for (const text of tickAll(interest)) events.set(text, (events.get(text) ?? 0) + 1);
    }
    assertEquals(events.size, 100, `seed ${seed}`);
    for (const [text, count] of events) assertEquals([text[2], count], ["+", 1], `seed ${seed}, ${text}`);
  }
});

Deno.test("interest: what stays in the gap from outside never enters", () => {
  const random = new SeededRandom(4);
  const interest = new InterestManager({ cellSize: 7, dimensions: 3 });
  interest.addObserver(70, { radius: 40, leaveRadius: 44, x: -5, y: 7, z: 100 });
  interest.addEntity(1, 1000, 0, 0);
  for (let tick = 0; tick < 500; tick++) {
    const distance = 40.001 + random.visibleFraction() * 3.9;
    interest.moveEntity(1, -5, 7 + distance * Math.sin(tick), 100 + distance * Math.cos(tick));
    assertEquals(tickAll(interest), [], `seed 4, tick ${tick}`);
  }
});

Deno.test("interest: to walk to and fro across the whole gap is one Enter and one Leave each way", () => {
  const interest = new InterestManager({ cellSize: 3 });
  interest.addObserver(70, { radius: 10, leaveRadius: 12 });
  interest.addEntity(1, 20, 0);
  const events: string[] = [];
  for (let round = 0; round < 5; round++) {
    for (let step = 0; step <= 60; step++) {
      const x = step <= 30 ? 14 - step / 5 : 8 + (step - 30) / 5;
      interest.moveEntity(1, x, 0);
      events.push(...tickAll(interest).map((text) => `${text} at ${x}`));
    }
  }
  const enter = "70+1 at 10";
  const leave = "70-1 at 12.2";
  assertEquals(events, [enter, leave, enter, leave, enter, leave, enter, leave, enter, leave]);
});
