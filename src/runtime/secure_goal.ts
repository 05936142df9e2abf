/**
 * What a secure socket that closes waits for: something that is so at some time when the machine is drained, within a
 * bound of time.
 *
 * @module
 */
import type { EndpointMachine } from "../session/endpoint_machine.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { SecureOutbox } from "./secure_outbox.ts";

/** One goal at a time. */
export class SecureGoal {
  readonly #scheduler: Scheduler;
  #isMet: (() => boolean) | undefined = undefined;
  #onMet: () => void = () => {};

  /**
   * Makes it without a goal.
   *
   * @param scheduler Time.
   */
  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** The machine was drained: looks whether the goal is met now. */
  check(): void {
    if (this.#isMet?.() === true) this.#onMet();
  }

  /**
   * Waits until something is so.
   *
   * @param isMet Asked now, and whenever the machine was drained.
   * @param endAt When to give up.
   */
  async reach(isMet: () => boolean, endAt: number): Promise<void> {
    if (isMet()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#isMet = isMet;
    this.#onMet = resolve;
    await this.within(promise, endAt);
    this.#isMet = undefined;
  }

  /**
   * Waits, but not for ever.
   *
   * @param work What is waited for.
   * @param endAt When to give up.
   */
  async within(work: Promise<unknown>, endAt: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const alarm = this.#scheduler.alarm(late.resolve);
    alarm.arm(endAt);
    await Promise.race([work, late.promise]);
    alarm.disarm();
  }
}

/**
 * Whether everything that was sent to peers has gone out, and was acknowledged on reliable channels.
 *
 * @param peers Who is connected, from now on.
 * @param outbox What is sent to them.
 * @returns A goal that asks each session until that is so, and not again.
 */
export function isSent(peers: ReadonlyMap<number, SessionMachine>, outbox: SecureOutbox): () => boolean {
  const unsent = new Set(peers.values());
  return () => {
    for (const session of unsent) {
      if (peers.has(session.id) && outbox.holds(session)) return false;
      unsent.delete(session);
    }
    return true;
  };
}

/**
 * Whether every peer that can be told of the end has confirmed it, or will not be told again.
 *
 * @param endpoint An endpoint that closes.
 * @returns Whether it is drained and that is so.
 */
export function isSaid(endpoint: EndpointMachine): boolean {
  if (!endpoint.drained) return false;
  let closing = 0;
  for (const { from, to, count } of endpoint.transitions()) {
    if (to === "Closing") closing += count;
    if (from === "Closing") closing -= count;
  }
  return closing === 0;
}
