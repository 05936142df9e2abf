/**
 * How fast a path delivers (draft-cheng-iccrg-delivery-rate-estimation): bytes delivered between the sending of a packet
 * and its acknowledgement, over the longer of the times that sending and acknowledging them took.
 *
 * Each packet carries the counters of its time, so that a burst of acknowledgements never looks like bandwidth.
 * Invariant: a rate that the application may have limited is marked as such.
 *
 * @module
 */
import type { AckSample } from "./congestion_controller.ts";
import { PacketFlag } from "./packet_flag.ts";
import type { SentPackets } from "./sent_packets.ts";

/** The counters of a connection and the sample in the making. */
export class DeliveryRate {
  /** How many bytes were delivered so far. */
  deliveredBytes = 0;
  /** When the last of them were, when the flight's first packet went out, and the same of the newest acknowledged. */
  readonly #times: Float64Array<ArrayBuffer> = new Float64Array(4);
  /** Up to which count of delivered bytes samples are limited by the application; 0: they are not. */
  #appLimitedTo = 0;
  #newest = -1;
  #isAppLimited = false;

  /**
   * A packet goes out: it gets the counters of now.
   *
   * @param packets The ledger; the packet counts in its bytes already.
   * @param slot The packet's slot.
   * @param now The time in ms.
   */
  handleSent(packets: SentPackets, slot: number, now: number): void {
    const times = this.#times;
    if (packets.bytesInFlight === packets.bytes[slot]) times[DELIVERED_AT] = times[FIRST_SENT_AT] = now;
    packets.delivered[slot] = this.deliveredBytes;
    packets.deliveredAt[slot] = times[DELIVERED_AT]!;
    packets.firstSentAt[slot] = times[FIRST_SENT_AT]!;
    if (this.#appLimitedTo > 0) packets.flags[slot]! |= PacketFlag.AppLimited;
  }

  /**
   * The application has nothing more to send although the path would take it.
   *
   * @param inFlightBytes How many bytes are under way.
   */
  handleAppLimited(inFlightBytes: number): void {
    this.#appLimitedTo = Math.max(1, this.deliveredBytes + inFlightBytes);
  }

  /**
   * A packet was acknowledged.
   *
   * @param packets The ledger.
   * @param slot The packet's slot.
   * @param now The time in ms.
   */
  handleAcked(packets: SentPackets, slot: number, now: number): void {
    const times = this.#times;
    this.deliveredBytes += packets.bytes[slot]!;
    times[DELIVERED_AT] = now;
    const prior = packets.delivered[slot]!;
    const sentAt = packets.sentAt[slot]!;
    if (prior < this.#newest || (prior === this.#newest && sentAt < times[FIRST_SENT_AT]!)) return;
    this.#newest = prior;
    this.#isAppLimited = (packets.flags[slot]! & PacketFlag.AppLimited) !== 0;
    times[SEND_ELAPSED] = sentAt - packets.firstSentAt[slot]!;
    times[PRIOR_AT] = packets.deliveredAt[slot]!;
    times[FIRST_SENT_AT] = sentAt;
  }

  /**
   * All packets of an acknowledgement were told of: makes the sample.
   *
   * @param into Its rate and the counts of delivered bytes are written.
   * @param minRttMs The smallest round-trip time; a shorter interval is no measure.
   */
  finish(into: AckSample, minRttMs: number): void {
    into.deliveredBytes = this.deliveredBytes;
    if (this.#appLimitedTo > 0 && this.deliveredBytes > this.#appLimitedTo) this.#appLimitedTo = 0;
    if (this.#newest < 0) return;
    const times = this.#times;
    const interval = Math.max(times[SEND_ELAPSED]!, times[DELIVERED_AT]! - times[PRIOR_AT]!);
    into.priorDeliveredBytes = this.#newest;
    into.isAppLimited = this.#isAppLimited;
    if (interval > 0 && interval >= minRttMs) into.rate = (this.deliveredBytes - this.#newest) / interval;
    this.#newest = -1;
  }

  /** Forgets everything. */
  clear(): void {
    this.deliveredBytes = this.#appLimitedTo = 0;
    this.#newest = -1;
    this.#times.fill(0);
  }
}

const DELIVERED_AT = 0;
const FIRST_SENT_AT = 1;
const PRIOR_AT = 2;
const SEND_ELAPSED = 3;
