import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../../src/error/transport_error.ts";
import { InterestManager } from "../../../../src/realtime/interest/interest_manager.ts";
import { pollAll, relevantTo, tickAll } from "./plain_interest.ts";

/** Entities 1, 2, 3 at x = 10, 20, 30, and observer 70 at the origin that sees 25 far and lets go beyond 35. */
function world(): InterestManager {
  const interest = new InterestManager({ cellSize: 10 });
  for (const id of [1, 2, 3]) interest.addEntity(id, id * 10, 0);
  interest.addObserver(70, { radius: 25, leaveRadius: 35 });
  return interest;
}

Deno.test("InterestManager.tick() brings what is near into the set, and reports it once", () => {
  const interest = world();
  assertEquals(relevantTo(interest, 70), []);
  assertEquals(interest.tick(), 2);
  assertEquals(pollAll(interest).sort(), ["70+1", "70+2"]);
  assertEquals(relevantTo(interest, 70), [1, 2]);
  assertEquals([tickAll(interest), relevantTo(interest, 70)], [[], [1, 2]]);
});

Deno.test("InterestManager takes in at the radius and lets go beyond the leave radius", () => {
  const interest = world();
  interest.moveEntity(2, 25, 0);
  interest.moveEntity(3, 25.001, 0);
  assertEquals(tickAll(interest).sort(), ["70+1", "70+2"]);
  interest.moveEntity(2, 0, 35);
  interest.moveEntity(3, 0, 35);
  assertEquals([tickAll(interest), relevantTo(interest, 70)], [[], [1, 2]]);
  interest.moveEntity(2, 0, 35.001);
  assertEquals([tickAll(interest), relevantTo(interest, 70)], [["70-2"], [1]]);
  interest.moveEntity(2, 0, 34);
  assertEquals(tickAll(interest), []);
});

Deno.test("InterestManager lets go at 1.125 times the radius where nothing else is said", () => {
  const interest = new InterestManager({ cellSize: 10 });
  interest.addObserver(70, { radius: 80 });
  interest.addEntity(1, 0, 0);
  interest.tick();
  interest.discardEvents();
  interest.moveEntity(1, 90, 0);
  assertEquals(tickAll(interest), []);
  interest.moveEntity(1, 90.001, 0);
  assertEquals(tickAll(interest), ["70-1"]);
});

Deno.test("InterestManager.pollEvent() hands out one record again and again", () => {
  const interest = world();
  interest.tick();
  const first = interest.pollEvent();
  assertEquals(interest.pollEvent() === first, true);
  assertEquals(interest.pollEvent(), undefined);
  assertEquals(interest.pollEvent(), undefined);
});

Deno.test("InterestManager.tick() refuses to go on while events wait", () => {
  const interest = world();
  interest.tick();
  interest.pollEvent();
  assertThrows(() => interest.tick(), MisuseError, "1 events were neither polled nor discarded");
  interest.discardEvents();
  assertEquals([interest.tick(), interest.pollEvent()], [0, undefined]);
});

Deno.test("InterestManager gives each observer a set of its own radius", () => {
  const interest = world();
  interest.addObserver(71, { radius: 15, x: 30 });
  interest.addObserver(72, { radius: 1000, x: 30, y: 500 });
  interest.tick();
  assertEquals([70, 71, 72].map((id) => relevantTo(interest, id)), [[1, 2], [2, 3], [1, 2, 3]]);
});

Deno.test("InterestManager lets an observer see from the place of the entity that it follows", () => {
  const interest = new InterestManager({ cellSize: 10, dimensions: 3 });
  interest.addEntity(1, 0, 0, 0);
  interest.addEntity(2, 100, 100, 100);
  interest.addObserver(70, { radius: 5, follow: 1 });
  assertEquals(tickAll(interest), ["70+1"]);
  interest.moveEntity(1, 100, 100, 96);
  assertEquals([tickAll(interest), relevantTo(interest, 70)], [["70+2"], [1, 2]]);
});

Deno.test("InterestManager leaves an observer where the entity was that it followed", () => {
  const interest = world();
  interest.addObserver(71, { radius: 12, follow: 3 });
  interest.addObserver(72, { radius: 12, follow: 3 });
  interest.moveEntity(3, 500, 0);
  assertEquals(interest.removeEntity(3), true);
  interest.addEntity(4, 510, 0);
  tickAll(interest);
  assertEquals([relevantTo(interest, 71), relevantTo(interest, 72)], [[4], [4]]);
});

Deno.test("InterestManager.moveObserver() makes a follower a free camera, followEntity() a follower", () => {
  const interest = world();
  interest.followEntity(70, 3);
  interest.moveEntity(3, 1000, 0);
  tickAll(interest);
  assertEquals(relevantTo(interest, 70), [3]);
  interest.moveObserver(70, 15, 0);
  assertEquals(tickAll(interest).sort(), ["70+1", "70+2", "70-3"]);
  interest.moveEntity(3, 2000, 0);
  assertEquals(tickAll(interest), []);
  interest.removeEntity(3);
  interest.followEntity(70, 2);
  interest.followEntity(70, 1);
  interest.moveEntity(1, 900, 0);
  assertEquals(tickAll(interest), ["70-2"]);
  interest.removeEntity(2);
  assertEquals([tickAll(interest), relevantTo(interest, 70)], [[], [1]]);
});

Deno.test("InterestManager.setRadius() counts from the next tick", () => {
  const interest = world();
  tickAll(interest);
  interest.setRadius(70, 30);
  assertEquals(tickAll(interest), ["70+3"]);
  interest.setRadius(70, 9, 21);
  assertEquals(tickAll(interest), ["70-3"]);
  interest.setRadius(70, 8);
  assertEquals(tickAll(interest).sort(), ["70-1", "70-2"]);
});

Deno.test("InterestManager.setAlwaysRelevant() goes for every observer and distance, until it ends", () => {
  const interest = world();
  interest.addObserver(71, { radius: 1, y: -1e6 });
  interest.addEntity(9, 1e9, 1e9);
  interest.setAlwaysRelevant(9, true);
  interest.setAlwaysRelevant(9, true);
  interest.setAlwaysRelevant(1, true);
  tickAll(interest);
  assertEquals([relevantTo(interest, 70), relevantTo(interest, 71)], [[1, 2, 9], [1, 9]]);
  interest.setAlwaysRelevant(9, false);
  interest.setAlwaysRelevant(2, false);
  assertEquals(tickAll(interest).sort(), ["70-9", "71-9"]);
  interest.setAlwaysRelevant(1, false);
  assertEquals(tickAll(interest), ["71-1"]);
});

Deno.test("InterestManager forgets that a removed entity was always relevant", () => {
  const interest = world();
  for (const id of [1, 2, 3]) interest.setAlwaysRelevant(id, true);
  interest.removeEntity(2);
  interest.addEntity(2, 1e6, 0);
  interest.moveObserver(70, 0, 1e6);
  tickAll(interest);
  assertEquals(relevantTo(interest, 70), [1, 3]);
});

Deno.test("InterestManager.setShownToTeam() goes for the observers of the team and nobody else", () => {
  const interest = new InterestManager({ cellSize: 10, maxTeams: 3 });
  interest.addEntity(1, 5000, 0);
  interest.addEntity(2, 6000, 0);
  for (const id of [70, 71, 72]) interest.addObserver(id, { radius: 1 });
  interest.setTeamMember(70, 0, true);
  interest.setTeamMember(71, 2, true);
  interest.setTeamMember(71, 0, true);
  interest.setShownToTeam(1, 0, true);
  interest.setShownToTeam(1, 2, true);
  interest.setShownToTeam(2, 2, true);
  tickAll(interest);
  assertEquals([70, 71, 72].map((id) => relevantTo(interest, id)), [[1], [1, 2], []]);
  interest.setTeamMember(71, 2, false);
  assertEquals(tickAll(interest), ["71-2"]);
  interest.setShownToTeam(1, 0, false);
  assertEquals(tickAll(interest).sort(), ["70-1", "71-1"]);
});

Deno.test("InterestManager keeps what a team no longer shows while it is within the leave radius", () => {
  const interest = new InterestManager({ cellSize: 10 });
  interest.addObserver(70, { radius: 25, leaveRadius: 35 });
  interest.setTeamMember(70, 1, true);
  for (const [id, x] of [[1, 30], [2, 36]] as const) {
    interest.addEntity(id, x, 0);
    interest.setShownToTeam(id, 1, true);
  }
  assertEquals(tickAll(interest).sort(), ["70+1", "70+2"]);
  interest.setTeamMember(70, 1, false);
  assertEquals([tickAll(interest), relevantTo(interest, 70)], [["70-2"], [1]]);
});

Deno.test("InterestManager forgets teams and what is hidden with the observer, and with the entity", () => {
  const interest = world();
  interest.addEntity(9, 5000, 0);
  interest.setTeamMember(70, 1, true);
  interest.setShownToTeam(9, 1, true);
  interest.setHidden(70, 1, true);
  interest.setHidden(70, 2, true);
  tickAll(interest);
  assertEquals(relevantTo(interest, 70), [9]);
  interest.removeEntity(1);
  interest.removeEntity(9);
  interest.addEntity(1, 10, 0);
  interest.addEntity(9, 5000, 0);
  assertEquals([tickAll(interest).sort(), relevantTo(interest, 70)], [["70+1", "70-9"], [1]]);
  interest.setShownToTeam(9, 1, true);
  interest.removeObserver(70);
  interest.addObserver(70, { radius: 25, leaveRadius: 35 });
  assertEquals(tickAll(interest).sort(), ["70+1", "70+2"]);
});

Deno.test("InterestManager.setHidden() goes before everything else, for one observer", () => {
  const interest = world();
  interest.addObserver(71, { radius: 25 });
  interest.setAlwaysRelevant(1, true);
  interest.setTeamMember(70, 0, true);
  interest.setShownToTeam(1, 0, true);
  tickAll(interest);
  interest.setHidden(70, 1, true);
  interest.setHidden(70, 3, true);
  assertEquals(tickAll(interest), ["70-1"]);
  assertEquals([relevantTo(interest, 70), relevantTo(interest, 71)], [[2], [1, 2]]);
  assertEquals(tickAll(interest), []);
  interest.setHidden(70, 1, false);
  assertEquals(tickAll(interest), ["70+1"]);
});

Deno.test("InterestManager shows what was hidden beyond the radius only when it comes near", () => {
  const interest = world();
  interest.moveEntity(2, 24, 0);
  tickAll(interest);
  interest.setHidden(70, 2, true);
  interest.moveEntity(2, 30, 0);
  tickAll(interest);
  interest.setHidden(70, 2, false);
  assertEquals(tickAll(interest), []);
  interest.moveEntity(2, 25, 0);
  assertEquals(tickAll(interest), ["70+2"]);
});

Deno.test("InterestManager.removeEntity() brings a Leave for everyone who knew it", () => {
  const interest = world();
  interest.addObserver(71, { radius: 100 });
  interest.addObserver(72, { radius: 100, x: 5000 });
  tickAll(interest);
  assertEquals([interest.removeEntity(2), interest.removeEntity(2), interest.entityCount], [true, false, 2]);
  assertEquals([relevantTo(interest, 70), interest.isRelevant(70, 2)], [[1], false]);
  assertEquals(tickAll(interest).sort(), ["70-2", "71-2"]);
  assertEquals(tickAll(interest), []);
});

Deno.test("InterestManager tells an id that was used again apart from the one before", () => {
  const interest = world();
  tickAll(interest);
  interest.removeEntity(1);
  interest.addEntity(1, 5, 0);
  assertEquals(interest.isRelevant(70, 1), false);
  assertEquals(tickAll(interest), ["70-1", "70+1"]);
  interest.removeEntity(1);
  interest.addEntity(1, 5000, 0);
  interest.removeEntity(1);
  interest.addEntity(1, 6000, 0);
  assertEquals(tickAll(interest), ["70-1"]);
  interest.moveEntity(1, 5, 0);
  assertEquals(tickAll(interest), ["70+1"]);
});

Deno.test("InterestManager says nothing of what came and went between two ticks", () => {
  const interest = world();
  tickAll(interest);
  interest.addEntity(8, 1, 1);
  interest.removeEntity(8);
  assertEquals(tickAll(interest), []);
});

Deno.test("InterestManager.removeObserver() ends its events and its set", () => {
  const interest = world();
  interest.addObserver(71, { radius: 15 });
  interest.tick();
  assertEquals([interest.removeObserver(70), interest.removeObserver(70)], [true, false]);
  assertEquals([interest.hasObserver(70), interest.observerCount], [false, 1]);
  interest.addObserver(72, { radius: 15, x: 30 });
  assertEquals(pollAll(interest), ["71+1"]);
  assertEquals(relevantTo(interest, 72), []);
  assertEquals(tickAll(interest).sort(), ["72+2", "72+3"]);
});

Deno.test("InterestManager.readRelevant() fills the target as far as it goes and tells how many there are", () => {
  const interest = world();
  interest.setRadius(70, 100);
  tickAll(interest);
  const target = new Uint32Array(4).fill(99);
  assertEquals(interest.readRelevant(target.subarray(0, 2), 70), 3);
  assertEquals([...target].map((id) => id < 99), [true, true, false, false]);
  assertEquals([interest.isRelevant(70, 3), interest.isRelevant(70, 4), interest.isRelevant(70, NaN)], [
    true,
    false,
    false,
  ]);
});

Deno.test("InterestManager.query() sees where everything is now, between ticks too", () => {
  const interest = world();
  const target = new Uint32Array(4);
  assertEquals(interest.query(target, 10, 20, 0), 3);
  interest.moveEntity(2, 500, 500);
  interest.removeEntity(1);
  assertEquals([interest.query(target, 10, 20, 0), target[0]], [1, 3]);
});

Deno.test("InterestManager.moveEntities() moves what the arrays say, as far as it is told", () => {
  const interest = world();
  interest.moveEntities(Uint32Array.of(3, 1, 2), Float64Array.of(1, 2, 500, 600, 700, 800), 2);
  tickAll(interest);
  assertEquals(relevantTo(interest, 70), [2, 3]);
  interest.moveEntities(Uint32Array.of(2), Float32Array.of(0, 900));
  assertEquals(tickAll(interest), ["70-2"]);
  const deep = new InterestManager({ cellSize: 10, dimensions: 3 });
  deep.addEntity(1, 0, 0, 0);
  deep.addEntity(2, 0, 0, 0);
  deep.moveEntities(Uint32Array.of(1, 2), Float64Array.of(1, 2, 3, 1e308, 1e308, -1e308));
  const target = new Uint32Array(2);
  assertEquals([deep.query(target, 0, 1, 2, 3), target[0]], [1, 1]);
  assertEquals([deep.query(target, 0, 1e308, 1e308, -1e308), target[0]], [1, 2]);
});

Deno.test("InterestManager without observers or entities ticks", () => {
  const interest = new InterestManager({ cellSize: 10 });
  assertEquals(interest.tick(), 0);
  interest.addObserver(1, { radius: 1e150 });
  assertEquals(interest.tick(), 0);
  interest.addEntity(1, 1e149, -1e149);
  assertEquals(tickAll(interest), ["1+1"]);
  interest.removeObserver(1);
  assertEquals(interest.tick(), 0);
});
