/**
 * CUBIC (RFC 9438): the window grows along a cubic function of the time since it was last reduced, and falls to 0.7 with
 * each round trip that loses something.
 *
 * Slow start ends early when the delay rises (RFC 9406). Invariants: one reduction a round trip, for packets that went
 * out before it none; the window grows only while it is used (RFC 9002 section 7.8); a reduction for losses that all turn
 * out to have come late is taken back (RFC 9438 section 4.9).
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";
import type { AckSample, CongestionController, ControllerSetup } from "./congestion_controller.ts";
import { PathDelay } from "./path_delay.ts";
import { LEAST_RTT_MS, type RttEstimator } from "./rtt_estimator.ts";

const INITIAL_DATAGRAMS = 10;
const LEAST_DATAGRAMS = 2;
const BETA = 0.7;
/** The constant C of the RFC, in datagrams per s³. */
const SCALE = 0.4;
/** How fast the window of classic congestion control grows between reductions by BETA (section 4.3). */
const RENO_ALPHA = 3 * (1 - BETA) / (1 + BETA);
const SLOW_START_PACE = 2;
const AVOIDANCE_PACE = 1.25;

/** The CUBIC controller of one connection. */
export class CubicController implements CongestionController {
  /** What it is called in statistics. */
  readonly name = "cubic";
  readonly #clock: Clock;
  readonly #rtt: RttEstimator;
  readonly #delay: PathDelay;
  #datagramBytes: number;
  #window = 0;
  #threshold = Infinity;
  /** The window before the last reduction, the one that grows as classic congestion control would. */
  #most = 0;
  #reno = 0;
  /** When the growth since the last reduction began; -1: not yet. */
  #epochAt = -1;
  /** After how many seconds it reaches `#most` again. */
  #reachSeconds = 0;
  #recoveryAt = -1;
  #roundEnd = 0;
  #wasLimited = false;
  /** How many bytes of the last reduction were not found to be late, and what it took away. */
  #blamed = 0;
  #undoWindow = 0;
  #undoThreshold = 0;
  #undoMost = 0;

  /**
   * Makes a controller that is in slow start.
   *
   * @param clock The time.
   * @param rtt The path's round-trip time.
   * @param setup What is assumed.
   */
  constructor(clock: Clock, rtt: RttEstimator, setup: ControllerSetup) {
    this.#clock = clock;
    this.#rtt = rtt;
    this.#datagramBytes = setup.datagramBytes;
    this.#delay = new PathDelay(clock);
    this.reset();
  }

  /** How many bytes may be under way. */
  get windowBytes(): number {
    return this.#window;
  }

  /** How many bytes may leave per ms. */
  get pacingRate(): number {
    const factor = this.#window < this.#threshold ? SLOW_START_PACE : AVOIDANCE_PACE;
    return factor * this.#window / Math.max(this.#rtt.smoothedMs, LEAST_RTT_MS);
  }

  /** The bandwidth in bytes per ms that the window stands for; 0 before the first round trip. */
  get bandwidth(): number {
    return this.#rtt.hasSample ? this.#window / Math.max(this.#rtt.smoothedMs, LEAST_RTT_MS) : 0;
  }

  /**
   * A packet goes out.
   *
   * @param bytes Its size.
   * @param inFlightBytes How many bytes were under way before it.
   */
  handleSent(bytes: number, inFlightBytes: number): void {
    this.#wasLimited = inFlightBytes + bytes + 2 * this.#datagramBytes >= this.#window / 2;
  }

  /**
   * An acknowledgement came, or a timeout found losses.
   *
   * @param sample What it brought; borrowed.
   */
  handleAck(sample: AckSample): void {
    if (sample.spuriousBytes > 0) this.#forgive(sample.spuriousBytes);
    if (sample.rttMs >= 0) this.#delay.handleSample(sample.rttMs);
    if (sample.ackedBytes > 0 && sample.priorDeliveredBytes >= this.#roundEnd) {
      this.#roundEnd = sample.deliveredBytes;
      this.#delay.turn();
    }
    if (sample.lostBytes > 0 && sample.lostSentAt > this.#recoveryAt) this.#reduce(sample.lostBytes);
    else if (sample.lostBytes > 0) this.#blamed += sample.lostBytes;
    else if (sample.markedPackets > 0 && sample.ackedSentAt > this.#recoveryAt) this.#reduce(Infinity);
    if (sample.ackedSentAt > this.#recoveryAt) this.#grow(sample);
  }

  /** Nothing came through for several probe timeouts: the window falls to its least. */
  handlePersistentCongestion(): void {
    this.#window = LEAST_DATAGRAMS * this.#datagramBytes;
    this.#recoveryAt = this.#epochAt = -1;
  }

  /**
   * Datagrams have another size from now on.
   *
   * @param datagramBytes The size in bytes.
   */
  handleDatagramBytes(datagramBytes: number): void {
    this.#datagramBytes = datagramBytes;
    this.#window = Math.max(this.#window, LEAST_DATAGRAMS * datagramBytes);
  }

  /** The path is another one: all that was learned is forgotten. */
  reset(): void {
    this.#window = INITIAL_DATAGRAMS * this.#datagramBytes;
    this.#threshold = Infinity;
    this.#most =
      this.#reno =
      this.#roundEnd =
      this.#blamed =
        0;
    this.#epochAt = this.#recoveryAt = -1;
    this.#delay.clear();
  }

  #grow(sample: AckSample): void {
    const size = this.#datagramBytes;
    if (!this.#wasLimited) {
      // The time in which the window was not used does not count as growth (section 5.8).
      this.#epochAt = -1;
      return;
    }
    if (this.#window < this.#threshold) {
      this.#window += sample.ackedBytes;
      if (this.#delay.hasRisen) this.#threshold = this.#window;
      return;
    }
    const now = this.#clock.now;
    if (this.#epochAt < 0) this.#startEpoch(now);
    const seconds = (now - this.#epochAt + this.#rtt.smoothedMs) / 1000 - this.#reachSeconds;
    const cubic = SCALE * seconds * seconds * seconds * size + this.#most;
    this.#reno += (this.#reno < this.#most ? RENO_ALPHA : 1) * size * sample.ackedBytes / this.#window;
    const target = Math.min(Math.max(cubic, this.#window), 1.5 * this.#window);
    this.#window = Math.max(this.#reno, this.#window + (target - this.#window) * sample.ackedBytes / this.#window);
  }

  #startEpoch(now: number): void {
    this.#epochAt = now;
    this.#reno = this.#window;
    if (this.#most < this.#window) this.#most = this.#window;
    this.#reachSeconds = Math.cbrt((this.#most - this.#window) / this.#datagramBytes / SCALE);
  }

  #reduce(lostBytes: number): void {
    this.#undoWindow = this.#window;
    this.#undoThreshold = this.#threshold;
    this.#undoMost = this.#most;
    this.#blamed = lostBytes;
    this.#recoveryAt = this.#clock.now;
    this.#epochAt = -1;
    // A window that did not reach the last one's place gives some of it away to newcomers (section 4.7).
    this.#most = this.#window < this.#most ? this.#window * (1 + BETA) / 2 : this.#window;
    this.#window = Math.max(this.#window * BETA, LEAST_DATAGRAMS * this.#datagramBytes);
    this.#threshold = this.#window;
  }

  #forgive(bytes: number): void {
    if (this.#blamed <= 0) return;
    this.#blamed -= bytes;
    if (this.#blamed > 0 || this.#undoWindow <= this.#window) return;
    this.#window = this.#undoWindow;
    this.#threshold = this.#undoThreshold;
    this.#most = this.#undoMost;
    this.#epochAt = this.#recoveryAt = -1;
  }
}
