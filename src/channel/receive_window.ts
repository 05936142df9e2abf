/**
 * The ids of a reliable channel from the first that is not settled on: what is known of each, and the messages that are
 * not delivered yet.
 *
 * Invariants: everything below `low` is settled: delivered or skipped; ids at or beyond `low + ID_WINDOW` are never
 * taken. The ring starts without memory, doubles as ids need it, and gives it back when nothing is ahead of `low`.
 *
 * @module
 */
import type { InMessage } from "./in_message.ts";
import { ID_WINDOW } from "./out_channel.ts";

/** What is known of an id. */
export const IdState = {
  /** Nothing came. */
  Missing: 0,
  /** Fragments came. */
  Partial: 1,
  /** The message waits for earlier ones. */
  Complete: 2,
  /** It was delivered or skipped. */
  Settled: 3,
} as const;

/** One of the values of {@linkcode IdState}. */
export type IdState = (typeof IdState)[keyof typeof IdState];

const FIRST_SIZE = 16;
const KEPT_SIZE = 16;

/** The window of one channel. */
export class ReceiveWindow {
  /** The first id that is not settled, as a signed word. */
  low: number;
  #states: Uint8Array<ArrayBuffer> | undefined = undefined;
  #messages: (InMessage | undefined)[] = [];
  #count = 0;

  /**
   * Makes a window without memory.
   *
   * @param firstId The first id that will come.
   */
  constructor(firstId: number) {
    this.low = firstId | 0;
  }

  /** How many ids from `low` on are not `Missing`. */
  get count(): number {
    return this.#count;
  }

  /** How many ids the ring has room for. */
  get size(): number {
    return this.#messages.length;
  }

  /**
   * How far an id is ahead.
   *
   * @param id The id.
   * @returns Its distance from `low`; negative: it is settled.
   */
  ahead(id: number): number {
    return (id - this.low) | 0;
  }

  /**
   * What is known of an id.
   *
   * @param id The id, not below `low`.
   * @returns A state; `Missing` for all that nothing is known of.
   */
  state(id: number): IdState {
    const states = this.#states;
    if (states === undefined || ((id - this.low) | 0) >= states.length) return IdState.Missing;
    return states[id & (states.length - 1)] as IdState;
  }

  /**
   * The message of an id.
   *
   * @param id An id that is `Partial` or `Complete`.
   * @returns The message.
   */
  message(id: number): InMessage {
    return this.#messages[id & (this.#messages.length - 1)]!;
  }

  /**
   * Notes what is known of an id.
   *
   * @param id The id; not below `low` and less than `ID_WINDOW` ahead.
   * @param state What is known.
   * @param message The message, if it is not settled.
   */
  set(id: number, state: IdState, message: InMessage | undefined): void {
    const ahead = this.ahead(id);
    if (this.#states === undefined || ahead >= this.#states.length) this.#grow(ahead);
    const at = id & (this.#states!.length - 1);
    if (this.#states![at] === IdState.Missing) this.#count++;
    this.#states![at] = state;
    this.#messages[at] = message;
  }

  /** Moves `low` on by one. */
  step(): void {
    const states = this.#states;
    if (states !== undefined) {
      const at = this.low & (states.length - 1);
      if (states[at] !== IdState.Missing) this.#count--;
      states[at] = IdState.Missing;
      this.#messages[at] = undefined;
      if (this.#count === 0 && states.length > KEPT_SIZE) this.release();
    }
    this.low = (this.low + 1) | 0;
  }

  /** Gives the memory of an empty window back. */
  release(): void {
    if (this.#count > 0) return;
    this.#states = undefined;
    this.#messages = [];
  }

  /**
   * Takes out all messages that are not delivered, for the end of the connection.
   *
   * @param give What is done with each.
   */
  takeAll(give: (message: InMessage) => void): void {
    for (const message of this.#messages) {
      if (message !== undefined) give(message);
    }
    this.#count = 0;
    this.release();
  }

  #grow(ahead: number): void {
    let size = Math.max(FIRST_SIZE, this.#messages.length);
    while (size <= ahead && size < ID_WINDOW) size *= 2;
    const states = new Uint8Array(size);
    const messages: (InMessage | undefined)[] = new Array(size).fill(undefined);
    const before = this.#states;
    if (before !== undefined) {
      for (let i = 0; i < before.length; i++) {
        const id = this.low + i;
        states[id & (size - 1)] = before[id & (before.length - 1)]!;
        messages[id & (size - 1)] = this.#messages[id & (before.length - 1)];
      }
    }
    this.#states = states;
    this.#messages = messages;
  }
}
