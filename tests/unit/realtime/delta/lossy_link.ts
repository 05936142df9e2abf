/**
 * A link in ticks that loses, doubles, delays and thereby reorders what is sent, as its seed says.
 *
 * @module
 */
import type { SeededRandom } from "../../../../src/random/seeded_random.ts";

/** How bad a link is. */
export interface LinkOptions {
  /** The share of packets that do not arrive. */
  readonly loss: number;
  /** The share of packets that arrive twice. */
  readonly doubled: number;
  /** The least delay in ticks. */
  readonly delayTicks: number;
  /** How many ticks are added at the most; more than 0 reorders. */
  readonly jitterTicks: number;
}

/** One direction of a link. */
export class LossyLink<T> {
  readonly #random: SeededRandom;
  readonly #options: LinkOptions;
  #flying: { readonly at: number; readonly item: T }[] = [];

  /**
   * Makes an empty link.
   *
   * @param random Where chance comes from.
   * @param options How bad it is.
   */
  constructor(random: SeededRandom, options: LinkOptions) {
    this.#random = random;
    this.#options = options;
  }

  /**
   * Sends something.
   *
   * @param item What; kept as it is.
   * @param tick When.
   */
  send(item: T, tick: number): void {
    const { loss, doubled, delayTicks, jitterTicks } = this.#options;
    if (this.#random.visibleFraction() < loss) return;
    const copies = this.#random.visibleFraction() < doubled ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#flying.push({ at: tick + delayTicks + this.#random.nextInt(jitterTicks + 1), item });
    }
  }

  /**
   * Takes what has arrived.
   *
   * @param tick When.
   * @returns What has arrived, in the order of arrival.
   */
  receive(tick: number): T[] {
    const arrived = this.#flying.filter(({ at }) => at <= tick).sort((a, b) => a.at - b.at);
    this.#flying = this.#flying.filter(({ at }) => at > tick);
    return arrived.map(({ item }) => item);
  }
}

/** Links from good to nearly unusable. */
export const LINKS: readonly LinkOptions[] = [
  { loss: 0, doubled: 0, delayTicks: 0, jitterTicks: 0 },
  { loss: 0, doubled: 0, delayTicks: 3, jitterTicks: 0 },
  { loss: 0.05, doubled: 0.05, delayTicks: 2, jitterTicks: 2 },
  { loss: 0.3, doubled: 0.2, delayTicks: 1, jitterTicks: 8 },
  { loss: 0.7, doubled: 0.1, delayTicks: 5, jitterTicks: 20 },
];
