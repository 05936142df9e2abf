/**
 * Where an endpoint writes its next datagram and where the driver sends it: one record, reused for every datagram.
 *
 * @module
 */
import { DatagramAddress } from "../wire/datagram_address.ts";

/**
 * A datagram on its way out.
 *
 * The memory is the driver's; it must have room for the endpoint's `maxDatagramBytes` from `offset` on. For a path that
 * is a stream the driver leaves two bytes free before `offset` and writes the length there (packet_length.ts).
 */
export class DatagramTransmit {
  /** The memory. */
  buffer: Uint8Array;
  /** Where the datagram is written. */
  offset: number;
  /** By which link it goes. */
  pathId = 0;
  /** To which address it goes, on a datagram link. */
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
