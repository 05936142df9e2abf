/**
 * The order in which a driver works a machine (CONTRACT.md in this folder): transmit, then timeout, then events,
 * before the next input that brings bytes from a peer.
 *
 * Invariant: after `input()` the three polls must have run dry in that order before `input()` is legal again. A command
 * in the middle of the events leaves the rest of them legal, and makes another round due.
 * Why a class of its own and a room of its own: every machine keeps the same order, and a driver that breaks it must
 * fail at once instead of losing bytes that were lent to an event.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";

const TRANSMIT_DUE = 0;
const TIMEOUT_DUE = 1;
const EVENTS_DUE = 2;
const DRAINED = 3;

/**
 * Watches the poll order of one machine; a few integer comparisons a datagram or read.
 *
 * @example
 * ```ts ignore
 * handleReceived(count: number): void {
 *   this.#guard.input("handleReceived");
 *   // …
 * }
 * ```
 */
export class DrainGuard {
  #step = DRAINED;
  // What a command in the middle of the events has made due once more.
  #again = DRAINED;

  /**
   * Entered by every input that brings bytes from a peer.
   *
   * @param name The input, for the message.
   * @throws {MisuseError} When the machine was not drained.
   */
  input(name: string): void {
    if (this.#step !== DRAINED) this.#complain(name);
    this.#step = TRANSMIT_DUE;
  }

  /** Whether the next input that brings bytes is legal now. */
  get drained(): boolean {
    return this.#step === DRAINED;
  }

  /** Entered by every command, confirmation and timeout: what they queued goes out with the next drain. */
  command(): void {
    if (this.#step === EVENTS_DUE) this.#again = TRANSMIT_DUE;
    else this.#step = TRANSMIT_DUE;
  }

  /** Said by `pollTransmit` when it has nothing to give, or nothing before a confirmation. */
  transmitDrained(): void {
    if (this.#step === TRANSMIT_DUE) this.#step = TIMEOUT_DUE;
    else if (this.#again === TRANSMIT_DUE) this.#again = TIMEOUT_DUE;
  }

  /**
   * Said by `pollTimeout`.
   *
   * @throws {MisuseError} When transmits are due first.
   */
  timeoutPolled(): void {
    if (this.#step === TRANSMIT_DUE) this.#complain("pollTimeout");
    if (this.#step === TIMEOUT_DUE) this.#step = EVENTS_DUE;
    else if (this.#again === TIMEOUT_DUE) this.#again = DRAINED;
  }

  /**
   * Entered by `pollEvent`.
   *
   * @throws {MisuseError} When transmits or the timeout are due first.
   */
  eventPolled(): void {
    if (this.#step < EVENTS_DUE) this.#complain("pollEvent");
  }

  /** Said by `pollEvent` when there is none. */
  eventsDrained(): void {
    this.#step = this.#again;
    this.#again = DRAINED;
  }

  #complain(name: string): never {
    const due = ["pollTransmit", "pollTimeout", "pollEvent"][this.#step] ?? "nothing";
    throw new MisuseError(`Cannot call ${name} now: ${due} comes first`);
  }
}
