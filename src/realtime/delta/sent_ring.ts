/**
 * Which of the last snapshots the receiver has: the sender's half of "encode against the newest acknowledged one".
 *
 * A ring of slots, one for each snapshot sent; what a slot holds is the owner's. Invariant: the base is a snapshot that
 * was acknowledged and whose slot was not given out again; when its slot comes round, the base is gone and the next
 * snapshot is a full one.
 *
 * Why strangers: a peer whose first words acknowledge a snapshot that was not sent yet has one of another sender, such
 * as this one before it was started again. Each such acknowledgement begins another epoch on the wire.
 *
 * @module
 */
import { NO_SNAPSHOT, serialDistance } from "./snapshot_header.ts";
import { SenderCounter } from "./snapshot_status.ts";

/** The slots of sent snapshots and the one that the receiver builds on. */
export class SentRing {
  /** The numbers as they were sent, by slot; -1 for a slot that is empty. */
  readonly #numbers: Float64Array;
  #next = 0;
  #newest = -1;
  #base = -1;
  #strangers = 0;
  #isKnown = false;

  /**
   * Makes an empty ring.
   *
   * @param snapshots How many snapshots it keeps beside the one that is being written.
   */
  constructor(snapshots: number) {
    this.#numbers = new Float64Array(snapshots + 1).fill(-1);
  }

  /** How many slots there are. */
  get slots(): number {
    return this.#numbers.length;
  }

  /** The slot that the next snapshot goes into; never the base's. */
  get nextSlot(): number {
    return this.#next;
  }

  /** The slot of the base, -1 when there is none. */
  get baseSlot(): number {
    return this.#base;
  }

  /** How often a peer that never acknowledged what was sent acknowledged what was not. */
  get strangers(): number {
    return this.#strangers;
  }

  /** The number of the base; only when there is one. */
  get baseNumber(): number {
    return this.#numbers[this.#base]!;
  }

  /**
   * Makes the next slot free; the base is gone when it lies there, or too far behind.
   *
   * @param oldest The oldest number that may still be built on. @default any
   * @returns Whether the base was lost by this.
   */
  release(oldest = 0): boolean {
    if (this.#base < 0 || this.#base !== this.#next && this.baseNumber >= oldest) return false;
    this.#base = -1;
    return true;
  }

  /** Gives the base up, so that the next snapshot is a full one. */
  dropBase(): void {
    this.#base = -1;
  }

  /**
   * Notes that the snapshot in the next slot was sent.
   *
   * @param number Its number, higher than all before.
   */
  commit(number: number): void {
    this.#numbers[this.#next] = number;
    this.#newest = number;
    this.#next = (this.#next + 1) % this.#numbers.length;
  }

  /**
   * Takes an acknowledgement; anything may come from a peer.
   *
   * @param acknowledged The low 16 bits of a number that was sent, or {@linkcode NO_SNAPSHOT}.
   * @returns The counter that this goes to.
   */
  acknowledge(acknowledged: number): number {
    if (acknowledged === NO_SNAPSHOT) {
      this.#base = -1;
      return SenderCounter.FullRequests;
    }
    if (this.#newest < 0 || (acknowledged & 0xffff) !== acknowledged) return SenderCounter.UnknownAcks;
    if (!this.#isKnown && serialDistance(acknowledged, this.#newest) > 0) {
      this.#strangers++;
      this.#numbers.fill(-1);
      return SenderCounter.UnknownAcks;
    }
    const number = this.#newest - ((this.#newest - acknowledged) & 0xffff);
    if (this.#base >= 0 && number <= this.baseNumber) return SenderCounter.StaleAcks;
    const slot = number < 0 ? -1 : this.#numbers.indexOf(number);
    if (slot < 0) return SenderCounter.UnknownAcks;
    this.#base = slot;
    this.#isKnown = true;
    return SenderCounter.Acks;
  }

  /** Forgets everything but the count of numbers, for a peer that starts over. */
  clear(): void {
    this.#numbers.fill(-1);
    this.#newest = this.#base = -1;
    this.#isKnown = false;
  }
}
