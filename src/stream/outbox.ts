/**
 * The sending side of one stream: what is accepted, what happens when there is no room, and the water marks.
 *
 * It outlives a link, so that a reconnecting particle keeps what it queued. Invariant: every offered message ends as
 * exactly one of queued, refused with a status, or dropped under a counter.
 *
 * @module
 */
import type { BlockPool } from "../bytes/block_pool.ts";
import { SendStatus } from "../error/send_status.ts";
import type { TransmitSpan } from "../machine/transmit_span.ts";
import type { CounterTable } from "../metric/counter_table.ts";
import type { WallClock } from "../time/clock.ts";
import { encodeTimestamp, TIMESTAMP_BYTES } from "../wire/timestamp_prefix.ts";
import { Conflation, type ConflationKey } from "./conflation.ts";
import { encodeFrame, type Framing } from "./framing.ts";
import { SendQueue } from "./send_queue.ts";
import { StreamCounter } from "./stream_counters.ts";
import type { StreamConfig } from "./stream_options.ts";

/** What an outbox is made of. */
export interface OutboxSetup {
  /** The checked options of the stream. */
  readonly config: StreamConfig;
  /** Writes the headers. */
  readonly framing: Framing;
  /** The endpoint's send blocks. */
  readonly blocks: BlockPool;
  /** Where drops and refusals are counted. */
  readonly counters: CounterTable;
  /** The row in `counters`. */
  readonly slot: number;
  /** Where timestamps come from. */
  readonly wallClock: WallClock;
  /** Whether somebody may wait for room; where nobody does, what does not fit is dropped. */
  readonly mayWait: boolean;
}

/** Accepts messages for one stream. */
export class Outbox {
  readonly #setup: OutboxSetup;
  readonly #config: StreamConfig;
  readonly #queue: SendQueue;
  readonly #conflation: Conflation | undefined;
  // Payloads up to this size take the short way; -1 where something else has to be looked at first.
  #plainMax = -1;
  #shut: SendStatus | undefined = undefined;
  #held = false;
  #wantsDrain = false;
  #refusedAt = -1;
  #overflowed = false;

  /**
   * Makes an empty outbox.
   *
   * @param setup What the outbox is made of.
   */
  constructor(setup: OutboxSetup) {
    const { config, framing, blocks } = setup;
    this.#setup = setup;
    this.#config = config;
    this.#queue = new SendQueue(framing, blocks, config.maxQueuedBytes);
    this.#conflation = config.sendPolicy === "conflate"
      ? new Conflation(framing, config.maxQueuedBytes, config.timestamps ? setup.wallClock : undefined)
      : undefined;
    this.#choosePath();
  }

  /** How many bytes are queued, headers included. */
  get queuedBytes(): number {
    return this.#queue.queuedBytes + (this.#conflation?.bytes ?? 0);
  }

  /** Whether more than `highWaterBytes` are queued. */
  get backPressured(): boolean {
    return this.queuedBytes > this.#config.highWaterBytes;
  }

  /** Whether nothing is queued and nothing is lent. */
  get empty(): boolean {
    return this.queuedBytes === 0;
  }

  /** Whether bytes are lent and not confirmed yet. */
  get lending(): boolean {
    return this.#queue.lending;
  }

  /** Whether a message was refused by the policy `close` since this was last asked. */
  takeOverflow(): boolean {
    const overflowed = this.#overflowed;
    this.#overflowed = false;
    return overflowed;
  }

  /** The position behind everything accepted so far; conflated messages have none. */
  get acceptedBytes(): number {
    return this.#queue.acceptedBytes;
  }

  /** The position behind everything that was written or dropped. */
  get passedBytes(): number {
    return this.#queue.passedBytes;
  }

  /**
   * Offers a message.
   *
   * @param payload Copied; the caller's again at once.
   * @param key What it replaces under the policy `conflate`.
   * @returns What became of it.
   * @throws {TypeError} When the payload is no `Uint8Array`, or its memory was transferred away.
   * @throws {RangeError} When it is empty and empty messages are not allowed.
   */
  offer(payload: Uint8Array, key?: ConflationKey): SendStatus {
    const length = payload.length;
    // A string, a Float64Array or a detached view must not pass for bytes; their lengths give them away.
    if (length <= this.#plainMax && length === payload.byteLength && length !== 0 && this.#queue.append(payload)) {
      return SendStatus.Queued;
    }
    return this.#offerSlow(payload, key);
  }

  /**
   * Offers a large message by reference.
   *
   * @param payload Borrowed until `passedBytes` has reached the returned position.
   * @returns The position behind the message, or -1 when it has to be offered another way or later: because it is
   * smaller than `referenceBytes`, is no bytes, is too large, or does not fit now.
   */
  offerReference(payload: Uint8Array): number {
    const { length } = payload;
    if (!(length >= this.#config.referenceBytes && length <= this.#plainMax) || length !== payload.byteLength) {
      return -1;
    }
    return this.#queue.appendReference(payload);
  }

  /** Counts a message that was replaced before it was queued. */
  countConflated(): void {
    this.#count(StreamCounter.Conflated, 1);
  }

  /**
   * Encodes a message into memory of its own, for a caller that has to wait for room.
   *
   * @param payload Copied.
   * @returns Header and payload.
   */
  frameOf(payload: Uint8Array): Uint8Array {
    return encodeFrame(this.#setup.framing, payload);
  }

  /**
   * Offers what `frameOf` made.
   *
   * @param frame Given away when it is queued; it is written from where it lies.
   * @returns `Queued`, `BackPressured`, or what the outbox was shut with.
   */
  offerFrame(frame: Uint8Array): SendStatus {
    if (this.#shut !== undefined) return this.#shut;
    if (this.#queue.appendOwned(frame)) return SendStatus.Queued;
    this.#noteRefusal();
    return SendStatus.BackPressured;
  }

  /**
   * Offers encoded frames by reference, as they lie in a ring; they were checked where they were encoded.
   *
   * @param frames Whole frames, borrowed until `passedBytes` has reached the returned position.
   * @param messages How many frames.
   * @returns The position behind them, or -1 when there is no room for all of them.
   */
  offerFrames(frames: Uint8Array, messages: number): number {
    if (this.#shut !== undefined || this.#held) return -1;
    const full = this.#conflation !== undefined && this.#conflation.bytes > 0 &&
      this.queuedBytes + frames.length > this.#config.maxQueuedBytes;
    const position = full ? -1 : this.#queue.appendBorrowedFrames(frames, messages);
    if (position < 0) this.#noteRefusal();
    return position;
  }

  /**
   * Lets nothing pass while earlier messages wait for room, so that none overtakes them.
   *
   * @param held Whether messages wait.
   */
  hold(held: boolean): void {
    this.#held = held;
    if (held) this.#wantsDrain = true;
    this.#choosePath();
  }

  /**
   * Accepts nothing any more; what is queued stays queued.
   *
   * @param status What later offers are told.
   */
  shut(status: SendStatus): void {
    this.#shut = status;
    this.#choosePath();
  }

  /**
   * Lends the oldest bytes, see `SendQueue`.
   *
   * @param span Filled in.
   * @returns How many bytes are lent.
   */
  lend(span: TransmitSpan): number {
    if (this.#conflation !== undefined && this.#queue.queuedBytes === 0) this.#conflation.moveTo(this.#queue);
    return this.#queue.lend(span);
  }

  /**
   * Takes back what was lent.
   *
   * @param count How many bytes were written.
   */
  confirm(count: number): void {
    this.#noteHigh();
    this.#queue.confirm(count);
    this.#count(StreamCounter.MessagesOut, this.#queue.takeSentMessages());
  }

  /**
   * Says, once, that a queue which had been full or above its high mark is down at its low mark.
   *
   * @returns Whether that has happened since the last call.
   */
  takeDrained(): boolean {
    const queued = this.queuedBytes;
    if (!this.#wantsDrain || queued > this.#config.lowWaterBytes) return false;
    // A message may have been too large for the room above the low mark: then only progress makes it worth a new try.
    if (queued !== 0 && this.passedBytes === this.#refusedAt) return false;
    this.#wantsDrain = false;
    return true;
  }

  /**
   * Opens for another link: a message that went out in part is dropped and counted, the rest stays.
   *
   * @returns How many messages were dropped (0 or 1).
   */
  restart(): number {
    this.#noteHigh();
    this.#shut = undefined;
    this.#choosePath();
    const dropped = this.#queue.restart();
    this.#count(StreamCounter.Unsent, dropped);
    this.#count(StreamCounter.MessagesOut, this.#queue.takeSentMessages());
    return dropped;
  }

  /**
   * Drops everything that is queued.
   *
   * @returns How many messages were not written whole; they are counted, too.
   */
  clear(): number {
    this.#noteHigh();
    const unsent = this.#queue.clear() + (this.#conflation?.clear() ?? 0);
    this.#count(StreamCounter.MessagesOut, this.#queue.takeSentMessages());
    this.#count(StreamCounter.Unsent, unsent);
    return unsent;
  }

  #offerSlow(payload: Uint8Array, key: ConflationKey | undefined): SendStatus {
    checkPayload(payload);
    if (this.#shut !== undefined) return this.#shut;
    if (payload.length > this.#config.maxFrameBytes) {
      this.#count(StreamCounter.RefusedTooLarge, 1);
      return SendStatus.TooLarge;
    }
    if (payload.length === 0 && !this.#config.allowEmptyMessages) {
      throw new RangeError("Cannot send an empty message: allowEmptyMessages is false");
    }
    if (this.#held) return this.#refuse(payload);
    if (this.#conflation !== undefined) return this.#conflate(this.#conflation, payload, key);
    return this.#enqueue(payload) ? SendStatus.Queued : this.#refuse(payload);
  }

  #enqueue(payload: Uint8Array): boolean {
    if (!this.#config.timestamps) return this.#queue.append(payload);
    const at = this.#queue.reserve(TIMESTAMP_BYTES + payload.length);
    if (at < 0) return false;
    encodeTimestamp(this.#queue.reserved, at, this.#setup.wallClock.wallNow());
    this.#queue.reserved.set(payload, at + TIMESTAMP_BYTES);
    return true;
  }

  #refuse(payload: Uint8Array): SendStatus {
    switch (this.#config.sendPolicy) {
      case "dropNewest":
        this.#count(StreamCounter.DroppedNewest, 1);
        return SendStatus.Dropped;
      case "dropOldest":
        return this.#dropOldest(payload);
      case "close":
        this.#overflowed = true;
        return SendStatus.Closed;
      default:
        if (!this.#setup.mayWait) {
          this.#count(StreamCounter.DroppedNewest, 1);
          return SendStatus.Dropped;
        }
        this.#noteRefusal();
        this.#count(StreamCounter.RefusedBackPressured, 1);
        return SendStatus.BackPressured;
    }
  }

  #dropOldest(payload: Uint8Array): SendStatus {
    this.#noteHigh();
    const { timestamps, maxQueuedBytes } = this.#config;
    const size = this.#setup.framing.headerBytes + (timestamps ? TIMESTAMP_BYTES : 0) + payload.length;
    const pinned = this.#queue.pinnedBytes;
    // Where not even an empty queue would take it beside what is being written, nothing older has to go for it.
    const hopeless = pinned > 0 && pinned + size > maxQueuedBytes;
    while (!hopeless && this.#queue.dropOldest()) {
      this.#count(StreamCounter.DroppedOldest, 1);
      if (this.#enqueue(payload)) return SendStatus.Queued;
    }
    this.#count(StreamCounter.DroppedNewest, 1);
    return SendStatus.Dropped;
  }

  /** Remembers that the queue is above its high mark; called before anything makes it shorter. */
  #noteHigh(): void {
    if (this.queuedBytes > this.#config.highWaterBytes) this.#wantsDrain = true;
  }

  #conflate(conflation: Conflation, payload: Uint8Array, key: ConflationKey | undefined): SendStatus {
    if (key !== undefined && typeof key !== "string" && typeof key !== "number") {
      throw new TypeError("A key must be a string or a number");
    }
    const outcome = conflation.offer(payload, key, this.#queue.queuedBytes);
    if (outcome < 0) return this.#refuse(payload);
    if (outcome > 0) this.#count(StreamCounter.Conflated, 1);
    return SendStatus.Queued;
  }

  #noteRefusal(): void {
    this.#wantsDrain = true;
    this.#refusedAt = this.passedBytes;
  }

  #choosePath(): void {
    const plain = this.#shut === undefined && !this.#held && !this.#config.timestamps &&
      this.#conflation === undefined;
    this.#plainMax = plain ? this.#config.maxFrameBytes : -1;
  }

  #count(counter: number, n: number): void {
    if (n !== 0) this.#setup.counters.add(this.#setup.slot, counter, n);
  }
}

/**
 * Checks that a payload is bytes that are still there.
 *
 * @param payload What the caller wants to send.
 * @throws {TypeError} When it is no `Uint8Array`, or its memory was transferred away.
 */
export function checkPayload(payload: Uint8Array): void {
  if (!(payload instanceof Uint8Array)) {
    throw new TypeError("A payload must be a Uint8Array: encode text with TextEncoder, wrap other memory in a view");
  }
  if (payload.length === 0 && payload.buffer instanceof ArrayBuffer && payload.buffer.detached) {
    throw new TypeError("Cannot send a payload whose memory was transferred away");
  }
}
