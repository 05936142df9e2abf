/**
 * Which flow writes next: deficit round robin over the four lanes (Shreedhar and Varghese 1996), round robin over the
 * flows of one lane.
 *
 * In every round each lane that has something to send may write `weight * QUANTUM` bytes; within a round urgent lanes go
 * first. Invariants: over time lanes share what is written by their weights, so none starves another, and what is unused
 * in one round is not saved for later ones; a lane that was idle takes part in the round that is under way.
 *
 * @module
 */
import { LANES } from "./channel_class.ts";
import type { OutFlow } from "./out_flow.ts";

/** What a lane of weight 1 may write in a round, in bytes. */
export const QUANTUM = 512;

/** No lane owes more than this, in bytes. */
const MAX_DEBT = 0xffff;

/** All lanes, as bits. */
export const ALL_LANES: number = (1 << LANES.length) - 1;

/** The lanes of one connection. */
export class LaneSchedule {
  /** The lanes that have something to write, as bits. */
  active = 0;
  readonly #quanta: readonly number[];
  readonly #deficit: number[] = LANES.map(() => 0);
  /** The round in which a lane got its share last. */
  readonly #granted: number[] = LANES.map(() => -1);
  /** The last flow of each ring; its `ringNext` is the first. */
  readonly #tails: (OutFlow | undefined)[] = [undefined, undefined, undefined, undefined];
  #round = 0;

  /**
   * Makes lanes without flows.
   *
   * @param weights The weights by lane.
   */
  constructor(weights: readonly number[]) {
    this.#quanta = weights.map((weight) => weight * QUANTUM);
  }

  /**
   * A flow has something to write.
   *
   * @param flow The flow; nothing happens when it is served already.
   */
  activate(flow: OutFlow): void {
    if (flow.isActive) return;
    flow.isActive = true;
    const { lane } = flow;
    const tail = this.#tails[lane];
    if (tail === undefined) {
      flow.ringNext = flow;
      this.active |= 1 << lane;
      this.#grant(lane);
    } else {
      flow.ringNext = tail.ringNext;
      tail.ringNext = flow;
    }
    this.#tails[lane] = flow;
  }

  /**
   * Chooses the lane that writes next.
   *
   * @param mask The lanes to choose from, as bits.
   * @returns The lane; -1: none of them has anything to write.
   */
  pick(mask: number): number {
    const candidates = this.active & mask;
    if (candidates === 0) return -1;
    for (;;) {
      let first = -1;
      let hasShare = false;
      for (let lane = LANES.length - 1; lane >= 0; lane--) {
        if ((this.active & (1 << lane)) === 0 || this.#deficit[lane]! <= 0) continue;
        hasShare = true;
        if ((candidates & (1 << lane)) !== 0) first = lane;
      }
      if (first >= 0) return first;
      // Whoever has a share left does not fit into this packet: the rest of it is lent to the most urgent lane.
      if (hasShare) return 31 - Math.clz32(candidates & -candidates);
      this.#round = (this.#round + 1) & 0x3fff_ffff;
      for (let lane = 0; lane < LANES.length; lane++) {
        if ((this.active & (1 << lane)) !== 0) this.#grant(lane);
      }
    }
  }

  /**
   * The flow whose turn it is.
   *
   * @param lane A lane that has something to write.
   * @returns The flow.
   */
  first(lane: number): OutFlow {
    return this.#tails[lane]!.ringNext!;
  }

  /**
   * The flow whose turn it was goes to the end of its ring.
   *
   * @param lane The lane.
   * @param bytes How many bytes it wrote.
   */
  rotate(lane: number, bytes: number): void {
    this.#deficit[lane] = Math.max(this.#deficit[lane]! - bytes, -MAX_DEBT);
    this.#tails[lane] = this.first(lane);
  }

  /**
   * Gives the turn back to a flow that had nothing that fits: it is the first one when the next packet is written.
   *
   * @param flow The flow; nothing happens when it has left its ring.
   */
  turnTo(flow: OutFlow): void {
    if (!flow.isActive) return;
    const { lane } = flow;
    while (this.first(lane) !== flow) this.#tails[lane] = this.first(lane);
  }

  /**
   * The flow whose turn it is has nothing to write or may not.
   *
   * @param lane The lane.
   */
  deactivateFirst(lane: number): void {
    const tail = this.#tails[lane]!;
    const flow = tail.ringNext!;
    if (flow === tail) {
      this.#tails[lane] = undefined;
      this.active &= ~(1 << lane);
    } else tail.ringNext = flow.ringNext;
    flow.ringNext = undefined;
    flow.isActive = false;
  }

  /** Forgets what was written; there must be no flows. */
  reset(): void {
    this.#deficit.fill(0);
    this.#granted.fill(-1);
    this.#round = 0;
  }

  /** Forgets all flows. */
  clear(): void {
    for (let lane = 0; lane < LANES.length; lane++) {
      while ((this.active & (1 << lane)) !== 0) this.deactivateFirst(lane);
    }
  }

  #grant(lane: number): void {
    if (this.#granted[lane] === this.#round) return;
    this.#granted[lane] = this.#round;
    const quantum = this.#quanta[lane]!;
    this.#deficit[lane] = Math.min(this.#deficit[lane]! + quantum, quantum);
  }
}
