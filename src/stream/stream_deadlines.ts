/**
 * When one stream has to be given up: handshake, idleness, a frame that dribbles, a peer that does not read, a close
 * that does not end.
 *
 * Each rule is a time computed from a few remembered ones, so that traffic costs a store and no timer is ever moved.
 * While the application holds back the reading, the rules about receiving rest: a slow handler is not the peer's fault.
 * Invariant: what `next` returns is never later than what it would return after `received` or `resume` at a later time,
 * because a driver polls the timeout before the events in which frames are judged and reading goes on.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import type { Clock } from "../time/clock.ts";
import type { StreamConfig } from "./stream_options.ts";

/** The deadlines of one stream. */
export class StreamDeadlines {
  readonly #config: StreamConfig;
  readonly #clock: Clock;
  #handshakeAt = Infinity;
  #closeAt = Infinity;
  #receivedAt: number;
  #frameSince = Infinity;
  #frameBytes = 0;
  #stalledSince = Infinity;
  #resting = false;
  // Bytes have arrived of which nobody knows yet what they are part of.
  #unjudged = false;
  #receiving = true;

  /**
   * @param config The checked options of the stream.
   * @param clock The machine's clock.
   * @param handshaking Whether a handshake has to be completed.
   */
  constructor(config: StreamConfig, clock: Clock, handshaking: boolean) {
    this.#config = config;
    this.#clock = clock;
    this.#receivedAt = clock.now;
    if (handshaking) this.#handshakeAt = clock.now + config.handshakeTimeoutMs;
  }

  /** The handshake is complete. */
  handshakeDone(): void {
    this.#handshakeAt = Infinity;
  }

  /** Closing began. */
  closing(): void {
    this.#closeAt = this.#clock.now + this.#config.closeTimeoutMs;
  }

  /** Bytes arrived; what they are part of is said by `received`. */
  arrived(): void {
    this.#receivedAt = this.#clock.now;
    this.#unjudged = true;
  }

  /** The peer has ended its stream: the rules about receiving are done. */
  receivingEnded(): void {
    this.#receiving = false;
  }

  /**
   * What arrived was looked at.
   *
   * @param partialBytes How many bytes of an incomplete frame are there now; 0 when none is in progress.
   * @param sameFrame Whether that frame was in progress before.
   */
  received(partialBytes: number, sameFrame: boolean): void {
    const now = this.#clock.now;
    this.#receivedAt = now;
    this.#unjudged = false;
    if (partialBytes === 0) this.#frameSince = Infinity;
    else if (!sameFrame || this.#frameSince === Infinity) this.#frameSince = now;
    this.#frameBytes = partialBytes;
  }

  /** The application holds back the reading. */
  rest(): void {
    this.#resting = true;
  }

  /** Reading goes on: the peer gets its whole time again. */
  resume(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#receivedAt = this.#clock.now;
    if (this.#frameSince !== Infinity) this.#frameSince = this.#clock.now;
  }

  /**
   * Bytes were lent to the link, or taken by it.
   *
   * @param waiting Whether some are left that it has to take.
   */
  transmitting(waiting: boolean): void {
    this.#stalledSince = waiting ? this.#clock.now : Infinity;
  }

  /**
   * The earliest deadline.
   *
   * @returns Whole milliseconds on the clock, so that V8 need not box them, or `Infinity`.
   */
  next(): number {
    const at = Math.min(this.#handshakeAt, this.#closeAt, this.#idleAt(), this.#frameAt(), this.#stallAt());
    return at === Infinity ? Infinity : Math.ceil(at);
  }

  /**
   * Which deadline has passed.
   *
   * @returns Its close code, or `undefined` when none has.
   */
  expired(): CloseCode | undefined {
    const now = this.#clock.now;
    if (now >= this.#closeAt) return CloseCode.CloseTimeout;
    if (now >= this.#handshakeAt) return CloseCode.HandshakeTimeout;
    if (now >= this.#frameAt() && !this.#uncertain) return CloseCode.TooSlow;
    if (now >= this.#idleAt()) return CloseCode.IdleTimeout;
    if (now >= this.#stallAt()) return CloseCode.SendStalled;
    return undefined;
  }

  /** Whether the frame in progress, if there is one, begins its time anew. */
  get #uncertain(): boolean {
    return this.#resting || this.#unjudged;
  }

  get #off(): boolean {
    return !this.#receiving || this.#closeAt !== Infinity;
  }

  #idleAt(): number {
    const { idleTimeoutMs } = this.#config;
    if (idleTimeoutMs === 0 || this.#off) return Infinity;
    return (this.#resting ? this.#clock.now : this.#receivedAt) + idleTimeoutMs;
  }

  #frameAt(): number {
    const { minFrameBytesPerSecond, frameGraceMs } = this.#config;
    if (minFrameBytesPerSecond === 0 || this.#off) return Infinity;
    const anew = this.#uncertain ? this.#clock.now + frameGraceMs : Infinity;
    if (this.#resting) return anew;
    if (this.#frameSince === Infinity) return anew;
    const average = this.#frameSince + frameGraceMs + this.#frameBytes * 1000 / minFrameBytesPerSecond;
    // Bytes that came fast earn no right to silence later.
    return Math.min(anew, average, this.#receivedAt + frameGraceMs);
  }

  #stallAt(): number {
    const { sendStallTimeoutMs } = this.#config;
    return sendStallTimeoutMs === 0 ? Infinity : this.#stalledSince + sendStallTimeoutMs;
  }
}
