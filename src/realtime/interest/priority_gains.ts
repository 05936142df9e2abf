/**
 * Turns the set of an observer into priorities: by weight, and less the farther away.
 *
 * Why arrays in between: a fractional number that is handed to a call which is not inlined is boxed; one that is read
 * from a `Float64Array` is not.
 *
 * @module
 */
import type { EntityTable } from "./entity_table.ts";
import type { ObserverTable } from "./observer_table.ts";
import type { PriorityAccumulator } from "./priority_accumulator.ts";
import type { RelevanceSets } from "./relevance_sets.ts";

/** What raises the entities of one set after the other; its memory is as long as the largest so far. */
export class PriorityGains {
  readonly #entities: EntityTable;
  readonly #observers: ObserverTable;
  readonly #farGain: number;
  #ids = new Uint32Array(0);
  #gains = new Float64Array(0);
  #bytes = new Int32Array(0);

  /**
   * Makes one.
   *
   * @param entities Where the entities are and what they weigh.
   * @param observers Where the observers are and how far they see.
   * @param farGain What is left of the weight at the leave radius and beyond.
   */
  constructor(entities: EntityTable, observers: ObserverTable, farGain: number) {
    this.#entities = entities;
    this.#observers = observers;
    this.#farGain = farGain;
  }

  /**
   * Raises what is relevant to an observer and was not removed since.
   *
   * @param sets The sets of all observers.
   * @param observer The slot of the observer.
   * @param accumulator Takes the priorities.
   * @returns How many entities it took.
   */
  raise(sets: RelevanceSets, observer: number, accumulator: PriorityAccumulator): number {
    const { cells, weights, bytes, ids: { ids } } = this.#entities;
    const { x, y, z, leaveRadii } = this.#observers;
    const { slots } = sets;
    const start = sets.startOf(observer);
    const end = start + sets.countOf(observer);
    if (end - start > this.#ids.length) this.#grow(2 * (end - start));
    let count = 0;
    for (let i = start; i < end; i++) {
      const slot = slots[i]!;
      if (cells.buckets[slot]! < 0) continue;
      const dx = cells.x[slot]! - x[observer]!;
      const dy = cells.y[slot]! - y[observer]!;
      const dz = cells.z[slot]! - z[observer]!;
      const distance = Math.min(1, Math.sqrt(dx * dx + dy * dy + dz * dz) / leaveRadii[observer]!);
      this.#ids[count] = ids[slot]!;
      this.#gains[count] = weights[slot]! * (1 - (1 - this.#farGain) * distance);
      this.#bytes[count] = bytes[slot]!;
      count++;
    }
    return accumulator.raiseAll(this.#ids, this.#gains, this.#bytes, count);
  }

  #grow(length: number): void {
    this.#ids = new Uint32Array(length);
    this.#gains = new Float64Array(length);
    this.#bytes = new Int32Array(length);
  }
}
