/**
 * How tests wait: for something that is to happen, with a bound that only a failing test reaches.
 *
 * @module
 */
import { AssertionError } from "@std/assert";

/** How long a test waits before it fails, in ms. */
const PATIENCE_MS = 10_000;

/**
 * Waits until a condition holds.
 *
 * @param what What is waited for, for the message.
 * @param holds The condition.
 * @param patienceMs How long, in ms.
 */
export async function eventually(what: string, holds: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new AssertionError(`Waited ${patienceMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/**
 * Waits for a promise.
 *
 * @param what What is waited for, for the message.
 * @param promise The promise.
 * @param patienceMs How long, in ms.
 * @returns What it resolves to.
 */
export async function within<T>(what: string, promise: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const late = Promise.withResolvers<never>();
  const fail = (): void => late.reject(new AssertionError(`Waited ${patienceMs} ms for ${what}`));
  const timer = setTimeout(fail, patienceMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until a number has stopped moving: for things that must *not* go on.
 *
 * @param value Reads it.
 * @returns The number that it has stopped at.
 */
export async function standstill(value: () => number): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS;
  let last = value();
  for (let same = 0; same < 10;) {
    if (performance.now() > deadline) throw new AssertionError(`It still moves after ${PATIENCE_MS} ms: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = value();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

/**
 * Offers until nothing is taken any more: fills the queues of this side and the kernel's buffers on both.
 *
 * @param offer Makes one offer and says whether it was taken.
 * @param passed Reads how many bytes went out; it moves while the kernel takes more.
 * @returns How many offers were taken.
 */
export async function fillUp(offer: () => boolean, passed: () => number): Promise<number> {
  let taken = 0;
  for (;;) {
    const before = passed();
    while (offer()) taken++;
    for (let turn = 0; turn < 3 && passed() === before; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    if (passed() === before && await standstill(passed) === before) return taken;
  }
}

/** A promise that a test holds and lets go. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();

  /** Settles once it is open. */
  get whenOpen(): Promise<void> {
    return this.#opened.promise;
  }

  /** Opens it. */
  open(): void {
    this.#opened.resolve();
  }
}
