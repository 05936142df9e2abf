/**
 * What an interest manager knows of its observers, in columns by slot.
 *
 * Invariant: who follows has the slot of a placed entity in `follows`, and is in the list of that entity's followers;
 * when the entity goes, it stays where it saw it last.
 *
 * @module
 */
import type { CellIndex } from "./cell_index.ts";
import { IdTable, widened } from "./id_table.ts";
import type { InterestConfig } from "./interest_options.ts";
import { PairSide, PairTable } from "./pair_table.ts";

/** Observers by slot. */
export class ObserverTable {
  /** The slots of all observers. */
  readonly ids: IdTable;
  /** Where an observer is; of one that follows, as of the last tick. */
  x: Float64Array = new Float64Array(0);
  /** As {@linkcode ObserverTable.x}. */
  y: Float64Array = new Float64Array(0);
  /** As {@linkcode ObserverTable.x}. */
  z: Float64Array = new Float64Array(0);
  /** How near an entity must come to come in. */
  radii: Float64Array = new Float64Array(0);
  /** How far it may then be. */
  leaveRadii: Float64Array = new Float64Array(0);
  /** The slot of the entity that is followed, or -1. */
  follows: Int32Array = new Int32Array(0);
  /** 1 for slots in use. */
  used: Uint8Array = new Uint8Array(0);
  /** Observers on the left, the entities that they follow on the right. */
  readonly #followers: PairTable;

  /**
   * Makes an empty table.
   *
   * @param config The bounds.
   */
  constructor(config: InterestConfig) {
    this.ids = new IdTable(config.maxObservers);
    this.#followers = new PairTable(config.maxObservers);
    this.#grow();
  }

  /**
   * Adds an observer that follows nothing, at the origin.
   *
   * @param id A new id.
   * @returns Its slot, or -1 when there is no room.
   */
  add(id: number): number {
    const slot = this.ids.add(id);
    if (slot < 0) return -1;
    if (this.ids.capacity > this.used.length) this.#grow();
    this.used[slot] = 1;
    this.follows[slot] = -1;
    this.put(slot, 0, 0, 0);
    return slot;
  }

  /**
   * Removes an observer.
   *
   * @param slot A slot in use.
   */
  remove(slot: number): void {
    this.follow(slot, -1);
    this.used[slot] = 0;
    this.ids.detach(slot);
    this.ids.free(slot);
  }

  /**
   * Says where an observer is.
   *
   * @param slot A slot in use.
   * @param x The place.
   */
  put(slot: number, x: number, y: number, z: number): void {
    this.x[slot] = x;
    this.y[slot] = y;
    this.z[slot] = z;
  }

  /**
   * Says whom an observer follows.
   *
   * @param slot A slot in use.
   * @param entity The slot of a placed entity; -1: nobody.
   */
  follow(slot: number, entity: number): void {
    if (this.follows[slot]! >= 0) this.#followers.remove(slot, this.follows[slot]!);
    this.follows[slot] = entity;
    if (entity >= 0) this.#followers.add(slot, entity);
  }

  /**
   * Leaves those who follow an entity where it is now.
   *
   * @param entity The slot of the entity.
   * @param cells Where it is.
   */
  handleEntityRemoved(entity: number, cells: CellIndex): void {
    const side = PairSide.Right;
    for (let at = this.#followers.first(side, entity); at >= 0; at = this.#followers.first(side, entity)) {
      const slot = this.#followers.otherOf(side, at);
      this.put(slot, cells.x[entity]!, cells.y[entity]!, cells.z[entity]!);
      this.follow(slot, -1);
    }
  }

  /**
   * Moves those who follow to the places of their entities.
   *
   * @param cells Where the entities are.
   */
  moveFollowers(cells: CellIndex): void {
    const { follows, x, y, z } = this;
    for (let slot = 0; slot < this.ids.highSlot; slot++) {
      const entity = follows[slot]!;
      if (entity < 0) continue;
      x[slot] = cells.x[entity]!;
      y[slot] = cells.y[entity]!;
      z[slot] = cells.z[entity]!;
    }
  }

  #grow(): void {
    const slots = this.ids.capacity;
    this.x = widened(this.x, new Float64Array(slots));
    this.y = widened(this.y, new Float64Array(slots));
    this.z = widened(this.z, new Float64Array(slots));
    this.radii = widened(this.radii, new Float64Array(slots));
    this.leaveRadii = widened(this.leaveRadii, new Float64Array(slots));
    this.follows = widened(this.follows, new Int32Array(slots));
    this.used = widened(this.used, new Uint8Array(slots));
  }
}
