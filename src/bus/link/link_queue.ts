/**
 * What waits to be sent to one peer: messages one after another in one piece of memory, as a batch carries them.
 *
 * It outlives links: messages wait here while one is dialled, and what a lost link did not take goes to the next. Links
 * take whole messages where they fit a batch. Invariants: every offered message ends as exactly one of taken, refused
 * with a status, or dropped under a counter; live bytes never pass the bound, except that an empty queue takes one
 * message of any legal size. Memory is nothing before the first message and at most about four times the bound.
 *
 *     #memory:  | free | rest of a message that is being taken (#headLeft) | length (4) | message | … | free |
 *                      #head                                                                          #tail
 *
 * @module
 */
import { SendStatus } from "../../error/send_status.ts";
import type { CounterTable } from "../../metric/counter_table.ts";
import { LinkCounter } from "./link_counters.ts";
import type { LinkConfig } from "./link_options.ts";
import { MESSAGE_HEADER_BYTES } from "./link_record.ts";

const INITIAL_BYTES = 1024;
/** Memory beyond this is given back when the queue has been empty for a while. */
const KEPT_BYTES = 16 << 10;
/** Up to this length words are copied by hand: it takes no view of the caller's memory. */
const SHORT_BYTES = 256;
const NOTHING = new Uint8Array(0);

/** What a queue is made of. */
export interface LinkQueueSetup {
  /** The checked options of links. */
  readonly config: LinkConfig;
  /** Where drops and refusals are counted. */
  readonly counters: CounterTable;
  /** The row in `counters`. */
  readonly slot: number;
}

/** A bounded queue of messages for one peer. */
export class LinkQueue {
  readonly #setup: LinkQueueSetup;
  readonly #maxBytes: number;
  readonly #maxMessageBytes: number;
  #memory: Uint8Array = NOTHING;
  #view: DataView = new DataView(NOTHING.buffer);
  #source: Uint8Array = NOTHING;
  #sourceView: DataView = new DataView(NOTHING.buffer);
  #head = 0;
  #tail = 0;
  #headLeft = 0;
  #messages = 0;
  #batchMessages = 0;
  #shut: SendStatus | undefined = undefined;
  #wantsDrain = false;
  #overflowed = false;

  /** @param setup What the queue is made of. */
  constructor(setup: LinkQueueSetup) {
    this.#setup = setup;
    this.#maxBytes = setup.config.maxQueuedBytes;
    this.#maxMessageBytes = setup.config.maxMessageBytes;
  }

  /** How many bytes wait, 4 for each message included. */
  get queuedBytes(): number {
    return this.#tail - this.#head;
  }

  /** How many messages wait; one of which a part was taken counts. */
  get queuedMessages(): number {
    return this.#messages;
  }

  /** Whether more than `highWaterBytes` wait. */
  get backPressured(): boolean {
    return this.queuedBytes > this.#setup.config.highWaterBytes;
  }

  /** Whether a message did not fit and the policy is to disconnect: the link must go. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** The memory that `peekBatch` speaks of. */
  get memory(): Uint8Array {
    return this.#memory;
  }

  /** Where in `memory` the next batch starts. */
  get head(): number {
    return this.#head;
  }

  /**
   * Offers a message.
   *
   * @param buffer Holds it; copied. Give the same object again for the same memory: a view of the last one is kept.
   * @param start Where it starts.
   * @param end Where it ends.
   * @returns What became of it.
   * @throws {RangeError} When the stretch is not inside of the buffer.
   */
  offer(buffer: Uint8Array, start: number, end: number): SendStatus {
    if (!(start >= 0 && start <= end && end <= buffer.length)) {
      throw new RangeError(`Cannot send ${start} to ${end} of ${buffer.length} bytes`);
    }
    const size = MESSAGE_HEADER_BYTES + end - start;
    const queued = this.#tail - this.#head;
    if (this.#shut !== undefined) return this.#shut;
    if (end - start > this.#maxMessageBytes) return this.#refuse(SendStatus.TooLarge, LinkCounter.RefusedTooLarge);
    if (queued > 0 && queued + size > this.#maxBytes) {
      const status = this.#makeRoom(size);
      if (status !== SendStatus.Queued) return status;
    }
    if (this.#tail + size > this.#memory.length) this.#extend(size);
    this.#append(buffer, start, end);
    this.#messages++;
    return SendStatus.Queued;
  }

  /**
   * Looks at what the next batch takes: whole messages as far as they fit, or a part of one that is longer.
   *
   * @param maxBytes The most that a batch carries.
   * @returns How many bytes from `head` on; 0 when nothing waits.
   */
  peekBatch(maxBytes: number): number {
    const live = this.#tail - this.#head;
    const rest = this.#headLeft;
    if (rest >= maxBytes) {
      this.#batchMessages = rest === maxBytes ? 1 : 0;
      return maxBytes;
    }
    let bytes = rest;
    let messages = rest > 0 ? 1 : 0;
    while (bytes < live) {
      const size = MESSAGE_HEADER_BYTES + this.#view.getUint32(this.#head + bytes, true);
      if (bytes + size > maxBytes) {
        if (bytes === 0) bytes = maxBytes;
        break;
      }
      bytes += size;
      messages++;
    }
    this.#batchMessages = messages;
    return bytes;
  }

  /**
   * Takes what was looked at.
   *
   * @param bytes What `peekBatch` said.
   * @returns How many messages end in it.
   */
  takeBatch(bytes: number): number {
    this.#noteHigh();
    const rest = this.#headLeft;
    if (rest > 0) this.#headLeft = Math.max(0, rest - bytes);
    else if (bytes > 0 && this.#batchMessages === 0) {
      this.#headLeft = MESSAGE_HEADER_BYTES + this.#view.getUint32(this.#head, true) - bytes;
    }
    const messages = this.#batchMessages;
    this.#advance(bytes);
    this.#messages -= messages;
    this.#batchMessages = 0;
    return messages;
  }

  /**
   * Says, once, that a queue which had been full or above its high mark is down at its low mark.
   *
   * @returns Whether that has happened since the last call.
   */
  takeDrained(): boolean {
    if (!this.#wantsDrain || this.queuedBytes > this.#setup.config.lowWaterBytes) return false;
    this.#wantsDrain = false;
    return true;
  }

  /** Prepares the queue for another link: what is left of a message that the last one took a part of is dropped. */
  restart(): void {
    this.#overflowed = false;
    if (this.#headLeft === 0) return;
    this.#noteHigh();
    const rest = this.#headLeft;
    this.#headLeft = 0;
    this.#messages--;
    this.#advance(rest);
    this.#count(LinkCounter.LostWithLink, 1);
  }

  /**
   * Accepts nothing any more; what waits stays.
   *
   * @param status What later offers are told.
   */
  shut(status: SendStatus = SendStatus.Closed): void {
    this.#shut = status;
  }

  /**
   * Drops everything that waits and gives the memory back.
   *
   * @returns How many messages that were; they are counted.
   */
  clear(): number {
    const messages = this.#messages;
    this.#noteHigh();
    this.#head =
      this.#tail =
      this.#headLeft =
      this.#messages =
        0;
    this.#overflowed = false;
    this.trim(0);
    this.#count(LinkCounter.Unsent, messages);
    return messages;
  }

  /**
   * Gives memory back where nothing waits.
   *
   * @param keptBytes What may stay.
   */
  trim(keptBytes: number = KEPT_BYTES): void {
    this.#source = NOTHING;
    this.#sourceView = new DataView(NOTHING.buffer);
    if (this.#head === this.#tail && this.#memory.length > keptBytes) this.#replace(NOTHING);
  }

  /** Makes room for a frame of so many bytes in a queue that is full, as the policy says. */
  #makeRoom(size: number): SendStatus {
    switch (this.#setup.config.queuePolicy) {
      case "dropNewest":
        return this.#refuse(SendStatus.Dropped, LinkCounter.DroppedNewest);
      case "dropOldest":
        return this.#dropOldest(size);
      case "disconnect":
        this.#overflowed = true;
        return this.#refuse(SendStatus.Closed, LinkCounter.DroppedNewest);
      default:
        this.#wantsDrain = true;
        return this.#refuse(SendStatus.BackPressured, LinkCounter.RefusedBackPressured);
    }
  }

  #dropOldest(size: number): SendStatus {
    this.#noteHigh();
    const rest = this.#headLeft;
    // Beside what is being taken even an empty queue might have no room: then nothing older has to go for it.
    if (rest > 0 && rest + size > this.#maxBytes) {
      return this.#refuse(SendStatus.Dropped, LinkCounter.DroppedNewest);
    }
    let dropped = 0;
    while (this.queuedBytes > rest && this.queuedBytes + size > this.#maxBytes) {
      const victim = MESSAGE_HEADER_BYTES + this.#view.getUint32(this.#head + rest, true);
      if (rest > 0) this.#memory.copyWithin(this.#head + victim, this.#head, this.#head + rest);
      this.#advance(victim);
      dropped++;
    }
    this.#messages -= dropped;
    this.#count(LinkCounter.DroppedOldest, dropped);
    return SendStatus.Queued;
  }

  #append(buffer: Uint8Array, start: number, end: number): void {
    const length = end - start;
    let to = this.#tail;
    this.#view.setUint32(to, length, true);
    to += MESSAGE_HEADER_BYTES;
    this.#tail = to + length;
    if (length > SHORT_BYTES) {
      this.#memory.set(buffer.subarray(start, end), to);
      return;
    }
    if (buffer !== this.#source || this.#sourceView.byteLength !== buffer.length) {
      this.#source = buffer;
      this.#sourceView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    const from = this.#sourceView;
    const into = this.#view;
    let at = start;
    for (; at + 4 <= end; at += 4, to += 4) into.setInt32(to, from.getInt32(at, true), true);
    for (; at < end; at++, to++) into.setUint8(to, from.getUint8(at));
  }

  #advance(bytes: number): void {
    this.#head += bytes;
    if (this.#head === this.#tail) this.#head = this.#tail = 0;
  }

  /** Makes room behind the tail: moves what waits to the front where that is little, or takes more memory. */
  #extend(size: number): void {
    const live = this.#tail - this.#head;
    const { length } = this.#memory;
    if (live + size <= length >>> 1) {
      this.#memory.copyWithin(0, this.#head, this.#tail);
      this.#head = 0;
      this.#tail = live;
      return;
    }
    let bytes = Math.max(INITIAL_BYTES, length);
    while (bytes < live + size || bytes === length) bytes *= 2;
    this.#replace(new Uint8Array(bytes));
  }

  #replace(memory: Uint8Array): void {
    const live = this.#tail - this.#head;
    if (live > 0) memory.set(this.#memory.subarray(this.#head, this.#tail));
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
    this.#head = 0;
    this.#tail = live;
  }

  /** Remembers that the queue is above its high mark; called before anything makes it shorter. */
  #noteHigh(): void {
    if (this.backPressured) this.#wantsDrain = true;
  }

  #refuse(status: SendStatus, counter: number): SendStatus {
    this.#count(counter, 1);
    return status;
  }

  #count(counter: number, n: number): void {
    if (n !== 0) this.#setup.counters.add(this.#setup.slot, counter, n);
  }
}
