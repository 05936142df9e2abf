/**
 * The default congestion controller: finds the bandwidth as BBR does (draft-ietf-ccwg-bbr) and keeps the queue short.
 *
 * It paces at the best recent delivery rate, looks for more by a quarter for a round trip at a time, and drains after.
 * A queue that stands for a whole round trip beyond what is tolerated makes it slow down by a share, while looking adds
 * by the link's spare room: so connections that share a link meet at equal rates, as with any additive increase and
 * multiplicative decrease. Why loss below a tenth means nothing: radio links lose that much when they are empty. When the
 * queue stands whatever it does somebody else fills it; then it holds its share until the queue drains again.
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";
import type { Clock } from "../time/clock.ts";
import type { AckSample, CongestionController, ControllerSetup } from "./congestion_controller.ts";
import { PathDelay } from "./path_delay.ts";
import { LEAST_RTT_MS, type RttEstimator } from "./rtt_estimator.ts";
import { WindowedMax } from "./windowed_max.ts";

/** What the controller is doing. */
export const ProbePhase = {
  /** The rate doubles every round trip. */
  Startup: 0,
  /** What that has queued drains. */
  Drain: 1,
  /** The rate is held. */
  Cruise: 2,
  /** A little more is tried. */
  Up: 3,
  /** What that has queued drains. */
  Down: 4,
  /** Little is sent, to see the path's own delay. */
  Rest: 5,
} as const;

/** One of the values of {@linkcode ProbePhase}. */
export type ProbePhase = (typeof ProbePhase)[keyof typeof ProbePhase];

/** The factor on the rate, by phase. */
const PACE: readonly number[] = [2.77, 0.36, 1, 1.25, 0.75, 0.9];

const INITIAL_DATAGRAMS = 10;
const LEAST_DATAGRAMS = 4;
/** From this share on loss is congestion: a tenth, and what chance adds to it. */
const LOSS_SHARE = 0.12;
/** Over how many datagrams at least that is judged. */
const LOSS_DATAGRAMS = 250;
const SLOW_DOWN = 0.85;
/** How many datagrams a round trip more are tried at least. */
const UP_DATAGRAMS = 6;
const GROWTH = 1.25;
const FULL_ROUNDS = 3;
const DRAIN_ROUNDS = 4;
/** A path that delivers less than this share of the rate has become another one. */
const COLLAPSED_SHARE = 0.6;
/** After so many round trips with a standing queue somebody else fills it. */
const COMPETING_ROUNDS = 12;
const CRUISE_ROUNDS = 2;
const CRUISE_SPREAD = 5;

/** What this controller is made with. */
export interface DelayBoundedSetup extends ControllerSetup {
  /** How many ms of queue are tolerated. */
  readonly maxQueueDelayMs: number;
}

/** The delay-bounded controller of one connection. */
export class DelayBoundedController implements CongestionController {
  /** What it is called in statistics. */
  readonly name = "delay-bounded";
  /** What it is doing. */
  phase: ProbePhase = ProbePhase.Startup;
  /** Whether it takes another connection to fill the queue. */
  isCompeting = false;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #rtt: RttEstimator;
  readonly #setup: DelayBoundedSetup;
  readonly #delay: PathDelay;
  readonly #best: WindowedMax = new WindowedMax();
  /** How many bytes one acknowledgement brings at most. */
  readonly #batch: WindowedMax = new WindowedMax();
  #datagramBytes: number;
  #rate = 0;
  #window = 0;
  #mayRise = true;
  #roundEnd = 0;
  #roundsInPhase = 0;
  #cruiseRounds = 0;
  #fullRate = 0;
  #fullRounds = 0;
  #rateAtRound = 0;
  #roundBest = 0;
  #standingRounds = 0;
  #isHeld = false;
  #lossAcked = 0;
  #lossLost = 0;
  #restUntil = 0;
  #upSince = 0;
  #queueBefore = 0;
  #hadFullSample = false;
  #isProven = false;

  /**
   * Makes a controller that starts up.
   *
   * @param clock The time.
   * @param random When to look for more.
   * @param rtt The path's round-trip time.
   * @param setup What is assumed and tolerated.
   */
  constructor(clock: Clock, random: RandomSource, rtt: RttEstimator, setup: DelayBoundedSetup) {
    this.#clock = clock;
    this.#random = random;
    this.#rtt = rtt;
    this.#setup = setup;
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
    const least = INITIAL_DATAGRAMS * this.#datagramBytes / Math.max(this.#rtt.smoothedMs, LEAST_RTT_MS);
    // A rate that only the application has limited says nothing against a few datagrams a round trip.
    const rate = this.#isProven ? this.#rate : Math.max(this.#rate, least);
    if (this.phase !== ProbePhase.Up) return PACE[this.phase]! * rate;
    // A step of one size for all: who has little gains more by it than who has much.
    const step = Math.min(UP_DATAGRAMS * this.#datagramBytes / this.#delay.baseMs, rate);
    return Math.max(PACE[this.phase]! * rate, rate + step);
  }

  /** The bandwidth in bytes per ms that the path is taken to have; 0: not known. */
  get bandwidth(): number {
    return this.#rate;
  }

  /**
   * A packet goes out.
   *
   * @param _bytes Its size.
   * @param inFlightBytes How many bytes were under way before it.
   */
  handleSent(_bytes: number, inFlightBytes: number): void {
    if (inFlightBytes === 0) this.#delay.handleIdle();
  }

  /**
   * An acknowledgement came, or a timeout found losses.
   *
   * @param sample What it brought; borrowed.
   */
  handleAck(sample: AckSample): void {
    this.#lossAcked += sample.ackedBytes;
    this.#lossLost += sample.lostBytes;
    this.#batch.add(sample.ackedBytes);
    if (sample.rttMs >= 0) this.#delay.handleSample(sample.rttMs);
    if (sample.rate > 0) this.#takeRate(sample);
    if (sample.ackedBytes > 0 && sample.priorDeliveredBytes >= this.#roundEnd) {
      this.#roundEnd = sample.deliveredBytes;
      this.#endRound(sample);
    }
    if (sample.markedPackets > 0) this.#slowDown(SLOW_DOWN);
    this.#step(sample);
    this.#setWindow(sample.ackedBytes);
  }

  /** Nothing came through for several probe timeouts: starts over from the least. */
  handlePersistentCongestion(): void {
    this.reset();
    this.#window = LEAST_DATAGRAMS * this.#datagramBytes;
  }

  /**
   * Datagrams have another size from now on.
   *
   * @param datagramBytes The size in bytes.
   */
  handleDatagramBytes(datagramBytes: number): void {
    this.#datagramBytes = datagramBytes;
  }

  /** The path is another one: all that was learned is forgotten. */
  reset(): void {
    this.#best.clear();
    this.#batch.clear();
    this.#delay.clear();
    this.#rate =
      this.#fullRate =
      this.#rateAtRound =
      this.#roundBest =
        0;
    this.#fullRounds = this.#standingRounds = this.#roundEnd = 0;
    this.#lossAcked = this.#lossLost = 0;
    this.isCompeting = this.#isHeld = false;
    this.#hadFullSample = this.#isProven = false;
    this.#window = INITIAL_DATAGRAMS * this.#datagramBytes;
    this.#enter(ProbePhase.Startup);
    this.#mayRise = true;
  }

  #takeRate(sample: AckSample): void {
    const { rate } = sample;
    if (sample.isAppLimited && rate <= this.#rate) return;
    if (!sample.isAppLimited) this.#hadFullSample = this.#isProven = true;
    this.#best.add(rate);
    if (rate > this.#roundBest) this.#roundBest = rate;
    if (this.#mayRise && rate > this.#rate) this.#rate = rate;
  }

  /** A round trip is over: judges its delay and its losses. */
  #endRound(sample: AckSample): void {
    this.#roundsInPhase++;
    this.#judgeLoss();
    this.#judgeDelay();
    if (this.phase === ProbePhase.Startup && !sample.isAppLimited) this.#judgeGrowth();
    if (this.phase === ProbePhase.Up && this.#rate < this.#rateAtRound * 1.1 && this.#roundsInPhase >= 2) {
      this.#enter(ProbePhase.Down);
    }
    if (this.phase === ProbePhase.Cruise && this.#roundsInPhase >= this.#cruiseRounds) this.#lookForMore();
    this.#rateAtRound = this.#rate;
    this.#roundBest = 0;
    this.#delay.turn();
  }

  #judgeGrowth(): void {
    if (this.#rate >= this.#fullRate * GROWTH) {
      this.#fullRate = this.#rate;
      this.#fullRounds = 0;
    } else if (++this.#fullRounds >= FULL_ROUNDS) this.#enter(ProbePhase.Drain);
  }

  /** A queue that stood through the whole round is too much, unless somebody else keeps it up. */
  #judgeDelay(): void {
    const queueMs = this.#delay.standingMs;
    if (queueMs < 0 || this.phase !== ProbePhase.Cruise) return;
    const tolerated = this.#setup.maxQueueDelayMs;
    if (queueMs <= tolerated) {
      this.#standingRounds = 0;
      this.#isHeld = false;
      if (queueMs <= tolerated / 2) this.isCompeting = false;
      return;
    }
    if (++this.#standingRounds >= COMPETING_ROUNDS) this.isCompeting = true;
    // What a slower rate does shows a round later.
    if (!this.#isHeld && !this.isCompeting) {
      const share = this.#roundBest > 0 ? this.#roundBest / this.#rate : 1;
      this.#slowDown(share < COLLAPSED_SHARE ? share : SLOW_DOWN);
      this.#enter(ProbePhase.Down);
    } else this.#isHeld = false;
  }

  #judgeLoss(): void {
    const total = this.#lossAcked + this.#lossLost;
    if (total < LOSS_DATAGRAMS * this.#datagramBytes) return;
    if (this.#lossLost > LOSS_SHARE * total) {
      this.#slowDown(SLOW_DOWN);
      if (this.phase === ProbePhase.Startup) this.#enter(ProbePhase.Drain);
    }
    this.#lossAcked = this.#lossLost = 0;
  }

  #slowDown(share: number): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#rate *= share;
    this.#best.limit(this.#rate);
    if (this.phase === ProbePhase.Startup) return;
    this.#mayRise = false;
    if (this.phase === ProbePhase.Up) this.#enter(ProbePhase.Down);
  }

  #lookForMore(): void {
    if (this.#hadFullSample && this.#best.value < this.#rate) this.#rate = this.#best.value;
    this.#isProven = this.#hadFullSample;
    this.#hadFullSample = false;
    this.#best.turn();
    this.#batch.turn();
    this.#mayRise = true;
    this.#upSince = this.#clock.now;
    this.#queueBefore = Math.max(0, this.#delay.standingMs);
    this.#enter(ProbePhase.Up);
  }

  /** How many ms more of queue show that the link is full. */
  get #riseMs(): number {
    return Math.max(2, this.#delay.baseMs / 16);
  }

  /** What is decided with every acknowledgement. */
  #step(sample: AckSample): void {
    const now = this.#clock.now;
    const pipe = this.#rate * this.#delay.baseMs;
    switch (this.phase) {
      case ProbePhase.Startup:
        if (this.#delay.hasRisen) this.#enter(ProbePhase.Drain);
        return;
      case ProbePhase.Drain:
      case ProbePhase.Down:
        if (sample.inFlightBytes <= pipe || this.#roundsInPhase >= DRAIN_ROUNDS) this.#enter(ProbePhase.Cruise);
        if (this.#delay.isStale && !this.isCompeting) this.#rest();
        return;
      case ProbePhase.Up:
        if (now - this.#upSince >= this.#delay.baseMs && this.#delay.latestQueueMs > this.#queueBefore + this.#riseMs) {
          this.#enter(ProbePhase.Down);
        }
        return;
      case ProbePhase.Rest:
        if (this.#restUntil === Infinity && sample.inFlightBytes <= this.#window) {
          this.#restUntil = now + this.#delay.baseMs + this.#rtt.peerAckDelayMs;
        }
        if (now < this.#restUntil) return;
        this.#delay.renew();
        this.#enter(ProbePhase.Cruise);
        return;
      default:
        if (this.#delay.isStale) this.#rest();
    }
  }

  #rest(): void {
    this.#delay.startRest();
    this.#restUntil = Infinity;
    this.#enter(ProbePhase.Rest);
  }

  #enter(phase: ProbePhase): void {
    this.phase = phase;
    this.#roundsInPhase = 0;
    if (phase === ProbePhase.Cruise) {
      this.#cruiseRounds = CRUISE_ROUNDS + Math.floor(this.#random.visibleFraction() * CRUISE_SPREAD);
    }
  }

  #setWindow(ackedBytes: number): void {
    const least = LEAST_DATAGRAMS * this.#datagramBytes;
    const { baseMs } = this.#delay;
    if (this.#rate === 0 || baseMs === Infinity) return;
    // Acknowledgements that are held back leave as much more under way.
    const slack = this.#batch.value + 3 * this.#datagramBytes;
    if (this.phase === ProbePhase.Startup) {
      const most = 2 * this.#rate * baseMs + slack;
      if (this.#window < most) this.#window += ackedBytes;
    } else if (this.phase === ProbePhase.Rest) {
      this.#window = Math.max(least, this.#rate * baseMs / 2);
    } else {
      const queueMs = this.isCompeting ? baseMs : baseMs / 4 + this.#setup.maxQueueDelayMs;
      this.#window = Math.max(least, this.#rate * (baseMs + queueMs) + slack);
    }
  }
}
