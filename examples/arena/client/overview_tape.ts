/**
 * The overviews of the last ticks, so that those who are not sent are drawn at the same time as those who are.
 *
 * @module
 */
import { decodeOverview, type Overview } from "../protocol/datagrams.ts";
import { HALF_SIDE } from "../world/arena_schema.ts";

/** How many are kept: more ticks than anybody plays late. */
const KEPT = 64;
/** Who is this far from where he was a tick ago has jumped and is not drawn on his way. */
const JUMP = 20;

/** What is kept of overviews. */
export class OverviewTape {
  #overviews: Overview[] = [];
  #places = new Float64Array(0);

  /**
   * Takes an overview.
   *
   * @param message The message.
   */
  handleMessage(message: Uint8Array): void {
    const overview = decodeOverview(message, HALF_SIDE);
    if (overview === undefined) return;
    this.#overviews.push(overview);
    if (this.#overviews.length > KEPT) this.#overviews.shift();
  }

  /**
   * Where everybody was at a time.
   *
   * @param tick The time in ticks, with a fraction.
   * @returns By id: x and y, NaN where there is no entity; filled anew by the next call.
   */
  at(tick: number): Float64Array {
    const next = this.#overviews.findIndex((overview) => overview.tick > tick);
    const before = this.#overviews[next < 0 ? this.#overviews.length - 1 : Math.max(0, next - 1)];
    const after = this.#overviews[next < 0 ? this.#overviews.length - 1 : next];
    if (before === undefined || after === undefined) return this.#places;
    if (this.#places.length !== before.places.length) this.#places = new Float64Array(before.places.length);
    const ticks = after.tick - before.tick;
    const share = ticks === 0 ? 0 : Math.max(0, (tick - before.tick) / ticks);
    this.#places.set(before.places);
    for (let i = 0; i < this.#places.length; i++) {
      const way = after.places[i]! - before.places[i]!;
      if (Math.abs(way) < JUMP * ticks) this.#places[i]! += way * share;
    }
    return this.#places;
  }
}
