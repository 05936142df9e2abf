/**
 * Decides what goes into a datagram: priorities grow tick by tick until what they belong to is sent (Fiedler, State
 * Synchronization, 2015; Frohnmayer and Gift, The TRIBES Engine Networking Model, 1999).
 *
 * What waits for `maxStaleTicks` goes before everything that does not, longest wait first. So, in a set of items with
 * sizes that stay the same, raised every tick, with one datagram of `budget` bytes a tick, between two sendings of an
 * item of s bytes (s at most the budget) there are at most
 *
 * ```text
 * maxStaleTicks + floor((sizes of all other items) / (budget - s + 1))  ticks.
 * ```
 *
 * Why: once an item is overdue, only those that have waited as long go before it, each of them once; and a tick that
 * leaves the item out has spent more than budget - s bytes on them. Invariant: a datagram never exceeds its budget.
 *
 * @module
 */
import { MisuseError } from "../../error/transport_error.ts";
import { IdTable, widened } from "./id_table.ts";
import { PriorityHeap } from "./priority_heap.ts";
import {
  type PriorityAccumulatorConfig,
  type PriorityAccumulatorOptions,
  resolvePriorityAccumulatorOptions,
} from "./priority_options.ts";

/** Where priorities stop growing. */
const MAX_PRIORITY = 2 ** 51;
/** What overdue items have on top of their ticks: above every priority, and sums with ticks are exact. */
const OVERDUE = 2 ** 52;
/** The largest size of an item, and the largest budget. */
const MAX_BYTES = 2 ** 30;

/**
 * The priorities of everything that one receiver should get.
 *
 * Each tick: `beginTick`, `raise` what is relevant (or let `InterestManager.prioritize` do both), then for each
 * datagram `openDatagram` and `pollNext` until it returns -1. Nothing is allocated once the items have found room.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const accumulator = new PriorityAccumulator();
 * const sent: number[] = [];
 * for (let tick = 0; tick < 4; tick++) {
 *   accumulator.beginTick();
 *   accumulator.raise(1, 1.0, 60); // near: 60 bytes
 *   accumulator.raise(2, 0.4, 60); // far
 *   accumulator.openDatagram(100);
 *   for (let id = accumulator.pollNext(); id >= 0; id = accumulator.pollNext()) sent.push(id);
 * }
 * assertEquals(sent, [1, 1, 2, 1]);
 * ```
 */
export class PriorityAccumulator {
  readonly #config: PriorityAccumulatorConfig;
  readonly #table: IdTable;
  readonly #heap = new PriorityHeap(16);
  #priorities = new Float64Array(16);
  /** The size of an item; 0: there is none in this slot. */
  #bytes = new Int32Array(16);
  /** The tick in which an item was raised last. Ticks wrap around at 2^31: only differences count. */
  #raisedTicks = new Int32Array(16);
  /** The tick in which an item was sent last, or the one before it came. */
  #sentTicks = new Int32Array(16);
  #oversized = new Int32Array(16);
  #oversizedCount = 0;
  #oversizedRead = 0;
  #tick = 1;
  #raisedCount = 0;
  #refusedCount = 0;
  #remaining = 0;
  /** The size of the smallest item that is left for this datagram, or smaller. */
  #smallest = 0;
  /** The item of the last poll, and what it was before; -1: none that could be settled. */
  #last = -1;
  #lastPriority = 0;
  #lastSentTick = 0;

  /**
   * Makes an accumulator without items.
   *
   * @param options The bounds.
   * @throws {TypeError} When an option has the wrong type or is not known.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(options: PriorityAccumulatorOptions = {}) {
    this.#config = resolvePriorityAccumulatorOptions(options);
    // Those of the last tick are still there while those of this one come.
    this.#table = new IdTable(2 * this.#config.maxItems);
  }

  /** How many items may be raised in one tick. */
  get maxItems(): number {
    return this.#config.maxItems;
  }

  /** How many items there are: raised in this tick or the last one. */
  get size(): number {
    return this.#table.size;
  }

  /** How often an item was not taken because `maxItems` were raised already. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** How many bytes are left in the datagram. */
  get remainingBytes(): number {
    return this.#remaining;
  }

  /** How many raised items are larger than the whole budget of the datagram, and thus not in it. */
  get oversizedCount(): number {
    return this.#oversizedCount;
  }

  /** Begins a tick: items that were not raised in the last one are forgotten, the others are to be raised anew. */
  beginTick(): void {
    for (let slot = this.#table.highSlot - 1; slot >= 0; slot--) {
      if (this.#bytes[slot]! > 0 && this.#raisedTicks[slot] !== this.#tick) this.#forget(slot);
    }
    this.#tick = (this.#tick + 1) | 0;
    this.#raisedCount = 0;
    this.#closeDatagram();
  }

  /**
   * Adds to the priority of an item, which makes it a candidate in this tick; an unknown item is taken in.
   *
   * @param id An integer from 0 to 2^32 - 1.
   * @param gain How much, 0 or more: the rate at which it should be sent, against the others.
   * @param bytes What it takes in a datagram, 1 to 2^30; a guess may be corrected by
   * {@linkcode PriorityAccumulator.settle}.
   * @returns `false` when it was not taken because `maxItems` were raised already.
   * @throws {RangeError} When a number is out of its bounds.
   */
  raise(id: number, gain: number, bytes: number): boolean {
    if (!isItem(id, gain, bytes)) throw itemError(id, gain, bytes);
    const slot = this.#admit(id);
    if (slot < 0) return false;
    this.#bytes[slot] = bytes;
    this.#priorities[slot] = Math.min(this.#priorities[slot]! + gain, MAX_PRIORITY);
    return true;
  }

  /**
   * Raises many items, as {@linkcode PriorityAccumulator.raise} does one by one.
   *
   * @param ids The ids.
   * @param gains As many gains.
   * @param bytes As many sizes.
   * @param count How many of them to raise.
   * @returns How many were taken.
   * @throws {RangeError} When a number is out of its bounds or an array is too short; those before were raised.
   */
  raiseAll(ids: Uint32Array, gains: Float64Array, bytes: Int32Array, count: number): number {
    if (!(count >= 0 && count <= Math.min(ids.length, gains.length, bytes.length))) {
      throw new RangeError(`Cannot raise ${count} items: the arrays are shorter`);
    }
    let taken = 0;
    for (let i = 0; i < count; i++) {
      if (!isItem(ids[i]!, gains[i]!, bytes[i]!)) throw itemError(ids[i]!, gains[i]!, bytes[i]!);
      const slot = this.#admit(ids[i]!);
      if (slot < 0) continue;
      this.#bytes[slot] = bytes[i]!;
      this.#priorities[slot] = Math.min(this.#priorities[slot]! + gains[i]!, MAX_PRIORITY);
      taken++;
    }
    return taken;
  }

  /**
   * Adds to the priority of an item for a reason other than time: it was hit, or the datagram with it was lost.
   *
   * @param id Any number.
   * @param gain How much, 0 or more.
   * @returns Whether there is such an item.
   * @throws {RangeError} When the gain is not a finite number of at least 0.
   */
  boost(id: number, gain: number): boolean {
    if (!(gain >= 0 && gain < Infinity)) throw itemError(id, gain, 1);
    const slot = this.#table.slotOf(id);
    if (slot < 0) return false;
    this.#priorities[slot] = Math.min(this.#priorities[slot]! + gain, MAX_PRIORITY);
    return true;
  }

  /**
   * Says that an item was sent by another way; its priority starts over, and it is in no further datagram of this tick.
   *
   * @param id Any number.
   * @returns Whether there is such an item.
   */
  markSent(id: number): boolean {
    const slot = this.#table.slotOf(id);
    if (slot < 0) return false;
    this.#priorities[slot] = 0;
    this.#sentTicks[slot] = this.#tick;
    return true;
  }

  /**
   * The priority of an item.
   *
   * @param id Any number.
   * @returns What has grown since it was sent; 0 when there is no such item.
   */
  priorityOf(id: number): number {
    const slot = this.#table.slotOf(id);
    return slot < 0 ? 0 : this.#priorities[slot]!;
  }

  /**
   * Begins a datagram: candidates are the items that were raised in this tick and not sent in it.
   *
   * @param budgetBytes How many bytes there are for items, 0 to 2^30.
   * @throws {RangeError} When it is no integer in these bounds.
   */
  openDatagram(budgetBytes: number): void {
    if (!Number.isInteger(budgetBytes) || budgetBytes < 0 || budgetBytes > MAX_BYTES) {
      throw new RangeError(`Cannot open a datagram of ${budgetBytes} bytes: a budget is an integer from 0 to 2^30`);
    }
    this.#closeDatagram();
    this.#remaining = budgetBytes;
    const high = this.#table.highSlot;
    this.#heap.reset(high);
    let smallest = MAX_BYTES;
    for (let slot = 0; slot < high; slot++) {
      const bytes = this.#bytes[slot]!;
      if (bytes === 0 || this.#raisedTicks[slot] !== this.#tick || this.#sentTicks[slot] === this.#tick) continue;
      if (bytes > budgetBytes) {
        this.#oversized[this.#oversizedCount++] = slot;
        continue;
      }
      const waited = (this.#tick - this.#sentTicks[slot]!) | 0;
      this.#heap.put(slot, waited >= this.#config.maxStaleTicks ? OVERDUE + waited : this.#priorities[slot]!);
      if (bytes < smallest) smallest = bytes;
    }
    this.#heap.build();
    this.#smallest = smallest;
  }

  /**
   * Takes the most important item that fits into what is left of the datagram; its priority starts over.
   *
   * @returns Its id, or -1 when nothing more fits.
   */
  pollNext(): number {
    this.#last = -1;
    while (this.#remaining >= this.#smallest) {
      const slot = this.#heap.pop();
      if (slot < 0) return -1;
      // Sent by another way since the datagram was opened, or too long for what is left of it.
      if (this.#sentTicks[slot] === this.#tick || this.#bytes[slot]! > this.#remaining) continue;
      this.#last = slot;
      this.#lastPriority = this.#priorities[slot]!;
      this.#lastSentTick = this.#sentTicks[slot]!;
      this.#priorities[slot] = 0;
      this.#sentTicks[slot] = this.#tick;
      this.#remaining -= this.#bytes[slot]!;
      return this.#table.ids[slot]!;
    }
    return -1;
  }

  /**
   * Corrects the size of the item of the last {@linkcode PriorityAccumulator.pollNext}, once it is encoded. Room that
   * becomes free is for the items still to be polled: one that a poll has already skipped because it was longer than what
   * was left then is not offered again for this datagram, even if it fits now. It is a candidate for the next datagram,
   * with its priority as it was.
   *
   * @param bytes What it really took, 0 to 2^30.
   * @returns `false` when it does not fit: it is not in this datagram and its priority is as it was.
   * @throws {RangeError} When the size is no integer in these bounds.
   * @throws {MisuseError} When no item was polled since the last call.
   */
  settle(bytes: number): boolean {
    const slot = this.#last;
    if (slot < 0) throw new MisuseError("Cannot settle a size: no item was polled since the last one was settled");
    if (!Number.isInteger(bytes) || bytes < 0 || bytes > MAX_BYTES) {
      throw new RangeError(`Cannot settle a size of ${bytes} bytes: it is an integer from 0 to 2^30`);
    }
    this.#last = -1;
    const room = this.#remaining + this.#bytes[slot]!;
    if (bytes <= room) {
      this.#remaining = room - bytes;
      return true;
    }
    this.#remaining = room;
    this.#priorities[slot] = this.#lastPriority;
    this.#sentTicks[slot] = this.#lastSentTick;
    return false;
  }

  /**
   * Hands out the items that are larger than the whole budget of the datagram, so that they can go another way: in
   * fragments, or over a stream.
   *
   * @returns An id, or -1 when there are no more.
   */
  pollOversized(): number {
    if (this.#oversizedRead === this.#oversizedCount) return -1;
    return this.#table.ids[this.#oversized[this.#oversizedRead++]!]!;
  }

  #closeDatagram(): void {
    this.#remaining = 0;
    this.#oversizedCount = 0;
    this.#oversizedRead = 0;
    this.#last = -1;
  }

  /** The slot of an item that is raised; -1 when there is no room. */
  #admit(id: number): number {
    const known = this.#table.slotOf(id);
    if (known >= 0 && this.#raisedTicks[known] === this.#tick) return known;
    if (this.#raisedCount === this.#config.maxItems) {
      this.#refusedCount++;
      return -1;
    }
    const slot = known >= 0 ? known : this.#take(id);
    this.#raisedTicks[slot] = this.#tick;
    this.#raisedCount++;
    return slot;
  }

  #take(id: number): number {
    const slot = this.#table.add(id);
    if (this.#table.capacity > this.#priorities.length) this.#grow();
    this.#priorities[slot] = 0;
    this.#sentTicks[slot] = this.#tick - 1;
    return slot;
  }

  #forget(slot: number): void {
    this.#bytes[slot] = 0;
    this.#table.detach(slot);
    this.#table.free(slot);
  }

  #grow(): void {
    const slots = this.#table.capacity;
    this.#priorities = widened(this.#priorities, new Float64Array(slots));
    this.#bytes = widened(this.#bytes, new Int32Array(slots));
    this.#raisedTicks = widened(this.#raisedTicks, new Int32Array(slots));
    this.#sentTicks = widened(this.#sentTicks, new Int32Array(slots));
    this.#oversized = widened(this.#oversized, new Int32Array(slots));
  }
}

function isItem(id: number, gain: number, bytes: number): boolean {
  return id >>> 0 === id && gain >= 0 && gain < Infinity && bytes >= 1 && bytes <= MAX_BYTES && (bytes | 0) === bytes;
}

function itemError(id: number, gain: number, bytes: number): RangeError {
  return new RangeError(
    `Cannot raise item ${id} of ${bytes} bytes by ${gain}: ids are integers from 0 to 2^32 - 1, sizes integers from 1 ` +
      "to 2^30, gains finite and at least 0",
  );
}
