/**
 * What an interest manager knows of its entities, in columns by slot.
 *
 * A removed entity that some observer may still know keeps its slot, as a ghost with a readable id, until every
 * observer was told (Why: its id may come back at once, for another entity). Invariant: a slot is placed in the cell
 * index if and only if its entity was not removed.
 *
 * @module
 */
import { CellIndex } from "./cell_index.ts";
import { IdTable, widened } from "./id_table.ts";
import type { InterestConfig } from "./interest_options.ts";

/** Entities by slot. */
export class EntityTable {
  /** The slots of all entities. */
  readonly ids: IdTable;
  /** Where they are. */
  readonly cells: CellIndex;
  /** How much an entity matters. */
  weights: Float64Array = new Float64Array(0);
  /** How many bytes the update of an entity takes. */
  bytes: Int32Array = new Int32Array(0);
  /** Slots that are relevant to all observers. */
  always: Int32Array = new Int32Array(0);
  /** How many of them there are. */
  alwaysCount = 0;
  /** Where a slot stands in `always`, plus 1. */
  #alwaysPlaces = new Int32Array(0);
  /** In which tick the entity was added. */
  #addedTicks = new Float64Array(0);
  #ghosts = new Int32Array(0);
  #ghostCount = 0;
  readonly #config: InterestConfig;

  /**
   * Makes an empty table.
   *
   * @param config The bounds and defaults.
   */
  constructor(config: InterestConfig) {
    this.#config = config;
    // As many ghosts as there were entities in the last tick may be waiting beside those that took their place.
    this.ids = new IdTable(2 * config.maxEntities);
    this.cells = new CellIndex(config.dimensions, config.cellSize);
    this.#grow();
  }

  /** How many removed entities wait for their observers to be told. */
  get ghostCount(): number {
    return this.#ghostCount;
  }

  /**
   * Adds an entity where it is.
   *
   * @param id A new id.
   * @param tick The number of the next tick.
   * @param x Its place.
   * @returns Its slot, or -1 when there is no room.
   */
  add(id: number, tick: number, x: number, y: number, z: number): number {
    if (this.ids.size === this.#config.maxEntities) return -1;
    const slot = this.ids.add(id);
    if (slot < 0) return -1;
    if (this.ids.capacity > this.bytes.length) this.#grow();
    this.weights[slot] = this.#config.entityWeight;
    this.bytes[slot] = this.#config.entityBytes;
    this.#addedTicks[slot] = tick;
    this.cells.place(slot, x, y, z);
    return slot;
  }

  /**
   * Removes an entity; who has seen no tick leaves no ghost.
   *
   * @param slot A placed slot.
   * @param tick The number of the next tick.
   */
  remove(slot: number, tick: number): void {
    this.setAlways(slot, false);
    this.cells.clear(slot);
    this.ids.detach(slot);
    if (this.#addedTicks[slot] === tick) this.ids.free(slot);
    else this.#ghosts[this.#ghostCount++] = slot;
  }

  /** Lets the slots of all ghosts be used again: every observer was told. */
  freeGhosts(): void {
    for (let i = 0; i < this.#ghostCount; i++) this.ids.free(this.#ghosts[i]!);
    this.#ghostCount = 0;
  }

  /**
   * Says whether an entity is relevant to all observers.
   *
   * @param slot A placed slot.
   * @param on Whether it is.
   */
  setAlways(slot: number, on: boolean): void {
    const place = this.#alwaysPlaces[slot]!;
    if (on === place > 0) return;
    if (on) {
      this.always[this.alwaysCount++] = slot;
      this.#alwaysPlaces[slot] = this.alwaysCount;
      return;
    }
    const last = this.always[--this.alwaysCount]!;
    this.always[place - 1] = last;
    this.#alwaysPlaces[last] = place;
    this.#alwaysPlaces[slot] = 0;
  }

  #grow(): void {
    const slots = this.ids.capacity;
    this.cells.grow(slots);
    this.weights = widened(this.weights, new Float64Array(slots));
    this.bytes = widened(this.bytes, new Int32Array(slots));
    this.always = widened(this.always, new Int32Array(slots));
    this.#alwaysPlaces = widened(this.#alwaysPlaces, new Int32Array(slots));
    this.#addedTicks = widened(this.#addedTicks, new Float64Array(slots));
    this.#ghosts = widened(this.#ghosts, new Int32Array(slots));
  }
}
