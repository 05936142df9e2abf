/**
 * The datagrams that wait to be polled, as what is to be said and not as bytes: what is piggybacked is chosen last.
 *
 * Why objects: membership sends a few datagrams a second, and one shape for all of them keeps the rest simple.
 * Invariant: at most `maxQueuedDatagrams`; what is beyond is dropped and counted, as if the network had lost it.
 *
 * @module
 */
import type { CounterTable } from "../../metric/counter_table.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import type { MessageKind } from "./gossip_wire.ts";
import type { Member } from "./member.ts";
import { MemberCounter } from "./member_counters.ts";

/** What is to be said to whom. */
export interface Outgoing {
  readonly kind: MessageKind;
  /** Copied. Left out for an announcement. */
  readonly to?: DatagramAddress;
  /** The boot that it is sealed for; left out: anybody. */
  readonly bootId?: Uint8Array;
  /** The numbers of the message, in the order of its fields. */
  readonly a?: number;
  readonly b?: number;
  readonly c?: number;
  readonly d?: number;
  /** The node id, nonce or list part of the message. */
  readonly bytes?: Uint8Array;
  /** The cookie to give or to give back. */
  readonly cookie?: Uint8Array | undefined;
  /** What else the receiver must hear first. */
  readonly about?: Member | undefined;
  /** Whether the own record goes with it. */
  readonly withSelf?: boolean;
  /** How long it may be; for one whose address is not proven: as long as its request. */
  readonly maxBytes?: number;
}

/** One that waits; its numbers may move on, as those of a page with another one behind it. */
export interface Waiting {
  readonly out: Outgoing;
  readonly to: DatagramAddress;
  b: number;
  c: number;
}

/** Datagrams in order. */
export class Outbox {
  readonly #waiting: Waiting[] = [];
  readonly #max: number;
  readonly #counters: CounterTable;
  #head = 0;

  /**
   * Makes an empty one.
   *
   * @param max How many wait at most.
   * @param counters Where drops are counted.
   */
  constructor(max: number, counters: CounterTable) {
    this.#max = max;
    this.#counters = counters;
  }

  /**
   * Adds a datagram.
   *
   * @param out What is to be said.
   */
  push(out: Outgoing): void {
    if (this.#waiting.length - this.#head >= this.#max) {
      this.#counters.add(0, MemberCounter.QueueFull, 1);
      return;
    }
    const to = new DatagramAddress();
    if (out.to !== undefined) to.copyFrom(out.to);
    this.#waiting.push({ out, to, b: out.b ?? 0, c: out.c ?? 0 });
  }

  /** The first one, or `undefined`. */
  first(): Waiting | undefined {
    return this.#waiting[this.#head];
  }

  /** Takes the first one away. */
  shift(): void {
    if (++this.#head < this.#waiting.length) return;
    this.#waiting.length = 0;
    this.#head = 0;
  }

  /** Takes all away. */
  clear(): void {
    this.#waiting.length = 0;
    this.#head = 0;
  }
}
