/**
 * Requests of the peer that wait for this side's answer: who may still be answered, and until when.
 *
 * Flat columns by slot, as in `RequestTable`; what belongs to the handler is kept by its owner under the same slot.
 * Invariant: an id is in the table from the request until it is answered, cancelled or expired, and at most once.
 *
 * @module
 */
import { DeadlineTable } from "../time/deadline_table.ts";
import { IdIndex } from "./id_index.ts";

const INITIAL_COUNT = 8;

/** The unanswered requests of one peer. */
export class InboundRequests {
  readonly #maxCount: number;
  readonly #index = new IdIndex(INITIAL_COUNT);
  readonly #deadlines = new DeadlineTable(INITIAL_COUNT);
  #ids = new Uint32Array(INITIAL_COUNT);
  #free: number[] = [];
  #slots = 0;

  /** @param maxCount How many may be unanswered at the same time. */
  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** How many are unanswered. */
  get size(): number {
    return this.#index.size;
  }

  /** Whether one more may be. */
  get hasRoom(): boolean {
    return this.#index.size < this.#maxCount;
  }

  /**
   * A request came.
   *
   * @param id Its id, 1 to 2^32 - 1.
   * @param deadlineMs Until when it may be answered.
   * @returns Its slot, or -1 when one with the same id is unanswered, or as many are as may be.
   */
  open(id: number, deadlineMs: number): number {
    if (!this.hasRoom || this.#index.slotOf(id) >= 0) return -1;
    const slot = this.#free.pop() ?? this.#slots++;
    if (slot >= this.#ids.length) {
      const ids = new Uint32Array(this.#ids.length * 2);
      ids.set(this.#ids);
      this.#ids = ids;
    }
    this.#ids[slot] = id;
    this.#index.add(id, slot);
    this.#deadlines.set(slot, deadlineMs);
    return slot;
  }

  /**
   * The slot of an unanswered request.
   *
   * @param id Its id.
   * @returns The slot, or -1.
   */
  slotOf(id: number): number {
    return id === 0 ? -1 : this.#index.slotOf(id);
  }

  /**
   * The id of an unanswered request.
   *
   * @param slot Its slot.
   * @returns The id, or 0 when the slot is free.
   */
  idOf(slot: number): number {
    return this.#ids[slot] ?? 0;
  }

  /**
   * A request is over.
   *
   * @param slot Its slot; free from now on.
   */
  close(slot: number): void {
    const id = this.idOf(slot);
    if (id === 0) return;
    this.#index.remove(id);
    this.#deadlines.clear(slot);
    this.#ids[slot] = 0;
    this.#free.push(slot);
  }

  /**
   * The earliest deadline.
   *
   * @returns The time in ms, `Infinity` when there is none.
   */
  earliest(): number {
    return this.#deadlines.earliest();
  }

  /**
   * Finds a request whose deadline has come; call it until it returns -1.
   *
   * @param nowMs The time in ms.
   * @returns Its slot, free again from now on, or -1.
   */
  popExpired(nowMs: number): number {
    const slot = this.#deadlines.popExpired(nowMs);
    if (slot >= 0) this.close(slot);
    return slot;
  }

  /**
   * Takes out any request, because the connection has ended.
   *
   * @returns Its slot, or -1 when there is none.
   */
  popAny(): number {
    // Every request has a deadline: the table of deadlines knows them all.
    return this.popExpired(Infinity);
  }
}
