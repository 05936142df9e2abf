/**
 * The sending side of one link: this end's id first, then what the outbox holds, lent and confirmed piece by piece.
 *
 * Invariants: at most one stretch is lent at a time; nothing of the outbox goes out before the introduction allows it.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { TransmitSpan } from "../machine/transmit_span.ts";
import type { CounterTable } from "../metric/counter_table.ts";
import type { Outbox } from "./outbox.ts";
import type { PeerHandshake } from "./peer_handshake.ts";
import { StreamCounter } from "./stream_counters.ts";

/** Sends over one link. */
export class StreamOutflow {
  readonly #outbox: Outbox;
  readonly #handshake: PeerHandshake;
  readonly #counters: CounterTable;
  readonly #slot: number;
  #lending = false;

  /**
   * @param outbox Holds the messages; it outlives the link.
   * @param handshake Holds this end's id, and knows when messages may go out.
   * @param counters Where this stream is counted.
   * @param slot The row in `counters`.
   */
  constructor(outbox: Outbox, handshake: PeerHandshake, counters: CounterTable, slot: number) {
    this.#outbox = outbox;
    this.#handshake = handshake;
    this.#counters = counters;
    this.#slot = slot;
  }

  /** Whether there are bytes that the link may be asked to take, the lent ones included. */
  get writable(): boolean {
    return this.#handshake.speaking || (this.#handshake.done && !this.#outbox.empty);
  }

  /** Whether everything went to the link and nothing is lent. */
  get flushed(): boolean {
    return !this.#lending && !this.#handshake.speaking && this.#outbox.empty;
  }

  /**
   * Lends the next bytes.
   *
   * @param span Filled in.
   * @returns How many bytes; 0 when there are none, or some are lent already.
   */
  lend(span: TransmitSpan): number {
    if (this.#lending) return 0;
    let length = 0;
    if (this.#handshake.speaking) length = this.#handshake.lend(span);
    else if (this.#handshake.done) length = this.#outbox.lend(span);
    this.#lending = length !== 0;
    return length;
  }

  /**
   * Takes back what was lent.
   *
   * @param count How many bytes were written.
   * @param over Whether the stream is closed: then the owner may have emptied the outbox or put it to another link.
   * @throws {MisuseError} When nothing is lent.
   * @throws {RangeError} When more were written than were lent.
   */
  confirm(count: number, over: boolean): void {
    if (!this.#lending) throw new MisuseError("Cannot confirm a transmit: nothing is lent");
    if (this.#handshake.speaking) this.#handshake.confirm(count);
    else if (!over || this.#outbox.lending) this.#outbox.confirm(count);
    this.#lending = false;
    if (count !== 0) this.#counters.add(this.#slot, StreamCounter.BytesOut, count);
    this.#counters.add(this.#slot, StreamCounter.Writes, 1);
  }
}
