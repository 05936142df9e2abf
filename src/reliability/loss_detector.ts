/**
 * Which packets under way are lost, and when to probe (RFC 9002 section 6).
 *
 * A packet is lost when one that went out three later was acknowledged, or one that went out 9/8 of a round trip later.
 * Both thresholds grow when a packet turns out to have come late (as RACK does, RFC 8985 section 6.2), and go back after
 * a while without. Invariants: a timeout never declares a loss by itself, it only asks for probes; packets are judged in
 * the order of their numbers, so that a span without any acknowledgement inside it is persistent congestion (section 7.6).
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";
import { LateNumbers } from "./late_numbers.ts";
import { PacketFlag } from "./packet_flag.ts";
import { GRANULARITY_MS, type RttEstimator } from "./rtt_estimator.ts";
import { NO_SLOT, PacketFate, type SentPackets } from "./sent_packets.ts";

/** How many packets later one must be acknowledged for a packet to be lost, unless reordering was seen. */
export const PACKET_THRESHOLD = 3;

const MAX_PACKET_THRESHOLD = 64;
const TIME_THRESHOLD = 9 / 8;
const TIME_STEP = 1 / 8;
const MAX_TIME_THRESHOLD = 2;
const PERSISTENT_TIMEOUTS = 3;
const FORGIVE_MS = 30_000;
const MAX_PROBE_MS = 10_000;
const MAX_BACKOFF = 16;
/** How many packets that came late one acknowledgement lists; more are only counted. */
const MAX_LATE = 256;
/** How many packets a probe timeout allows beyond the window. */
const PROBES = 2;

/** The detector of one connection. */
export class LossDetector {
  /** The slots that the last acknowledgement or timeout settled; their fate stands in the ledger. */
  settled: Int32Array<ArrayBuffer> = new Int32Array(32);
  /** How many of {@linkcode LossDetector.settled} there are. */
  settledCount = 0;
  /**
   * The slots of packets that the last acknowledgement showed to have come late, after they were taken for lost, as far as
   * no other packet has the slot by now.
   */
  late: Int32Array<ArrayBuffer> = NONE;
  /** How many of {@linkcode LossDetector.late} there are. */
  lateCount = 0;
  /** How many packets may go out beyond the window: probes. */
  probes = 0;
  /** How many probe timeouts have passed since the last acknowledgement that was news. */
  backoff = 0;
  /** How many bytes that were taken for lost came late, since somebody set this to 0. */
  spuriousBytes = 0;
  /** How many packets came late after they were taken for lost. */
  spuriousPackets = 0;
  /** Whether the last acknowledgement or timeout showed persistent congestion. */
  isPersistent = false;
  /** After how many packets a packet is lost now. */
  packetThreshold: number = PACKET_THRESHOLD;
  /** After how many round trips it is. */
  timeThreshold: number = TIME_THRESHOLD;
  readonly #clock: Clock;
  readonly #packets: SentPackets;
  readonly #rtt: RttEstimator;
  #lateNumbers: LateNumbers | undefined = undefined;
  readonly #times: Float64Array<ArrayBuffer> = Float64Array.of(-1, Infinity, 0, -1, 0);

  /**
   * Makes a detector.
   *
   * @param clock The time.
   * @param packets The ledger, which this settles.
   * @param rtt The path's round-trip time.
   */
  constructor(clock: Clock, packets: SentPackets, rtt: RttEstimator) {
    this.#clock = clock;
    this.#packets = packets;
    this.#rtt = rtt;
  }

  /** The largest packet number that was acknowledged; -1: none. */
  get largestAcked(): number {
    return this.#times[LARGEST_ACKED]!;
  }

  /** When time asks for something in ms; `Infinity`: never. */
  get deadline(): number {
    const times = this.#times;
    if (times[LOSS_AT] !== Infinity) return times[LOSS_AT]!;
    if (this.#packets.eliciting === 0) return Infinity;
    return times[ELICITED_AT]! + Math.min(this.#rtt.probeTimeoutMs * 2 ** this.backoff, MAX_PROBE_MS);
  }

  /** A packet that asks for an acknowledgement goes out. */
  handleSent(): void {
    this.#times[ELICITED_AT] = this.#clock.now;
    if (this.probes > 0) this.probes--;
  }

  /** Starts an acknowledgement, or a timeout: nothing is settled by it yet. */
  begin(): void {
    this.settledCount = this.lateCount = 0;
    this.isPersistent = false;
    if (this.settled.length < this.#packets.capacity) this.settled = new Int32Array(this.#packets.capacity);
  }

  /**
   * The peer acknowledged a range. All ranges come before {@linkcode LossDetector.finish}, the newest first.
   *
   * @param smallest Its smallest number.
   * @param largest Its largest.
   */
  handleRange(smallest: number, largest: number): void {
    const packets = this.#packets;
    if (largest > this.#times[LARGEST_ACKED]!) this.#times[LARGEST_ACKED] = largest;
    if (this.#lateNumbers?.isEmpty === false) this.#takeLate(this.#lateNumbers, smallest, largest);
    let place = packets.placeOf(largest + 1) - 1;
    for (; place >= 0; place--) {
      const slot = packets.slotAt(place);
      if (packets.number[slot]! < smallest) return;
      const fate = packets.fate[slot];
      if (fate === PacketFate.Pending) {
        packets.settle(slot, PacketFate.Acked);
        this.settled[this.settledCount++] = slot;
      } else if (fate === PacketFate.Lost) {
        packets.fate[slot] = PacketFate.Acked;
        this.#noteLate(packets.bytes[slot]!, packets.number[slot]!);
        this.#listLate(slot);
      }
    }
  }

  /** Finds what is lost by now, after the ranges of an acknowledgement or at a timeout. */
  finish(): void {
    const packets = this.#packets;
    const times = this.#times;
    const now = this.#clock.now;
    const { smoothedMs, latestMs } = this.#rtt;
    const delay = Math.max(this.timeThreshold * Math.max(smoothedMs, latestMs), GRANULARITY_MS);
    if (this.spuriousPackets > 0 && now - times[SPURIOUS_AT]! > FORGIVE_MS) this.#trustOrder();
    times[LOSS_AT] = Infinity;
    for (let place = 0; place < packets.count; place++) {
      const slot = packets.slotAt(place);
      const number = packets.number[slot]!;
      if (number > times[LARGEST_ACKED]!) break;
      if (packets.fate[slot] !== PacketFate.Pending) continue;
      const at = packets.sentAt[slot]! + delay;
      if (at <= now || number + this.packetThreshold <= times[LARGEST_ACKED]!) {
        packets.settle(slot, PacketFate.Lost);
        this.settled[this.settledCount++] = slot;
      } else if (at < times[LOSS_AT]!) times[LOSS_AT] = at;
    }
    this.#retire();
  }

  /** The acknowledgement brought news: probing starts anew. */
  handleProgress(): void {
    this.backoff = this.probes = 0;
  }

  /**
   * The peer was heard after a silence: the next probe is due now. Why not left to the backoff (RFC 9002 section 6.2):
   * after an outage that would hold back what is under way for as long again, on a path that works.
   */
  handleReturn(): void {
    const times = this.#times;
    this.backoff = 0;
    times[ELICITED_AT] = Math.min(times[ELICITED_AT]!, this.#clock.now - this.#rtt.probeTimeoutMs);
  }

  /**
   * A deadline came: finds what is lost, or allows probes. Call it between `begin` and the reading of what was settled.
   *
   * @returns Whether probes are due.
   */
  handleTimeout(): boolean {
    const isLoss = this.#times[LOSS_AT] !== Infinity;
    if (isLoss) this.finish();
    else {
      this.probes = PROBES;
      if (this.backoff < MAX_BACKOFF) this.backoff++;
      this.#times[ELICITED_AT] = this.#clock.now;
    }
    return !isLoss;
  }

  /** Forgets everything. */
  clear(): void {
    this.settledCount =
      this.probes =
      this.backoff =
      this.spuriousBytes =
        0;
    this.isPersistent = false;
    this.#lateNumbers?.clear();
    this.#times.set([-1, Infinity, 0, -1, 0]);
    this.#trustOrder();
  }

  #trustOrder(): void {
    this.spuriousPackets = 0;
    this.packetThreshold = PACKET_THRESHOLD;
    this.timeThreshold = TIME_THRESHOLD;
  }

  #takeLate(late: LateNumbers, smallest: number, largest: number): void {
    const found = late.take(smallest, largest);
    if (found === 0) return;
    this.spuriousPackets += found - 1;
    this.#noteLate(late.takenBytes, late.takenNumber);
    for (let i = 0; i < found; i++) {
      const slot = late.takenSlots[i]!;
      if (this.#packets.number[slot] === late.taken[i]) this.#listLate(slot);
    }
  }

  #listLate(slot: number): void {
    if (this.late.length === 0) this.late = new Int32Array(MAX_LATE);
    if (this.lateCount < MAX_LATE) this.late[this.lateCount++] = slot;
  }

  #noteLate(bytes: number, number: number): void {
    const distance = this.#times[LARGEST_ACKED]! - number + 1;
    this.spuriousPackets++;
    this.spuriousBytes += bytes;
    this.#times[SPURIOUS_AT] = this.#clock.now;
    this.packetThreshold = Math.min(Math.max(this.packetThreshold, distance), MAX_PACKET_THRESHOLD);
    this.timeThreshold = Math.min(this.timeThreshold + TIME_STEP, MAX_TIME_THRESHOLD);
  }

  /** Gives back the slots before the oldest pending packet, and looks for a span in which nothing came through. */
  #retire(): void {
    const packets = this.#packets;
    const times = this.#times;
    for (let slot = packets.takeSettled(); slot !== NO_SLOT; slot = packets.takeSettled()) {
      if (packets.fate[slot] === PacketFate.Acked) times[SPAN_FROM] = -1;
      else {
        (this.#lateNumbers ??= new LateNumbers()).put(packets.number[slot]!, packets.bytes[slot]!, slot);
        if ((packets.flags[slot]! & PacketFlag.Eliciting) !== 0) this.#lengthen(packets.sentAt[slot]!);
      }
    }
  }

  #lengthen(sentAt: number): void {
    const times = this.#times;
    if (!this.#rtt.hasSample) return;
    if (times[SPAN_FROM]! < 0) times[SPAN_FROM] = sentAt;
    if (sentAt - times[SPAN_FROM]! < PERSISTENT_TIMEOUTS * this.#rtt.probeTimeoutMs) return;
    this.isPersistent = true;
    times[SPAN_FROM] = -1;
  }
}

const NONE = new Int32Array(0);
const LARGEST_ACKED = 0;
const LOSS_AT = 1;
const ELICITED_AT = 2;
/** When the first packet of a run of lost ones went out; -1: there is none. */
const SPAN_FROM = 3;
const SPURIOUS_AT = 4;
