/**
 * What each packet under way carried, by the small number that the ledger of sent packets gives it.
 *
 * Invariants: a slot's notes stay until the slot is cleared or written again, also after its packet was given up, so
 * that a late acknowledgement still tells what arrived; slots without notes cost nothing but a place in a list.
 *
 * @module
 */
import type { ChannelContext } from "./channel_context.ts";
import type { OutMessage, SentFrame, SentKind } from "./out_message.ts";

/** The notes of one connection. */
export class PacketNotes {
  /** The first note of each slot. */
  #slots: (SentFrame | undefined)[] = [];
  /** The notes of the packet that is being written. */
  #pending: SentFrame | undefined = undefined;
  #count = 0;
  readonly #context: ChannelContext;

  /**
   * Makes a list without notes.
   *
   * @param context The pools.
   */
  constructor(context: ChannelContext) {
    this.#context = context;
  }

  /** How many slots have notes. */
  get count(): number {
    return this.#count;
  }

  /** Whether notes were made that belong to no slot yet. */
  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Notes something for the packet that is being written.
   *
   * @param kind What it is about.
   * @param message The message, if it is about one.
   * @param first The first grain, or the channel.
   * @param count How many grains.
   * @returns The note.
   */
  add(kind: SentKind, message: OutMessage | undefined, first: number, count: number): SentFrame {
    const frame = this.#context.takeFrame();
    frame.kind = kind;
    frame.message = message;
    frame.first = first;
    frame.count = count;
    frame.holders = 1;
    frame.next = this.#pending;
    this.#pending = frame;
    if (message !== undefined) {
      message.holders++;
      message.inFlight++;
    }
    return frame;
  }

  /**
   * Gives the notes of the packet that was written to a slot.
   *
   * @param slot The slot, which has none.
   */
  bind(slot: number): void {
    if (this.#pending === undefined) return;
    while (this.#slots.length <= slot) this.#slots.push(undefined);
    this.#slots[slot] = this.#pending;
    this.#pending = undefined;
    this.#count++;
  }

  /**
   * Looks at the notes of a slot.
   *
   * @param slot The slot.
   * @returns The first one.
   */
  first(slot: number): SentFrame | undefined {
    return this.#slots[slot];
  }

  /**
   * Takes the notes of a slot out.
   *
   * @param slot The slot.
   * @returns The first one; the caller holds them all.
   */
  take(slot: number): SentFrame | undefined {
    const first = this.#slots[slot];
    if (first === undefined) return undefined;
    this.#slots[slot] = undefined;
    this.#count--;
    return first;
  }

  /**
   * Takes the notes out that belong to no slot.
   *
   * @returns The first one; the caller holds them all.
   */
  takePending(): SentFrame | undefined {
    const first = this.#pending;
    this.#pending = undefined;
    return first;
  }

  /** How many slots there is a place for. */
  get slots(): number {
    return this.#slots.length;
  }

  /** Gives the memory back; there must be no notes. */
  release(): void {
    if (this.#count === 0 && this.#slots.length > 0) this.#slots = [];
  }
}
