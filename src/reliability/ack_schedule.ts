/**
 * When a receiver acknowledges (RFC 9000 sections 13.2.1 and 13.2.2): at once after so many packets, on a gap, on an
 * overtaken packet and on a mark of congestion, and within the promised delay otherwise.
 *
 * Invariants: the ranges are those of `ack_ranges.ts`; packets that ask for no acknowledgement never make one due, so
 * that two ends do not acknowledge acknowledgements; the delay that is told runs from when the largest number came.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";
import { AckNews, AckRanges } from "./ack_ranges.ts";

/** The options of a receiver of packets. */
export interface AckConfig {
  /** For how many ms an acknowledgement is held back at most. */
  readonly maxAckDelayMs: number;
  /** After how many packets that ask for it one goes out at once. */
  readonly ackEveryPackets: number;
  /** How many ranges are remembered. */
  readonly maxAckRanges: number;
}

/** What came, and what of it is to be acknowledged. */
export class AckSchedule {
  /** The packet numbers that came. */
  readonly ranges: AckRanges;
  /** How many packets came under `ECT(0)`; marks of `ECT(1)` are not used by this protocol, but counted. */
  ect0 = 0;
  /** How many came under `ECT(1)`. */
  ect1 = 0;
  /** How many came marked with congestion. */
  ce = 0;
  readonly #clock: Clock;
  readonly #config: AckConfig;
  /** `dueAt` and when the largest number came. */
  readonly #times: Float64Array<ArrayBuffer> = Float64Array.of(Infinity, 0);
  #owed = 0;

  /**
   * Makes a schedule with nothing received.
   *
   * @param clock When packets come.
   * @param config When to acknowledge.
   */
  constructor(clock: Clock, config: AckConfig) {
    this.#clock = clock;
    this.#config = config;
    this.ranges = new AckRanges(config.maxAckRanges);
  }

  /** When an acknowledgement is due in ms: `-Infinity` for at once, `Infinity` for none. */
  get dueAt(): number {
    return this.#times[0]!;
  }

  /** Whether an acknowledgement is due now. */
  get isDue(): boolean {
    return this.#times[0]! <= this.#clock.now;
  }

  /** How many packets wait for an acknowledgement: one may ride along with whatever goes out. */
  get owed(): number {
    return this.#owed;
  }

  /** For how many ms the acknowledgement of the largest number has been held back. */
  get delayMs(): number {
    return this.#clock.now - this.#times[1]!;
  }

  /**
   * A packet came.
   *
   * @param number Its number.
   * @param isEliciting Whether it asks for an acknowledgement.
   * @param isUrgent Whether it asks for one without delay.
   * @returns What its number is to those before; {@linkcode AckNews}`.Known` changes nothing.
   */
  handlePacket(number: number, isEliciting: boolean, isUrgent: boolean): AckNews {
    const news = this.ranges.add(number);
    if (news === AckNews.Known) return news;
    const times = this.#times;
    if (news !== AckNews.Behind) times[1] = this.#clock.now;
    if (!isEliciting) return news;
    const { ackEveryPackets, maxAckDelayMs } = this.#config;
    if (++this.#owed >= ackEveryPackets || isUrgent || news !== AckNews.Next || maxAckDelayMs === 0) {
      times[0] = -Infinity;
    } else if (times[0] === Infinity) times[0] = this.#clock.now + maxAckDelayMs;
    return news;
  }

  /**
   * A packet came under a mark of explicit congestion notification.
   *
   * @param codepoint The two bits of its IP header: 1 `ECT(1)`, 2 `ECT(0)`, 3 congestion.
   */
  handleMark(codepoint: number): void {
    if (codepoint === 1) this.ect1++;
    else if (codepoint === 2) this.ect0++;
    else if (codepoint === 3) {
      this.ce++;
      if (this.#owed > 0) this.#times[0] = -Infinity;
    }
  }

  /** An acknowledgement of all ranges goes out. */
  handleAckSent(): void {
    this.#owed = 0;
    this.#times[0] = Infinity;
  }

  /** Forgets everything. */
  clear(): void {
    this.ranges.clear();
    this.#owed =
      this.ect0 =
      this.ect1 =
      this.ce =
        0;
    this.#times[0] = Infinity;
  }
}
