/**
 * A line for datagrams that misbehaves as asked: it loses, delays, reorders, repeats and corrupts them, and has an MTU.
 *
 * Invariants: time comes from the scheduler and chance from the random source alone, so that a run repeats itself; every
 * datagram draws the same number of times whatever becomes of it, so that turning one knob leaves the others' chances as
 * they were; the caller's memory is copied at once.
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";
import type { Scheduler } from "../time/scheduler.ts";

/** What is done to datagrams; a knob that is left out does nothing. */
export interface DatagramConditionerOptions {
  /** Where time comes from. */
  readonly scheduler: Scheduler;
  /** Where chance comes from; seed it to repeat a run. */
  readonly random: RandomSource;
  /**
   * Which share of the datagrams is lost, 0 to 1.
   *
   * @default {0}
   */
  readonly lossShare?: number;
  /**
   * How long a datagram is under way, in ms.
   *
   * @default {0}
   */
  readonly delayMs?: number;
  /**
   * The most ms that are added to the delay, drawn anew for every datagram; those that are overtaken arrive out of order.
   *
   * @default {0}
   */
  readonly jitterMs?: number;
  /**
   * Which share of the datagrams is held back by `reorderMs` besides, 0 to 1.
   *
   * @default {0}
   */
  readonly reorderShare?: number;
  /**
   * For how many ms a datagram is held back that is to be overtaken.
   *
   * @default {10}
   */
  readonly reorderMs?: number;
  /**
   * Which share of the datagrams arrives twice, the second one with a delay of its own, 0 to 1.
   *
   * @default {0}
   */
  readonly duplicateShare?: number;
  /**
   * Which share of the datagrams arrives with one bit flipped, 0 to 1.
   *
   * @default {0}
   */
  readonly corruptShare?: number;
  /**
   * The longest datagram that gets through, in bytes; longer ones are lost without a word.
   *
   * @default {65507}
   */
  readonly mtuBytes?: number;
}

/** {@linkcode DatagramConditionerOptions} with every default in place. */
export type DatagramConditionerConfig = Readonly<Required<DatagramConditionerOptions>>;

/** What became of datagrams. */
export interface DatagramTally {
  /** How many were sent. */
  sent: number;
  /** How many were lost by chance. */
  lost: number;
  /** How many were longer than the MTU. */
  oversize: number;
  /** How many were corrupted. */
  corrupted: number;
  /** How many were repeated. */
  duplicated: number;
  /** How many arrived, repetitions included. */
  delivered: number;
}

/**
 * Checks the options of a conditioner and fills in the defaults.
 *
 * @param options What the caller chose.
 * @returns The complete, frozen configuration.
 * @throws {RangeError} When a field is out of range.
 */
export function resolveDatagramConditionerOptions(options: DatagramConditionerOptions): DatagramConditionerConfig {
  const o = options;
  return Object.freeze({
    scheduler: o.scheduler,
    random: o.random,
    lossShare: within("lossShare", o.lossShare ?? 0, 1),
    delayMs: within("delayMs", o.delayMs ?? 0, Number.MAX_VALUE),
    jitterMs: within("jitterMs", o.jitterMs ?? 0, Number.MAX_VALUE),
    reorderShare: within("reorderShare", o.reorderShare ?? 0, 1),
    reorderMs: within("reorderMs", o.reorderMs ?? 10, Number.MAX_VALUE),
    duplicateShare: within("duplicateShare", o.duplicateShare ?? 0, 1),
    corruptShare: within("corruptShare", o.corruptShare ?? 0, 1),
    mtuBytes: within("mtuBytes", o.mtuBytes ?? 65_507, 65_507),
  });
}

/**
 * One direction of a line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SeededRandom } from "../random/seeded_random.ts";
 * import { DatagramConditioner } from "./datagram_conditioner.ts";
 * import { ManualScheduler } from "./manual_scheduler.ts";
 *
 * const scheduler = new ManualScheduler();
 * const line = new DatagramConditioner({ scheduler, random: new SeededRandom(1), delayMs: 20, duplicateShare: 1 });
 * const arrived: number[] = [];
 * line.send(Uint8Array.of(7), (bytes) => arrived.push(scheduler.clock.now, bytes[0]!));
 * scheduler.advance(100);
 * assertEquals(arrived, [20, 7, 20, 7]);
 * ```
 */
export class DatagramConditioner {
  readonly #config: DatagramConditionerConfig;
  readonly #tally: DatagramTally = { sent: 0, lost: 0, oversize: 0, corrupted: 0, duplicated: 0, delivered: 0 };

  /**
   * Makes a line.
   *
   * @param options What it does to datagrams.
   * @throws {RangeError} When an option is out of range.
   */
  constructor(options: DatagramConditionerOptions) {
    this.#config = resolveDatagramConditionerOptions(options);
  }

  /** What became of the datagrams so far. */
  get tally(): Readonly<DatagramTally> {
    return this.#tally;
  }

  /**
   * Sends a datagram.
   *
   * @param datagram Copied.
   * @param deliver Called with a copy of its own for each arrival, by an alarm of the scheduler or in the next turn.
   */
  send(datagram: Uint8Array, deliver: (datagram: Uint8Array) => void): void {
    const { random, lossShare, corruptShare, duplicateShare, mtuBytes } = this.#config;
    const tally = this.#tally;
    const isLost = random.visibleFraction() < lossShare;
    const isCorrupt = random.visibleFraction() < corruptShare;
    const bit = Math.floor(random.visibleFraction() * datagram.length * 8);
    const isTwice = random.visibleFraction() < duplicateShare;
    const [first, second] = [this.#drawDelay(), this.#drawDelay()];
    tally.sent++;
    if (datagram.length > mtuBytes) tally.oversize++;
    else if (isLost) tally.lost++;
    else {
      const copy = datagram.slice();
      if (isCorrupt && copy.length > 0) {
        copy[bit >> 3]! ^= 1 << (bit & 7);
        tally.corrupted++;
      }
      this.#deliverLater(copy, first, deliver);
      if (isTwice) {
        tally.duplicated++;
        this.#deliverLater(copy.slice(), second, deliver);
      }
    }
  }

  #drawDelay(): number {
    const { random, delayMs, jitterMs, reorderShare, reorderMs } = this.#config;
    const jitter = random.visibleFraction() * jitterMs;
    return delayMs + jitter + (random.visibleFraction() < reorderShare ? reorderMs : 0);
  }

  #deliverLater(datagram: Uint8Array, delayMs: number, deliver: (datagram: Uint8Array) => void): void {
    const { scheduler } = this.#config;
    const callback = (): void => {
      this.#tally.delivered++;
      deliver(datagram);
    };
    if (delayMs > 0) scheduler.alarm(callback).arm(scheduler.clock.now + delayMs);
    else scheduler.nextTurn(callback);
  }
}

function within(name: string, value: number, most: number): number {
  if (value >= 0 && value <= most) return value;
  throw new RangeError(`Cannot use ${name} ${value}: it must be from 0 to ${most}`);
}
