/**
 * The events between the sockets and the application: bounded, in order, taken by polling or by waiting.
 *
 * What happens when the application is slower than its peers: messages of unreliable channels that find no room are
 * dropped and counted, the newest first, as by a socket's buffer; a new peer that finds no room is turned away. Those of
 * reliable channels always have room: what their sender may send ahead of the application is bounded by its credit, which
 * it gets back when the application takes them. The end of a peer that the application knows always has room. Invariants:
 * a peer's events come in order, from `connected` to `disconnected`; no more than `maxCount` events wait besides reliable
 * messages, one `drained` for each channel of a peer, and the ends of peers that had come before it was full.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { SecureEvent } from "./secure_event.ts";

/** How much one piece of memory for messages holds; a message beyond a quarter of it gets memory of its own. */
const SLAB_BYTES = 32 << 10;

/** What names a channel of a peer: more than there are channels. */
const PEER_STEP = 256;

const NO_BYTES = new Uint8Array(0);
const DONE: IteratorResult<SecureEvent, undefined> = Object.freeze({ done: true, value: undefined });

/** How much may wait. */
export interface SecureEventLimits {
  /** How many events. */
  readonly maxCount: number;
  /** How many bytes of messages. */
  readonly maxBytes: number;
}

/** Who is told that the application has taken a message. */
export interface SecureEventSource {
  /**
   * A message that has credit was taken.
   *
   * @param peerId Who sent it.
   * @param channel By which channel.
   * @param credit Its credit.
   */
  handleTaken(peerId: number, channel: number, credit: number): void;
}

/** A queue with one reader. */
export class SecureEventQueue {
  readonly #limits: SecureEventLimits;
  readonly #source: SecureEventSource | undefined;
  #events: (SecureEvent | undefined)[] = new Array(64).fill(undefined);
  /** The credit of each event. */
  #credits = new Float64Array(64);
  readonly #drained = new Set<number>();
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
   * @param source Whom to tell what was taken.
   */
  constructor(limits: SecureEventLimits, source: SecureEventSource | undefined = undefined) {
    this.#limits = limits;
    this.#source = source;
  }

  /** How many events wait. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes of messages wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a reader waits: it gets the next event at once. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
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
    this.#keep(event, 0);
  }

  /**
   * Tells that a channel may have room, unless that waits to be told already.
   *
   * @param peerId Whose.
   * @param channel Which.
   */
  pushDrained(peerId: number, channel: number): void {
    const name = peerId * PEER_STEP + channel;
    if (this.#drained.has(name)) return;
    if (this.#waiting === undefined && !this.#ended) this.#drained.add(name);
    this.push({ type: "drained", peerId, channel });
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
   * @param credit What its sender gets back when it is taken; a message that has credit always has room.
   * @returns Whether there was room.
   */
  pushData(
    peerId: number,
    channel: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    isEarly: boolean,
    credit = 0,
  ): boolean {
    const { maxCount, maxBytes } = this.#limits;
    const isAwaited = this.#waiting !== undefined;
    const isFull = this.#count >= maxCount || this.#bytes + length > maxBytes;
    if (this.#ended || isFull && !isAwaited && credit === 0) return false;
    const event: SecureEvent = {
      type: "data",
      peerId,
      channel,
      data: this.#copy(buffer, offset, length),
      isEarly,
    };
    if (isAwaited) {
      this.push(event);
      if (credit > 0) this.#source?.handleTaken(peerId, channel, credit);
    } else {
      this.#bytes += length;
      this.#keep(event, credit);
    }
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
    const credit = this.#credits[this.#head]!;
    this.#events[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#events.length - 1);
    this.#count--;
    if (event.type === "data") {
      this.#bytes -= event.data.length;
      if (credit > 0) this.#source?.handleTaken(event.peerId, event.channel, credit);
    } else if (event.type === "drained") this.#drained.delete(event.peerId * PEER_STEP + event.channel);
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

  #keep(event: SecureEvent, credit: number): void {
    if (this.#count === this.#events.length) this.#grow();
    const at = (this.#head + this.#count++) & (this.#events.length - 1);
    this.#events[at] = event;
    this.#credits[at] = credit;
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
    const credits = new Float64Array(length * 2);
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & (length - 1);
      grown[i] = this.#events[at];
      credits[i] = this.#credits[at]!;
    }
    this.#events = grown;
    this.#credits = credits;
    this.#head = 0;
  }
}
