/**
 * The events between the sockets and the application: bounded, in order, taken by polling or by waiting.
 *
 * What happens when the application is slower than its peers: messages of unreliable channels that find no room are
 * dropped and counted, the newest first, as by a socket's buffer; a new peer that finds no room is turned away. The end
 * of a peer that the application knows always has room. Invariant: a peer's events come in order, from `connected` to
 * `disconnected`, and no more than `maxCount` events wait besides the ends of peers that had come before it was full.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { SecureEvent } from "./secure_event.ts";

/** How much one piece of memory for messages holds; a message beyond a quarter of it gets memory of its own. */
const SLAB_BYTES = 32 << 10;

const NO_BYTES = new Uint8Array(0);
const DONE: IteratorResult<SecureEvent, undefined> = Object.freeze({ done: true, value: undefined });

/** How much may wait. */
export interface SecureEventLimits {
  /** How many events. */
  readonly maxCount: number;
  /** How many bytes of messages. */
  readonly maxBytes: number;
}

/** A queue with one reader. */
export class SecureEventQueue {
  readonly #limits: SecureEventLimits;
  #events: (SecureEvent | undefined)[] = new Array(64).fill(undefined);
  #head = 0;
  #count = 0;
  #bytes = 0;
  #slab: Uint8Array<ArrayBuffer> = NO_BYTES;
  #slabAt = 0;
  #waiting: PromiseWithResolvers<IteratorResult<SecureEvent, undefined>> | undefined = undefined;
  #error: Error | undefined = undefined;
  #ended = false;

  /**
   * Makes an empty queue.
   *
   * @param limits How much may wait.
   */
  constructor(limits: SecureEventLimits) {
    this.#limits = limits;
  }

  /** How many events wait. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes of messages wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is room for an event that is no message. */
  get hasRoom(): boolean {
    return this.#count < this.#limits.maxCount;
  }

  /**
   * Adds an event that is no message, whether there is room or not.
   *
   * @param event The event.
   */
  push(event: SecureEvent): void {
    if (this.#ended) return;
    if (this.#waiting !== undefined) {
      this.#waiting.resolve({ done: false, value: event });
      this.#waiting = undefined;
      return;
    }
    if (this.#count === this.#events.length) this.#grow();
    this.#events[(this.#head + this.#count++) & (this.#events.length - 1)] = event;
  }

  /**
   * Adds a message.
   *
   * @param peerId Who sent it.
   * @param channel By which channel.
   * @param buffer Where it lies; copied.
   * @param offset Where it starts.
   * @param length How long it is.
   * @param isEarly Whether it came ahead of the handshake.
   * @returns Whether there was room.
   */
  pushData(
    peerId: number,
    channel: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    isEarly: boolean,
  ): boolean {
    const { maxCount, maxBytes } = this.#limits;
    const isAwaited = this.#waiting !== undefined;
    if (!isAwaited && (this.#count >= maxCount || this.#bytes + length > maxBytes)) return false;
    if (this.#ended) return false;
    const data = this.#copy(buffer, offset, length);
    if (!isAwaited) this.#bytes += length;
    this.push({ type: "data", peerId, channel, data, isEarly });
    return true;
  }

  /**
   * Takes the oldest event.
   *
   * @returns The event, or `undefined` when there is none now.
   */
  poll(): SecureEvent | undefined {
    if (this.#count === 0) return undefined;
    const event = this.#events[this.#head]!;
    this.#events[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#events.length - 1);
    this.#count--;
    if (event.type === "data") this.#bytes -= event.data.length;
    return event;
  }

  /**
   * Waits for the next event.
   *
   * @returns The event, as an iterator gives it; done once the queue has ended and is empty. Rejects with the error that it ended with,
   * once, and with `MisuseError` while another call waits.
   */
  next(): Promise<IteratorResult<SecureEvent, undefined>> {
    const event = this.poll();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) {
      const error = this.#error;
      this.#error = undefined;
      return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
    }
    if (this.#waiting !== undefined) {
      return Promise.reject(new MisuseError("Cannot wait for an event: another reader of this socket waits already"));
    }
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  /**
   * Ends the queue: what waits can still be taken, nothing is added any more.
   *
   * @param error What the reader is told after the last event.
   */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#waiting === undefined) {
      this.#error = error;
      return;
    }
    if (error === undefined) this.#waiting.resolve(DONE);
    else this.#waiting.reject(error);
    this.#waiting = undefined;
  }

  /** Copies into a slab. Why: memory of its own for each message costs more than to open its packet. */
  #copy(buffer: Uint8Array, offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (length === 0 || length * 4 > SLAB_BYTES) return buffer.slice(offset, offset + length);
    // An application that has transferred a message away has taken the slab with it.
    if (this.#slabAt + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabAt = 0;
    }
    const copy = new Uint8Array(this.#slab.buffer, this.#slabAt, length);
    copy.set(new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length));
    this.#slabAt += length;
    return copy;
  }

  #grow(): void {
    const { length } = this.#events;
    const grown: (SecureEvent | undefined)[] = new Array(length * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) grown[i] = this.#events[(this.#head + i) & (length - 1)];
    this.#events = grown;
    this.#head = 0;
  }
}
