/**
 * The credit of reliable messages on its way back to who sent them, once the application has taken the messages.
 *
 * Invariants: what is given back is of the peer and the channel that the messages came from; nothing is held back beyond
 * the turn in which it was taken. Why not at once: to tell a session and to drain it costs as much as a small message.
 *
 * @module
 */
import type { SessionMachine } from "../session/session_machine.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { SecureDriver } from "./secure_driver.ts";

/** Messages that are taken in a row have their credit given back in portions of so many bytes. */
const STEP_BYTES: number = 16 << 10;

/** The credit that one socket owes. */
export class SecureCredit {
  readonly #peers: ReadonlyMap<number, SessionMachine>;
  readonly #driver: SecureDriver;
  readonly #scheduler: Scheduler;
  #peerId = 0;
  #channel = 0;
  /** Of that peer and channel alone. */
  #owed = 0;
  #isDue = false;
  readonly #giveLate = (): void => {
    this.#isDue = false;
    this.#give();
  };

  /**
   * Makes it owing nothing.
   *
   * @param peers Who is connected.
   * @param driver Drained when credit was given back.
   * @param scheduler Turns.
   */
  constructor(peers: ReadonlyMap<number, SessionMachine>, driver: SecureDriver, scheduler: Scheduler) {
    this.#peers = peers;
    this.#driver = driver;
    this.#scheduler = scheduler;
  }

  /**
   * The application has taken a message.
   *
   * @param peerId Who sent it.
   * @param channel By which channel.
   * @param credit Its credit.
   * @param isLast Whether nothing else waits for the application.
   */
  add(peerId: number, channel: number, credit: number, isLast: boolean): void {
    if (peerId !== this.#peerId || channel !== this.#channel) {
      this.#give();
      this.#peerId = peerId;
      this.#channel = channel;
    }
    this.#owed += credit;
    if (isLast || this.#owed >= STEP_BYTES) this.#give();
    else if (!this.#isDue) {
      this.#isDue = true;
      this.#scheduler.nextTurn(this.#giveLate);
    }
  }

  #give(): void {
    if (this.#owed === 0) return;
    const session = this.#peers.get(this.#peerId);
    session?.handleConsumed(this.#channel, this.#owed);
    this.#owed = 0;
    if (session !== undefined) this.#driver.drain();
  }
}
