/**
 * Which tick a client shows at a moment: as early as the snapshots arrive evenly, as late as they do not.
 *
 * A jitter buffer takes note of each snapshot's arrival and says once a tick which one plays now; its delay adapts to
 * the lateness that it sees. What is shown lies before that one by a tick, because it is blended from two snapshots, and
 * by the gaps that losses tear, so that there is a snapshot on either side. The time that is shown follows smoothly.
 * Invariant: it never goes back.
 *
 * @module
 */
import { JitterBuffer, JitterOutcome } from "@ringwire/ringwire/realtime";
import { TICKS_PER_SECOND } from "../world/arena_schema.ts";

const FRAME_MS = 1000 / TICKS_PER_SECOND;
/** Nobody polled for so long: the page was hidden. */
const STALL_MS = 1000;
/** So far from where it should be, the time jumps instead of hurrying. */
const JUMP_TICKS = 10;
/** How much of the distance to where it should be the time makes up in a tick, and by how much at most. */
const CATCH_UP = 0.06;
const MAX_HASTE = 0.2;
/** How many gaps between snapshots are remembered, and how many of them may be wider than what is allowed for. */
const GAPS = 100;
const WIDER_GAPS = 1;
const MAX_GAP_TICKS = 8;
const NO_BYTES = new Uint8Array(0);

/** The time that a client shows. */
export class PlayClock {
  readonly #clock = { now: 0 };
  readonly #buffer: JitterBuffer;
  #nextPollMs = -1;
  /** The tick that plays since `#playMs`, -1 for none. */
  #playTick = -1;
  #playMs = 0;
  #shownTick = -1;
  #shownMs = 0;
  #newestTick = -1;
  readonly #gaps = new Uint8Array(GAPS).fill(1);
  #gapCount = 0;
  #behindTicks = 1;

  /** Makes a clock that shows nothing. */
  constructor() {
    this.#buffer = new JitterBuffer(this.#clock, {
      frameMs: FRAME_MS,
      clockRateHz: TICKS_PER_SECOND,
      sequenceBits: 32,
      maxDelayMs: 1000,
      maxPayloadBytes: 1,
    });
  }

  /** How much later than the fastest snapshots arrive they are shown, in ms: what is steered to. */
  get delayMs(): number {
    return this.#buffer.statistics().targetDelayMs + this.#behindTicks * FRAME_MS;
  }

  /**
   * Takes note of a snapshot that arrived.
   *
   * @param tick Its tick.
   * @param nowMs The time; it never goes back.
   */
  handleSnapshot(tick: number, nowMs: number): void {
    if (this.#nextPollMs < 0) this.#nextPollMs = nowMs;
    this.#pollUntil(nowMs);
    this.#clock.now = Math.max(this.#clock.now, nowMs);
    this.#buffer.handleFrame(tick, tick, NO_BYTES);
    if (tick > this.#newestTick && this.#newestTick >= 0) this.#noteGap(tick - this.#newestTick);
    this.#newestTick = Math.max(this.#newestTick, tick);
  }

  /**
   * Says what to show.
   *
   * @param nowMs The time; it never goes back.
   * @returns A tick with its fraction, negative when there is nothing yet.
   */
  at(nowMs: number): number {
    this.#pollUntil(nowMs);
    if (this.#playTick < 0) return this.#shownTick;
    const ticks = (nowMs - this.#shownMs) / FRAME_MS;
    const wanted = this.#playTick - this.#behindTicks + Math.min(1, (nowMs - this.#playMs) / FRAME_MS);
    const off = wanted - this.#shownTick - ticks;
    this.#shownMs = nowMs;
    if (off > JUMP_TICKS || this.#shownTick < 0) this.#shownTick = wanted;
    else {
      const haste = Math.max(-MAX_HASTE, Math.min(MAX_HASTE, off * CATCH_UP));
      const latest = Math.max(this.#shownTick, this.#playTick, this.#newestTick);
      this.#shownTick = Math.min(this.#shownTick + ticks * (1 + haste), latest);
    }
    return this.#shownTick;
  }

  /** Finds out how far apart snapshots are, but for the widest gaps. */
  #noteGap(ticks: number): void {
    this.#gaps[this.#gapCount++ % GAPS] = Math.min(ticks, MAX_GAP_TICKS);
    let wider = 0;
    let gap = MAX_GAP_TICKS + 1;
    while (wider <= WIDER_GAPS && gap > 1) {
      gap--;
      for (let i = 0; i < GAPS; i++) if (this.#gaps[i] === gap) wider++;
    }
    this.#behindTicks = gap;
  }

  #pollUntil(nowMs: number): void {
    if (this.#nextPollMs < 0) return;
    if (nowMs - this.#nextPollMs > STALL_MS) this.#nextPollMs = nowMs;
    for (; this.#nextPollMs <= nowMs; this.#nextPollMs += FRAME_MS) {
      this.#clock.now = Math.max(this.#clock.now, this.#nextPollMs);
      const outcome = this.#buffer.pollFrame();
      const isPlaying = outcome === JitterOutcome.Frame || outcome === JitterOutcome.Accelerate ||
        outcome === JitterOutcome.Conceal;
      if (!isPlaying) continue;
      this.#playTick = this.#buffer.frame.sequence;
      this.#playMs = this.#nextPollMs;
    }
  }
}
