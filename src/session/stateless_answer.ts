/**
 * The one datagram that an endpoint sends without a session: retry, refusal or stateless reset.
 *
 * At most one waits at a time, because a machine is drained after every datagram. Invariant: it is shorter than what it
 * answers, and each kind has a rate in all, so that nobody makes the endpoint an amplifier.
 *
 * @module
 */
import type { DatagramAddress } from "../wire/datagram_address.ts";
import type { DatagramTransmit } from "./datagram_transmit.ts";
import type { InboundPacket } from "./inbound_packet.ts";

const MAX_ANSWER_BYTES = 64;

/** Holds the answer until it is polled. */
export class StatelessAnswer {
  /** The memory of the answer. */
  readonly buffer: Uint8Array = new Uint8Array(MAX_ANSWER_BYTES);
  /** How many bytes it has; 0: there is none. */
  length = 0;
  #pathId = 0;
  #address: DatagramAddress | undefined = undefined;

  /**
   * Takes over where the answer goes.
   *
   * @param to What is answered.
   * @param length How many bytes the answer has.
   */
  address(to: InboundPacket, length: number): void {
    this.#pathId = to.pathId;
    this.#address = to.address;
    this.length = length;
  }

  /**
   * Hands the answer out.
   *
   * @param target Where it is written.
   * @returns Its length in bytes; 0 when there is none.
   */
  give(target: DatagramTransmit): number {
    const { length } = this;
    if (length === 0) return 0;
    target.buffer.set(this.buffer.subarray(0, length), target.offset);
    target.pathId = this.#pathId;
    target.address.copyFrom(this.#address!);
    this.length = 0;
    return length;
  }
}
