/**
 * Who is relevant to whom: one list of entities for each observer, brought up to date once a tick.
 *
 * The lists of all observers lie one behind the other in one array, which each tick writes anew into a second one; a
 * byte per entity says, while one observer is worked on, what is known of it, so that old and new are compared without
 * searching. Membership is what hysteresis goes by: whoever is in stays in up to the leave radius, for whatever reason
 * it came in. In a set that is too small for all, who is forced in goes first, then the nearest, where the distance of
 * who is in counts `radius / leaveRadius` times: the same hysteresis. Invariant: between two observers all marks are
 * `Unknown`.
 *
 * Why: it is above 400 lines because the loop over entities is there twice, flat and deep; all the time goes into it.
 *
 * @module
 */
import type { CellOrder } from "./cell_order.ts";
import type { EntityTable } from "./entity_table.ts";
import { widened } from "./id_table.ts";
import { InterestEventKind, type InterestEvents } from "./interest_events.ts";
import type { InterestConfig } from "./interest_options.ts";
import { NearestChoice } from "./nearest_choice.ts";
import type { ObserverTable } from "./observer_table.ts";
import { PairSide, type PairTable } from "./pair_table.ts";

/** What is known of an entity while the list of one observer is made. */
const Mark = {
  Unknown: 0,
  /** It was relevant, and nothing was found yet to keep it. */
  Was: 1,
  /** It stays, or is to come in. */
  Found: 2,
  /** It is hidden from this observer. */
  Hidden: 3,
} as const;

/** What the sets are made from. */
export interface RelevanceSources {
  /** The bounds. */
  readonly config: InterestConfig;
  /** Who may be relevant. */
  readonly entities: EntityTable;
  /** To whom. */
  readonly observers: ObserverTable;
  /** All placed entities, as of this tick. */
  readonly order: CellOrder;
  /** Observers on the left, the entities hidden from them on the right. */
  readonly hidden: PairTable;
  /** Teams on the left, the entities shown to them on the right. */
  readonly shown: PairTable;
  /** Observers on the left, their teams on the right. */
  readonly teams: PairTable;
  /** Takes what changes. */
  readonly events: InterestEvents;
}

/** The relevant entities of all observers. */
export class RelevanceSets {
  readonly #from: RelevanceSources;
  /** The slots of entities, observer after observer. */
  #slots = new Int32Array(64);
  #nextSlots = new Int32Array(64);
  /** Where the list of an observer begins, and its length. */
  #starts = new Int32Array(0);
  #counts = new Int32Array(0);
  #marks = new Uint8Array(0);
  /** Who comes in, as far as it is found. */
  #entering = new Int32Array(0);
  #enteringCount = 0;
  readonly #range = new Int32Array(6);
  /** The end of what is written to `#nextSlots`. */
  #end = 0;
  readonly #choice = new NearestChoice();
  /** Where the next tick begins: observers that had no room for their events go first. */
  #firstObserver = 0;
  #deferredCount = 0;
  #crowdedCount = 0;

  /**
   * Makes empty sets.
   *
   * @param from What they are made from.
   */
  constructor(from: RelevanceSources) {
    this.#from = from;
  }

  /** How many changes had no room among the events of their tick. */
  get deferredCount(): number {
    return this.#deferredCount;
  }

  /** How many entities were kept out of a set that was full. */
  get crowdedCount(): number {
    return this.#crowdedCount;
  }

  /** The slots of entities, observer after observer; replaced by every update. */
  get slots(): Int32Array {
    return this.#slots;
  }

  /**
   * Where the set of an observer begins in {@linkcode RelevanceSets.slots}.
   *
   * @param observer Its slot.
   * @returns The index of its first entity.
   */
  startOf(observer: number): number {
    return this.#starts[observer] ?? 0;
  }

  /**
   * How many entities the set of an observer has.
   *
   * @param observer Its slot.
   * @returns The count, ghosts included.
   */
  countOf(observer: number): number {
    return this.#counts[observer] ?? 0;
  }

  /**
   * Whether an entity is in the set of an observer.
   *
   * @param observer Its slot.
   * @param entity The slot of the entity.
   * @returns Whether it is.
   */
  has(observer: number, entity: number): boolean {
    const start = this.startOf(observer);
    for (let i = start + this.countOf(observer) - 1; i >= start; i--) {
      if (this.#slots[i] === entity) return true;
    }
    return false;
  }

  /**
   * Empties the set of an observer without events.
   *
   * @param observer Its slot.
   */
  forget(observer: number): void {
    if (observer < this.#counts.length) this.#counts[observer] = 0;
  }

  /**
   * Brings all sets up to date and appends the events of what changed.
   *
   * @returns Whether everything that changed had room among the events.
   */
  update(): boolean {
    const { observers } = this.#from;
    const high = observers.ids.highSlot;
    const deferredBefore = this.#deferredCount;
    this.#fitColumns();
    this.#end = 0;
    let first = this.#firstObserver;
    this.#firstObserver = -1;
    for (let i = 0; i < high; i++) {
      if (observers.used[first] === 1) this.#updateObserver(first);
      if (++first === high) first = 0;
    }
    if (this.#firstObserver < 0) this.#firstObserver = 0;
    const slots = this.#slots;
    this.#slots = this.#nextSlots;
    this.#nextSlots = slots;
    return this.#deferredCount === deferredBefore;
  }

  #updateObserver(observer: number): void {
    const { config, entities, hidden, shown, teams } = this.#from;
    const marks = this.#marks;
    const slots = this.#slots;
    const start = this.#starts[observer]!;
    const end = start + this.#counts[observer]!;
    for (let i = start; i < end; i++) marks[slots[i]!] = Mark.Was;
    for (let at = hidden.first(PairSide.Left, observer); at >= 0; at = hidden.next(PairSide.Left, at)) {
      marks[hidden.otherOf(PairSide.Left, at)] = Mark.Hidden;
    }
    this.#reserve(config.maxRelevant);
    const begin = this.#end;
    this.#enteringCount = 0;
    const followed = this.#from.observers.follows[observer]!;
    if (followed >= 0) this.#force(followed);
    for (let i = 0; i < entities.alwaysCount; i++) this.#force(entities.always[i]!);
    for (let team = teams.first(PairSide.Left, observer); team >= 0; team = teams.next(PairSide.Left, team)) {
      const list = teams.otherOf(PairSide.Left, team);
      for (let at = shown.first(PairSide.Left, list); at >= 0; at = shown.next(PairSide.Left, at)) {
        this.#force(shown.otherOf(PairSide.Left, at));
      }
    }
    const forcedEnd = this.#end;
    const forcedEntering = this.#enteringCount;
    this.#scan(observer);
    if (this.#end - begin + this.#enteringCount > config.maxRelevant) {
      this.#thin(observer, begin, forcedEnd, forcedEntering);
    }
    this.#settle(observer, begin, start, end);
  }

  /** Takes in an entity wherever it is. */
  #force(entity: number): void {
    const mark = this.#marks[entity]!;
    if (mark >= Mark.Found) return;
    if (mark === Mark.Was) {
      this.#nextSlots[this.#end++] = entity;
    } else {
      this.#entering[this.#enteringCount++] = entity;
    }
    this.#marks[entity] = Mark.Found;
  }

  /**
   * Leaves out what a full set has no room for. Of those that are forced in, the followed entity goes first, then who
   * was in before; what they leave is for the nearest.
   */
  #thin(observer: number, begin: number, forcedEnd: number, forcedEntering: number): void {
    const { config: { maxRelevant }, entities: { cells }, observers } = this.#from;
    const marks = this.#marks;
    const next = this.#nextSlots;
    const entering = this.#entering;
    const choice = this.#choice;
    const isFollowedNew = forcedEntering > 0 && entering[0] === observers.follows[observer];
    const forcedStays = Math.min(forcedEnd, begin + maxRelevant - (isFollowedNew ? 1 : 0));
    const forcedCount = forcedStays - begin + forcedEntering;
    const x = observers.x[observer]!;
    const y = observers.y[observer]!;
    const z = observers.z[observer]!;
    const inside = (observers.radii[observer]! / observers.leaveRadii[observer]!) ** 2;
    choice.reset(Math.max(0, maxRelevant - forcedCount));
    for (let i = forcedStays; i < this.#end; i++) {
      const entity = next[i]!;
      marks[entity] = Mark.Was;
      if (i < forcedEnd) continue;
      const squared = (cells.x[entity]! - x) ** 2 + (cells.y[entity]! - y) ** 2 + (cells.z[entity]! - z) ** 2;
      choice.offer(entity, squared * inside);
    }
    for (let i = forcedEntering; i < this.#enteringCount; i++) {
      const entity = entering[i]!;
      marks[entity] = Mark.Unknown;
      choice.offer(entity, (cells.x[entity]! - x) ** 2 + (cells.y[entity]! - y) ** 2 + (cells.z[entity]! - z) ** 2);
    }
    this.#crowdedCount += this.#enteringCount - forcedEntering;
    this.#end = forcedStays;
    this.#enteringCount = forcedEntering;
    for (let i = 0; i < choice.count; i++) {
      const entity = choice.slots[i]!;
      if (marks[entity] === Mark.Was) {
        next[this.#end++] = entity;
      } else {
        entering[this.#enteringCount++] = entity;
        this.#crowdedCount--;
      }
      marks[entity] = Mark.Found;
    }
  }

  /** Looks at all entities in the cells that the leave radius touches. */
  #scan(observer: number): void {
    const { entities: { cells }, observers, order } = this.#from;
    const range = this.#range;
    cells.readRange(range, observers.x, observers.y, observers.z, observers.leaveRadii, observer);
    const fromX = range[0]!;
    const toX = range[1]!;
    const fromY = range[2]!;
    const toY = range[3]!;
    const fromZ = range[4]!;
    const toZ = range[5]!;
    if ((toX - fromX + 1) * (toY - fromY + 1) * (toZ - fromZ + 1) > cells.size) {
      this.#scanRun(observer, 0, cells.size);
      return;
    }
    const buckets = order.starts.length - 1;
    for (let cellZ = fromZ; cellZ <= toZ; cellZ++) {
      for (let cellY = fromY; cellY <= toY; cellY++) {
        let bucket = cells.bucketAt(fromX, cellY, cellZ);
        for (let left = toX - fromX + 1; left > 0; bucket = 0) {
          const count = Math.min(left, buckets - bucket);
          this.#scanRun(observer, order.starts[bucket]!, order.starts[bucket + count]!);
          left -= count;
        }
      }
    }
  }

  #scanRun(observer: number, from: number, to: number): void {
    if (this.#from.config.dimensions === 2) this.#scanFlat(observer, from, to);
    else this.#scanDeep(observer, from, to);
  }

  /** The loop of two dimensions. Rows that share buckets may show an entity twice: by then its mark has changed. */
  #scanFlat(observer: number, from: number, to: number): void {
    const { observers, order } = this.#from;
    const orderX = order.x;
    const orderY = order.y;
    const slots = order.slots;
    const marks = this.#marks;
    const next = this.#nextSlots;
    const entering = this.#entering;
    const x = observers.x[observer]!;
    const y = observers.y[observer]!;
    const radius = observers.radii[observer]!;
    const leaveRadius = observers.leaveRadii[observer]!;
    const near = radius * radius;
    const far = leaveRadius * leaveRadius;
    let end = this.#end;
    let enteringCount = this.#enteringCount;
    for (let i = from; i < to; i++) {
      const dx = orderX[i]! - x;
      const dy = orderY[i]! - y;
      const distance = dx * dx + dy * dy;
      if (distance > far) continue;
      const entity = slots[i]!;
      const mark = marks[entity]!;
      if (mark === Mark.Was) {
        marks[entity] = Mark.Found;
        next[end++] = entity;
      } else if (mark === Mark.Unknown && distance <= near) {
        marks[entity] = Mark.Found;
        entering[enteringCount++] = entity;
      }
    }
    this.#end = end;
    this.#enteringCount = enteringCount;
  }

  /** The loop of three dimensions; otherwise the same. */
  #scanDeep(observer: number, from: number, to: number): void {
    const { observers, order } = this.#from;
    const orderX = order.x;
    const orderY = order.y;
    const orderZ = order.z;
    const slots = order.slots;
    const marks = this.#marks;
    const next = this.#nextSlots;
    const entering = this.#entering;
    const x = observers.x[observer]!;
    const y = observers.y[observer]!;
    const z = observers.z[observer]!;
    const radius = observers.radii[observer]!;
    const leaveRadius = observers.leaveRadii[observer]!;
    const near = radius * radius;
    const far = leaveRadius * leaveRadius;
    let end = this.#end;
    let enteringCount = this.#enteringCount;
    for (let i = from; i < to; i++) {
      const dx = orderX[i]! - x;
      const dy = orderY[i]! - y;
      const dz = orderZ[i]! - z;
      const distance = dx * dx + dy * dy + dz * dz;
      if (distance > far) continue;
      const entity = slots[i]!;
      const mark = marks[entity]!;
      if (mark === Mark.Was) {
        marks[entity] = Mark.Found;
        next[end++] = entity;
      } else if (mark === Mark.Unknown && distance <= near) {
        marks[entity] = Mark.Found;
        entering[enteringCount++] = entity;
      }
    }
    this.#end = end;
    this.#enteringCount = enteringCount;
  }

  /** Writes the events, leaves first, so that an id that was used again leaves before it enters; clears the marks. */
  #settle(observer: number, begin: number, oldStart: number, oldEnd: number): void {
    const { config, entities, hidden, events } = this.#from;
    const marks = this.#marks;
    const ids = entities.ids.ids;
    const next = this.#nextSlots;
    for (let i = oldStart; i < oldEnd; i++) {
      const entity = this.#slots[i]!;
      const stays = marks[entity] === Mark.Found;
      marks[entity] = Mark.Unknown;
      if (stays || events.push(InterestEventKind.Leave, observer, ids[entity]!)) continue;
      next[this.#end++] = entity;
      this.#defer(observer);
    }
    const full = begin + config.maxRelevant;
    for (let i = 0; i < this.#enteringCount; i++) {
      const entity = this.#entering[i]!;
      marks[entity] = Mark.Unknown;
      if (this.#end >= full) this.#crowdedCount++;
      else if (events.push(InterestEventKind.Enter, observer, ids[entity]!)) next[this.#end++] = entity;
      else this.#defer(observer);
    }
    for (let at = hidden.first(PairSide.Left, observer); at >= 0; at = hidden.next(PairSide.Left, at)) {
      marks[hidden.otherOf(PairSide.Left, at)] = Mark.Unknown;
    }
    this.#starts[observer] = begin;
    this.#counts[observer] = this.#end - begin;
  }

  #defer(observer: number): void {
    this.#deferredCount++;
    if (this.#firstObserver < 0) this.#firstObserver = observer;
  }

  /** Makes room for one more set. */
  #reserve(entities: number): void {
    const needed = this.#end + entities;
    if (needed <= this.#nextSlots.length) return;
    this.#nextSlots = widened(this.#nextSlots, new Int32Array(Math.max(needed, 2 * this.#nextSlots.length)));
  }

  #fitColumns(): void {
    const { entities, observers } = this.#from;
    const slots = entities.ids.capacity;
    if (slots > this.#marks.length) {
      this.#marks = new Uint8Array(slots);
      this.#entering = new Int32Array(slots);
    }
    const watchers = observers.ids.capacity;
    if (watchers > this.#counts.length) {
      this.#starts = widened(this.#starts, new Int32Array(watchers));
      this.#counts = widened(this.#counts, new Int32Array(watchers));
    }
  }
}
