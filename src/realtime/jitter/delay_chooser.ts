/**
 * Which delay is worth its price: the trade between delay and concealment, steered so that the share of disturbances
 * stays at what is configured.
 *
 * Among the delays that differ from the present one by whole frames it takes the one for which
 * `delay + price · share of frames later than that` is least. This is a quantile of the observed lateness, as in NetEq
 * (whose reorder optimizer has the same sum), but which quantile is not fixed: the price of a disturbance, in ms of
 * delay of one frame, rises with each and falls with each frame that goes well, so that the two balance at the wanted
 * share. Why not the quantile of that share itself: where a little delay saves much (steady jitter) the chooser buys
 * more of it, and where much saves little (spikes, delays between two ticks) less, and so spends one concealment
 * budget where delay is most expensive; on the way it also answers for disturbances that no quantile foresees.
 * Invariant: the price stays between 10 and 1000 frames, hence no calm and no catastrophe weighs more than 66
 * disturbances afterwards.
 *
 * @module
 */
import type { JitterConfig } from "./jitter_options.ts";
import type { LatenessMeter } from "./lateness_meter.ts";

/** The part of the configured share that is steered to, so that the share is kept and not met on average. */
const AIM = 0.85;

/** By how much, as a power of e, a disturbance raises the price. */
const GAIN = 0.07;

const MIN_PRICE_FRAMES = 10;
const MAX_PRICE_FRAMES = 1000;
const FIRST_PRICE_FRAMES = 75;

/** Chooses between delays. */
export class DelayChooser {
  readonly #meter: LatenessMeter;
  readonly #frameMs: number;
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #horizonFrames: number;
  readonly #rise: number;
  readonly #fall: number;
  /** What a disturbance is worth, in ms of delay of one frame. */
  #priceMs: number;
  #disturbances = 0;

  /**
   * Makes a chooser.
   *
   * @param config Frame length, bounds of the delay, share and horizon.
   * @param meter Where the observed lateness is.
   */
  constructor(config: JitterConfig, meter: LatenessMeter) {
    this.#meter = meter;
    this.#frameMs = config.frameMs;
    this.#minMs = config.minDelayMs;
    this.#maxMs = config.maxDelayMs;
    this.#horizonFrames = config.shrinkHorizonMs / config.frameMs;
    this.#rise = Math.exp(GAIN);
    this.#fall = Math.exp(-GAIN * AIM * config.maxConcealmentShare);
    this.#priceMs = FIRST_PRICE_FRAMES * config.frameMs;
  }

  /** How many disturbances there were. */
  get disturbances(): number {
    return this.#disturbances;
  }

  /** A frame's turn is over, whether it was there or not. */
  passed(): void {
    this.#priceMs = Math.max(this.#priceMs * this.#fall, MIN_PRICE_FRAMES * this.#frameMs);
  }

  /** A frame came too late, or a tick was inserted or taken out. */
  disturbed(): void {
    this.#disturbances++;
    this.#priceMs = Math.min(this.#priceMs * this.#rise, MAX_PRICE_FRAMES * this.#frameMs);
  }

  /**
   * By how many ticks the play-out should move.
   *
   * @param allowanceMs How much lateness the play-out allows as it is.
   * @returns Above 0 it should be later, below 0 earlier, 0 it is right as it is.
   */
  best(allowanceMs: number): number {
    const frameMs = this.#frameMs;
    const least = Math.ceil((this.#minMs - allowanceMs) / frameMs);
    const most = Math.floor((this.#maxMs - allowanceMs) / frameMs);
    let best = least; // also when no delay between the bounds is on the ticks
    let bestCost = Infinity;
    for (let frames = least; frames <= most; frames++) {
      const cost = this.#cost(allowanceMs, frames);
      if (cost < bestCost) {
        best = frames;
        bestCost = cost;
      }
    }
    return best;
  }

  /**
   * Whether to take out a frame now: always above the greatest delay, otherwise when what is saved until the horizon is
   * worth a disturbance.
   *
   * @param allowanceMs How much lateness the play-out allows as it is.
   * @returns Whether to play one frame earlier from now on.
   */
  shrinks(allowanceMs: number): boolean {
    const best = this.best(allowanceMs);
    if (best >= 0) return false;
    if (allowanceMs > this.#maxMs) return true; // the maximum has no price
    const cost = this.#cost(allowanceMs, 0);
    const step = cost - this.#cost(allowanceMs, -1);
    const stride = (cost - this.#cost(allowanceMs, best)) / -best;
    return Math.max(step, stride) * this.#horizonFrames > this.#priceMs;
  }

  #cost(allowanceMs: number, frames: number): number {
    const moved = frames * this.#frameMs;
    return moved + this.#priceMs * this.#meter.lateShare(allowanceMs + moved);
  }
}
