/**
 * The knobs of the datagram conditioner and the one place that checks them.
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
  /**
   * The chance, with each datagram, that a burst of losses begins (the bad state of Gilbert and Elliott), 0 to 1.
   *
   * @default {0}
   */
  readonly burstStartShare?: number;
  /**
   * The chance, with each datagram, that a burst ends, above 0 to 1; the mean length of a burst is 1 over this.
   *
   * @default {0.25}
   */
  readonly burstEndShare?: number;
  /**
   * Which share of the datagrams is lost during a burst, 0 to 1.
   *
   * @default {1}
   */
  readonly burstLossShare?: number;
  /**
   * How many bytes pass per second; the rest waits in a queue. What is lost by chance is lost behind the queue.
   *
   * @default {Infinity}
   */
  readonly bytesPerSecond?: number;
  /**
   * How many bytes the queue holds, the datagram that is passing included; what finds no room is dropped.
   *
   * @default {65536}
   */
  readonly queueBytes?: number;
}

/** {@linkcode DatagramConditionerOptions} with every default in place. */
export type DatagramConditionerConfig = Readonly<Required<DatagramConditionerOptions>>;

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
    burstStartShare: within("burstStartShare", o.burstStartShare ?? 0, 1),
    burstEndShare: above("burstEndShare", o.burstEndShare ?? 0.25, 1),
    burstLossShare: within("burstLossShare", o.burstLossShare ?? 1, 1),
    bytesPerSecond: above("bytesPerSecond", o.bytesPerSecond ?? Infinity, Infinity),
    queueBytes: within("queueBytes", o.queueBytes ?? 65_536, Infinity),
  });
}

function within(name: string, value: number, most: number): number {
  if (value >= 0 && value <= most) return value;
  throw new RangeError(`Cannot use ${name} ${value}: it must be from 0 to ${most}`);
}

function above(name: string, value: number, most: number): number {
  if (value > 0 && value <= most) return value;
  throw new RangeError(`Cannot use ${name} ${value}: it must be above 0 and at most ${most}`);
}
