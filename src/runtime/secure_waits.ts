/**
 * What one peer's application waits for: sends without room in the queue of their channel, and the news of room for
 * those whose offers were refused.
 *
 * Invariants: the sends of a channel go in the order in which they came, and each settles once; a channel without room
 * holds up no other one; what waits is bounded in number and in bytes.
 *
 * @module
 */
import type { ChannelSendOptions } from "../channel/channel_set.ts";
import { SendStatus } from "../error/send_status.ts";
import { ResourceError } from "../error/transport_error.ts";
import type { SessionMachine } from "../session/session_machine.ts";

/** How many sends to one peer may wait. */
const MAX_WAITING = 1024;

/** How many bytes of them; one alone may have more. */
const MAX_WAITING_BYTES: number = 16 << 20;

interface Wait {
  readonly payload: Uint8Array;
  readonly options: ChannelSendOptions | undefined;
  readonly resolve: (handle: number) => void;
  readonly reject: (error: unknown) => void;
}

/** The waits of one peer. */
export class SecureWaits {
  readonly #lists = new Map<number, Wait[]>();
  readonly #refused = new Set<number>();
  #count = 0;
  #bytes = 0;

  /** Whether nobody waits for anything. */
  get isEmpty(): boolean {
    return this.#count === 0 && this.#refused.size === 0;
  }

  /** How many sends wait. */
  get count(): number {
    return this.#count;
  }

  /**
   * Whether sends of a channel wait: later ones go behind them.
   *
   * @param channel The channel.
   * @returns Whether there are any.
   */
  holds(channel: number): boolean {
    return this.#lists.has(channel);
  }

  /**
   * Notes that an offer was refused: the application is to be told of room.
   *
   * @param channel The channel.
   */
  noteRefusal(channel: number): void {
    this.#refused.add(channel);
  }

  /**
   * Has a send wait.
   *
   * @param channel The channel.
   * @param payload Copied.
   * @param options How it is sent.
   * @param signal Gives the wait up.
   * @returns When it was taken: its handle. Rejects with `ResourceError` when too many wait already, and with the reason
   * of the signal.
   */
  add(
    channel: number,
    payload: Uint8Array,
    options: ChannelSendOptions | undefined = undefined,
    signal: AbortSignal | undefined = undefined,
  ): Promise<number> {
    const refusal = this.#refusalOf(payload);
    if (refusal !== undefined) return Promise.reject(refusal);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    // Whoever does not wait for it is not to be ended by it.
    promise.catch(() => {});
    const wait = { payload: new Uint8Array(payload), options, resolve, reject };
    const list = this.#lists.get(channel);
    if (list === undefined) this.#lists.set(channel, [wait]);
    else list.push(wait);
    this.#count++;
    this.#bytes += payload.length;
    return signal === undefined ? promise : this.#until(signal, channel, wait, promise);
  }

  /**
   * Offers what waits, on each channel until one finds no room.
   *
   * @param session Takes messages.
   */
  serve(session: SessionMachine): void {
    for (const [channel, list] of this.#lists) {
      let served = 0;
      for (const { payload, options, resolve, reject } of list) {
        const status = session.send(channel, payload, options);
        // Those of a session that has ended are told with its end.
        if (status === SendStatus.BackPressured || status === SendStatus.Closed) break;
        if (status === SendStatus.Queued) resolve(session.messageHandle);
        else reject(tooLargeError(session, payload));
        this.#count--;
        this.#bytes -= payload.length;
        served++;
      }
      list.splice(0, served);
      if (list.length === 0) this.#lists.delete(channel);
    }
  }

  /**
   * The channels that the application can be told of: an offer was refused, and nothing waits before the next one.
   *
   * @returns Their numbers, each once for each refusal.
   */
  takeReady(): readonly number[] {
    const ready = [...this.#refused].filter((channel) => !this.#lists.has(channel));
    for (const channel of ready) this.#refused.delete(channel);
    return ready;
  }

  /**
   * Rejects all.
   *
   * @param error What they are told.
   */
  fail(error: unknown): void {
    for (const list of this.#lists.values()) {
      for (const { reject } of list) reject(error);
    }
    this.#lists.clear();
    this.#refused.clear();
    this.#count = this.#bytes = 0;
  }

  #refusalOf({ length }: Uint8Array): ResourceError | undefined {
    if (this.#count >= MAX_WAITING) {
      return new ResourceError(`Cannot send: ${MAX_WAITING} sends to this peer wait already`);
    }
    if (this.#count === 0 || this.#bytes + length <= MAX_WAITING_BYTES) return undefined;
    return new ResourceError(`Cannot send ${length} bytes: sends of ${this.#bytes} bytes to this peer wait already`);
  }

  /** A wait that ends with its signal; the signal forgets it when it settles. */
  #until(signal: AbortSignal, channel: number, wait: Wait, promise: Promise<number>): Promise<number> {
    const abort = (): void => {
      const list = this.#lists.get(channel);
      const at = list?.indexOf(wait) ?? -1;
      if (list === undefined || at < 0) return;
      list.splice(at, 1);
      if (list.length === 0) this.#lists.delete(channel);
      this.#count--;
      this.#bytes -= wait.payload.length;
      wait.reject(signal.reason);
    };
    const forget = (): void => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    promise.then(forget, forget);
    return promise;
  }
}

/**
 * A rejection that is not reported when nobody looks at it.
 *
 * @param error Why.
 * @returns A promise that was rejected.
 */
export function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}

/**
 * The error for a message that is too long.
 *
 * @param session The session.
 * @param payload The message.
 * @returns The error.
 */
export function tooLargeError({ maxMessageBytes }: SessionMachine, { length }: Uint8Array): RangeError {
  return new RangeError(`Cannot send ${length} bytes: a message has at most ${maxMessageBytes}`);
}
