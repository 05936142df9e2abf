/**
 * The incomplete messages of all unreliable and sequenced channels of a connection, oldest first.
 *
 * Invariant: their number and the sum of their announced sizes stay within the limits; the oldest makes room. Why what is
 * announced is counted, though memory follows what arrives: what was let in can then always be completed.
 *
 * @module
 */
import type { InMessage } from "./in_message.ts";

/** The list. */
export class PartialMessages {
  /** The oldest one. */
  head: InMessage | undefined = undefined;
  /** How many there are. */
  count = 0;
  /** The sum of their sizes. */
  bytes = 0;
  #tail: InMessage | undefined = undefined;

  /**
   * Finds a message.
   *
   * @param channel The channel.
   * @param id The id.
   * @returns The message; `undefined`: there is none.
   */
  find(channel: number, id: number): InMessage | undefined {
    for (let message = this.#tail; message !== undefined; message = message.previous) {
      if (message.id === id && message.channel === channel) return message;
    }
    return undefined;
  }

  /**
   * Adds the newest one.
   *
   * @param message The message.
   */
  add(message: InMessage): void {
    message.previous = this.#tail;
    if (this.#tail === undefined) this.head = message;
    else this.#tail.next = message;
    this.#tail = message;
    this.count++;
    this.bytes += message.total;
  }

  /**
   * Takes one out.
   *
   * @param message A message of the list.
   */
  remove(message: InMessage): void {
    const { next, previous } = message;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    message.next = message.previous = undefined;
    this.count--;
    this.bytes -= message.total;
  }
}
