/**
 * Two hundred thousand random calls, valid ones: none throws, every Enter has its Leave, and events and sets agree,
 * with bounds so small that events are put off and sets are full.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { InterestManager } from "../../src/realtime/interest/interest_manager.ts";
import { PriorityAccumulator } from "../../src/realtime/interest/priority_accumulator.ts";
import { pollAll, relevantTo } from "../unit/realtime/interest/plain_interest.ts";

const ENTITIES = 60;
const OBSERVERS = 8;
const MAX_RELEVANT = 25;
const MAX_EVENTS = 40;

/** The caller's side: calls that are valid, and what the events have told it. */
class Game {
  readonly interest = new InterestManager({
    cellSize: 8,
    maxEntities: ENTITIES,
    maxObservers: OBSERVERS,
    maxRelevant: MAX_RELEVANT,
    maxEvents: MAX_EVENTS,
    maxTeams: 3,
    maxPairs: ENTITIES * OBSERVERS,
  });
  readonly accumulator = new PriorityAccumulator({ maxItems: MAX_RELEVANT, maxStaleTicks: 5 });
  /** What each observer was told of. */
  readonly known = new Map<number, Set<number>>();
  readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  coordinate(): number {
    const { random } = this;
    if (random.nextInt(50) === 0) return (random.visibleFraction() - 0.5) * 10 ** random.nextInt(300);
    return random.nextInt(100) - 50;
  }

  actOnEntity(): void {
    const { interest, random } = this;
    const id = random.nextInt(ENTITIES);
    const [x, y] = [this.coordinate(), this.coordinate()];
    if (!interest.hasEntity(id)) {
      // Ghosts that wait for events to have room may take the place of a new entity.
      if (interest.entityCount < ENTITIES / 2) interest.addEntity(id, x, y);
      return;
    }
    const action = random.nextInt(30);
    if (action === 0) interest.removeEntity(id);
    else if (action === 1) interest.setAlwaysRelevant(id, random.nextInt(10) === 0);
    else if (action === 2) interest.setShownToTeam(id, random.nextInt(3), random.nextInt(2) === 0);
    else if (action === 3) interest.setWeight(id, 1 + random.nextInt(9));
    else if (action === 4) interest.setBytes(id, 1 + random.nextInt(900));
    else interest.moveEntity(id, x, y);
  }

  actOnObserver(): void {
    const { interest, random } = this;
    const id = random.nextInt(OBSERVERS);
    const entity = random.nextInt(ENTITIES);
    const radius = 1 + random.nextInt(60);
    if (!interest.hasObserver(id)) {
      interest.addObserver(id, interest.hasEntity(entity) ? { radius, follow: entity } : { radius });
      this.known.set(id, new Set());
      return;
    }
    const action = random.nextInt(30);
    if (action === 0) {
      interest.removeObserver(id);
      this.known.delete(id);
    } else if (action < 3) interest.setRadius(id, radius, radius + 1 + random.nextInt(5));
    else if (action < 5) interest.setTeamMember(id, random.nextInt(3), random.nextInt(2) === 0);
    else if (action < 10 && interest.hasEntity(entity)) interest.setHidden(id, entity, random.nextInt(2) === 0);
    else if (action < 12 && interest.hasEntity(entity)) interest.followEntity(id, entity);
    else interest.moveObserver(id, this.coordinate(), this.coordinate());
  }

  tick(where: string): void {
    const { interest, known } = this;
    assertLessOrEqual(interest.tick(), MAX_EVENTS, where);
    for (const text of pollAll(interest)) {
      const [, observer, kind, entity] = /^(\d+)([+-])(\d+)$/.exec(text)!;
      const set = known.get(Number(observer))!;
      const isNews = kind === "+" ? !set.has(Number(entity)) : set.delete(Number(entity));
      assert(isNews, `${where}: ${text} says what was known already`);
      if (kind === "+") set.add(Number(entity));
    }
    for (const [id, set] of known) {
      assertLessOrEqual(set.size, MAX_RELEVANT, where);
      // An entity that was removed is known until its Leave has room; an id that came back may be the one or the other.
      const told = [...set].filter((entity) => interest.isRelevant(id, entity)).sort((a, b) => a - b);
      assertEquals(relevantTo(interest, id).filter((entity) => interest.isRelevant(id, entity)), told, where);
      assertEquals(interest.prioritize(id, this.accumulator), relevantTo(interest, id).length, where);
      this.accumulator.openDatagram(600);
      let used = 0;
      for (let item = this.accumulator.pollNext(); item >= 0; item = this.accumulator.pollNext()) used++;
      assertLessOrEqual(used, MAX_RELEVANT, where);
    }
  }
}

Deno.test("interest: 200,000 valid calls never throw, and every Enter has one Leave", () => {
  let calls = 0;
  for (let seed = 1; calls < 200_000; seed++) {
    const game = new Game(seed);
    for (let round = 0; round < 1000; round++) {
      for (let n = game.random.nextInt(100); n > 0; n--, calls++) {
        if (game.random.nextInt(5) > 0) game.actOnEntity();
        else game.actOnObserver();
      }
      game.tick(`seed ${seed}, round ${round}`);
    }
    for (let id = 0; id < ENTITIES; id++) game.interest.removeEntity(id);
    for (let round = 0; round < OBSERVERS * MAX_RELEVANT; round++) game.tick(`seed ${seed}, end ${round}`);
    for (const [id, set] of game.known) assertEquals(set.size, 0, `seed ${seed}, observer ${id} knows who is gone`);
  }
});
