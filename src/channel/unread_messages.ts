/**
 * Complete messages that wait for the application, in the order in which they became deliverable.
 *
 * @module
 */
import type { InMessage } from "./in_message.ts";

/** One queue. */
export class UnreadMessages {
  /** The message that waits longest. */
  head: InMessage | undefined = undefined;
  /** The sum of the sizes, each with what a message costs besides. */
  bytes = 0;
  #tail: InMessage | undefined = undefined;

  /**
   * Adds a message.
   *
   * @param message The message.
   * @param cost What it counts for.
   */
  push(message: InMessage, cost: number): void {
    message.next = undefined;
    if (this.#tail === undefined) this.head = message;
    else this.#tail.next = message;
    this.#tail = message;
    this.bytes += cost;
  }

  /**
   * Takes the first one out; there is one.
   *
   * @param costBesides What a message counts for besides its size.
   * @returns The message.
   */
  shift(costBesides: number): InMessage {
    const message = this.head!;
    this.head = message.next;
    if (this.head === undefined) this.#tail = undefined;
    message.next = undefined;
    this.bytes -= message.total + costBesides;
    return message;
  }
}
