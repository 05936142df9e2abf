import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError, ResourceError } from "../../../../src/error/transport_error.ts";
import { InterestManager } from "../../../../src/realtime/interest/interest_manager.ts";
import { type InterestOptions, resolveInterestOptions } from "../../../../src/realtime/interest/interest_options.ts";
import { PriorityAccumulator } from "../../../../src/realtime/interest/priority_accumulator.ts";
import { pollAll, relevantTo, tickAll } from "./plain_interest.ts";

function crowd(options: Partial<InterestOptions>, count: number): InterestManager {
  const interest = new InterestManager({ cellSize: 10, ...options });
  for (let id = 0; id < count; id++) interest.addEntity(id, id, 0);
  interest.addObserver(70, { radius: 1000 });
  return interest;
}

Deno.test("resolveInterestOptions() completes", () => {
  assertEquals(resolveInterestOptions({ cellSize: 3 }), {
    cellSize: 3,
    dimensions: 2,
    maxEntities: 65536,
    maxObservers: 4096,
    maxRelevant: 1024,
    maxEvents: 65536,
    maxTeams: 256,
    maxPairs: 65536,
    farGain: 0.125,
    entityWeight: 1,
    entityBytes: 32,
  });
  assertEquals(Object.isFrozen(resolveInterestOptions({ cellSize: 3 })), true);
});

Deno.test("resolveInterestOptions() refuses what is out of bounds", () => {
  const bad: readonly Partial<InterestOptions>[] = [
    { cellSize: 0 },
    { cellSize: -1 },
    { cellSize: NaN },
    { cellSize: Infinity },
    { cellSize: 1e-10 },
    { cellSize: 1e13 },
    { dimensions: 1 as 2 },
    { dimensions: 4 as 3 },
    { dimensions: 2.5 as 2 },
    { maxEntities: 0 },
    { maxEntities: 2 ** 24 + 1 },
    { maxObservers: 0 },
    { maxRelevant: 0 },
    { maxEvents: 0 },
    { maxTeams: 0 },
    { maxPairs: 0 },
    { farGain: 0 },
    { farGain: 1.01 },
    { entityWeight: 0 },
    { entityWeight: Infinity },
    { entityBytes: 0 },
    { entityBytes: 1.5 },
  ];
  for (const options of bad) {
    assertThrows(() => resolveInterestOptions({ cellSize: 1, ...options }), RangeError, "", JSON.stringify(options));
  }
});

Deno.test("resolveInterestOptions() refuses wrong types and unknown names", () => {
  const wrong = [undefined, null, {}, { cellSize: "1" }, { cellSize: 1, farGain: "1" }, { cellSize: 1, cellsize: 1 }];
  for (const options of wrong) {
    assertThrows(() => resolveInterestOptions(options as unknown as InterestOptions), TypeError);
  }
});

Deno.test("InterestManager.addObserver() refuses radii and options that make no sense, and adds nothing", () => {
  const interest = crowd({}, 1);
  for (const radius of [0, -1, NaN, Infinity, 1e151]) {
    assertThrows(() => interest.addObserver(1, { radius }), RangeError, "radius");
  }
  for (const leaveRadius of [5, 4.9, NaN, Infinity]) {
    assertThrows(() => interest.addObserver(1, { radius: 5, leaveRadius }), RangeError, "leaveRadius");
  }
  assertThrows(() => interest.addObserver(1, { radius: "5" as unknown as number }), TypeError);
  assertThrows(() => interest.addObserver(1, { radius: 5, range: 5 } as { radius: number }), TypeError, "range");
  assertThrows(() => interest.addObserver(1, { radius: 5, follow: 0, x: 1 }), TypeError, "follow or x, y, z");
  assertThrows(() => interest.addObserver(1, { radius: 5, follow: 0, z: 0 }), TypeError, "follow or x, y, z");
  assertThrows(() => interest.addObserver(1, { radius: 5, x: NaN }), RangeError, "finite");
  assertThrows(() => interest.addObserver(1, { radius: 5, z: 1 }), RangeError, "2 dimensions");
  assertThrows(() => interest.addObserver(-1, { radius: 5 }), RangeError, "id of an observer");
  assertThrows(() => interest.addObserver(1, { radius: 5, follow: 99 }), MisuseError, "entity 99");
  assertThrows(() => interest.addObserver(70, { radius: 5 }), MisuseError, "there is one of this id");
  assertEquals(interest.observerCount, 1);
});

Deno.test("InterestManager refuses entities and observers that are not there", () => {
  const interest = crowd({}, 1);
  const uses: readonly (() => void)[] = [
    () => interest.moveEntity(5, 0, 0),
    () => interest.moveEntities(Uint32Array.of(5), new Float64Array(2)),
    () => interest.setAlwaysRelevant(5, true),
    () => interest.setShownToTeam(5, 0, true),
    () => interest.setWeight(5, 1),
    () => interest.setBytes(5, 1),
    () => interest.setHidden(70, 5, true),
    () => interest.followEntity(70, 5),
    () => interest.setHidden(5, 0, true),
    () => interest.followEntity(5, 0),
    () => interest.moveObserver(5, 0, 0),
    () => interest.setRadius(5, 1),
    () => interest.setTeamMember(5, 0, true),
    () => interest.isRelevant(5, 0),
    () => interest.readRelevant(new Uint32Array(1), 5),
    () => interest.prioritize(5, new PriorityAccumulator()),
  ];
  for (const use of uses) assertThrows(use, MisuseError, " 5: there is none of this id", String(use));
});

Deno.test("InterestManager refuses numbers that are out of bounds and stays as it was", () => {
  const interest = crowd({ maxTeams: 2 }, 2);
  interest.setWeight(0, 3);
  interest.setBytes(0, 40);
  const uses: readonly (() => void)[] = [
    () => interest.addEntity(-1, 0, 0),
    () => interest.addEntity(5, NaN, 0),
    () => interest.addEntity(5, 0, 0, 1),
    () => interest.moveEntity(0, 0, Infinity),
    () => interest.moveObserver(70, NaN, 0),
    () => interest.moveEntities(Uint32Array.of(0), Float64Array.of(0, NaN)),
    () => interest.moveEntities(Uint32Array.of(0), Float64Array.of(Infinity, -Infinity)),
    () => interest.setRadius(70, 5, 5),
    () => interest.setRadius(70, -5),
    () => interest.setWeight(0, 0),
    () => interest.setWeight(0, Infinity),
    () => interest.setBytes(0, 0),
    () => interest.setBytes(0, 2 ** 30 + 1),
    () => interest.setBytes(0, 1.5),
    () => interest.setTeamMember(70, 2, true),
    () => interest.setTeamMember(70, -1, true),
    () => interest.setShownToTeam(0, 0.5, true),
    () => interest.query(new Uint32Array(1), -1, 0, 0),
    () => interest.query(new Uint32Array(1), 1, NaN, 0),
  ];
  for (const use of uses) assertThrows(use, RangeError, undefined, String(use));
  tickAll(interest);
  assertEquals([interest.entityCount, relevantTo(interest, 70)], [2, [0, 1]]);
});

Deno.test("InterestManager.moveEntities() refuses counts that do not fit the arrays, before it moves any", () => {
  const interest = crowd({}, 2);
  const two = Uint32Array.of(0, 1);
  for (const [numbers, count] of [[4, 3], [3, 2], [4, -1], [4, 1.5], [4, NaN]] as const) {
    const places = new Float64Array(numbers).fill(1e6);
    assertThrows(() => interest.moveEntities(two, places, count), RangeError, `Cannot move ${count} entities`);
  }
  tickAll(interest);
  assertEquals(relevantTo(interest, 70), [0, 1]);
});

Deno.test("InterestManager.addEntity() refuses an id that is there", () => {
  const interest = crowd({}, 1);
  assertThrows(() => interest.addEntity(0, 0, 0), MisuseError, "there is one of this id already");
});

Deno.test("InterestManager holds maxEntities and maxObservers and refuses one more", () => {
  const interest = crowd({ maxEntities: 3, maxObservers: 1 }, 3);
  assertThrows(() => interest.addEntity(3, 0, 0), ResourceError, "there are 3");
  assertThrows(() => interest.addObserver(71, { radius: 1 }), ResourceError, "there are 1 already");
  tickAll(interest);
  for (let round = 0; round < 5; round++) {
    for (let id = 0; id < 3; id++) {
      interest.removeEntity(id);
      interest.addEntity(id, 5000, 0);
    }
  }
  assertEquals(tickAll(interest).sort(), ["70-0", "70-1", "70-2"]);
});

Deno.test("InterestManager refuses pairs beyond maxPairs, each kind by itself", () => {
  const interest = crowd({ maxPairs: 2 }, 3);
  for (const id of [0, 1]) {
    interest.setHidden(70, id, true);
    interest.setShownToTeam(id, 0, true);
    interest.setTeamMember(70, id, true);
  }
  assertThrows(() => interest.setHidden(70, 2, true), ResourceError, "there are 2 already");
  assertThrows(() => interest.setShownToTeam(2, 0, true), ResourceError);
  assertThrows(() => interest.setTeamMember(70, 2, true), ResourceError);
  interest.setHidden(70, 0, true);
  interest.setHidden(70, 0, false);
  interest.setHidden(70, 2, true);
  tickAll(interest);
  assertEquals(relevantTo(interest, 70), [0]);
});

Deno.test("InterestManager keeps a full set as it is and counts who stays out", () => {
  const interest = crowd({ maxRelevant: 4 }, 6);
  assertEquals(tickAll(interest).length, 4);
  assertEquals(interest.crowdedCount, 2);
  const before = relevantTo(interest, 70);
  assertEquals([tickAll(interest), relevantTo(interest, 70)], [[], before]);
  assertEquals(interest.crowdedCount, 4);
  interest.removeEntity(before[0]!);
  assertEquals(tickAll(interest).length, 2);
  assertEquals(relevantTo(interest, 70).length, 4);
});

Deno.test("InterestManager makes room in a full set for what is always relevant", () => {
  const interest = crowd({ maxRelevant: 3 }, 3);
  tickAll(interest);
  interest.addEntity(9, 1e6, 0);
  interest.setAlwaysRelevant(9, true);
  const events = tickAll(interest);
  assertEquals([events.length, events[0]!.slice(0, 3), events[1]], [2, "70-", "70+9"]);
  interest.setAlwaysRelevant(Number(events[0]!.slice(3)), true);
  assertEquals(tickAll(interest).length, 2);
  assertEquals(relevantTo(interest, 70).includes(9), true);
  for (let id = 20; id < 25; id++) {
    interest.addEntity(id, 1e6, 0);
    interest.setAlwaysRelevant(id, true);
  }
  tickAll(interest);
  assertEquals(relevantTo(interest, 70).length, 3);
});

Deno.test("InterestManager puts off what has no room among the events, and loses none of it", () => {
  const interest = crowd({ maxEvents: 4 }, 10);
  const seen: string[] = [];
  for (let tick = 0; tick < 3; tick++) {
    const events = tickAll(interest);
    seen.push(...events);
    assertEquals(events.length, tick < 2 ? 4 : 2);
    assertEquals(relevantTo(interest, 70).length, seen.length);
  }
  assertEquals([seen.length, new Set(seen).size, interest.deferredCount], [10, 10, 6 + 2]);
  interest.moveObserver(70, 1e6, 0);
  for (let tick = 0; tick < 3; tick++) {
    const events = tickAll(interest);
    assertEquals(relevantTo(interest, 70).length, 10 - Math.min(10, (tick + 1) * 4), events.join());
  }
});

Deno.test("InterestManager keeps the slot of a removed entity until everyone was told", () => {
  const interest = crowd({ maxEvents: 2, maxEntities: 4 }, 4);
  for (let tick = 0; tick < 2; tick++) tickAll(interest);
  for (let id = 0; id < 4; id++) interest.removeEntity(id);
  for (let id = 10; id < 14; id++) interest.addEntity(id, 5000, 0);
  interest.removeEntity(10);
  interest.addEntity(15, 5000, 0);
  const left = [...tickAll(interest), ...tickAll(interest)];
  assertEquals(left.sort(), ["70-0", "70-1", "70-2", "70-3"]);
  assertEquals(tickAll(interest), []);
});

Deno.test("InterestManager.addEntity() says when removed entities take the room because nobody was told", () => {
  const interest = crowd({ maxEntities: 2, maxEvents: 1 }, 2);
  for (let tick = 0; tick < 2; tick++) tickAll(interest);
  interest.removeEntity(0);
  interest.removeEntity(1);
  interest.addEntity(2, 5000, 0);
  interest.addEntity(3, 5000, 0);
  assertEquals(tickAll(interest).length, 1);
  interest.removeEntity(2);
  interest.removeEntity(3);
  assertThrows(() => interest.addEntity(4, 0, 0), ResourceError, "4 that were removed");
  assertEquals(tickAll(interest).length, 1);
  interest.addEntity(4, 5000, 0);
  interest.addEntity(5, 5000, 0);
  assertEquals(tickAll(interest), []);
});

Deno.test("InterestManager lets observers that had no room for their events go first", () => {
  const interest = new InterestManager({ cellSize: 10, maxEvents: 4 });
  for (let id = 0; id < 4; id++) interest.addEntity(id, 0, 0);
  for (let id = 70; id < 75; id++) interest.addObserver(id, { radius: 10 });
  const told: string[] = [];
  for (let tick = 0; tick < 5; tick++) {
    // Everyone's set changes in every tick, so that the first one alone could take all the room.
    for (let id = 0; id < 4; id++) {
      interest.removeEntity(id);
      interest.addEntity(id, 0, 0);
    }
    told.push(...new Set(tickAll(interest).map((text) => text.slice(0, 2))));
  }
  assertEquals(new Set(told), new Set(["70", "71", "72", "73", "74"]));
});

Deno.test("InterestManager.discardEvents() drops them but not the changes", () => {
  const interest = crowd({}, 3);
  assertEquals(interest.tick(), 3);
  interest.discardEvents();
  assertEquals([pollAll(interest), relevantTo(interest, 70)], [[], [0, 1, 2]]);
  assertEquals(interest.tick(), 0);
});
