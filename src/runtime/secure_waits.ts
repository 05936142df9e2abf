/**
 * Sends to one peer that wait for room in its queue.
 *
 * Invariant: they go in the order in which they came, and each settles once.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import { ResourceError } from "../error/transport_error.ts";
import type { SessionMachine } from "../session/session_machine.ts";

/** How many sends to one peer may wait. */
const MAX_WAITING = 1024;

interface Wait {
  readonly channel: number;
  readonly payload: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The waiting sends of one peer. */
export class SecureWaits {
  readonly #waits: Wait[] = [];

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#waits.length === 0;
  }

  /**
   * Has a send wait.
   *
   * @param channel The channel.
   * @param payload Copied.
   * @returns When it was taken. Rejects with `ResourceError` when too many wait already.
   */
  add(channel: number, payload: Uint8Array): Promise<void> {
    if (this.#waits.length >= MAX_WAITING) {
      return Promise.reject(new ResourceError(`Cannot send: ${MAX_WAITING} sends to this peer wait already`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Whoever does not wait for it is not to be ended by it.
    promise.catch(() => {});
    this.#waits.push({ channel, payload: new Uint8Array(payload), resolve, reject });
    return promise;
  }

  /**
   * Offers what waits, until one finds no room.
   *
   * @param session Takes messages.
   */
  serve(session: SessionMachine): void {
    let served = 0;
    for (const { channel, payload, resolve, reject } of this.#waits) {
      const status = session.send(channel, payload);
      // Those of a session that has ended are told with its end.
      if (status === SendStatus.BackPressured || status === SendStatus.Closed) break;
      if (status === SendStatus.Queued) resolve();
      else reject(tooLargeError(session, payload));
      served++;
    }
    this.#waits.splice(0, served);
  }

  /**
   * Rejects all.
   *
   * @param error What they are told.
   */
  fail(error: unknown): void {
    for (const { reject } of this.#waits.splice(0)) reject(error);
  }
}

/**
 * A rejection that is not reported when nobody looks at it.
 *
 * @param error Why.
 * @returns A promise that was rejected.
 */
export function rejected(error: Error): Promise<void> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}

/**
 * The error for a message that fits no packet.
 *
 * @param session The session.
 * @param payload The message.
 * @returns The error.
 */
export function tooLargeError({ maxMessageBytes }: SessionMachine, { length }: Uint8Array): RangeError {
  return new RangeError(`Cannot send ${length} bytes: a message has at most ${maxMessageBytes}`);
}
