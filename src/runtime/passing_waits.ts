/**
 * Who waits until a position of the send queue has passed: flushes, payloads by reference, spans of rings.
 *
 * @module
 */
import type { Outbox } from "../stream/outbox.ts";

interface Wait {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const NOBODY: Wait[] = [];

/** The waits of one sender. */
export class PassingWaits {
  // Most senders never wait: all of these share one empty list, which is never written to.
  #waits: Wait[] = NOBODY;

  /**
   * Adds a wait.
   *
   * @param position What has to pass; `Infinity`: everything.
   * @param resolve Called when it has.
   * @param reject Called when it never will.
   */
  add(position: number, resolve: () => void, reject: (error: unknown) => void): void {
    if (this.#waits === NOBODY) this.#waits = [];
    this.#waits.push({ position, resolve, reject });
  }

  /**
   * Serves all whose position has passed.
   *
   * @param outbox Tells what has passed, and whether it is empty.
   * @param idle Whether nothing waits to get into the outbox either.
   */
  serve(outbox: Outbox, idle: boolean): void {
    if (this.#waits.length === 0) return;
    const passed = idle && outbox.empty ? Infinity : outbox.passedBytes;
    const before = this.#waits;
    this.#waits = before.filter(({ position }) => position > passed);
    for (const { position, resolve } of before) if (position <= passed) resolve();
  }

  /**
   * Rejects all.
   *
   * @param error What they are told.
   */
  fail(error: unknown): void {
    const all = this.#waits;
    this.#waits = NOBODY;
    for (const { reject } of all) reject(error);
  }
}
