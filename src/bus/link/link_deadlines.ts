/**
 * When a link has to be given up, and when it asks for a sign of life.
 *
 * A peer is silent when several heartbeats in a row were asked for and nothing came. Why heartbeats are counted, not
 * time: after the whole process was held up, all of that time seems silent, and the first timeout that comes late asks
 * once more like any other.
 *
 * @module
 */
import type { Clock } from "../../time/clock.ts";
import { LinkCloseCode } from "./link_close_code.ts";
import type { LinkConfig } from "./link_options.ts";

/** The deadlines of one link. */
export class LinkDeadlines {
  readonly #config: LinkConfig;
  readonly #clock: Clock;
  #handshakeAt: number;
  #closeAt = Infinity;
  #heartbeatAt = Infinity;
  #missed = 0;

  /**
   * @param config The checked options.
   * @param clock The machine's clock.
   */
  constructor(config: LinkConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#handshakeAt = clock.now + config.handshakeTimeoutMs;
  }

  /** The handshake is complete: from now on silence counts. */
  opened(): void {
    this.#handshakeAt = Infinity;
    this.heard();
  }

  /** A record of the peer was opened. */
  heard(): void {
    this.#missed = 0;
    this.#heartbeatAt = this.#clock.now + this.#config.heartbeatIntervalMs;
  }

  /** Closing began: nothing but its end counts. */
  closing(): void {
    this.#handshakeAt = this.#heartbeatAt = Infinity;
    this.#closeAt = this.#clock.now + this.#config.closeTimeoutMs;
  }

  /** The next deadline, `Infinity` for none. */
  next(): number {
    return Math.min(this.#handshakeAt, this.#closeAt, this.#heartbeatAt);
  }

  /**
   * Says what has passed.
   *
   * @returns Why the link must end; `"heartbeat"` when a sign of life is to be asked for; `undefined` for nothing.
   */
  expired(): LinkCloseCode | "heartbeat" | undefined {
    const { now } = this.#clock;
    if (now >= this.#handshakeAt) return LinkCloseCode.HandshakeTimeout;
    if (now >= this.#closeAt) return LinkCloseCode.CloseTimeout;
    if (now < this.#heartbeatAt) return undefined;
    if (this.#missed === this.#config.maxMissedHeartbeats) return LinkCloseCode.PeerSilent;
    this.#missed++;
    this.#heartbeatAt = now + this.#config.heartbeatIntervalMs;
    return "heartbeat";
  }
}
