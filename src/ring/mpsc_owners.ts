/**
 * Whose claims there are in an MPSC ring: the blocks of its owners, and what becomes of a claim whose owner is gone.
 *
 * ```text
 * state     free -> attached: a producer, by compare-exchange · attached -> gone: the consumer · -> free: either
 * position  where the open claim starts, written before it is tried for      the producer
 * length    0: none · negative: tried for · positive: made, not committed    the producer, until it is gone
 * ```
 *
 * Invariant: the claim that the consumer waits for has its length in its owner's block, at every moment of the owner's
 * life, so that a thread may die between any two instructions. A claim that is tried for was made or not; it was, when
 * the ring is claimed at its position and nobody else has announced that position. Should two threads ever die between
 * the same two instructions at the same position, the ring stays blocked: better than to guess a length.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import {
  ATTACHED,
  CLAIM_LENGTH,
  CLAIM_POSITION,
  FREE,
  GONE,
  OWNER_BYTES,
  OWNER_STATE,
  OWNERS,
  REFUSED_DOUBLE,
  STATE_BITS,
  STATE_MASK,
} from "./mpsc_layout.ts";

/** The consumer's view of all owners of a ring. */
export class MpscOwners {
  readonly #blocks: readonly Int32Array<SharedArrayBuffer>[];
  readonly #refused: readonly Float64Array<SharedArrayBuffer>[];
  #goneCount = 0;

  /**
   * Opens the blocks of a ring's owners.
   *
   * @param shared The memory of the ring.
   * @param owners How many there are.
   */
  constructor(shared: SharedArrayBuffer, owners: number) {
    this.#blocks = Array.from({ length: owners }, (_, owner) => ownerBlock(shared, owner, owners));
    this.#refused = this.#blocks.map((block) => new Float64Array(shared, block.byteOffset, OWNER_BYTES / 8));
  }

  /** How many owners were declared gone and are not forgotten yet. */
  get goneCount(): number {
    return this.#goneCount;
  }

  /**
   * Notes that the thread of an owner has ended.
   *
   * @param owner Its number; an owner that is not attached is left alone.
   * @throws {RangeError} When there is no such owner.
   */
  declareGone(owner: number): void {
    const block = this.#block(owner);
    const state = Atomics.load(block, OWNER_STATE);
    if ((state & STATE_MASK) !== ATTACHED) return;
    if (Atomics.compareExchange(block, OWNER_STATE, state, state - ATTACHED + GONE) === state) this.#goneCount++;
  }

  /**
   * Tells whether an owner's number is taken.
   *
   * @param owner The number.
   * @returns Whether a producer has it, or one had it that is gone and not forgotten.
   * @throws {RangeError} When there is no such owner.
   */
  isTaken(owner: number): boolean {
    return (Atomics.load(this.#block(owner), OWNER_STATE) & STATE_MASK) !== FREE;
  }

  /**
   * Looks whether the claim at a position is one of an owner that is gone.
   *
   * @param position Where the consumer stands, in front of a claim that was made and is not committed.
   * @returns What is left of that claim, in units; 0 when its owner is not gone.
   */
  goneClaim(position: number): number {
    let tried = 0;
    let others = 0;
    for (const block of this.#blocks) {
      const length = Atomics.load(block, CLAIM_LENGTH);
      if (length === 0) continue;
      const isGone = isOwnerGone(block);
      const read = (position - Atomics.load(block, CLAIM_POSITION)) | 0;
      if (isGone && length > 0 && read >= 0 && read < length) return length - read;
      if (read !== 0) continue;
      if (isGone && tried === 0) tried = -length;
      else others++;
    }
    return others === 0 ? tried : 0;
  }

  /**
   * Frees the numbers of owners that are gone and have no claim that the consumer has not passed.
   *
   * @param position Where the consumer stands.
   * @param isEmpty Whether the ring is claimed up to there only.
   */
  forgetGone(position: number, isEmpty: boolean): void {
    for (const block of this.#blocks) {
      if (!isOwnerGone(block)) continue;
      const length = Atomics.load(block, CLAIM_LENGTH);
      // One that was tried for is decided as soon as its first unit is passed.
      const end = Atomics.load(block, CLAIM_POSITION) + Math.max(length, 1);
      if (length !== 0 && !isEmpty && ((end - position) | 0) > 0) continue;
      Atomics.store(block, CLAIM_LENGTH, 0);
      freeOwner(block);
      this.#goneCount--;
    }
  }

  /**
   * Counts the claims that found no room; every try counts.
   *
   * @returns The sum over all owners, in the life of the ring.
   */
  refusedCount(): number {
    let sum = 0;
    for (const refused of this.#refused) sum += refused[REFUSED_DOUBLE]!;
    return sum;
  }

  #block(owner: number): Int32Array<SharedArrayBuffer> {
    const block = this.#blocks[owner];
    if (block === undefined) throwNoOwner(owner, this.#blocks.length);
    return block;
  }
}

/**
 * Opens the block of one owner.
 *
 * @param shared The memory of the ring.
 * @param owner The owner's number.
 * @param owners How many there are.
 * @returns Its words.
 * @throws {RangeError} When there is no such owner.
 */
export function ownerBlock(shared: SharedArrayBuffer, owner: number, owners: number): Int32Array<SharedArrayBuffer> {
  if (!Number.isInteger(owner) || owner < 0 || owner >= owners) throwNoOwner(owner, owners);
  return new Int32Array(shared, OWNERS + owner * OWNER_BYTES, OWNER_BYTES / 4);
}

/**
 * Takes an owner's number for a producer.
 *
 * @param block The owner's block.
 * @param owner Its number, for the message.
 * @returns The value of the state word for as long as this producer has the number, and never after.
 * @throws {MisuseError} When it is taken.
 */
export function takeOwner(block: Int32Array<SharedArrayBuffer>, owner: number): number {
  const state = Atomics.load(block, OWNER_STATE);
  const isFree = (state & STATE_MASK) === FREE;
  if (!isFree || Atomics.compareExchange(block, OWNER_STATE, state, state + ATTACHED) !== state) {
    throw new MisuseError(`Owner ${owner} of this ring is taken`);
  }
  return state + ATTACHED;
}

/**
 * Gives an owner's number back, under a state word that it never had.
 *
 * @param block The owner's block.
 */
export function freeOwner(block: Int32Array<SharedArrayBuffer>): void {
  Atomics.store(block, OWNER_STATE, ((Atomics.load(block, OWNER_STATE) >> STATE_BITS) + 1) << STATE_BITS);
}

/**
 * Tells whether an owner was declared gone.
 *
 * @param block The owner's block.
 * @returns Whether it was, and is not forgotten.
 */
export function isOwnerGone(block: Int32Array<SharedArrayBuffer>): boolean {
  return (Atomics.load(block, OWNER_STATE) & STATE_MASK) === GONE;
}

function throwNoOwner(owner: number, owners: number): never {
  throw new RangeError(`There is no owner ${owner}: this ring has ${owners}`);
}
