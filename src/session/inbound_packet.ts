/**
 * Where the packet that is being handled lies and where it came from: one record, reused for every packet.
 *
 * @module
 */
import { DatagramAddress } from "../wire/datagram_address.ts";

/** A packet on its way in. */
export class InboundPacket {
  /** The link that it came by. */
  pathId = 0;
  /** The address that it came from; borrowed. */
  address: DatagramAddress = new DatagramAddress();
  /** The memory; borrowed until the endpoint is drained. */
  buffer: Uint8Array = new Uint8Array(0);
  /** Where it starts. */
  start = 0;
  /** Where the sealed frames start. */
  body = 0;
  /** Where it ends. */
  end = 0;
}
