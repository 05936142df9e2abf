/**
 * One producer of a `ParticleFlux`, in whichever thread it was attached.
 *
 * It writes whole frames into a ring of its own; the flux drains all rings in turn. Invariant: a message is in the ring
 * whole or not at all: what a producer had not committed when it died never existed.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError, ResourceError } from "../error/transport_error.ts";
import { Doorbell } from "../ring/doorbell.ts";
import { SpscProducer } from "../ring/spsc_ring.ts";
import { INT32_FRAMING } from "../stream/framing.ts";
import { checkPayload } from "../stream/outbox.ts";
import { encodeTimestamp, TIMESTAMP_BYTES } from "../wire/timestamp_prefix.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import { checkProducerToken, type ProducerToken } from "./flux_token.ts";
import { systemHost } from "./system_host.ts";

/** Up to this size copying by words into shared memory wins over `set`. */
const SHORT_BYTES = 512;
/** How many sends may wait for room; one more is refused. */
const MAX_WAITING_COUNT = 1024;
const ALIVE_MS = 60_000;
const HEADER_BYTES = INT32_FRAMING.headerBytes;
const DONE: Promise<void> = Promise.resolve();

/**
 * Sends from one thread into a flux. Messages of one producer keep their order.
 *
 * @example
 * ```ts ignore
 * self.onmessage = async ({ data }) => {
 *   const producer = ParticleFlux.attach(data);
 *   await producer.send(new Uint8Array([1, 2, 3]));
 *   producer.close();
 * };
 * ```
 */
export class FluxProducer {
  readonly #ring: SpscProducer;
  readonly #doorbell: Doorbell;
  readonly #minBytes: number;
  readonly #maxBytes: number;
  readonly #prefixBytes: number;
  readonly #scratch = new Uint8Array(SHORT_BYTES);
  readonly #scratchView: DataView = new DataView(this.#scratch.buffer);
  readonly #scheduler: Scheduler;
  // A wait on shared memory does not keep a thread's event loop alive; an armed alarm does.
  readonly #alive: Alarm;
  #closed = false;
  // Sends that wait for room stand in line: each behind the last one.
  #waitingCount = 0;
  #last: Promise<void> = DONE;

  /**
   * Attaches to a flux; applications call `ParticleFlux.attach`.
   *
   * @param token What `producerToken()` returned, posted to this thread.
   * @throws {TypeError} When it is no token.
   * @throws {MisuseError} When a producer was attached with it before.
   */
  constructor(token: ProducerToken) {
    const { ring, doorbell, maxFrameBytes, allowEmptyMessages, timestamps } = checkProducerToken(token);
    this.#ring = new SpscProducer(ring);
    this.#doorbell = new Doorbell(doorbell);
    this.#prefixBytes = timestamps ? TIMESTAMP_BYTES : 0;
    this.#minBytes = allowEmptyMessages ? 0 : 1;
    this.#maxBytes = Math.min(maxFrameBytes, this.#ring.maxClaimBytes - HEADER_BYTES - this.#prefixBytes);
    this.#scheduler = systemHost().scheduler;
    this.#alive = this.#scheduler.alarm(() => this.#stayAlive());
  }

  /** The largest payload in bytes: the flux's `maxFrameBytes`, or half of the ring if that is less. */
  get maxPayloadBytes(): number {
    return this.#maxBytes;
  }

  /**
   * Offers a message without waiting.
   *
   * @param payload Copied at once.
   * @returns `Queued`, `BackPressured` while the ring is full or earlier sends wait, `TooLarge`, or `Closed`, which for a
   * message sent while the flux closes does not rule out that it goes out.
   * @throws {TypeError} When the payload is no `Uint8Array`.
   * @throws {RangeError} When it is empty and empty messages are not allowed.
   */
  trySend(payload: Uint8Array): SendStatus {
    return this.#waitingCount === 0 ? this.#offer(payload) : SendStatus.BackPressured;
  }

  /**
   * Sends a message and waits for room where there is none.
   *
   * @param payload Must not change until the promise settles; it is copied at once where there is room.
   * @returns When the message is in the ring. Rejects with `ClosedError` when the flux is closed, with `ResourceError`
   * when 1024 sends wait already, with `TypeError` when the payload is no `Uint8Array`, and with `RangeError` when it is
   * larger than `maxPayloadBytes`, or empty where that is not allowed.
   */
  send(payload: Uint8Array): Promise<void> {
    try {
      return this.#send(payload);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #send(payload: Uint8Array): Promise<void> {
    const status = this.trySend(payload);
    if (status === SendStatus.Queued) return DONE;
    if (status === SendStatus.TooLarge) {
      throw new RangeError(`Cannot send ${payload.length} bytes: this producer takes at most ${this.#maxBytes}`);
    }
    if (this.#waitingCount >= MAX_WAITING_COUNT) {
      throw new ResourceError(`Cannot wait for room: ${MAX_WAITING_COUNT} sends wait already`);
    }
    if (this.#waitingCount++ === 0) this.#stayAlive();
    const waiting = this.#sendBehind(this.#last, payload);
    this.#last = waiting.catch(() => {});
    return waiting;
  }

  /** Ends this producer; what it has sent still goes out. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ring.close();
    this.#doorbell.ring();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #offer(payload: Uint8Array): SendStatus {
    const length = payload.length;
    if (length !== payload.byteLength || length === 0) this.#checkOdd(payload);
    if (this.#closed) return SendStatus.Closed;
    if (length > this.#maxBytes) return SendStatus.TooLarge;
    const size = this.#prefixBytes + length;
    const ring = this.#ring;
    const at = ring.claim(HEADER_BYTES + size);
    if (at < 0) return ring.isConsumerClosed() ? SendStatus.Closed : SendStatus.BackPressured;
    ring.view.setInt32(at, size, true);
    if (this.#prefixBytes !== 0) encodeTimestamp(ring.data, at + HEADER_BYTES, this.#scheduler.wallNow());
    this.#copy(payload, at + HEADER_BYTES + this.#prefixBytes);
    const isTaken = ring.commit();
    this.#doorbell.ring();
    return isTaken ? SendStatus.Queued : SendStatus.Closed;
  }

  /** Copies into the ring. Short payloads go by way of unshared memory and as words, which shared memory does faster. */
  #copy(payload: Uint8Array, to: number): void {
    const length = payload.length;
    const { data, view } = this.#ring;
    if (length > SHORT_BYTES) return data.set(payload, to);
    const scratch = this.#scratch;
    scratch.set(payload);
    const words = this.#scratchView;
    let at = 0;
    for (; at + 4 <= length; at += 4) view.setInt32(to + at, words.getInt32(at, true), true);
    for (; at < length; at++) data[to + at] = scratch[at]!;
  }

  async #sendBehind(earlier: Promise<void>, payload: Uint8Array): Promise<void> {
    await earlier;
    const size = HEADER_BYTES + this.#prefixBytes + payload.length;
    try {
      for (;;) {
        const status = this.#offer(payload);
        if (status === SendStatus.Queued) return;
        if (status === SendStatus.Closed) {
          throw new ClosedError(this.#closed ? CloseCode.Normal : CloseCode.GoingAway, "local");
        }
        await this.#ring.waitForSpace(size);
      }
    } finally {
      if (--this.#waitingCount === 0) this.#alive.disarm();
    }
  }

  #stayAlive(): void {
    this.#alive.arm(this.#scheduler.tick() + ALIVE_MS);
  }

  #checkOdd(payload: Uint8Array): void {
    checkPayload(payload);
    if (payload.length < this.#minBytes) {
      throw new RangeError("Cannot send an empty message: allowEmptyMessages is false");
    }
  }
}
