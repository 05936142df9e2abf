/**
 * The messages of one channel in one lane that wait to be written, and those of which something is to be written again.
 *
 * Invariants: what is to be written again goes first; messages that are done stay in the lists until they come up, and
 * each list counts as one holder of a message.
 *
 * @module
 */
import type { OutMessage } from "./out_message.ts";

/** One queue. */
export class OutFlow {
  /** The channel's number. */
  readonly channel: number;
  /** The lane, 0 to 3. */
  readonly lane: number;
  /** Whether the lane serves it. */
  isActive = false;
  /** Whether credit or ids hold it back, so that the lane does not serve it although it is not empty. */
  isHeld = false;
  /** The next flow in the ring of the lane. */
  ringNext: OutFlow | undefined = undefined;
  /** The message to be written next. */
  head: OutMessage | undefined = undefined;
  /** The message that was queued last. */
  tail: OutMessage | undefined = undefined;
  /** The message to be written again next. */
  lostHead: OutMessage | undefined = undefined;
  #lostTail: OutMessage | undefined = undefined;

  /**
   * Makes an empty flow.
   *
   * @param channel The channel's number.
   * @param lane The lane.
   */
  constructor(channel: number, lane: number) {
    this.channel = channel;
    this.lane = lane;
  }

  /** Whether no message is in a list. */
  get isEmpty(): boolean {
    return this.head === undefined && this.lostHead === undefined;
  }

  /**
   * Adds a message to be written.
   *
   * @param message The message.
   */
  push(message: OutMessage): void {
    message.holders++;
    message.isQueued = true;
    message.queuePrevious = this.tail;
    if (this.tail === undefined) this.head = message;
    else this.tail.queueNext = message;
    this.tail = message;
  }

  /**
   * Takes a message out of the queue.
   *
   * @param message A message that is in it; the caller holds it from now on.
   */
  remove(message: OutMessage): void {
    const { queueNext, queuePrevious } = message;
    if (queuePrevious === undefined) this.head = queueNext;
    else queuePrevious.queueNext = queueNext;
    if (queueNext === undefined) this.tail = queuePrevious;
    else queueNext.queuePrevious = queuePrevious;
    message.queueNext = message.queuePrevious = undefined;
    message.isQueued = false;
  }

  /**
   * Adds a message of which something is to be written again, unless it is there.
   *
   * @param message The message.
   */
  pushLost(message: OutMessage): void {
    if (message.isInLost) return;
    message.isInLost = true;
    message.holders++;
    if (this.#lostTail === undefined) this.lostHead = message;
    else this.#lostTail.lostNext = message;
    this.#lostTail = message;
  }

  /**
   * Takes the next one of these out.
   *
   * @returns The message, which the caller holds in place of the list.
   */
  shiftLost(): OutMessage {
    const message = this.lostHead!;
    this.lostHead = message.lostNext;
    if (this.lostHead === undefined) this.#lostTail = undefined;
    message.lostNext = undefined;
    message.isInLost = false;
    return message;
  }
}
