/**
 * The interest manager against the reference that looks at everything: same sets, same events, in flat and deep worlds
 * with everything that can happen to entities and observers.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { InterestManager } from "../../src/realtime/interest/interest_manager.ts";
import { type Place, PlainInterest, relevantTo, tickAll } from "../unit/realtime/interest/plain_interest.ts";

interface Setting {
  readonly seed: number;
  readonly dimensions: 2 | 3;
  readonly cellSize: number;
  readonly span: number;
  /** Where the middle of the world is. */
  readonly middle: number;
}

/** Both, always told the same. */
class Twins {
  readonly fast: InterestManager;
  readonly plain = new PlainInterest();
  readonly random: SeededRandom;
  readonly #setting: Setting;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.random = new SeededRandom(setting.seed);
    this.fast = new InterestManager({ cellSize: setting.cellSize, dimensions: setting.dimensions });
  }

  /** Coordinates with few fractions, so that distances that are just a radius are frequent. */
  place(): Place {
    const { span, middle, dimensions } = this.#setting;
    const at = (): number => middle + Math.round((this.random.visibleFraction() - 0.5) * span * 2) / 2;
    return { x: at(), y: at(), z: dimensions === 3 ? at() : 0 };
  }

  actOnEntity(id: number): void {
    const { fast, plain, random } = this;
    const { x, y, z } = this.place();
    if (!plain.entities.has(id)) {
      fast.addEntity(id, x, y, z);
      plain.addEntity(id, x, y, z);
      return;
    }
    const action = random.nextInt(12);
    if (action === 0) {
      fast.removeEntity(id);
      plain.removeEntity(id);
    } else if (action === 1) {
      const on = random.nextInt(8) === 0;
      fast.setAlwaysRelevant(id, on);
      plain.entities.get(id)!.isAlways = on;
    } else if (action === 2) {
      const team = random.nextInt(4);
      const on = random.nextInt(4) === 0;
      fast.setShownToTeam(id, team, on);
      setMember(plain.entities.get(id)!.teams, team, on);
    } else {
      fast.moveEntity(id, x, y, z);
      plain.moveEntity(id, x, y, z);
    }
  }

  actOnObserver(id: number): void {
    const { fast, plain, random } = this;
    const observer = plain.observers.get(id);
    const place = this.place();
    const entity = random.nextInt(60);
    const radius = 1 + random.nextInt(this.#setting.span);
    const leaveRadius = radius + 0.5 * (1 + random.nextInt(8));
    const action = random.nextInt(10);
    if (observer === undefined) {
      const follows = action < 5 && plain.entities.has(entity);
      fast.addObserver(id, { radius, leaveRadius, ...(follows ? { follow: entity } : place) });
      plain.addObserver(id, radius, leaveRadius, follows ? entity : place);
    } else if (action === 0) {
      fast.removeObserver(id);
      plain.observers.delete(id);
    } else if (action === 1) {
      fast.setRadius(id, radius, leaveRadius);
      Object.assign(observer, { radius, leaveRadius });
    } else if (action === 2) {
      fast.setTeamMember(id, entity % 4, radius % 2 === 0);
      setMember(observer.teams, entity % 4, radius % 2 === 0);
    } else if (action < 5 && plain.entities.has(entity)) {
      fast.setHidden(id, entity, radius % 2 === 0);
      setMember(observer.hidden, plain.entities.get(entity)!, radius % 2 === 0);
    } else if (action === 5 && plain.entities.has(entity)) {
      fast.followEntity(id, entity);
      observer.follow = plain.entities.get(entity)!;
    } else {
      fast.moveObserver(id, place.x, place.y, place.z);
      Object.assign(observer, place, { follow: undefined });
    }
  }
}

function setMember<T>(set: Set<T>, member: T, on: boolean): void {
  if (on) set.add(member);
  else set.delete(member);
}

const settings: readonly Setting[] = [
  { seed: 1, dimensions: 2, cellSize: 5, span: 30, middle: 0 },
  { seed: 2, dimensions: 3, cellSize: 5, span: 16, middle: 0 },
  { seed: 3, dimensions: 2, cellSize: 1, span: 12, middle: -1e6 },
  { seed: 4, dimensions: 3, cellSize: 40, span: 20, middle: 2 ** 40 },
  { seed: 5, dimensions: 2, cellSize: 0.25, span: 40, middle: 1e5 },
  { seed: 6, dimensions: 2, cellSize: 1e-6, span: 8, middle: 2 ** 33 },
];

for (const setting of settings) {
  Deno.test(`interest: the manager agrees with the reference, ${JSON.stringify(setting)}`, () => {
    const twins = new Twins(setting);
    const { fast, plain, random } = twins;
    for (let tick = 0; tick < 250; tick++) {
      for (let n = random.nextInt(60); n > 0; n--) {
        if (random.nextInt(6) > 0) twins.actOnEntity(random.nextInt(60));
        else twins.actOnObserver(random.nextInt(12));
      }
      const where = `${JSON.stringify(setting)}, tick ${tick}`;
      assertEquals(tickAll(fast).sort(), plain.tick(), where);
      for (const id of plain.observers.keys()) assertEquals(relevantTo(fast, id), plain.relevantTo(id), where);
    }
  });
}

Deno.test("interest: a flat world in three dimensions has the same sets as in two", () => {
  const random = new SeededRandom(7);
  const [flat, deep] = [2, 3].map((dimensions) =>
    new InterestManager({ cellSize: 6, dimensions: dimensions as 2 | 3 })
  );
  for (const interest of [flat!, deep!]) {
    for (let id = 0; id < 20; id++) interest.addObserver(id, { radius: 5 + id, x: id * 5, y: 50 });
    for (let id = 0; id < 300; id++) interest.addEntity(id, 0, 0);
  }
  for (let tick = 0; tick < 30; tick++) {
    const ids = Uint32Array.from({ length: 300 }, (_, id) => id);
    const places = Float64Array.from({ length: 600 }, () => random.nextInt(100));
    flat!.moveEntities(ids, places);
    for (const id of ids) deep!.moveEntity(id, places[2 * id]!, places[2 * id + 1]!, 0);
    assertEquals(tickAll(deep!).sort(), tickAll(flat!).sort(), `seed 7, tick ${tick}`);
  }
});
