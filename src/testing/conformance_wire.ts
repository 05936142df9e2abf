/**
 * One face for both kinds of links, by promises: what the conformance suite sends and receives by.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError } from "../error/transport_error.ts";
import type { MessageLink, MessageReceiver } from "../transport/message_link.ts";
import type { StreamLink } from "../transport/stream_link.ts";

/** How many messages are kept before a link of whole messages is paused. */
const MAX_KEPT = 4;

/** One end of a connection. */
export interface Wire {
  /** Grows while something moves out of this end. */
  readonly progress: number;
  /** Settles when nothing of it is under way any more; `close` comes first. */
  readonly whenOver: Promise<void>;
  /** Sends a message; settles when it was taken. */
  send(message: Uint8Array): Promise<void>;
  /** Waits for the next message; `null` at the peer's end in order, rejects when the link broke or was closed. */
  receive(): Promise<Uint8Array | null>;
  /** Reads nothing until `resume`. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Ends this side in order. */
  end(): Promise<void>;
  /** Closes now. */
  close(): void;
}

/**
 * The face of a stream: messages behind a `uint32` length.
 *
 * @param link The link.
 * @returns The face.
 */
export function streamWire(link: StreamLink): Wire {
  return new StreamWire(link);
}

/**
 * The face of a link of whole messages.
 *
 * @param link The link.
 * @returns The face.
 */
export function messageWire(link: MessageLink): Wire {
  return new MessageWire(link);
}

class StreamWire implements Wire {
  progress = 0;
  readonly #link: StreamLink;
  readonly #buffer = new Uint8Array(64 << 10);
  #held = new Uint8Array(0);
  #sending: Promise<void> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(link: StreamLink) {
    this.#link = link;
  }

  get whenOver(): Promise<void> {
    return Promise.allSettled([this.#sending, this.#reading]).then(() => {});
  }

  send(message: Uint8Array): Promise<void> {
    const frame = new Uint8Array(4 + message.length);
    new DataView(frame.buffer).setUint32(0, message.length);
    frame.set(message, 4);
    const sending = this.#sending.then(() => this.#write(frame));
    this.#sending = sending;
    sending.catch(() => {});
    return sending;
  }

  receive(): Promise<Uint8Array | null> {
    const reading = this.#reading.then(() => this.#next());
    this.#reading = reading;
    reading.catch(() => {});
    return reading;
  }

  // Who does not ask for messages does not read.
  pause(): void {}

  resume(): void {}

  async end(): Promise<void> {
    await this.#sending;
    await this.#link.closeWrite();
  }

  close(): void {
    this.#link.close();
  }

  async #write(frame: Uint8Array): Promise<void> {
    for (let at = 0; at < frame.length;) {
      const taken = await this.#link.write(frame.subarray(at));
      at += taken;
      this.progress += taken;
    }
  }

  async #next(): Promise<Uint8Array | null> {
    for (;;) {
      const message = this.#take();
      if (message !== undefined) return message;
      const count = await this.#link.read(this.#buffer);
      if (count === null) {
        if (this.#held.length > 0) throw new Error("The stream ended inside a message");
        return null;
      }
      const held = new Uint8Array(this.#held.length + count);
      held.set(this.#held);
      held.set(this.#buffer.subarray(0, count), this.#held.length);
      this.#held = held;
    }
  }

  #take(): Uint8Array | undefined {
    const held = this.#held;
    if (held.length < 4) return undefined;
    const end = 4 + new DataView(held.buffer, held.byteOffset).getUint32(0);
    if (held.length < end) return undefined;
    this.#held = held.subarray(end);
    return held.slice(4, end);
  }
}

class MessageWire implements Wire, MessageReceiver {
  progress = 0;
  readonly #link: MessageLink;
  readonly #kept: Uint8Array[] = [];
  #reader: PromiseWithResolvers<Uint8Array | null> | undefined = undefined;
  #room: PromiseWithResolvers<void> | undefined = undefined;
  #sending: Promise<void> = Promise.resolve();
  #failure: unknown = undefined;
  #hasEnded = false;
  #isHeld = false;
  #isPaused = false;

  constructor(link: MessageLink) {
    this.#link = link;
    link.start(this);
  }

  get whenOver(): Promise<void> {
    return this.#sending.catch(() => {});
  }

  send(message: Uint8Array): Promise<void> {
    const sending = this.#sending.then(() => this.#offer(message.slice()));
    this.#sending = sending.catch(() => {});
    sending.catch(() => {});
    return sending;
  }

  receive(): Promise<Uint8Array | null> {
    const message = this.#kept.shift();
    this.#adjust();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#hasEnded) return Promise.resolve(null);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  pause(): void {
    this.#isHeld = true;
    this.#adjust();
  }

  resume(): void {
    this.#isHeld = false;
    this.#adjust();
  }

  async end(): Promise<void> {
    await this.#sending;
    this.#link.end();
  }

  close(): void {
    this.#link.close();
    this.#fail(new ClosedError(CloseCode.Normal, "local"));
  }

  handleMessage(message: Uint8Array): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#kept.push(message.slice());
    else reader.resolve(message.slice());
    this.#adjust();
  }

  handleRoom(): void {
    this.progress++;
    this.#room?.resolve();
  }

  handleSent(): void {
    this.progress++;
  }

  handleEnd(): void {
    this.#hasEnded = true;
    this.#reader?.resolve(null);
    this.#room?.resolve();
  }

  handleLost(error: unknown): void {
    this.#fail(error);
  }

  async #offer(message: Uint8Array): Promise<void> {
    for (;;) {
      const before = this.#link.queuedBytes;
      const status = this.#link.send(message);
      if (status === SendStatus.Queued) return void this.progress++;
      if (status !== SendStatus.BackPressured) throw this.#failure ?? new ClosedError(CloseCode.Normal, "remote");
      if (this.#link.queuedBytes < before) this.progress++;
      this.#room = Promise.withResolvers();
      await this.#room.promise;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#reader?.promise.catch(() => {});
    this.#reader?.reject(this.#failure);
    this.#reader = undefined;
    this.#room?.resolve();
  }

  #adjust(): void {
    const isPaused = this.#isHeld || this.#kept.length >= MAX_KEPT;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#link.pause();
    else this.#link.resume();
  }
}
