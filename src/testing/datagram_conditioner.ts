/**
 * A line for datagrams that misbehaves as asked: it loses, delays, reorders, repeats and corrupts them, has a rate with a
 * queue before it, and an MTU.
 *
 * Invariants: time comes from the scheduler and chance from the random source alone, so that a run repeats itself; every
 * datagram draws the same number of times whatever becomes of it, so that turning one knob leaves the others' chances as
 * they were; the caller's memory is copied at once.
 *
 * @module
 */
import { Bottleneck, QUEUE_FULL } from "./conditioner_bottleneck.ts";
import {
  type DatagramConditionerConfig,
  type DatagramConditionerOptions,
  resolveDatagramConditionerOptions,
} from "./conditioner_datagram_options.ts";

export { type DatagramConditionerConfig, type DatagramConditionerOptions, resolveDatagramConditionerOptions };

/** What became of datagrams. */
export interface DatagramTally {
  /** How many were sent. */
  sent: number;
  /** How many were lost by chance, in bursts or alone. */
  lost: number;
  /** How many were longer than the MTU. */
  oversize: number;
  /** How many found no room in the queue. */
  overflowed: number;
  /** How many were corrupted. */
  corrupted: number;
  /** How many were repeated. */
  duplicated: number;
  /** How many arrived, repetitions included. */
  delivered: number;
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
  readonly #tally: DatagramTally = {
    sent: 0,
    lost: 0,
    oversize: 0,
    overflowed: 0,
    corrupted: 0,
    duplicated: 0,
    delivered: 0,
  };
  readonly #bottleneck: Bottleneck;
  #inBurst = false;

  /**
   * Makes a line.
   *
   * @param options What it does to datagrams.
   * @throws {RangeError} When an option is out of range.
   */
  constructor(options: DatagramConditionerOptions) {
    this.#config = resolveDatagramConditionerOptions(options);
    const { scheduler, bytesPerSecond, queueBytes } = this.#config;
    this.#bottleneck = new Bottleneck(scheduler.clock, bytesPerSecond, queueBytes);
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
    const { random, lossShare, corruptShare, duplicateShare, mtuBytes, scheduler } = this.#config;
    const tally = this.#tally;
    const isAlone = random.visibleFraction() < lossShare;
    const isCorrupt = random.visibleFraction() < corruptShare;
    const bit = Math.floor(random.visibleFraction() * datagram.length * 8);
    const isTwice = random.visibleFraction() < duplicateShare;
    const [first, second] = [this.#drawDelay(), this.#drawDelay()];
    const isLost = this.#drawBurst() || isAlone;
    tally.sent++;
    if (datagram.length > mtuBytes) {
      tally.oversize++;
      return;
    }
    const passed = this.#bottleneck.admit(datagram.length);
    if (passed === QUEUE_FULL) {
      tally.overflowed++;
      return;
    }
    if (isLost) {
      tally.lost++;
      return;
    }
    const wait = passed - scheduler.clock.now;
    const copy = datagram.slice();
    if (isCorrupt && copy.length > 0) {
      copy[bit >> 3]! ^= 1 << (bit & 7);
      tally.corrupted++;
    }
    this.#deliverLater(copy, wait + first, deliver);
    if (isTwice) {
      tally.duplicated++;
      this.#deliverLater(copy.slice(), wait + second, deliver);
    }
  }

  /** One step of the two states; returns whether the datagram falls to a burst. */
  #drawBurst(): boolean {
    const { random, burstStartShare, burstEndShare, burstLossShare } = this.#config;
    const turn = random.visibleFraction();
    this.#inBurst = this.#inBurst ? turn >= burstEndShare : turn < burstStartShare;
    return random.visibleFraction() < burstLossShare && this.#inBurst;
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
