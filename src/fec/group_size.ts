/**
 * How large a group of parity should be and how many parities it needs, by the loss that was measured.
 *
 * Independent losses are assumed: a group of n packets loses l of them with binomial probability, and frames stay lost
 * only where l is more than there are parities. Invariant: no choice has more parities for a frame than the bound allows.
 *
 * @module
 */
import type { FecConfig } from "./fec_options.ts";

/** One packet counts so much in the measured loss. */
const GAIN = 1 / 128;

/** The loss is taken to be at least this: a link that lost nothing so far may do so at any time. */
const FLOOR = 0.001;

/** A new choice is made when the loss has changed by this factor since the last one. */
const STEP = 1.15;

/**
 * The share of frames that stay lost although there is parity, if losses are independent.
 *
 * @param sources How many frames a group has.
 * @param parities How many parities it has.
 * @param loss The share of packets that are lost, 0 to 1; every frame and every parity has a packet of its own.
 * @returns The share of frames, 0 to `loss`.
 */
export function residualLoss(sources: number, parities: number, loss: number): number {
  if (loss <= 0 || loss >= 1) return Math.max(0, Math.min(loss, 1));
  const total = sources + parities;
  let probability = (1 - loss) ** total;
  let repaired = 0;
  for (let lost = 1; lost <= parities; lost++) {
    probability *= (total - lost + 1) / lost * loss / (1 - loss);
    repaired += probability * lost / total;
  }
  return Math.max(0, loss - repaired);
}

/** Measures loss and chooses group sizes. */
export class GroupSize {
  /** How many frames the next group has. */
  sources: number;
  /** How many parities it has. */
  parities: number;
  readonly #config: FecConfig;
  readonly #loss: Float64Array<ArrayBuffer> = new Float64Array(1);
  #chosenFor = 0;

  /**
   * Begins with the largest group, or with the choice for a link that has lost nothing.
   *
   * @param config The options of the channel.
   */
  constructor(config: FecConfig) {
    this.#config = config;
    this.sources = config.sources;
    this.parities = config.parities;
    this.#choose();
  }

  /** The measured share of lost packets, 0 to 1. */
  get loss(): number {
    return this.#loss[0]!;
  }

  /** A packet was acknowledged. */
  handleAcked(): void {
    this.#loss[0]! *= 1 - GAIN;
    this.#choose();
  }

  /** A packet was lost. */
  handleLost(): void {
    this.#loss[0]! += (1 - this.#loss[0]!) * GAIN;
    this.#choose();
  }

  #choose(): void {
    const { adaptive, sources, parities, maxOverhead, targetLoss } = this.#config;
    if (!adaptive) return;
    const loss = Math.max(FLOOR, this.#loss[0]!);
    if (loss < this.#chosenFor * STEP && loss > this.#chosenFor / STEP) return;
    this.#chosenFor = loss;
    let best = Infinity;
    let leastResidual = Infinity;
    for (let p = 1; p <= parities; p++) {
      for (let s = Math.ceil(p / maxOverhead - 1e-9); s <= sources; s++) {
        const residual = residualLoss(s, p, loss);
        const cost = residual <= targetLoss ? p / s : 1 + residual;
        if (cost > best || cost === best && residual >= leastResidual) continue;
        best = cost;
        leastResidual = residual;
        this.sources = s;
        this.parities = p;
      }
    }
  }
}
