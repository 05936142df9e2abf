/**
 * Loss recovery and congestion control of one connection: ledger, detector, rates, controller and pacer as one.
 *
 * The owner asks for leave before it sends (`allowance`), tells what it sent, and after an acknowledgement or a timeout
 * reads which packets were settled. Invariants: nothing but probes and bare acknowledgements goes out beyond the window
 * and the pace; a search for a larger datagram that is lost slows nothing down; everything is released while idle, but
 * for the round-trip time, whose cells the owner keeps.
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";
import type { Clock } from "../time/clock.ts";
import { AckSample, type CongestionController } from "./congestion_controller.ts";
import { CubicController } from "./cubic_controller.ts";
import { DelayBoundedController } from "./delay_bounded_controller.ts";
import { DeliveryRate } from "./delivery_rate.ts";
import { EcnValidator } from "./ecn_validator.ts";
import { LossDetector } from "./loss_detector.ts";
import { Pacer } from "./pacer.ts";
import { PacketFlag } from "./packet_flag.ts";
import { BASE_MTU_BYTES, PathMtuSearch } from "./path_mtu_search.ts";
import type { ReliabilityConfig } from "./reliability_options.ts";
import { RTT_CELLS, RttEstimator } from "./rtt_estimator.ts";
import { PacketFate, SentPackets } from "./sent_packets.ts";

/** Slots that only probes may take, so that a full ledger does not end the connection. */
const PROBE_SLOTS = 32;

/** As many bytes as go out before anything is known of a path. */
const DISPOSABLE_BYTES = 10 * BASE_MTU_BYTES;

/** What a connection that has packets under way keeps. */
export class Recovery {
  /** The path's round-trip time; its cells may be the owner's. */
  readonly rtt: RttEstimator = new RttEstimator(new Float64Array(RTT_CELLS), 0);
  /** The packets under way. */
  readonly packets: SentPackets;
  /** Judges them. */
  readonly losses: LossDetector;
  /** Decides how much goes out. */
  readonly controller: CongestionController;
  /** Looks for larger datagrams; rests unless started. */
  readonly mtu: PathMtuSearch;
  /** Looks for congestion marks; off unless started. */
  readonly ecn: EcnValidator = new EcnValidator();
  /** How many packets were found lost. */
  lostPackets = 0;
  /** How many were acknowledged. */
  ackedPackets = 0;
  readonly #clock: Clock;
  readonly #config: ReliabilityConfig;
  readonly #rates: DeliveryRate = new DeliveryRate();
  readonly #pacer: Pacer;
  readonly #sample: AckSample = new AckSample();
  /** When the pacer lets the next datagram go, and since when packets go out that tell about the path. */
  readonly #times: Float64Array<ArrayBuffer> = Float64Array.of(Infinity, -Infinity);
  #datagramBytes = BASE_MTU_BYTES;
  #markedAcked = 0;
  #raisedLargest = false;

  /**
   * Makes the state of a connection with nothing under way.
   *
   * @param config The checked options.
   * @param clock The time.
   * @param random When to look for bandwidth.
   */
  constructor(config: ReliabilityConfig, clock: Clock, random: RandomSource) {
    this.#clock = clock;
    this.#config = config;
    this.rtt.reset(config.initialRttMs);
    this.packets = new SentPackets(config.maxPacketsInFlight);
    this.losses = new LossDetector(clock, this.packets, this.rtt);
    this.mtu = new PathMtuSearch(clock);
    this.#pacer = new Pacer(clock, BASE_MTU_BYTES);
    const setup = { datagramBytes: BASE_MTU_BYTES };
    this.controller = config.congestionControl === "cubic"
      ? new CubicController(clock, this.rtt, setup)
      : new DelayBoundedController(clock, random, this.rtt, { ...setup, maxQueueDelayMs: config.maxQueueDelayMs });
  }

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.packets.count === 0;
  }

  /** Whether so little was delivered that a connection which falls silent loses nothing by its release. */
  get isDisposable(): boolean {
    return this.#rates.deliveredBytes <= DISPOSABLE_BYTES;
  }

  /** How large a datagram may be now: what the search found, or the base while nothing comes back. */
  get datagramBytes(): number {
    return this.losses.backoff > 0 ? BASE_MTU_BYTES : this.mtu.datagramBytes;
  }

  /** For how many ms packets wait in queues of the path, by the latest sample: 0 before the first. */
  get queueDelayMs(): number {
    return this.rtt.hasSample ? Math.max(0, this.rtt.smoothedMs - this.rtt.minMs) : 0;
  }

  /**
   * How many bytes may go out now; a datagram may whenever this is above 0. The owner asks before every packet that it
   * does not have to send.
   *
   * @returns Bytes by window and pace; 0: not now, and {@linkcode Recovery.pollTimeout} tells when the pace allows it.
   */
  allowance(): number {
    const { controller, packets } = this;
    this.#times[SEND_AT] = Infinity;
    if (this.losses.probes > 0) return this.packets.room > 0 ? this.datagramBytes : 0;
    const room = controller.windowBytes - packets.bytesInFlight;
    if (room <= 0 || packets.room <= PROBE_SLOTS) return 0;
    const paced = this.#pacer.allowance(controller.pacingRate, this.#datagramBytes);
    if (paced > 0) return Math.min(paced, Math.max(room, this.#datagramBytes));
    this.#times[SEND_AT] = this.#pacer.nextAt(controller.pacingRate, this.#datagramBytes);
    return 0;
  }

  /**
   * A packet that counts as under way goes out: any but bare acknowledgements and closes.
   *
   * @param number Its number.
   * @param bytes The size of the datagram.
   * @param flags Bits of {@linkcode PacketFlag}.
   * @returns Its slot; `NO_SLOT` when the ledger is full, and then nobody will tell what became of it.
   */
  handleSent(number: number, bytes: number, flags: number): number {
    const { packets } = this;
    const now = this.#clock.now;
    const before = packets.bytesInFlight;
    const slot = packets.add(number, now, bytes, flags);
    if (slot < 0) return slot;
    this.#rates.handleSent(packets, slot, now);
    if ((flags & PacketFlag.Eliciting) !== 0) this.losses.handleSent();
    if ((flags & PacketFlag.MtuProbe) !== 0) this.mtu.handleProbeSent();
    if ((flags & PacketFlag.EcnMarked) !== 0) this.ecn.handleMarkedSent();
    this.#pacer.handleSent(bytes);
    this.controller.handleSent(bytes, before);
    return slot;
  }

  /** The application has nothing more to send although there is leave: rates from here on may be too low. */
  handleAppLimited(): void {
    if (this.packets.bytesInFlight < this.controller.windowBytes) {
      this.#rates.handleAppLimited(this.packets.bytesInFlight);
    }
  }

  /** An acknowledgement begins: its ranges follow, then {@linkcode Recovery.endAck}. */
  beginAck(): void {
    this.#begin();
  }

  /**
   * A range of an acknowledgement, the newest first. The owner has checked that all of it was sent.
   *
   * @param smallest Its smallest number.
   * @param largest Its largest.
   */
  ackRange(smallest: number, largest: number): void {
    if (largest > this.losses.largestAcked) this.#raisedLargest = true;
    this.losses.handleRange(smallest, largest);
  }

  /**
   * An acknowledgement is complete.
   *
   * @param delayMs For how long the peer says that it held it back.
   * @param ect0 The peer's count of `ECT(0)`; -1: it told no counts.
   * @param ect1 Its count of `ECT(1)`.
   * @param ce Its count of marks of congestion.
   * @returns How many packets were settled; their slots stand in `losses.settled`, their fate in `packets.fate`, until the
   * next packet goes out.
   */
  endAck(delayMs: number, ect0 = -1, ect1 = 0, ce = 0): number {
    const { losses, packets } = this;
    const sample = this.#sample;
    const now = this.#clock.now;
    const acked = losses.settledCount;
    // From the oldest on: the newest packet decides on the delivery rate.
    for (let i = acked - 1; i >= 0; i--) this.#noteAcked(losses.settled[i]!, now);
    if (acked > 0) {
      const largest = losses.settled[0]!;
      const isTelling = packets.sentAt[largest]! >= this.#times[TELLS_FROM]!;
      if (isTelling && this.#raisedLargest && packets.number[largest] === losses.largestAcked) {
        sample.rttMs = this.rtt.sample(now - packets.sentAt[largest]!, delayMs);
      }
      this.#rates.finish(sample, this.rtt.minMs);
      if (!isTelling) sample.rate = 0;
      losses.handleProgress();
    }
    if (this.#raisedLargest) sample.markedPackets = this.ecn.handleAck(this.#markedAcked, ect0, ect1, ce);
    losses.finish();
    this.#tellController(acked);
    return losses.settledCount;
  }

  /**
   * When time asks for something.
   *
   * @returns Milliseconds, or `Infinity`.
   */
  pollTimeout(): number {
    return Math.min(this.losses.deadline, this.#times[SEND_AT]!);
  }

  /**
   * Does what time asks for.
   *
   * @returns How many packets were found lost, as {@linkcode Recovery.endAck}. When `losses.probes` is above 0 so many
   * packets are to go out whatever the window says: new data, or what is under way again, or a ping.
   */
  handleTimeout(): number {
    if (this.#times[SEND_AT]! <= this.#clock.now) this.#times[SEND_AT] = Infinity;
    if (this.losses.deadline > this.#clock.now) {
      this.losses.settledCount = this.losses.lateCount = 0;
      return 0;
    }
    this.#begin();
    this.losses.handleTimeout();
    this.#tellController(0);
    return this.losses.settledCount;
  }

  /** The clock jumped, or nobody listened for a while: the packets under way say nothing about the path. */
  handlePause(): void {
    this.#times[TELLS_FROM] = this.#clock.now;
  }

  /** The path is another one: what was learned of it is forgotten; the packets under way stay, but tell nothing. */
  handlePathChange(): void {
    this.handlePause();
    this.rtt.reset(this.#config.initialRttMs);
    this.mtu.start(0);
    this.ecn.stop();
    this.#setDatagramBytes();
    this.controller.reset();
    this.#pacer.reset(this.#datagramBytes);
  }

  /** Makes everything as new, for another connection; the cells of the round-trip time are left as they are. */
  clear(): void {
    this.packets.clear();
    this.losses.clear();
    this.#rates.clear();
    this.#sample.clear();
    this.mtu.start(0);
    this.ecn.stop();
    this.lostPackets = this.ackedPackets = 0;
    this.#times[SEND_AT] = Infinity;
    this.#times[TELLS_FROM] = -Infinity;
    this.#setDatagramBytes();
    this.controller.reset();
    this.#pacer.reset(this.#datagramBytes);
  }

  #begin(): void {
    this.losses.begin();
    this.#sample.clear();
    this.#sample.priorInFlightBytes = this.packets.bytesInFlight;
    this.#markedAcked = 0;
    this.#raisedLargest = false;
  }

  #noteAcked(slot: number, now: number): void {
    const { packets } = this;
    const sample = this.#sample;
    const flags = packets.flags[slot]!;
    this.#rates.handleAcked(packets, slot, now);
    sample.ackedBytes += packets.bytes[slot]!;
    sample.ackedSentAt = packets.sentAt[slot]!;
    this.ackedPackets++;
    if ((flags & PacketFlag.EcnMarked) !== 0) this.#markedAcked++;
    if ((flags & PacketFlag.MtuProbe) !== 0) this.mtu.handleProbeAcked();
    else this.mtu.handleAcked(packets.bytes[slot]!);
  }

  #noteLost(slot: number): void {
    const { packets, mtu } = this;
    const sample = this.#sample;
    const bytes = packets.bytes[slot]!;
    if ((packets.flags[slot]! & PacketFlag.EcnMarked) !== 0) this.ecn.handleMarkedLost();
    if ((packets.flags[slot]! & PacketFlag.MtuProbe) !== 0) return mtu.handleProbeLost();
    this.lostPackets++;
    if (packets.sentAt[slot]! < this.#times[TELLS_FROM]!) return;
    sample.lostBytes += bytes;
    sample.lostSentAt = Math.max(sample.lostSentAt, packets.sentAt[slot]!);
    mtu.handleLost(bytes);
  }

  #tellController(acked: number): void {
    const { losses, packets, controller } = this;
    const sample = this.#sample;
    for (let i = acked; i < losses.settledCount; i++) this.#noteLost(losses.settled[i]!);
    sample.inFlightBytes = packets.bytesInFlight;
    sample.spuriousBytes = losses.spuriousBytes;
    losses.spuriousBytes = 0;
    if (losses.settledCount > 0 || sample.spuriousBytes > 0 || sample.markedPackets > 0) controller.handleAck(sample);
    if (losses.isPersistent) {
      controller.handlePersistentCongestion();
      this.rtt.reset(Math.min(this.rtt.smoothedMs, 1000));
    }
    if (this.mtu.datagramBytes !== this.#datagramBytes) this.#setDatagramBytes();
  }

  #setDatagramBytes(): void {
    this.#datagramBytes = this.mtu.datagramBytes;
    this.controller.handleDatagramBytes(this.#datagramBytes);
  }
}

const SEND_AT = 0;
const TELLS_FROM = 1;

/**
 * Whether a settled packet is acknowledged.
 *
 * @param recovery The connection.
 * @param slot One of the slots that were just settled.
 * @returns False: it is lost.
 */
export function wasAcked(recovery: Recovery, slot: number): boolean {
  return recovery.packets.fate[slot] === PacketFate.Acked;
}
