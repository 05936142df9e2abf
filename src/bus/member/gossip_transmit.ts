/**
 * Where the machine writes its next datagram and where the driver sends it: one record, reused for every datagram.
 *
 * @module
 */
import { DatagramAddress } from "../../wire/datagram_address.ts";

/** A datagram on its way out; the memory is the driver's, with room for `maxDatagramBytes` from `offset` on. */
export class GossipTransmit {
  /** The memory. */
  buffer: Uint8Array;
  /** Where the datagram is written. */
  offset: number;
  /** Whether it goes to everyone nearby, by broadcast or multicast as the driver has it, and `address` says nothing. */
  isAnnouncement = false;
  /** Where it goes, if it is no announcement. */
  readonly address: DatagramAddress = new DatagramAddress();

  /**
   * Makes a record over memory of the driver.
   *
   * @param buffer The memory.
   * @param offset Where datagrams are written.
   */
  constructor(buffer: Uint8Array, offset = 0) {
    this.buffer = buffer;
    this.offset = offset;
  }
}
