/**
 * Interest management: each observer is told of what is near it, and of nothing else.
 *
 * Once a tick all entities are sorted by cell and every observer's set is brought up to date (`relevance_sets.ts`);
 * what changed is polled as events. Knows no protocol and no clock. Invariant: to an observer, every Enter of an
 * entity is followed by exactly one Leave before the next Enter, unless the observer itself is removed. Why: it is this
 * long because it is the one face of the room, and most of it says what its methods promise.
 *
 * @module
 */
import { MisuseError, ResourceError } from "../../error/transport_error.ts";
import { CellOrder } from "./cell_order.ts";
import { EntityTable } from "./entity_table.ts";
import { type InterestEvent, InterestEvents } from "./interest_events.ts";
import {
  checkObserverOptions,
  type InterestConfig,
  type InterestOptions,
  measure,
  type ObserverOptions,
  resolveInterestOptions,
  resolveLeaveRadius,
} from "./interest_options.ts";
import { ObserverTable } from "./observer_table.ts";
import { PairSide, PairTable } from "./pair_table.ts";
import { checkId, checkPlace, checkRadius } from "./place_check.ts";
import type { PriorityAccumulator } from "./priority_accumulator.ts";
import { PriorityGains } from "./priority_gains.ts";
import { RelevanceSets } from "./relevance_sets.ts";

/** The largest weight of an entity. */
const MAX_WEIGHT = 1e6;
/** The largest size of an entity's update. */
const MAX_BYTES = 2 ** 30;

/**
 * Decides which entities matter to which observers.
 *
 * An entity is relevant to an observer when it is near (within `radius`, and then until it is beyond `leaveRadius`),
 * always relevant, or shown to a team of the observer; unless it is hidden from it. Ids are the caller's: integers from
 * 0 to 2^32 - 1, one space for entities and one for observers. A tick allocates nothing once everything has grown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { InterestEventKind } from "./interest_events.ts";
 *
 * const interest = new InterestManager({ cellSize: 20 });
 * interest.addEntity(1, 0, 0); // the player
 * interest.addEntity(2, 30, 0); // someone near
 * interest.addEntity(3, 900, 900); // someone far
 * interest.addObserver(70, { radius: 40, follow: 1 });
 *
 * const seen: string[] = [];
 * const report = (): void => {
 *   for (let event = interest.pollEvent(); event !== undefined; event = interest.pollEvent()) {
 *     seen.push(`${event.kind === InterestEventKind.Enter ? "+" : "-"}${event.entity}`);
 *   }
 * };
 * interest.tick();
 * report();
 * assertEquals(seen.sort(), ["+1", "+2"]);
 *
 * interest.moveEntity(2, 43, 0); // beyond 40, but not beyond the leave radius of 45
 * interest.tick();
 * report();
 * interest.removeEntity(2);
 * interest.tick();
 * report();
 * assertEquals(seen, ["+1", "+2", "-2"]);
 * ```
 */
export class InterestManager {
  readonly #config: InterestConfig;
  readonly #entities: EntityTable;
  readonly #observers: ObserverTable;
  readonly #order = new CellOrder();
  readonly #hidden: PairTable;
  readonly #shown: PairTable;
  readonly #teams: PairTable;
  readonly #events: InterestEvents;
  readonly #sets: RelevanceSets;
  readonly #gains: PriorityGains;
  #tick = 0;

  /**
   * Makes a world without entities and observers.
   *
   * @param options The size of the cells, the bounds, the defaults.
   * @throws {TypeError} When an option has the wrong type or is not known.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(options: InterestOptions) {
    const config = resolveInterestOptions(options);
    this.#config = config;
    this.#entities = new EntityTable(config);
    this.#observers = new ObserverTable(config);
    this.#hidden = new PairTable(config.maxPairs);
    this.#shown = new PairTable(config.maxPairs);
    this.#teams = new PairTable(config.maxPairs);
    this.#events = new InterestEvents(config.maxEvents);
    this.#sets = new RelevanceSets({
      config,
      entities: this.#entities,
      observers: this.#observers,
      order: this.#order,
      hidden: this.#hidden,
      shown: this.#shown,
      teams: this.#teams,
      events: this.#events,
    });
    this.#gains = new PriorityGains(this.#entities, this.#observers, config.farGain);
  }

  /** How many entities there are. */
  get entityCount(): number {
    return this.#entities.ids.size;
  }

  /** How many observers there are. */
  get observerCount(): number {
    return this.#observers.ids.size;
  }

  /** How many changes, over all ticks, had to wait because `maxEvents` were reached. */
  get deferredCount(): number {
    return this.#sets.deferredCount;
  }

  /** How often, over all ticks, an entity was kept out of a set because it had `maxRelevant` already. */
  get crowdedCount(): number {
    return this.#sets.crowdedCount;
  }

  /**
   * Adds an entity; observers learn of it in the next tick.
   *
   * @param id An integer from 0 to 2^32 - 1 that no other entity has.
   * @param x Where it is: any finite numbers, in the caller's units.
   * @param y As `x`.
   * @param z As `x`; in two dimensions it must stay 0.
   * @throws {RangeError} When the id or a coordinate is out of its bounds.
   * @throws {MisuseError} When there is an entity of this id already.
   * @throws {ResourceError} When there are `maxEntities` already.
   */
  addEntity(id: number, x: number, y: number, z = 0): void {
    checkId("entity", id);
    checkPlace(this.#config.dimensions, x, y, z);
    if (this.hasEntity(id)) throw new MisuseError(`Cannot add entity ${id}: there is one of this id already`);
    if (this.#entities.add(id, this.#tick, x, y, z) >= 0) return;
    const ghosts = this.#entities.ghostCount;
    throw new ResourceError(
      `Cannot add entity ${id}: there are ${this.entityCount}, and ${ghosts} that were removed since their last tick`,
    );
  }

  /**
   * Whether there is an entity of this id.
   *
   * @param id Any number.
   * @returns Whether there is.
   */
  hasEntity(id: number): boolean {
    return this.#entities.ids.slotOf(id) >= 0;
  }

  /**
   * Moves an entity.
   *
   * @param id Which one.
   * @param x Where it is now: any finite numbers.
   * @param y As `x`.
   * @param z As `x`; in two dimensions it must stay 0.
   * @throws {RangeError} When a coordinate is out of its bounds; the entity stays where it was.
   * @throws {MisuseError} When there is no such entity.
   */
  moveEntity(id: number, x: number, y: number, z = 0): void {
    const slot = this.#entityOf(id);
    checkPlace(this.#config.dimensions, x, y, z);
    this.#entities.cells.move(slot, x, y, z);
  }

  /**
   * Moves many entities, for worlds that keep places in arrays; allocates nothing.
   *
   * @param ids Which ones.
   * @param places As many places as ids, each 2 or 3 numbers, as the world has dimensions.
   * @param count How many of them to move.
   * @throws {RangeError} When a number is not finite or an array is shorter than `count` needs; those before have moved.
   * @throws {MisuseError} When there is no entity of one of the ids; those before have moved.
   */
  moveEntities(ids: Uint32Array, places: Float64Array | Float32Array, count: number = ids.length): void {
    const { dimensions } = this.#config;
    if (!(Number.isInteger(count) && count >= 0 && count <= ids.length && count * dimensions <= places.length)) {
      throw new RangeError(`Cannot move ${count} entities: there are ${ids.length} ids and ${places.length} numbers`);
    }
    const { cells } = this.#entities;
    for (let i = 0; i < count; i++) {
      const slot = this.#entityOf(ids[i]!);
      const at = i * dimensions;
      const z = dimensions === 3 ? places[at + 2]! : 0;
      if (!Number.isFinite(places[at]! + places[at + 1]! + z)) checkPlace(3, places[at]!, places[at + 1]!, z);
      cells.x[slot] = places[at]!;
      cells.y[slot] = places[at + 1]!;
      if (dimensions === 3) cells.z[slot] = z;
      cells.update(slot);
    }
  }

  /**
   * Removes an entity; who knows of it gets a Leave in the next tick. Its id may be used again at once. Observers that
   * follow it become free cameras where it was.
   *
   * @param id Which one.
   * @returns Whether there was one.
   */
  removeEntity(id: number): boolean {
    const slot = this.#entities.ids.slotOf(id);
    if (slot < 0) return false;
    this.#observers.handleEntityRemoved(slot, this.#entities.cells);
    this.#hidden.forget(PairSide.Right, slot);
    this.#shown.forget(PairSide.Right, slot);
    this.#entities.remove(slot, this.#tick);
    return true;
  }

  /**
   * Makes an entity relevant to every observer whatever the distance: the score, the boss, the storm.
   *
   * @param id Which entity.
   * @param on Whether it is.
   * @throws {MisuseError} When there is no such entity.
   */
  setAlwaysRelevant(id: number, on: boolean): void {
    this.#entities.setAlways(this.#entityOf(id), on);
  }

  /**
   * Makes an entity relevant to all observers of a team whatever the distance: its players, what they have marked.
   *
   * @param id Which entity; it may be shown to many teams.
   * @param team From 0 to `maxTeams` - 1.
   * @param on Whether it is.
   * @throws {RangeError} When there is no such team.
   * @throws {MisuseError} When there is no such entity.
   * @throws {ResourceError} When `maxPairs` entities are shown to teams already.
   */
  setShownToTeam(id: number, team: number, on: boolean): void {
    this.#checkTeam(team);
    setPair(this.#shown, team, this.#entityOf(id), on);
  }

  /**
   * Sets how much an entity matters against others at the same distance.
   *
   * @param id Which entity.
   * @param weight Above 0, at most 1e6.
   * @throws {RangeError} When the weight is out of its bounds.
   * @throws {MisuseError} When there is no such entity.
   */
  setWeight(id: number, weight: number): void {
    this.#entities.weights[this.#entityOf(id)] = measure("weight", weight, MAX_WEIGHT);
  }

  /**
   * Sets what an update of an entity takes in a datagram: the most that it may take, or what it took last time.
   *
   * @param id Which entity.
   * @param bytes 1 to 2^30.
   * @throws {RangeError} When it is no integer in these bounds.
   * @throws {MisuseError} When there is no such entity.
   */
  setBytes(id: number, bytes: number): void {
    const slot = this.#entityOf(id);
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_BYTES) {
      throw new RangeError(`Cannot set the size of entity ${id} to ${bytes} bytes: it is from 1 to 2^30`);
    }
    this.#entities.bytes[slot] = bytes;
  }

  /**
   * Adds an observer: a player, a spectator, a bot that is not to know everything.
   *
   * @param id An integer from 0 to 2^32 - 1 that no other observer has.
   * @param options How far it sees, and where from.
   * @throws {TypeError} When an option has the wrong type, is not known or contradicts another one.
   * @throws {RangeError} When the id or an option is out of its bounds.
   * @throws {MisuseError} When there is an observer of this id already, or no entity to follow.
   * @throws {ResourceError} When there are `maxObservers` already.
   */
  addObserver(id: number, options: ObserverOptions): void {
    checkId("observer", id);
    checkObserverOptions(options);
    const { radius, follow, x = 0, y = 0, z = 0 } = options;
    const leaveRadius = resolveLeaveRadius(radius, options.leaveRadius);
    checkPlace(this.#config.dimensions, x, y, z);
    if (this.hasObserver(id)) throw new MisuseError(`Cannot add observer ${id}: there is one of this id already`);
    const entity = follow === undefined ? -1 : this.#entityOf(follow);
    const slot = this.#observers.add(id);
    if (slot < 0) throw new ResourceError(`Cannot add observer ${id}: there are ${this.observerCount} already`);
    this.#observers.put(slot, x, y, z);
    if (entity >= 0) this.#observers.follow(slot, entity);
    this.#observers.radii[slot] = radius;
    this.#observers.leaveRadii[slot] = leaveRadius;
  }

  /**
   * Whether there is an observer of this id.
   *
   * @param id Any number.
   * @returns Whether there is.
   */
  hasObserver(id: number): boolean {
    return this.#observers.ids.slotOf(id) >= 0;
  }

  /**
   * Removes an observer, with its teams, what is hidden from it, and the events about it that were not polled. It gets
   * no Leave events: there is nobody to tell.
   *
   * @param id Which one.
   * @returns Whether there was one.
   */
  removeObserver(id: number): boolean {
    const slot = this.#observers.ids.slotOf(id);
    if (slot < 0) return false;
    this.#hidden.forget(PairSide.Left, slot);
    this.#teams.forget(PairSide.Left, slot);
    this.#events.dropObserver(slot);
    this.#sets.forget(slot);
    this.#observers.remove(slot);
    return true;
  }

  /**
   * Puts an observer somewhere, as a free camera: if it followed an entity, it does no more.
   *
   * @param id Which one.
   * @param x Where it is now: any finite numbers.
   * @param y As `x`.
   * @param z As `x`; in two dimensions it must stay 0.
   * @throws {RangeError} When a coordinate is out of its bounds.
   * @throws {MisuseError} When there is no such observer.
   */
  moveObserver(id: number, x: number, y: number, z = 0): void {
    const slot = this.#observerOf(id);
    checkPlace(this.#config.dimensions, x, y, z);
    this.#observers.follow(slot, -1);
    this.#observers.put(slot, x, y, z);
  }

  /**
   * Lets an observer see from the place of an entity, from the next tick on.
   *
   * @param id Which observer.
   * @param entity The id of the entity.
   * @throws {MisuseError} When there is no such observer or entity.
   */
  followEntity(id: number, entity: number): void {
    this.#observers.follow(this.#observerOf(id), this.#entityOf(entity));
  }

  /**
   * Changes how far an observer sees, from the next tick on.
   *
   * @param id Which observer.
   * @param radius Above 0.
   * @param leaveRadius Above `radius`; 1.125 times as much when it is left out.
   * @throws {RangeError} When a radius is out of its bounds.
   * @throws {MisuseError} When there is no such observer.
   */
  setRadius(id: number, radius: number, leaveRadius?: number): void {
    const slot = this.#observerOf(id);
    this.#observers.leaveRadii[slot] = resolveLeaveRadius(radius, leaveRadius);
    this.#observers.radii[slot] = radius;
  }

  /**
   * Lets an observer into a team, or out of it: it gets what is shown to the team.
   *
   * @param id Which observer; it may be in many teams.
   * @param team From 0 to `maxTeams` - 1.
   * @param on Whether it is in it.
   * @throws {RangeError} When there is no such team.
   * @throws {MisuseError} When there is no such observer.
   * @throws {ResourceError} When there are `maxPairs` memberships already.
   */
  setTeamMember(id: number, team: number, on: boolean): void {
    this.#checkTeam(team);
    setPair(this.#teams, this.#observerOf(id), team, on);
  }

  /**
   * Hides an entity from an observer, or shows it again; that goes before everything else.
   *
   * @param id Which observer.
   * @param entity The id of the entity.
   * @param on Whether it is hidden.
   * @throws {MisuseError} When there is no such observer or entity.
   * @throws {ResourceError} When `maxPairs` are hidden already.
   */
  setHidden(id: number, entity: number, on: boolean): void {
    setPair(this.#hidden, this.#observerOf(id), this.#entityOf(entity), on);
  }

  /**
   * Brings all sets up to date with where everything is now.
   *
   * @returns How many events there are to poll.
   * @throws {MisuseError} When events of the last tick were neither polled nor discarded.
   */
  tick(): number {
    if (this.#events.pending > 0) {
      throw new MisuseError(`Cannot tick: ${this.#events.pending} events were neither polled nor discarded`);
    }
    this.#tick++;
    this.#observers.moveFollowers(this.#entities.cells);
    this.#order.rebuild(this.#entities.cells, this.#entities.ids.highSlot);
    if (this.#sets.update()) this.#entities.freeGhosts();
    return this.#events.pending;
  }

  /**
   * Hands out the next event of the last tick. To one observer Leaves come before Enters; an id that was removed and
   * used again in between leaves and enters.
   *
   * @returns The event, in a record that the next call writes over; `undefined` when there is none left.
   */
  pollEvent(): InterestEvent | undefined {
    return this.#events.poll(this.#observers.ids.ids);
  }

  /** Forgets the events that were not polled, for callers that only want the sets. */
  discardEvents(): void {
    this.#events.clear();
  }

  /**
   * Whether an entity is relevant to an observer, as of the last tick.
   *
   * @param id Which observer.
   * @param entity The id of an entity; any number.
   * @returns Whether it is there and relevant.
   * @throws {MisuseError} When there is no such observer.
   */
  isRelevant(id: number, entity: number): boolean {
    const observer = this.#observerOf(id);
    return this.#sets.has(observer, this.#entities.ids.slotOf(entity));
  }

  /**
   * Reads the set of an observer, as of the last tick; entities that were removed since are left out.
   *
   * @param target Takes the ids of entities in no particular order, as far as they fit.
   * @param id Which observer.
   * @returns How many there are: more than `target.length` when not all did fit.
   * @throws {MisuseError} When there is no such observer.
   */
  readRelevant(target: Uint32Array, id: number): number {
    const observer = this.#observerOf(id);
    const { slots } = this.#sets;
    const { cells, ids: { ids } } = this.#entities;
    const start = this.#sets.startOf(observer);
    let count = 0;
    for (let i = start + this.#sets.countOf(observer) - 1; i >= start; i--) {
      const slot = slots[i]!;
      if (cells.buckets[slot]! < 0) continue;
      if (count < target.length) target[count] = ids[slot]!;
      count++;
    }
    return count;
  }

  /**
   * Begins a tick of an observer's accumulator and raises in it all that is relevant to the observer: by the entity's
   * weight at the observer's place, falling evenly to `farGain` of that at the leave radius and beyond.
   *
   * @param id Which observer.
   * @param accumulator The one that is kept for this observer; what was raised in it and is relevant no more is
   * forgotten. Its `maxItems` must be at least `maxRelevant`, so that nothing relevant is left out.
   * @returns How many entities were raised: those of {@linkcode InterestManager.readRelevant}.
   * @throws {RangeError} When the accumulator is too small.
   * @throws {MisuseError} When there is no such observer.
   *
   * @example What goes into the next datagram of 1,200 bytes to an observer
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { PriorityAccumulator } from "./priority_accumulator.ts";
   *
   * const interest = new InterestManager({ cellSize: 20, entityBytes: 500 });
   * const accumulator = new PriorityAccumulator();
   * interest.addObserver(70, { radius: 40 });
   * for (const [id, x] of [[1, 5], [2, 20], [3, 35]] as const) interest.addEntity(id, x, 0);
   *
   * interest.tick();
   * interest.discardEvents();
   * interest.prioritize(70, accumulator);
   * accumulator.openDatagram(1200);
   * const sent: number[] = [];
   * for (let id = accumulator.pollNext(); id >= 0; id = accumulator.pollNext()) sent.push(id);
   * assertEquals(sent, [1, 2]);
   * ```
   */
  prioritize(id: number, accumulator: PriorityAccumulator): number {
    const observer = this.#observerOf(id);
    const { maxRelevant } = this.#config;
    if (accumulator.maxItems < maxRelevant) {
      throw new RangeError(`Cannot prioritize in ${accumulator.maxItems} items: ${maxRelevant} may be relevant`);
    }
    accumulator.beginTick();
    return this.#gains.raise(this.#sets, observer, accumulator);
  }

  /**
   * Finds the entities near a point, where they are now: for blasts, shouts and spawns; independent of ticks.
   *
   * @param target Takes their ids in no particular order, as far as they fit.
   * @param radius How far from the point they may be, the border included; 0 to 1e150.
   * @param x The point: any finite numbers.
   * @param y As `x`.
   * @param z As `x`; in two dimensions it must stay 0.
   * @returns How many there are: more than `target.length` when not all did fit.
   * @throws {RangeError} When the radius or a coordinate is out of its bounds.
   */
  query(target: Uint32Array, radius: number, x: number, y: number, z = 0): number {
    checkRadius(radius);
    checkPlace(this.#config.dimensions, x, y, z);
    return this.#entities.cells.query(target, this.#entities.ids.ids, radius, x, y, z);
  }

  #entityOf(id: number): number {
    const slot = this.#entities.ids.slotOf(id);
    if (slot < 0) throw new MisuseError(`Cannot use entity ${id}: there is none of this id`);
    return slot;
  }

  #observerOf(id: number): number {
    const slot = this.#observers.ids.slotOf(id);
    if (slot < 0) throw new MisuseError(`Cannot use observer ${id}: there is none of this id`);
    return slot;
  }

  #checkTeam(team: number): void {
    const { maxTeams } = this.#config;
    if (Number.isInteger(team) && team >= 0 && team < maxTeams) return;
    throw new RangeError(`Cannot use team ${team}: there are ${maxTeams} teams, from 0`);
  }
}

function setPair(table: PairTable, left: number, right: number, on: boolean): void {
  if (!on) table.remove(left, right);
  else if (!table.add(left, right)) throw new ResourceError(`Cannot add a pair: there are ${table.size} already`);
}
