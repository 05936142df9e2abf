/**
 * The simulated link of one player: what is sent each way may be lost, late and out of order, as the sliders say.
 *
 * A conditioner never changes, so new settings make new ones; what is under way arrives as it was going to. Invariant:
 * with all settings at zero nothing is lost and the order stays.
 *
 * @module
 */
import { SystemScheduler } from "../../../src/io/system/system_scheduler.ts";
import { DatagramConditioner, SeededRandom } from "@ringwire/ringwire/testing";
import type { LinkSettings } from "../protocol/control.ts";

/** A link that does nothing to datagrams. */
export const CLEAR_LINK: LinkSettings = { lossPercent: 0, delayMs: 0, jitterMs: 0 };

/** What became of the datagrams of a link. */
export interface LinkTally {
  readonly sent: number;
  readonly lost: number;
}

/** Both directions of a link. */
export class ShakyLink {
  readonly #scheduler = new SystemScheduler();
  readonly #random: SeededRandom;
  #down: DatagramConditioner;
  #up: DatagramConditioner;
  #earlier: LinkTally = { sent: 0, lost: 0 };

  /**
   * Makes a link.
   *
   * @param seed What chance follows from.
   * @param settings What it does.
   */
  constructor(seed: number, settings: LinkSettings) {
    this.#random = new SeededRandom(seed);
    [this.#down, this.#up] = [this.#line(settings), this.#line(settings)];
  }

  /** What became of the datagrams, both ways. */
  get tally(): LinkTally {
    const [down, up] = [this.#down.tally, this.#up.tally];
    return { sent: this.#earlier.sent + down.sent + up.sent, lost: this.#earlier.lost + down.lost + up.lost };
  }

  /**
   * Changes what is done to datagrams from now on.
   *
   * @param settings What it is to do.
   */
  configure(settings: LinkSettings): void {
    this.#earlier = this.tally;
    [this.#down, this.#up] = [this.#line(settings), this.#line(settings)];
  }

  /**
   * Sends a datagram to the client.
   *
   * @param datagram Copied.
   * @param deliver Called later, with a copy, or never.
   */
  sendDown(datagram: Uint8Array, deliver: (datagram: Uint8Array) => void): void {
    this.#scheduler.tick();
    this.#down.send(datagram, deliver);
  }

  /**
   * Sends a datagram from the client.
   *
   * @param datagram Copied.
   * @param deliver Called later, with a copy, or never.
   */
  sendUp(datagram: Uint8Array, deliver: (datagram: Uint8Array) => void): void {
    this.#scheduler.tick();
    this.#up.send(datagram, deliver);
  }

  #line({ lossPercent, delayMs, jitterMs }: LinkSettings): DatagramConditioner {
    return new DatagramConditioner({
      scheduler: this.#scheduler,
      random: this.#random,
      lossShare: lossPercent / 100,
      delayMs,
      jitterMs,
    });
  }
}
