/**
 * What a client measures of its link: round trips, jitter, and how many snapshots did not come.
 *
 * Jitter is that of RFC 3550, section 6.4.1: the smoothed difference between the spacing of snapshots when they were
 * made and when they arrived. A snapshot counts as lost when it is not there a second after its time.
 *
 * @module
 */
import { elapsedMs, type SnapshotHead, toTenths } from "../protocol/datagrams.ts";
import { TICKS_PER_SECOND } from "../world/arena_schema.ts";

/** For how many ticks arrivals are remembered: ten seconds, and the one that late ones have. */
const WINDOW_TICKS = 11 * TICKS_PER_SECOND;
const LATE_TICKS = TICKS_PER_SECOND;
const JITTER_GAIN = 1 / 16;

/** The figures of a link. */
export class LinkMeter {
  #jitterMs = 0;
  #arrived = new Uint8Array(WINDOW_TICKS);
  #firstTick = -1;
  #newestTick = -1;
  #lastTransitMs = NaN;
  #roundTripSumMs = 0;
  #roundTrips = 0;

  /** The jitter in ms; 0 before the second snapshot. */
  get jitterMs(): number {
    return this.#jitterMs;
  }

  /** The share of the snapshots of ten seconds that did not come; NaN before there are any to judge. */
  get lostShare(): number {
    const last = this.#newestTick - LATE_TICKS;
    const first = Math.max(this.#firstTick, this.#newestTick - WINDOW_TICKS + 1);
    if (this.#newestTick < 0 || last < first) return NaN;
    let arrived = 0;
    for (let tick = first; tick <= last; tick++) arrived += this.#arrived[tick % WINDOW_TICKS]!;
    return 1 - arrived / (last - first + 1);
  }

  /**
   * Takes note of a snapshot that arrived.
   *
   * @param head What it says.
   * @param nowMs When.
   */
  handleSnapshot(head: SnapshotHead, nowMs: number): void {
    const { tick, echo, heldMs } = head;
    const transitMs = nowMs - tick * 1000 / TICKS_PER_SECOND;
    const off = Math.abs(transitMs - this.#lastTransitMs);
    if (!Number.isNaN(off)) this.#jitterMs += (off - this.#jitterMs) * JITTER_GAIN;
    this.#lastTransitMs = transitMs;
    if (echo !== undefined) {
      this.#roundTripSumMs += Math.max(0, elapsedMs(echo, toTenths(nowMs)) - heldMs);
      this.#roundTrips++;
    }
    this.#mark(tick);
  }

  /**
   * The mean round trip since the last call, from a message to the server until a snapshot that answers it, without the
   * time that the server held it.
   *
   * @returns Milliseconds, NaN when nothing came back.
   */
  takeRoundTripMs(): number {
    const mean = this.#roundTripSumMs / this.#roundTrips;
    this.#roundTripSumMs = 0;
    this.#roundTrips = 0;
    return mean;
  }

  #mark(tick: number): void {
    if (this.#firstTick < 0) this.#firstTick = tick;
    if (tick <= this.#newestTick - WINDOW_TICKS) return;
    const from = Math.max(this.#newestTick + 1, tick - WINDOW_TICKS + 1);
    for (let missing = from; missing < tick; missing++) this.#arrived[missing % WINDOW_TICKS] = 0;
    this.#arrived[tick % WINDOW_TICKS] = 1;
    this.#newestTick = Math.max(this.#newestTick, tick);
  }
}
