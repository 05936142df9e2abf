/**
 * What a session has only while packets with messages come and go: loss recovery, congestion control, and the ranges of
 * packet numbers that it has received.
 *
 * It comes from a pool on first use and goes back when the session has been silent for a while, so that idle sessions
 * stay small; the round-trip time lives in the session's own row. Invariant: a record belongs to one session at a time.
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";
import { AckSchedule } from "../reliability/ack_schedule.ts";
import { Recovery } from "../reliability/recovery.ts";
import { RTT_CELLS } from "../reliability/rtt_estimator.ts";
import type { Clock } from "../time/clock.ts";
import type { SessionConfig } from "./session_options.ts";

/** Where the round-trip time of nobody is kept. */
const NOWHERE: Float64Array<ArrayBuffer> = new Float64Array(RTT_CELLS);

/** The traffic of one session. */
export class Traffic {
  /** The packets under way, and how much may go out. */
  readonly recovery: Recovery;
  /** The packets that came, and when to acknowledge them. */
  readonly received: AckSchedule;
  /** By the slot of a packet: up to which number it acknowledged, or -1. */
  told: Float64Array<ArrayBuffer> = new Float64Array(32);
  /** Whose turn it is at the beginning of a packet: small messages of unreliable channels, or everything else. */
  isTurnOfChannels = false;
  /** Whether the last word on pacing and window was that a datagram may go out. */
  mayCarry = false;
  /** Times in ms; {@linkcode TOUCHED_AT} and what follows it name them. */
  readonly times: Float64Array<ArrayBuffer> = new Float64Array(3).fill(-Infinity);

  /**
   * Makes a record.
   *
   * @param config The checked options.
   * @param clock The time.
   * @param random When to look for bandwidth.
   */
  constructor(config: SessionConfig, clock: Clock, random: RandomSource) {
    this.recovery = new Recovery(config.reliability, clock, random);
    this.received = new AckSchedule(clock, config.reliability);
  }

  /**
   * Notes what a packet acknowledges.
   *
   * @param slot The packet's slot.
   * @param number The largest number, or -1.
   */
  note(slot: number, number: number): void {
    if (slot >= this.told.length) {
      const longer = new Float64Array(this.recovery.packets.capacity);
      longer.set(this.told);
      this.told = longer;
    }
    this.told[slot] = number;
  }

  /** Makes everything as new, for another session. */
  clear(): void {
    this.recovery.rtt.attach(NOWHERE, 0);
    this.recovery.clear();
    this.received.clear();
    this.isTurnOfChannels = this.mayCarry = false;
    this.times.fill(-Infinity);
  }
}

/** When something came or went last. */
export const TOUCHED_AT = 0;

/** The jump of the clock that was taken note of. */
export const WOKE_AT = 1;

/** From when on the peer may be asked which ranges it knows. */
export const ASK_AT = 2;
