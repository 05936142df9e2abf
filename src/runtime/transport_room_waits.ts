/**
 * Sends that wait for room in a connection's queue: served in order, bounded in number and bytes.
 *
 * Invariant: nothing that is offered later is queued while one waits; each is settled once.
 *
 * @module
 */
import { MisuseError, ResourceError } from "../error/transport_error.ts";

/** How many sends may wait for room; one more is refused. */
const MAX_WAITING_COUNT = 1024;

interface Waiting {
  readonly bytes: number;
  /** Tries again; `false` when there is still no room, and throws when it will never work. */
  readonly attempt: () => boolean;
  readonly reject: (error: unknown) => void;
}

/** The waiting sends of one connection. */
export class RoomWaits {
  readonly #maxBytes: number;
  #waiting: Waiting[] = [];
  #bytes = 0;

  /** @param maxBytes How many bytes of payload may wait; one send of any size may. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** How many bytes of payload wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Whether one more may wait.
   *
   * @param bytes How many bytes of payload it holds.
   * @returns Whether `wait` would take it.
   */
  hasPlace(bytes: number): boolean {
    const count = this.#waiting.length;
    return count < MAX_WAITING_COUNT && (count === 0 || this.#bytes + bytes <= this.#maxBytes);
  }

  /**
   * Waits.
   *
   * @param bytes How many bytes of payload it holds.
   * @param attempt Tries to send and says how that ended; `undefined` while there is no room.
   * @returns What the attempt returned. Rejects with what it threw, with what `fail` was told, and with `ResourceError`
   * when too many wait already. A rejection that nobody handles is not reported.
   */
  wait<T>(bytes: number, attempt: () => T | undefined): Promise<T> {
    if (!this.hasPlace(bytes)) {
      const held = `${this.#waiting.length} sends with ${this.#bytes} bytes wait already`;
      return quiet(Promise.reject(new ResourceError(`Cannot wait for room: ${held}, await each one or use trySend()`)));
    }
    this.#bytes += bytes;
    const promise = new Promise<T>((resolve, reject) => {
      const tryOnce = (): boolean => {
        const outcome = attempt();
        if (outcome !== undefined) resolve(outcome);
        return outcome !== undefined;
      };
      this.#waiting.push({ bytes, attempt: tryOnce, reject });
    });
    return quiet(promise);
  }

  /** There is room: serves as many as find it. */
  serve(): void {
    let served = 0;
    for (const one of this.#waiting) {
      try {
        if (!one.attempt()) break;
      } catch (error) {
        one.reject(error);
      }
      this.#bytes -= one.bytes;
      served++;
    }
    if (served > 0) this.#waiting = this.#waiting.slice(served);
  }

  /**
   * There will never be room.
   *
   * @param error What everybody is told.
   */
  fail(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    for (const { reject } of waiting) reject(error);
  }
}

/**
 * Keeps a rejection that nobody awaits from ending the process: the end of the connection reports it.
 *
 * @param promise The promise; whoever awaits it is told as before.
 * @returns The same promise.
 */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/**
 * A rejection; one that is not the caller's own fault needs nobody who awaits it.
 *
 * @param error The reason.
 * @returns The rejected promise.
 */
export function refused(error: unknown): Promise<never> {
  const promise = Promise.reject<never>(error);
  const isFault = error instanceof TypeError || error instanceof RangeError || error instanceof MisuseError;
  return isFault ? promise : quiet(promise);
}
